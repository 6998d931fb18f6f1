import {
    Component,
    onMounted,
    onWillStart,
    onWillUnmount,
    useEffect,
    useExternalListener,
    useRef,
    useState,
} from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { CheckboxItem } from "@web/core/dropdown/checkbox_item";
import { Dropdown } from "@web/core/dropdown/dropdown";
import { DropdownItem } from "@web/core/dropdown/dropdown_item";
import { _t } from "@web/core/l10n/translation";
import { download } from "@web/core/network/download";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { useDebounced } from "@web/core/utils/timing";
import { useSetupAction } from "@web/search/action_hook";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { boardColumns, boardCovers, boardSeverities, boardStates, boardStatuses, boardTiers } from "./board_columns";
import { BoardMap } from "./board_map";
import { BoardModel } from "./board_model";
import { fromAddress, toAddress } from "./board_url";

const ROW = 34;
const MARGIN = 6;
const KEYSTROKE = 60;

/** The network board (库存全景): the whole stock as a tree, live. */
export class NetworkBoard extends Component {
    static template = "distrib_inventory.NetworkBoard";
    static components = { Layout, Dropdown, DropdownItem, CheckboxItem, BoardMap };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.notification = useService("notification");
        this.columns = boardColumns();
        this.statuses = boardStatuses();
        this.severities = boardSeverities();
        this.tiers = boardTiers();
        this.states = boardStates();
        this.storageKey = `distrib_board.columns.${user.userId}`;
        this.number = new Intl.NumberFormat(user.lang || undefined, { maximumFractionDigits: 2 });
        this.whole = new Intl.NumberFormat(user.lang || undefined, { maximumFractionDigits: 0 });
        const params = this.props.action.params || {};
        const context = this.props.action.context?.distrib_board || {};
        // Back from another action it is as it was left; after a reload, or from a link, as its address says.
        const stored = this.props.state?.board || fromAddress(this.props.action) || {};
        this.subject = stored.subject ?? context.subject ?? params.subject ?? "";
        const query = { ...params.query, ...context.query, ...stored.query };
        this.model = new BoardModel(useService("orm"), useService("bus_service"), query);
        this.board = useState(this.model.state);
        this.ui = useState({
            view: stored.view || "table",
            top: 0,
            height: 600,
            row: 0,
            column: 0,
            search: query.search || "",
            hidden: this.storedColumns(),
            map: null,
        });
        this.root = useRef("root");
        this.scroller = useRef("scroller");
        this.searchBox = useRef("search");
        this.searchSoon = useDebounced(() => this.search(), KEYSTROKE);
        this.model.visible = () => this.drawn.map((row) => row.key);
        this.model.onTouched = () => this.ui.view === "map" && this.loadMap();
        useSetupAction({
            getLocalState: () => ({
                board: {
                    query: { ...this.model.query },
                    expanded: this.model.expanded,
                    view: this.ui.view,
                    subject: this.subject,
                },
            }),
        });
        useExternalListener(window, "keydown", (event) => this.onShortcut(event));
        useExternalListener(window, "resize", () => this.measure());
        onWillStart(async () => {
            await this.model.load(stored.expanded || null);
            if (this.ui.view === "map") {
                await this.loadMap();
            }
        });
        onMounted(() => {
            this.measure();
            this.model.listen();
        });
        // The action service takes note of an address only once the action is on the screen.
        useEffect(
            () => this.props.updateActionState?.(this.address),
            () => [JSON.stringify(this.address)],
        );
        onWillUnmount(() => this.model.stop());
        useEffect(
            () => this.measure(),
            () => [this.ui.view],
        );
    }

    get address() {
        return toAddress(this.board.query, this.ui.view, this.subject);
    }

    // -- what is shown -------------------------------------------------------

    get display() {
        return { controlPanel: {} };
    }

    get known() {
        return Object.keys(this.columns).filter(
            (name) => this.board.columns.includes(name) || (name === "cover" && this.board.columns.includes("usable")),
        );
    }

    get shown() {
        return this.known.filter((name) => !this.ui.hidden.includes(name));
    }

    get template() {
        return `grid-template-columns: minmax(var(--o-board-first), 2.6fr) minmax(var(--o-board-status), 1fr) repeat(${this.shown.length}, minmax(var(--o-board-cell), 1fr))`;
    }

    get first() {
        return Math.max(Math.floor(this.ui.top / ROW) - MARGIN, 0);
    }

    get last() {
        return Math.min(Math.ceil((this.ui.top + this.ui.height) / ROW) + MARGIN, this.board.rows.length);
    }

    /** The rows that are drawn: those on the screen and a few around them. */
    get drawn() {
        return this.board.rows.slice(this.first, this.last);
    }

    get spaceAbove() {
        return this.first * ROW;
    }

    get spaceBelow() {
        return (this.board.rows.length - this.last) * ROW;
    }

    get covers() {
        return this.board.coverEdges.length ? boardCovers(this.board.coverEdges) : [];
    }

    get words() {
        return this.board.words.map(([word, kind]) => ({
            word,
            kind,
            title: {
                place: _t("read as a place"),
                goods: _t("read as goods"),
                wide: _t("fits too much: go on typing"),
                nothing: _t("nothing is called like this"),
            }[kind],
        }));
    }

    get filterCount() {
        const { tiers, covers, states } = this.board.query;
        return tiers.length + covers.length + states.length;
    }

    value(row, name) {
        const { v } = row;
        const at = this.model.at;
        if (name === "cover") {
            return v[at.demand_mean] > 0 ? v[at.usable] / v[at.demand_mean] : null;
        }
        return v[at[name]] ?? 0;
    }

    text(row, name) {
        const value = this.value(row, name);
        if (value === null) {
            return "";
        }
        return (row.counts || name === "cover" ? this.whole : this.number).format(value);
    }

    cellClass(row, name) {
        const value = this.value(row, name);
        const flash = this.board.flash[`${row.key}:${name}`];
        return {
            "text-danger fw-bold": value < 0,
            o_board_zero: value === 0 || value === null,
            "fw-bold": this.columns[name].strong && value > 0,
            [`o_board_flash_${flash}`]: Boolean(flash),
        };
    }

    moreText(row) {
        return _t("%s more", this.whole.format(row.rest));
    }

    mark(row) {
        return row.counts ? this.severities[row.status] : this.statuses[row.status];
    }

    /** The shares of a group's pairs by status, as parts of a bar. */
    shares(row) {
        const total = row.counts.reduce((sum, count) => sum + count, 0);
        return Object.entries(this.statuses)
            .map(([name, status], i) => ({
                name,
                ...status,
                count: row.counts[i],
                share: (100 * row.counts[i]) / total,
            }))
            .filter((part) => part.count);
    }

    short(row) {
        return row.counts[4] + row.counts[5] + row.counts[6];
    }

    sharesTitle(row) {
        return this.shares(row)
            .map((part) => `${part.label}: ${this.whole.format(part.count)}`)
            .join("\n");
    }

    icon(row) {
        return (
            { r: "fa-map-marker", w: "fa-building-o", s: "fa-sitemap", c: "fa-folder-o", p: "fa-cube" }[row.kind] ||
            (row.parent?.[0] === "p" ? "fa-building-o" : "fa-cube")
        );
    }

    isActive(index, column) {
        return this.ui.row === index && this.ui.column === column;
    }

    cellId(index, column) {
        return `o_board_cell_${index}_${column}`;
    }

    // -- searching and filtering ---------------------------------------------

    onSearchInput(event) {
        this.ui.search = event.target.value;
        this.searchSoon();
    }

    async search() {
        this.toTop();
        await this.model.change({ search: this.ui.search.trim() });
        await this.afterChange();
    }

    async clearSearch() {
        this.ui.search = "";
        await this.search();
        this.searchBox.el?.focus();
    }

    onSearchKeydown(event) {
        if (event.key === "ArrowDown" || event.key === "Enter") {
            event.preventDefault();
            this.focusCell(0, 0);
        } else if (event.key === "Escape" && this.ui.search) {
            event.stopPropagation();
            this.clearSearch();
        }
    }

    async setBy(by) {
        this.toTop();
        await this.model.change({ by });
        await this.afterChange();
    }

    async flip(kind, value) {
        const old = this.model.query[kind];
        const now = old.includes(value) ? old.filter((other) => other !== value) : [...old, value];
        await this.model.change({ [kind]: now }, this.model.expanded);
        await this.afterChange();
    }

    async setShort() {
        const wanted = ["low", "out", "negative"];
        const on = wanted.every((name) => this.model.query.statuses.includes(name));
        await this.model.change({ statuses: on ? [] : wanted }, this.model.expanded);
        await this.afterChange();
    }

    async clearFilters() {
        await this.model.change({ tiers: [], statuses: [], covers: [], states: [] }, this.model.expanded);
        await this.afterChange();
    }

    async clearSubject() {
        this.subject = "";
        await this.model.change({ product_ids: null, warehouse_ids: null });
        await this.afterChange();
    }

    async sort(name) {
        const [column, descending] = this.model.query.order || [];
        const order = column !== name ? [name, true] : descending ? [name, false] : null;
        await this.model.change({ order }, this.model.expanded);
    }

    sortOf(name) {
        const [column, descending] = this.board.query.order || [];
        return column === name ? (descending ? "descending" : "ascending") : "none";
    }

    async afterChange() {
        this.ui.row = Math.min(this.ui.row, Math.max(this.board.rows.length - 1, 0));
        if (this.ui.view === "map") {
            await this.loadMap();
        }
    }

    toTop() {
        this.ui.row = 0;
        this.ui.top = 0;
        if (this.scroller.el) {
            this.scroller.el.scrollTop = 0;
        }
    }

    // -- columns, kept for each user on this machine --------------------------

    storedColumns() {
        try {
            const stored = JSON.parse(browser.localStorage.getItem(this.storageKey));
            if (Array.isArray(stored)) {
                return stored;
            }
        } catch {
            // what is not readable is as good as nothing
        }
        return Object.keys(this.columns).filter((name) => !this.columns[name].shown);
    }

    flipColumn(name) {
        const hidden = this.ui.hidden;
        this.ui.hidden = hidden.includes(name) ? hidden.filter((other) => other !== name) : [...hidden, name];
        browser.localStorage.setItem(this.storageKey, JSON.stringify(this.ui.hidden));
    }

    // -- rows ----------------------------------------------------------------

    measure() {
        if (this.scroller.el) {
            this.ui.height = this.scroller.el.clientHeight;
        }
    }

    onScroll() {
        this.ui.top = this.scroller.el.scrollTop;
        for (const row of this.drawn) {
            if (row.kind === "more") {
                this.model.loadMore(row);
            }
        }
    }

    async onToggle(row, index) {
        this.ui.row = index;
        this.ui.column = 0;
        await this.model.toggle(row);
    }

    async openCell(row, name) {
        if (row.kind === "more") {
            return this.model.loadMore(row);
        }
        const action = await this.model.call("open_cell", row.key, name);
        if (action) {
            return this.action.doAction(action);
        }
        this.notification.add(_t("Your role does not include the documents behind this number."), { type: "warning" });
    }

    // -- keyboard ------------------------------------------------------------

    onShortcut(event) {
        const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
        if (event.key === "/" && !typing && !event.ctrlKey && !event.altKey && !event.metaKey) {
            event.preventDefault();
            this.searchBox.el?.focus();
            this.searchBox.el?.select();
        }
    }

    onGridKeydown(event) {
        const row = this.board.rows[this.ui.row];
        if (!row || event.ctrlKey || event.altKey || event.metaKey) {
            return;
        }
        const page = Math.max(Math.floor(this.ui.height / ROW) - 3, 1);
        const { row: at, column } = this.ui;
        const lastColumn = this.shown.length + 1;
        const handlers = {
            ArrowDown: () => this.focusCell(at + 1, column),
            ArrowUp: () => this.focusCell(at - 1, column),
            PageDown: () => this.focusCell(at + page, column),
            PageUp: () => this.focusCell(at - page, column),
            Home: () => this.focusCell(event.shiftKey ? 0 : at, 0),
            End: () => this.focusCell(event.shiftKey ? this.board.rows.length - 1 : at, lastColumn),
            ArrowRight: () =>
                column === 0 && row.expandable && !row.open ? this.model.open(row) : this.focusCell(at, column + 1),
            ArrowLeft: () => {
                if (column > 0) {
                    return this.focusCell(at, column - 1);
                }
                return row.open ? this.model.collapse(row) : this.focusCell(this.model.parentOf(at), 0);
            },
            Enter: () => this.enter(row, column),
            " ": () => this.enter(row, column),
        };
        if (handlers[event.key]) {
            event.preventDefault();
            handlers[event.key]();
        }
    }

    enter(row, column) {
        if (row.kind === "more") {
            return this.model.loadMore(row);
        }
        if (column < 2 && row.expandable) {
            return this.model.toggle(row);
        }
        return this.openCell(row, column < 2 ? "on_hand" : this.shown[column - 2]);
    }

    focusCell(row, column) {
        if (!this.board.rows.length) {
            return;
        }
        this.ui.row = Math.min(Math.max(row, 0), this.board.rows.length - 1);
        this.ui.column = Math.min(Math.max(column, 0), this.shown.length + 1);
        this.scrollTo(this.ui.row);
        const id = this.cellId(this.ui.row, this.ui.column);
        browser.requestAnimationFrame(() => {
            const cell = this.root.el?.querySelector(`#${id}`);
            cell?.focus({ preventScroll: true });
            cell?.scrollIntoView({ block: "nearest", inline: "nearest" });
        });
    }

    scrollTo(index) {
        const el = this.scroller.el;
        const head = 2 * ROW;
        const top = index * ROW;
        if (top < el.scrollTop) {
            el.scrollTop = top;
        } else if (top + ROW > el.scrollTop + el.clientHeight - head) {
            el.scrollTop = top + ROW - el.clientHeight + head;
        }
        this.ui.top = el.scrollTop;
    }

    // -- map and export ------------------------------------------------------

    async setView(view) {
        this.ui.view = view;
        if (view === "map") {
            await this.loadMap();
        }
    }

    async loadMap() {
        this.ui.map = await this.model.call("get_map");
    }

    async onMarker(key) {
        if (this.model.query.by === "category") {
            await this.model.change({ by: "region" });
        }
        let index = await this.model.reveal(key);
        if (index < 0) {
            index = await this.model.reveal(key.replace("w", "s"));
        }
        if (index >= 0) {
            this.focusCell(index, 0);
        }
    }

    get selected() {
        const key = this.board.rows[this.ui.row]?.key || "";
        return key.match(/^[ws]\d+/)?.[0].replace("s", "w");
    }

    async export(mode) {
        await download({
            url: "/distrib/board/export",
            data: {
                query: JSON.stringify({ ...this.model.query }),
                expanded: JSON.stringify(this.model.expanded),
                columns: JSON.stringify(this.shown),
                mode,
            },
        });
    }
}

registry.category("actions").add("distrib_network_board", NetworkBoard);
