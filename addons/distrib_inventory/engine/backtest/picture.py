"""The trade-off curve as an SVG picture: stock to the right, share of demand served upwards."""

from collections.abc import Callable
from xml.sax.saxutils import escape

import numpy as np

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 34, 52
# colour and dash of each line; told apart without colour too
STYLE = {
    "ours": ("#017e84", "", 3.5),
    "frozen": ("#c0392b", "", 2),
    "quarterly": ("#b9770e", "7 4", 2),
    "rolling": ("#7f8c8d", "2 3", 2),
}


def svg(
    curves: dict[str, list], fill: float, labels: dict[str, str], money: Callable[[float], str], reached: dict | None
) -> str:
    """Return the picture of curves of (stock, fill, outs) points around the fill rate asked.

    ``labels`` names the lines and ``x``, ``y``, ``asked``, ``title`` and ``reached``; ``money`` formats stock.

    >>> points = [[10.0, 0.9, 0.1], [20.0, 0.97, 0.05]]
    >>> names = dict.fromkeys(("ours", "frozen", "x", "y", "asked", "title", "reached"), "a<b")
    >>> drawn = svg({"ours": points, "frozen": points}, 0.95, names, str, None)
    >>> drawn.count("<polyline"), "a<b" in drawn
    (2, False)
    """
    low, high, most = _frame(curves, fill)
    labels = {name: escape(str(text), {'"': "&quot;"}) for name, text in labels.items()}

    def x(stock: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * stock / most

    def y(served: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - served) / (high - low)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{labels["title"]}" font-family="sans-serif" font-size="13" style="width:100%;height:auto">'
    ]
    parts += _axes(x, y, (low, high, most), labels, money)
    parts.append(
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(fill):.1f}" y2="{y(fill):.1f}" stroke="#555" '
        f'stroke-dasharray="4 4"/><text x="{WIDTH - RIGHT}" y="{y(fill) - 5:.1f}" text-anchor="end" '
        f'fill="#555">{labels["asked"]}</text>'
    )
    for name in [name for name in STYLE if name in curves][::-1]:
        parts.append(_line(name, _clip(curves[name], low, high, most), x, y, labels[name]))
    if reached and reached["stock"] <= most and low <= reached["fill"] <= high:
        parts.append(
            f'<circle cx="{x(reached["stock"]):.1f}" cy="{y(reached["fill"]):.1f}" r="6" fill="#017e84" '
            f'stroke="#fff" stroke-width="2"><title>{labels["reached"]}</title></circle>'
        )
    parts += _legend([name for name in STYLE if name in curves], labels)
    return "".join([*parts, "</svg>"])


def _frame(curves: dict, fill: float) -> tuple[float, float, float]:
    """The part worth looking at: service from well below the one asked to nearly all, and the stock it takes there."""
    low = max(0.0, 1 - 4 * (1 - fill))
    high = 1 - 0.2 * (1 - fill)
    inside = [stock for points in curves.values() for stock, served, _ in points if low <= served <= high]
    return low, high, 1.08 * max(inside, default=1.0) or 1.0


def _clip(points: list, low: float, high: float, most: float) -> list:
    """The points inside the frame, with where the line enters and leaves it."""
    stock, served = (np.array([point[i] for point in points]) for i in (0, 1))
    fine = np.unique(np.concatenate([stock, np.linspace(stock.min(), min(stock.max(), most), 60)]))
    values = np.interp(fine, stock, served)
    return [(a, b) for a, b in zip(fine.tolist(), values.tolist(), strict=True) if low <= b <= high and a <= most]


def _line(name: str, points: list, x: Callable, y: Callable, label: str) -> str:
    colour, dash, width = STYLE[name]
    path = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}>'
        f"<title>{label}</title></polyline>"
    )


def _axes(x: Callable, y: Callable, frame: tuple, labels: dict, money: Callable) -> list[str]:
    low, high, most = frame
    parts = []
    for served in _ticks(low, high):
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(served):.1f}" y2="{y(served):.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 6}" y="{y(served) + 4:.1f}" text-anchor="end" fill="#666">{served:.0%}</text>'
        )
    for stock in _ticks(0, most, 4):
        anchor = "start" if stock == 0 else "end" if stock > 0.95 * most else "middle"
        text = escape(money(stock))
        parts.append(
            f'<text x="{x(stock):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="{anchor}" fill="#666">{text}</text>'
        )
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle" fill="#333">{labels["x"]}</text>'
        f'<text x="6" y="14" fill="#333">{labels["y"]}</text>'
    )
    return parts


def _ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two bounds, at most so many.

    >>> _ticks(0, 43_683, 4), [round(v, 2) for v in _ticks(0.8, 0.99)]
    ([0.0, 20000.0, 40000.0], [0.8, 0.85, 0.9, 0.95])
    """
    for power in range(-6, 16):
        for step in (1, 2, 5):
            size = step * 10.0**power
            first = np.ceil(low / size - 1e-9)
            count = int(np.floor(high / size + 1e-9) - first) + 1
            if count <= most:
                return [float(size * (first + i)) for i in range(count)]
    return [low]


def _legend(names: list[str], labels: dict) -> list[str]:
    parts, top = [], HEIGHT - BOTTOM - 14 - 18 * (len(names) - 1)
    for row, name in enumerate(names):
        colour, dash, width = STYLE[name]
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        at = top + 18 * row
        parts.append(
            f'<line x1="{WIDTH - 250}" x2="{WIDTH - 222}" y1="{at - 4}" y2="{at - 4}" stroke="{colour}" '
            f'stroke-width="{width}"{dashes}/><text x="{WIDTH - 215}" y="{at}" fill="#333">{labels[name]}</text>'
        )
    return parts
