import { _t } from "@web/core/l10n/translation";
import { formatFloat, formatPercentage } from "@web/views/fields/formatters";

const COLORS = {
    usual: "#017e84",
    promoted: "#f0ad4e",
    left: "#b94a48",
    line: "#5b4a6f",
    out: "rgba(220, 53, 69, 0.13)",
    festival: "rgba(240, 173, 78, 0.16)",
};
// A promotion shallower than this is none.
const SHALLOW = 0.05;

/** Days that a mark leaves out of the forecast, by their index. */
export function leftOut(chart) {
    const days = new Set(chart.marks.filter((mark) => mark.excluded).map((mark) => mark.day));
    return chart.days.map((day) => days.has(day));
}

/** Mean of the last seven days that the forecast knows; null where it knows fewer than four of them. */
export function weekMean(cleaned) {
    return cleaned.map((value, index) => {
        const known = cleaned.slice(Math.max(0, index - 6), index + 1).filter((one) => one !== null);
        return known.length > 3 ? known.reduce((sum, one) => sum + one, 0) / known.length : null;
    });
}

/** Bands behind the bars: out of stock (deeper the longer), and shopping festivals. */
const bands = {
    id: "distribDemandBands",
    beforeDatasetsDraw(chart) {
        const { ctx, chartArea, scales } = chart;
        const data = chart.config.options.distrib;
        const width = chartArea.width / Math.max(data.days.length, 1);
        ctx.save();
        data.days.forEach((day, index) => {
            const left = scales.x.getPixelForValue(index) - width / 2;
            if (data.festival[index]) {
                ctx.fillStyle = COLORS.festival;
                ctx.fillRect(left, chartArea.top, width, chartArea.height);
            }
            const share = data.in_stock[index];
            if (share !== null && share < 1) {
                ctx.fillStyle = COLORS.out;
                const height = chartArea.height * (1 - share);
                ctx.fillRect(left, chartArea.bottom - height, width, height);
            }
        });
        ctx.restore();
    },
};

function color(data, left) {
    return data.days.map((day, index) => {
        if (left[index]) {
            return COLORS.left;
        }
        return data.promotion[index] >= SHALLOW ? COLORS.promoted : COLORS.usual;
    });
}

/** What the tooltip says of a day besides what was sold. */
export function remarks(data, index) {
    const said = [];
    const share = data.in_stock[index];
    if (share !== null && share < 1) {
        said.push(_t("In stock %s of the selling hours", formatPercentage(share)));
    }
    if (data.promotion[index] >= SHALLOW) {
        said.push(_t("Promotion: %s off", formatPercentage(data.promotion[index])));
    }
    if (data.price[index] !== null) {
        said.push(_t("Price %s", formatFloat(data.price[index])));
    }
    if (data.holiday[index]) {
        said.push(data.holiday[index]);
    }
    if (data.festival[index]) {
        said.push(data.festival[index]);
    }
    for (const mark of data.marks.filter((one) => one.day === data.days[index])) {
        said.push(`${mark.label}: ${mark.state_label}${mark.note ? ` (${mark.note})` : ""}`);
    }
    return said;
}

/** The configuration for Chart.js. One-off peaks would press all other days to the ground: the scale ends above them. */
export function chartConfig(data, onDay) {
    const left = leftOut(data);
    const ordinary = data.quantity.filter((value, index) => value !== null && !left[index]);
    const top = Math.max(1, ...ordinary);
    const step = 10 ** Math.floor(Math.log10(top)) / 2;
    return {
        type: "bar",
        data: {
            labels: data.days,
            datasets: [
                {
                    type: "line",
                    label: _t("Mean of 7 days, as the forecast sees it"),
                    data: weekMean(data.cleaned),
                    borderColor: COLORS.line,
                    borderWidth: 2,
                    pointRadius: 0,
                    tension: 0.3,
                },
                {
                    label: _t("Sold"),
                    data: data.quantity,
                    backgroundColor: color(data, left),
                    barPercentage: 1,
                    categoryPercentage: 0.9,
                },
            ],
        },
        options: {
            distrib: data,
            animation: false,
            maintainAspectRatio: false,
            interaction: { mode: "index", intersect: false },
            onClick: (event, elements) => elements.length && onDay(elements[0].index),
            scales: {
                x: {
                    grid: { display: false },
                    ticks: {
                        autoSkip: true,
                        maxTicksLimit: 14,
                        maxRotation: 0,
                        callback: (value, index) =>
                            luxon.DateTime.fromISO(data.days[index]).toLocaleString({ month: "short", day: "numeric" }),
                    },
                },
                y: {
                    suggestedMin: 0,
                    max: left.some(Boolean) ? Math.ceil((top * 1.15) / step) * step : undefined,
                    title: { display: true, text: data.uom },
                },
            },
            plugins: {
                legend: { display: false },
                tooltip: {
                    callbacks: {
                        title: ([item]) =>
                            luxon.DateTime.fromISO(data.days[item.dataIndex]).toLocaleString(luxon.DateTime.DATE_HUGE),
                        label: (item) =>
                            item.datasetIndex === 1 || item.raw !== null
                                ? `${item.dataset.label}: ${item.raw === null ? "–" : formatFloat(item.raw)}`
                                : "",
                        afterBody: ([item]) => remarks(data, item.dataIndex),
                    },
                },
            },
        },
        plugins: [bands],
    };
}
