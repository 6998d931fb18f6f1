import { onWillStart, useState } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { ListController } from "@web/views/list/list_controller";
import { listView } from "@web/views/list/list_view";

/** The list of daily weather; above it stands what the weather service last said. */
export class WeatherListController extends ListController {
    static template = "distrib_inventory.WeatherListView";

    setup() {
        super.setup();
        const orm = useService("orm");
        this.service = useState({ state: "", message: "" });
        onWillStart(async () => {
            Object.assign(this.service, await orm.call("distrib.weather", "get_service_state", []));
        });
    }

    get serviceTone() {
        return { away: "warning", ok: "success" }[this.service.state] || "info";
    }
}

registry.category("views").add("distrib_weather_list", { ...listView, Controller: WeatherListController });
