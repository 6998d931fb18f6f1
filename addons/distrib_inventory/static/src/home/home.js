import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { deserializeDate } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";

/** What needs doing today: the cards of `distrib.home`, grouped by area. */
export class DistribHome extends Component {
    static template = "distrib_inventory.Home";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.home = useState({ user: "", date: "", areas: [] });
        onWillStart(async () => Object.assign(this.home, await this.orm.call("distrib.home", "get_home", [])));
    }

    get display() {
        return { controlPanel: {} };
    }

    get greeting() {
        return _t("Hello, %s", this.home.user);
    }

    get date() {
        return deserializeDate(this.home.date).toLocaleString(luxon.DateTime.DATE_HUGE);
    }

    /** Cards with something to do. A count that is a text is a figure to look at, such as the sales of a day. */
    get open() {
        const cards = this.home.areas.flatMap((area) => area.cards);
        return cards.filter((card) => card.count && typeof card.count === "number").length;
    }

    get summary() {
        return this.open
            ? _t("Topics that need your attention today: %s", this.open)
            : _t("Nothing is waiting for you. Everything below is being watched.");
    }

    onCard(card) {
        if (card.action) {
            this.action.doAction(card.action);
        }
    }
}

registry.category("actions").add("distrib_home", DistribHome);
