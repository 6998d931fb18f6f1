import { Component, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { boardSeverities, boardStatuses, boardTiers } from "./board_columns";
import { graticule, projection } from "./projection";

const WIDTH = 1000;
const HEIGHT = 760;
const EDGE = 60;

/** The warehouses where they are: size by stock, colour and sign by status, shape by tier. Drawn from our own data only. */
export class BoardMap extends Component {
    static template = "distrib_inventory.BoardMap";
    static props = {
        data: Object,
        selected: { type: String, optional: true },
        onSelect: Function,
    };

    setup() {
        this.severities = boardSeverities();
        this.statuses = boardStatuses();
        this.tiers = boardTiers();
        this.svg = useRef("svg");
        this.state = useState({ zoom: 1, x: 0, y: 0 });
        this.drag = null;
    }

    /** From degrees to the picture; worked out once for each set of data. */
    get frame() {
        if (this.framed?.data !== this.props.data) {
            const { warehouses, regions } = this.props.data;
            const points = [...warehouses, ...regions];
            const known = points.length
                ? points
                : [
                      { latitude: 20, longitude: 75 },
                      { latitude: 50, longitude: 130 },
                  ];
            const project = projection(known);
            const flat = known.map((p) => project(p.latitude, p.longitude));
            const [left, right] = [Math.min(...flat.map((p) => p[0])), Math.max(...flat.map((p) => p[0]))];
            const [top, bottom] = [Math.min(...flat.map((p) => p[1])), Math.max(...flat.map((p) => p[1]))];
            const scale = Math.min(
                (WIDTH - 2 * EDGE) / Math.max(right - left, 1e-3),
                (HEIGHT - 2 * EDGE) / Math.max(bottom - top, 1e-3),
            );
            const place = (latitude, longitude) => {
                const [x, y] = project(latitude, longitude);
                return [WIDTH / 2 + (x - (left + right) / 2) * scale, HEIGHT / 2 + (y - (top + bottom) / 2) * scale];
            };
            const lines = graticule(known, 10).map(({ label, line }) => {
                const points = line.map(([latitude, longitude]) => place(latitude, longitude));
                return {
                    label,
                    at: points[0],
                    path: "M" + points.map((p) => p.map((c) => c.toFixed(1)).join(" ")).join("L"),
                };
            });
            this.framed = { data: this.props.data, place, lines };
        }
        return this.framed;
    }

    get labels() {
        const kind = this.state.zoom >= 1.6 ? "province" : "area";
        const placed = [];
        for (const region of this.props.data.regions.filter((region) => region.kind === kind)) {
            const [x, y] = this.frame.place(region.latitude, region.longitude);
            const [width, height] = [(region.name.length * 7 + 20) / this.state.zoom, 24 / this.state.zoom];
            // A label that would lie on another one is left out; zooming in brings it.
            if (!placed.some((other) => Math.abs(other.x - x) < width * 2 && Math.abs(other.y - y) < height)) {
                placed.push({ ...region, x, y });
            }
        }
        return placed;
    }

    get markers() {
        const column = this.props.data.columns.indexOf("on_hand");
        const owned = this.props.data.columns.indexOf("owned_on_hand");
        const stock = (row) => Math.max(row.v[column] + row.v[owned], 0);
        const most = Math.max(...this.props.data.warehouses.map(stock), 1);
        return this.props.data.warehouses
            .map((row) => {
                const [x, y] = this.frame.place(row.latitude, row.longitude);
                const size = (7 + 19 * Math.sqrt(stock(row) / most)) / Math.sqrt(this.state.zoom);
                const mark = this.severities[row.status];
                return { ...row, x, y, size, mark, path: shape(row.tier, size), title: this.title(row, stock(row)) };
            })
            .sort((a, b) => b.size - a.size);
    }

    title(row, stock) {
        const short = row.counts[4] + row.counts[5] + row.counts[6];
        return `${row.label} (${row.sub})\n${this.tiers[row.tier] || ""}\n${Math.round(stock).toLocaleString()}\n${
            this.severities[row.status].label
        }: ${short}`;
    }

    get unplaced() {
        return _t("Without coordinates: %s", this.props.data.unplaced);
    }

    get legend() {
        return {
            tiers: Object.entries(this.tiers).map(([tier, label]) => ({ tier, label, path: shape(tier, 7) })),
            severities: Object.values(this.severities),
        };
    }

    get transform() {
        return `translate(${this.state.x} ${this.state.y}) scale(${this.state.zoom})`;
    }

    // -- zoom and pan --------------------------------------------------------

    /** Zoom so that the point of the picture under the pointer stays where it is. */
    zoomBy(factor, at = [WIDTH / 2, HEIGHT / 2]) {
        const zoom = Math.min(Math.max(this.state.zoom * factor, 1), 24);
        const ratio = zoom / this.state.zoom;
        this.state.x = at[0] - (at[0] - this.state.x) * ratio;
        this.state.y = at[1] - (at[1] - this.state.y) * ratio;
        this.state.zoom = zoom;
        if (zoom === 1) {
            Object.assign(this.state, { x: 0, y: 0 });
        }
    }

    reset() {
        Object.assign(this.state, { zoom: 1, x: 0, y: 0 });
    }

    point(event) {
        const matrix = this.svg.el.getScreenCTM();
        return [(event.clientX - matrix.e) / matrix.a, (event.clientY - matrix.f) / matrix.d];
    }

    onWheel(event) {
        this.zoomBy(Math.exp(-event.deltaY / 400), this.point(event));
    }

    onPointerDown(event) {
        this.drag = { from: this.point(event), x: this.state.x, y: this.state.y, moved: false };
    }

    onPointerMove(event) {
        if (!this.drag) {
            return;
        }
        const [x, y] = this.point(event);
        const [dx, dy] = [x - this.drag.from[0], y - this.drag.from[1]];
        this.drag.moved ||= Math.hypot(dx, dy) > 4;
        this.state.x = this.drag.x + dx;
        this.state.y = this.drag.y + dy;
    }

    onPointerUp() {
        this.moved = this.drag?.moved;
        this.drag = null;
    }

    onMarker(key) {
        if (!this.moved) {
            this.props.onSelect(key);
        }
    }

    onKeydown(event) {
        const step = 60;
        const keys = {
            "+": () => this.zoomBy(1.4),
            "=": () => this.zoomBy(1.4),
            "-": () => this.zoomBy(1 / 1.4),
            0: () => this.reset(),
            ArrowLeft: () => (this.state.x += step),
            ArrowRight: () => (this.state.x -= step),
            ArrowUp: () => (this.state.y += step),
            ArrowDown: () => (this.state.y -= step),
        };
        if (keys[event.key]) {
            event.preventDefault();
            keys[event.key]();
        }
    }

    onMarkerKeydown(event, key) {
        if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            event.stopPropagation();
            this.props.onSelect(key);
        }
    }
}

/** The outline of a tier's marker: central six-cornered, regional a diamond, dealer a square, store round. */
function shape(tier, size) {
    if (tier === "central") {
        const corners = [0, 1, 2, 3, 4, 5].map((i) => [
            (size * Math.sin((i * Math.PI) / 3)).toFixed(1),
            (-size * Math.cos((i * Math.PI) / 3)).toFixed(1),
        ]);
        return `M${corners.map((corner) => corner.join(" ")).join("L")}Z`;
    }
    if (tier === "regional") {
        const s = size * 1.15;
        return `M0 ${-s}L${s} 0L0 ${s}L${-s} 0Z`;
    }
    if (tier === "dealer") {
        const s = size * 0.88;
        return `M${-s} ${-s}H${s}V${s}H${-s}Z`;
    }
    return `M${-size} 0A${size} ${size} 0 1 0 ${size} 0A${size} ${size} 0 1 0 ${-size} 0Z`;
}
