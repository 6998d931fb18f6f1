import { router, routerBus } from "@web/core/browser/router";

/** What of a board's query stands in its address, so that it outlives a reload and can be sent to somebody. */
const LISTS = { tiers: String, statuses: String, covers: Number, states: String };
const IDS = { product_ids: "products", warehouse_ids: "warehouses" };
const MAX_IDS = 400;
const BY = ["region", "supply", "category"];

/** The address with which the page was loaded, or to which "back" led: only then does it say what is to be shown. */
let arrival = { ...router.current };
routerBus.addEventListener("ROUTE_CHANGE", () => {
    arrival = { ...router.current };
});

function isSame(address, action) {
    return [action.path, action.xml_id, action.id, action.tag].filter(Boolean).includes(address.action);
}

function words(value) {
    return String(value ?? "")
        .split(",")
        .filter(Boolean);
}

/** The state of the address as the action's own address has it; undefined where there is nothing to say. */
export function toAddress(query, view, subject) {
    const address = { by: query.by, search: query.search || undefined };
    for (const name in LISTS) {
        address[name] = query[name].length ? query[name].join(",") : undefined;
    }
    for (const [name, key] of Object.entries(IDS)) {
        const ids = query[name];
        address[key] = ids?.length && ids.length <= MAX_IDS ? ids.join(",") : undefined;
    }
    address.order = query.order ? `${query.order[0]}${query.order[1] ? "-desc" : ""}` : undefined;
    address.view = view === "map" ? view : undefined;
    address.subject = (address.products || address.warehouses) && subject ? subject : undefined;
    return address;
}

/** The query that an address stands for: { query, view, subject }; null when it says nothing about this action. */
export function fromAddress(action) {
    const stack = [...(arrival.actionStack || []), arrival];
    const address = stack.findLast((step) => isSame(step, action) && step.by);
    if (!address) {
        return null;
    }
    arrival = {};
    const query = {
        by: BY.includes(address.by) ? address.by : BY[0],
        search: String(address.search ?? ""),
        order: null,
    };
    for (const [name, kind] of Object.entries(LISTS)) {
        query[name] = words(address[name]).map(kind);
    }
    for (const [name, key] of Object.entries(IDS)) {
        const ids = words(address[key]).map(Number).filter(Number.isInteger);
        query[name] = ids.length ? ids : null;
    }
    if (address.order) {
        const [column, way] = String(address.order).split("-");
        query.order = [column, way === "desc"];
    }
    return { query, view: address.view === "map" ? "map" : "table", subject: String(address.subject ?? "") };
}
