import { Component, markup } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** A picture that the server draws: engine/backtest/picture.py escapes every label. */
export class DistribPicture extends Component {
    static template = "distrib_inventory.Picture";
    static props = { ...standardFieldProps };

    get picture() {
        return markup(this.props.record.data[this.props.name] || "");
    }
}

registry.category("fields").add("distrib_picture", {
    component: DistribPicture,
    supportedTypes: ["text"],
});
