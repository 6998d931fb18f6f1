const RADIANS = Math.PI / 180;

/**
 * Albers equal-area conic projection (J. P. Snyder, Map Projections: A Working Manual, USGS 1987, eqs. 14-1 to 14-6, sphere),
 * with the standard parallels a sixth of the span from its ends; near the equator, where the cone opens up, the
 * equirectangular one. Result: x to the right, y downwards, the unit is the earth's radius.
 */
export function projection(points) {
    const latitudes = points.map((p) => p.latitude);
    const longitudes = points.map((p) => p.longitude);
    const [south, north] = [Math.min(...latitudes), Math.max(...latitudes)];
    const middle = ((Math.min(...longitudes) + Math.max(...longitudes)) / 2) * RADIANS;
    const [first, second] = [south + (north - south) / 6, north - (north - south) / 6].map((a) => a * RADIANS);
    const n = (Math.sin(first) + Math.sin(second)) / 2;
    if (!Number.isFinite(n) || Math.abs(n) < 0.1) {
        const squeeze = Math.cos(((south + north) / 2) * RADIANS) || 1;
        return (latitude, longitude) => [(longitude * RADIANS - middle) * squeeze, -latitude * RADIANS];
    }
    const c = Math.cos(first) ** 2 + 2 * n * Math.sin(first);
    const rho = (latitude) => Math.sqrt(Math.max(c - 2 * n * Math.sin(latitude * RADIANS), 0)) / n;
    const base = rho((south + north) / 2);
    return (latitude, longitude) => {
        const theta = n * (longitude * RADIANS - middle);
        const distance = rho(latitude);
        return [distance * Math.sin(theta), distance * Math.cos(theta) - base];
    };
}

/** Meridians and parallels every `step` degrees over the box of the points, as lists of [latitude, longitude]. */
export function graticule(points, step) {
    const floor = (value) => Math.floor(value / step) * step;
    const [south, north] = [
        Math.max(floor(Math.min(...points.map((p) => p.latitude))) - step, -80),
        Math.min(floor(Math.max(...points.map((p) => p.latitude))) + 2 * step, 80),
    ];
    const [west, east] = [
        floor(Math.min(...points.map((p) => p.longitude))) - step,
        floor(Math.max(...points.map((p) => p.longitude))) + 2 * step,
    ];
    const range = (from, to, by) => Array.from({ length: Math.round((to - from) / by) + 1 }, (_, i) => from + i * by);
    const lines = [];
    for (const longitude of range(west, east, step)) {
        lines.push({
            label: degrees(longitude, "E", "W"),
            line: range(south, north, step / 5).map((latitude) => [latitude, longitude]),
        });
    }
    for (const latitude of range(south, north, step)) {
        lines.push({
            label: degrees(latitude, "N", "S"),
            line: range(west, east, step / 5).map((longitude) => [latitude, longitude]),
        });
    }
    return lines;
}

function degrees(value, plus, minus) {
    return `${Math.abs(value)}°${value < 0 ? minus : plus}`;
}
