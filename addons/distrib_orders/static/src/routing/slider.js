import { registry } from "@web/core/registry";
import { _t } from "@web/core/l10n/translation";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

/** A whole number from 0 to 100, set by dragging. */
export class SliderField extends Component {
    static template = "distrib_orders.SliderField";
    static props = { ...standardFieldProps };

    get value() {
        return this.props.record.data[this.props.name] || 0;
    }

    onInput(ev) {
        this.props.record.update({ [this.props.name]: parseInt(ev.target.value, 10) });
    }
}

registry.category("fields").add("distrib_slider", {
    component: SliderField,
    displayName: _t("Slider"),
    supportedTypes: ["integer"],
});
