import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

/** What a planner looks at first: counts of the exceptions, each a filter of the list below. */
export class ProposalDay extends Component {
    static template = "distrib_inventory.ProposalDay";
    static props = { list: { type: Object, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ tiles: [] });
        onWillStart(() => this.load());
        onWillUpdateProps(() => this.load());
    }

    async load() {
        this.state.tiles = await this.orm.call("distrib.proposal", "get_day", []);
    }

    /** A tile shows its proposals alone; those still to be decided unless it is about decided ones. */
    show(tile) {
        const names = tile.filter === "automatic" ? ["automatic"] : ["open", tile.filter];
        const { searchModel } = this.env;
        const wanted = searchModel.getSearchItems((item) => names.includes(item.name));
        searchModel.query = [];
        for (const item of wanted) {
            searchModel.toggleSearchItem(item.id);
        }
    }

    isShown(tile) {
        const active = this.env.searchModel.getSearchItems((item) => item.isActive && item.type === "filter");
        const names = active.map((item) => item.name);
        return tile.filter === "open" ? names.length === 1 && names[0] === "open" : names.includes(tile.filter);
    }
}

export class ProposalListRenderer extends ListRenderer {
    static template = "distrib_inventory.ProposalListRenderer";
    static components = { ...ListRenderer.components, ProposalDay };
}

registry.category("views").add("distrib_proposal_list", { ...listView, Renderer: ProposalListRenderer });

/** Says what was decided, with a button that takes it back. */
function proposalDone(env, { params }) {
    const { action, notification, orm } = env.services;
    const close = notification.add(params.message, {
        type: params.type,
        autocloseDelay: 10000,
        buttons: [
            {
                name: _t("Undo"),
                onClick: async () => {
                    close();
                    await orm.call("distrib.proposal", "action_undo", [params.proposal_ids]);
                    action.doAction({ type: "ir.actions.client", tag: "soft_reload" });
                },
            },
        ],
    });
    return params.next;
}

registry.category("actions").add("distrib_proposal_done", proposalDone);
