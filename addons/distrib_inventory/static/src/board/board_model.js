import { markRaw, reactive } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { user } from "@web/core/user";

const MODEL = "distrib.board";
const NOTIFICATION = "distrib_network/touched";
const CHANNEL = "distrib_network";
// A notification is answered after a moment, so that several make one request, and not more often than this (ms).
const LIVE_DELAY = 250;
const LIVE_PAUSE = 700;
const FLASH = 1600;

/** The numbers of a row are replaced as a whole: nothing need watch each of them. */
function plain(row) {
    for (const name of ["v", "counts"]) {
        if (row[name]) {
            row[name] = markRaw(row[name]);
        }
    }
    return row;
}

/** The rows of the board: loaded a level at a time, kept fresh while they are on the screen. */
export class BoardModel {
    constructor(orm, bus, query) {
        this.orm = orm;
        this.bus = bus;
        this.serial = 0;
        this.visible = () => [];
        this.onTouched = () => {};
        this.touched = null;
        this.loadingMore = new Set();
        this.state = reactive({
            query: { by: "region", search: "", tiers: [], statuses: [], covers: [], states: [], ...query },
            columns: [],
            coverEdges: [],
            rows: [],
            total: null,
            words: [],
            busy: false,
            live: false,
            flash: {},
        });
    }

    get query() {
        return this.state.query;
    }

    get expanded() {
        return this.state.rows.filter((row) => row.open).map((row) => row.key);
    }

    call(method, ...args) {
        return this.orm.silent.call(MODEL, method, [{ ...this.query }, ...args]);
    }

    /** Read the board anew; `expanded` null lets the server open a small tree. Late answers to older questions are dropped. */
    async load(expanded = null) {
        const serial = ++this.serial;
        this.state.busy = true;
        try {
            const page = await this.call("load", expanded);
            if (serial !== this.serial) {
                return false;
            }
            this.loadingMore.clear();
            this.at = Object.fromEntries(page.columns.map((name, place) => [name, place]));
            page.rows.forEach(plain);
            plain(page.total);
            Object.assign(this.state, {
                columns: markRaw(page.columns),
                coverEdges: page.cover_edges,
                rows: page.rows,
                total: page.total,
                words: page.words,
            });
            return true;
        } finally {
            if (serial === this.serial) {
                this.state.busy = false;
            }
        }
    }

    async change(values, expanded = null) {
        Object.assign(this.state.query, values);
        return this.load(expanded);
    }

    /** Rows are told apart by their keys: a component holds them behind a proxy of its own. */
    place(key) {
        return this.state.rows.findIndex((row) => row.key === key);
    }

    async toggle(row) {
        return row.open ? this.collapse(row) : this.open(row);
    }

    async open({ key }) {
        const row = this.state.rows[this.place(key)];
        if (!row?.expandable || row.open || row.opening) {
            return;
        }
        const serial = this.serial;
        row.opening = true;
        const children = await this.call("expand", row.key, 0);
        row.opening = false;
        if (serial !== this.serial) {
            return;
        }
        row.open = true;
        this.insert(this.place(key) + 1, children, row.depth + 1);
    }

    collapse({ key }) {
        const at = this.place(key);
        const row = this.state.rows[at];
        let end = at + 1;
        while (end < this.state.rows.length && this.state.rows[end].depth > row.depth) {
            end++;
        }
        row.open = false;
        this.state.rows.splice(at + 1, end - at - 1);
    }

    /** Replace a row of kind "more" by the rows that it stands for. */
    async loadMore(row) {
        if (this.loadingMore.has(row.key)) {
            return;
        }
        this.loadingMore.add(row.key);
        const serial = this.serial;
        const children = await this.call("expand", row.parent, row.offset);
        if (serial !== this.serial) {
            return;
        }
        this.loadingMore.delete(row.key);
        const at = this.place(row.key);
        if (at >= 0) {
            this.state.rows.splice(at, 1);
            this.insert(at, children, row.depth);
        }
    }

    insert(at, rows, depth) {
        for (const row of rows) {
            row.depth = depth;
            plain(row);
        }
        this.state.rows.splice(at, 0, ...rows);
    }

    parentOf(index) {
        const depth = this.state.rows[index]?.depth;
        let at = index - 1;
        while (at >= 0 && this.state.rows[at].depth >= depth) {
            at--;
        }
        return at;
    }

    /** Open what is above a row, so that it is among the rows. Returns its place or -1. */
    async reveal(key) {
        if (this.place(key) < 0) {
            const path = await this.call("find_path", key);
            await this.load([...new Set([...this.expanded, ...path])]);
        }
        return this.place(key);
    }

    // -- live ----------------------------------------------------------------

    listen() {
        this.handler = (payload) => this.onNotification(payload);
        this.bus.subscribe(NOTIFICATION, this.handler);
        this.bus.addChannel(CHANNEL);
        this.state.live = true;
    }

    stop() {
        this.bus.unsubscribe(NOTIFICATION, this.handler);
        this.bus.deleteChannel(CHANNEL);
        browser.clearTimeout(this.timer);
        browser.clearTimeout(this.flashTimer);
        this.state.live = false;
    }

    onNotification(payload) {
        if (!user.activeCompanies.some((company) => company.id === payload.company_id)) {
            return;
        }
        const asked = this.query.product_ids;
        if (asked?.length && payload.product_ids && !payload.product_ids.some((id) => asked.includes(id))) {
            return;
        }
        this.touched = this.touched ? { all: true } : payload;
        const wait = Math.max(LIVE_DELAY, (this.lastRefresh || 0) + LIVE_PAUSE - Date.now());
        this.timer ||= browser.setTimeout(() => this.answer(), wait);
    }

    async answer() {
        const touched = this.touched;
        this.touched = null;
        this.timer = null;
        this.lastRefresh = Date.now();
        if (this.addsRows(touched)) {
            await this.load(this.expanded);
        } else {
            await this.refresh();
        }
        this.onTouched();
    }

    /** Whether a change brings goods to an open place (or places to open goods) that has no row for them yet. */
    addsRows(touched) {
        const open = new Set(this.expanded);
        const keys = new Set(this.state.rows.map((row) => row.key));
        return (touched.pairs || []).some(
            ([warehouse, product]) =>
                (open.has(`w${warehouse}`) || open.has(`p${product}`)) &&
                !keys.has(`w${warehouse}p${product}`) &&
                !keys.has(`more:w${warehouse}`) &&
                !keys.has(`more:p${product}`),
        );
    }

    /** Read again what is on the screen, and only that. */
    async refresh() {
        const serial = this.serial;
        const keys = this.visible();
        const { rows, total } = await this.call("refresh", keys);
        if (serial !== this.serial) {
            return;
        }
        const flash = {};
        const byKey = new Map(this.state.rows.map((row) => [row.key, row]));
        for (const [key, now] of Object.entries(rows)) {
            const row = byKey.get(key);
            if (row) {
                const values = now || { v: row.v.map(() => 0), counts: row.counts && row.counts.map(() => 0) };
                this.state.columns.forEach((name, i) => {
                    if (row.v[i] !== values.v[i]) {
                        flash[`${key}:${name}`] = values.v[i] > row.v[i] ? "up" : "down";
                    }
                });
                Object.assign(row, plain(values));
            }
        }
        this.state.total = plain(total);
        if (Object.keys(flash).length) {
            this.state.flash = flash;
            browser.clearTimeout(this.flashTimer);
            this.flashTimer = browser.setTimeout(() => (this.state.flash = {}), FLASH);
        }
    }
}
