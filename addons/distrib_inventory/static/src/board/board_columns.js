import { _t } from "@web/core/l10n/translation";

/** The columns of the board: what they are called, what they mean, and whether they show at first. */
export function boardColumns() {
    return {
        on_hand: { label: _t("On Hand"), help: _t("Our own stock in the warehouse"), shown: true },
        reserved: { label: _t("Reserved"), help: _t("Kept for open deliveries and transfers"), shown: true },
        allocated: { label: _t("Allocated"), help: _t("Kept for a customer, dealer or channel"), shown: true },
        available: { label: _t("Available"), help: _t("What may still be promised"), shown: true, strong: true },
        cover: { label: _t("Days of Cover"), help: _t("Days until it is sold, at the demand of a day"), shown: true },
        incoming: { label: _t("Incoming"), help: _t("Open moves into the warehouse"), shown: true },
        in_transit: { label: _t("In Transit"), help: _t("Under way from another warehouse"), shown: true },
        transfer_in: { label: _t("Transfers Due"), help: _t("Transfers that have not left yet"), shown: false },
        outgoing: { label: _t("Outgoing"), help: _t("Open moves out of the warehouse"), shown: true },
        forecast: { label: _t("Forecast"), help: _t("On hand plus incoming less outgoing"), shown: true },
        safety_stock: { label: _t("Safety Stock"), help: _t("Below it, the place is short"), shown: true },
        reorder_point: { label: _t("Reorder Point"), help: _t("At or below it, order"), shown: false },
        demand_mean: { label: _t("Demand a Day"), help: _t("What is sold on a mean day"), shown: false },
        expired: { label: _t("Expired"), help: _t("Past the removal date"), shown: false },
        expiring: { label: _t("Expiring"), help: _t("Soon past the removal date"), shown: false },
        quarantine: { label: _t("Quarantine"), help: _t("Waiting for inspection"), shown: false },
        damaged: { label: _t("Damaged"), help: _t("Not fit for sale"), shown: false },
        blocked: { label: _t("Blocked"), help: _t("Blocked by quality"), shown: false },
        disputed: { label: _t("Disputed"), help: _t("Counted under dispute"), shown: false },
        owned_on_hand: {
            label: _t("Other Owners'"),
            help: _t("Goods of dealers and consignors; in none of the others"),
            shown: true,
        },
    };
}

/** How a pair stands: sign, word and colour, so that nobody has to tell colours apart. */
export function boardStatuses() {
    return {
        normal: { label: _t("In order"), icon: "fa-check", tone: "success" },
        idle: { label: _t("Not selling"), icon: "fa-pause", tone: "secondary" },
        excess: { label: _t("Overstock"), icon: "fa-arrow-up", tone: "info" },
        reorder: { label: _t("To order"), icon: "fa-shopping-cart", tone: "reorder" },
        low: { label: _t("Below safety"), icon: "fa-arrow-down", tone: "warning" },
        out: { label: _t("No stock"), icon: "fa-ban", tone: "danger" },
        negative: { label: _t("Negative"), icon: "fa-exclamation-triangle", tone: "negative" },
    };
}

/** How a group of pairs stands: by the share of its selling pairs that are short. */
export function boardSeverities() {
    return {
        good: { label: _t("Few short"), icon: "fa-check", tone: "success", sign: "" },
        fair: { label: _t("Some short"), icon: "fa-arrow-down", tone: "warning", sign: "·" },
        bad: { label: _t("Many short"), icon: "fa-exclamation", tone: "danger", sign: "!" },
        none: { label: _t("Nothing sells"), icon: "fa-pause", tone: "secondary", sign: "" },
    };
}

export function boardTiers() {
    return { central: _t("Central"), regional: _t("Regional"), dealer: _t("Dealer"), store: _t("Store") };
}

export function boardStates() {
    return {
        expired: _t("Expired"),
        expiring: _t("Expiring"),
        quarantine: _t("Quarantine"),
        damaged: _t("Damaged"),
        blocked: _t("Blocked"),
        disputed: _t("Disputed"),
        allocated: _t("Allocated"),
        in_transit: _t("In Transit"),
        owned_on_hand: _t("Other Owners'"),
    };
}

/** Classes of days of cover, in the order of their numbers on the server. */
export function boardCovers(edges) {
    const between = edges.slice(1).map((edge, i) => _t("%(from)s to %(to)s days", { from: edges[i], to: edge }));
    return [
        _t("Not selling"),
        _t("Below %s days", edges[0]),
        ...between,
        _t("%s days and more", edges[edges.length - 1]),
    ];
}
