import { cookie } from "@web/core/browser/cookie";
import { getCustomColor, hexToRGBA } from "@web/core/colors/colors";
import { _t } from "@web/core/l10n/translation";

const scheme = cookie.get("color_scheme");
const GRID = getCustomColor(scheme, "rgba(0,0,0,.08)", "rgba(255,255,255,.12)");
const LABEL = getCustomColor(scheme, "#374151", "#E4E4E4");
const DANGER = "#d44c59";
const MUTED = getCustomColor(scheme, "#9ca3af", "#6b7280");
const BLUE = "#3b7dd8";
const ORANGE = "#e08c14";
const GREEN = "#28a745";

/** A dashed vertical line where today is. */
const todayLine = (index) => ({
    id: "distribToday",
    afterDatasetsDraw({ ctx, chartArea, scales }) {
        const x = scales.x.getPixelForValue(index);
        ctx.save();
        ctx.strokeStyle = MUTED;
        ctx.setLineDash([4, 4]);
        ctx.beginPath();
        ctx.moveTo(x, chartArea.top);
        ctx.lineTo(x, chartArea.bottom);
        ctx.stroke();
        ctx.restore();
    },
});

const line = (label, values, color, more = {}) => ({
    type: "line",
    label,
    data: values,
    borderColor: color,
    backgroundColor: color,
    borderWidth: 2,
    pointRadius: 0,
    pointHitRadius: 6,
    spanGaps: false,
    ...more,
});

/** The area between two lines: the upper one fills down to the one drawn just before it. */
const band = (label, low, high, color) => [
    line(label, low, "transparent", { hidden: false, distribHelper: true }),
    line(label, high, "transparent", { backgroundColor: hexToRGBA(color, 0.2), fill: "-1" }),
];

const level = (label, value, count, color) =>
    line(label, Array(count).fill(value), color, { borderDash: [6, 4], borderWidth: 1.5 });

const options = (title) => ({
    maintainAspectRatio: false,
    animation: false,
    interaction: { mode: "index", intersect: false },
    plugins: {
        title: { display: true, text: title, align: "start", color: LABEL },
        legend: {
            position: "bottom",
            labels: {
                color: LABEL,
                boxWidth: 14,
                filter: (item, data) => !data.datasets[item.datasetIndex].distribHelper,
            },
        },
        tooltip: { filter: (item) => !item.dataset.distribHelper && item.raw !== null },
    },
    scales: {
        x: { grid: { display: false }, ticks: { color: LABEL, maxTicksLimit: 12, maxRotation: 0 } },
        y: { beginAtZero: true, grid: { color: GRID }, ticks: { color: LABEL, maxTicksLimit: 6 } },
    },
});

export function demandConfig(data) {
    const colors = data.stockout.map((out) => (out ? DANGER : MUTED));
    return {
        data: {
            labels: data.labels,
            datasets: [
                ...band(_t("Forecast band (P10 to P90)"), data.p10, data.p90, BLUE),
                line(_t("Forecast"), data.forecast, BLUE),
                { type: "bar", label: _t("Sold (red: out of stock)"), data: data.demand, backgroundColor: colors },
            ],
        },
        options: options(_t("Demand a day (%s)", data.unit)),
        plugins: [todayLine(data.today)],
    };
}

export function stockConfig(data) {
    const count = data.days.length;
    const levels = data.levels
        ? [
              level(_t("Order up to"), data.levels.order_up_to, count, GREEN),
              level(_t("Reorder point"), data.levels.reorder_point, count, ORANGE),
              level(_t("Safety stock"), data.levels.safety_stock, count, DANGER),
          ]
        : [];
    return {
        data: {
            labels: data.labels,
            datasets: [
                ...band(_t("Expected stock (P10 to P90)"), data.stock_low, data.stock_high, BLUE),
                line(_t("Stock"), data.stock, LABEL, { stepped: "before" }),
                line(_t("Expected stock"), data.stock_expected, BLUE, { borderDash: [3, 3] }),
                { type: "bar", label: _t("Arrivals"), data: data.arrivals, backgroundColor: hexToRGBA(GREEN, 0.6) },
                ...levels,
            ],
        },
        options: options(_t("Stock (%s)", data.unit)),
        plugins: [todayLine(data.today)],
    };
}
