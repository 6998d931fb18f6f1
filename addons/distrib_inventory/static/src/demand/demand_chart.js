import { Component, onWillStart, onWillUnmount, useEffect, useRef, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { _t } from "@web/core/l10n/translation";
import { RecordSelector } from "@web/core/record_selectors/record_selector";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { KeepLast } from "@web/core/utils/concurrency";
import { formatFloat } from "@web/views/fields/formatters";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { chartConfig, remarks } from "./demand_chart_config";

const PERIODS = [90, 180, 365, 730];

/** The demand of one product in one warehouse: what sold, when it was out of stock, what was marked and promoted. */
export class DistribDemandChart extends Component {
    static template = "distrib_inventory.DemandChart";
    static components = { Layout, RecordSelector };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.last = new KeepLast();
        this.canvas = useRef("canvas");
        const given = { ...this.props.action.context?.params, ...this.props.action.params };
        this.state = useState({
            product: Number(given.product_id) || false,
            warehouse: Number(given.warehouse_id) || false,
            days: Number(given.days) || 180,
            end: given.end || luxon.DateTime.now().toISODate(),
            pairs: [],
            chart: null,
            day: null,
        });
        onWillStart(async () => {
            await loadBundle("web.chartjs_lib");
            await this.offer();
            await this.load();
        });
        useEffect(
            () => this.draw(),
            () => [this.state.chart, this.canvas.el],
        );
        onWillUnmount(() => this.picture?.destroy());
    }

    get display() {
        return { controlPanel: {} };
    }

    get periods() {
        return [
            { days: PERIODS[0], label: _t("3 months") },
            { days: PERIODS[1], label: _t("6 months") },
            { days: PERIODS[2], label: _t("1 year") },
            { days: PERIODS[3], label: _t("2 years") },
        ];
    }

    get latest() {
        return this.state.end >= luxon.DateTime.now().toISODate();
    }

    /** Where only one end is given, begin with the best seller of the other. */
    async offer() {
        this.state.pairs = await this.orm.call("distrib.demand", "get_chart_pairs", [], {
            product_id: this.state.product || null,
            warehouse_id: this.state.product ? null : this.state.warehouse || null,
        });
        const [first] = this.state.pairs;
        if (first && !(this.state.product && this.state.warehouse)) {
            this.state.product = this.state.product || first.product_id;
            this.state.warehouse = this.state.warehouse || first.warehouse_id;
        }
    }

    async load() {
        const { product, warehouse, days, end } = this.state;
        if (!product || !warehouse) {
            this.state.chart = null;
            return;
        }
        const start = luxon.DateTime.fromISO(end)
            .minus({ days: days - 1 })
            .toISODate();
        this.state.chart = await this.last.add(
            this.orm.call("distrib.demand", "get_chart", [product, warehouse, start, end]),
        );
        this.state.day = null;
        this.props.updateActionState?.({ product_id: product, warehouse_id: warehouse, days });
    }

    draw() {
        this.picture?.destroy();
        this.picture = null;
        if (this.state.chart && this.canvas.el) {
            this.picture = new Chart(
                this.canvas.el,
                chartConfig(this.state.chart, (index) => (this.state.day = index)),
            );
        }
    }

    onProduct(id) {
        this.state.product = id;
        return this.load();
    }

    onWarehouse(id) {
        this.state.warehouse = id;
        return this.load();
    }

    onPeriod(days) {
        this.state.days = days;
        return this.load();
    }

    onMove(sign) {
        const today = luxon.DateTime.now().toISODate();
        const end = luxon.DateTime.fromISO(this.state.end).plus({ days: sign * Math.round(this.state.days / 2) });
        this.state.end = end.toISODate() > today ? today : end.toISODate();
        return this.load();
    }

    // --- the day that was clicked -----------------------------------------------------------------------------

    get day() {
        const { chart, day } = this.state;
        if (!chart || day === null) {
            return null;
        }
        const iso = chart.days[day];
        const marks = chart.marks.filter((mark) => mark.day === iso);
        return {
            iso,
            label: this.formatDay(iso),
            quantity: chart.quantity[day],
            remarks: remarks(chart, day),
            left: marks.some((mark) => mark.excluded),
        };
    }

    formatDay(iso) {
        return luxon.DateTime.fromISO(iso).toLocaleString(luxon.DateTime.DATE_FULL);
    }

    formatUnits(value) {
        return value === null ? _t("unknown") : `${formatFloat(value)} ${this.state.chart.uom}`;
    }

    async onMark(iso, leftOut) {
        await this.orm.call("distrib.demand.mark", "set_day", [this.state.product, this.state.warehouse, iso, leftOut]);
        const day = this.state.day;
        await this.load();
        this.state.day = day;
    }

    openMarks() {
        this.action.doAction("distrib_inventory.action_distrib_demand_mark", {
            additionalContext: {
                search_default_to_review: 0,
                search_default_product_id: this.state.product,
                search_default_warehouse_id: this.state.warehouse,
            },
        });
    }

    openDays() {
        this.action.doAction({
            type: "ir.actions.act_window",
            name: _t("Demand History"),
            res_model: "distrib.demand",
            views: [
                [false, "list"],
                [false, "graph"],
                [false, "pivot"],
            ],
            domain: [
                ["product_id", "=", this.state.product],
                ["warehouse_id", "=", this.state.warehouse],
            ],
        });
    }
}

registry.category("actions").add("distrib_demand_chart", DistribDemandChart);
