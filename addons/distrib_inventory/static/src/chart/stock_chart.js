import { Component, onWillStart, onWillUnmount, useEffect, useRef, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { _t } from "@web/core/l10n/translation";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { formatFloat } from "@web/core/utils/numbers";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";
import { demandConfig, stockConfig } from "./stock_chart_config";

/**
 * Demand with its forecast band, and stock with its levels, arrivals and expected course, of one product in one
 * warehouse: `<widget name="distrib_stock_chart" product="product_id" warehouse="warehouse_id"/>` on a form.
 * The numbers come from `distrib.policy.chart_data`.
 */
export class StockChart extends Component {
    static template = "distrib_inventory.StockChart";
    static props = { ...standardWidgetProps, product: String, warehouse: String };

    setup() {
        this.orm = useService("orm");
        this.demandRef = useRef("demand");
        this.stockRef = useRef("stock");
        this.charts = [];
        this.state = useState({ data: null });
        onWillStart(async () => {
            // both at once: a form may throw this away while it waits, and nothing may be asked for after that
            await Promise.all([loadBundle("web.chartjs_lib"), this.load(this.pair)]);
        });
        useEffect(
            (product, warehouse) => {
                if (this.loaded !== `${product},${warehouse}`) {
                    this.load([product, warehouse]);
                }
            },
            () => this.pair,
        );
        useEffect(
            () => this.draw(),
            () => [this.state.data],
        );
        onWillUnmount(() => this.clear());
    }

    get pair() {
        return [this.props.product, this.props.warehouse].map((name) => this.props.record.data[name]?.id || false);
    }

    get hasData() {
        return Boolean(this.state.data && this.state.data.days.length);
    }

    /** The last pair asked for wins, whatever comes back first. */
    async load([product, warehouse]) {
        const key = `${product},${warehouse}`;
        this.loaded = key;
        const data =
            product && warehouse ? await this.orm.call("distrib.policy", "chart_data", [product, warehouse]) : null;
        if (this.loaded === key) {
            this.state.data = data;
        }
    }

    clear() {
        this.charts.forEach((chart) => chart.destroy());
        this.charts = [];
    }

    draw() {
        this.clear();
        if (!this.hasData || !this.demandRef.el) {
            return;
        }
        const data = {
            ...this.state.data,
            labels: this.state.data.days.map((day) => formatDate(deserializeDate(day))),
        };
        this.charts = [
            new Chart(this.demandRef.el, demandConfig(data)),
            new Chart(this.stockRef.el, stockConfig(data)),
        ];
    }

    get summary() {
        const { levels, unit } = this.state.data;
        const number = (value) => formatFloat(value, { digits: [16, 1] });
        return levels
            ? _t("Reorder at %(reorder)s, fill up to %(upTo)s %(unit)s", {
                  reorder: number(levels.reorder_point),
                  upTo: number(levels.order_up_to),
                  unit,
              })
            : "";
    }
}

export const stockChart = {
    component: StockChart,
    extractProps: ({ attrs }) => ({
        product: attrs.product || "product_id",
        warehouse: attrs.warehouse || "warehouse_id",
    }),
    fieldDependencies: ({ attrs }) => [
        { name: attrs.product || "product_id", type: "many2one" },
        { name: attrs.warehouse || "warehouse_id", type: "many2one" },
    ],
};

registry.category("view_widgets").add("distrib_stock_chart", stockChart);
