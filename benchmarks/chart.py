"""A bar chart of ratios as an SVG picture."""

import math
from xml.sax.saxutils import escape

COLORS = ["#4a7db5", "#d97a2b", "#4f9a58", "#8467b0"]
LEFT, RIGHT, TOP = 150, 700, 56
BAR, GAP = 11, 9  # heights of a bar, and between networks


def draw(bars, series):
    """One group of bars for each (name, target, ratios), a ratio for each word of `series`; a missing ratio is None.

    A line marks 1, where the fastest peer is as fast; a tick at each group what is aimed at."""
    most = max([1, *(value for _, target, ratios in bars for value in (target, *ratios) if value)])
    end = math.ceil(most * 2 + 0.2) / 2
    height = TOP + len(bars) * (len(series) * BAR + GAP) + 30

    def place(value):
        return LEFT + (RIGHT - LEFT) * value / end

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {RIGHT + 40} {height}" font-family="system-ui, sans-serif" font-size="11" fill="#222">',
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text x="{LEFT}" y="18">time of the fastest peer / time of Toeplitz: above 1, Toeplitz is faster; a tick is the target</text>',
    ]
    for index, word in enumerate(series):
        x = LEFT + 110 * index
        lines.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{COLORS[index % len(COLORS)]}"/>')
        lines.append(f'<text x="{x + 15}" y="37">{escape(word)}</text>')
    for half in range(int(end * 2) + 1):
        x, color = place(half / 2), "#333" if half == 2 else "#ddd"
        lines.append(f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 24}" stroke="{color}"/>')
        lines.append(f'<text x="{x:.1f}" y="{height - 10}" text-anchor="middle">{half / 2:g}</text>')
    y = TOP
    for name, target, ratios in bars:
        group = len(series) * BAR
        lines.append(f'<text x="{LEFT - 8}" y="{y + group / 2 + 4:.1f}" text-anchor="end">{escape(name)}</text>')
        for index, ratio in enumerate(ratios):
            top = y + index * BAR
            if ratio is None:
                lines.append(f'<text x="{LEFT + 4}" y="{top + BAR - 2}" font-size="9">not measured</text>')
                continue
            color = COLORS[index % len(COLORS)]
            lines.append(f'<rect x="{LEFT}" y="{top}" width="{place(ratio) - LEFT:.1f}" height="{BAR - 1}" fill="{color}"/>')
            lines.append(f'<text x="{place(ratio) + 4:.1f}" y="{top + BAR - 2}" font-size="9">{ratio:.2f}</text>')
        x = place(target)
        lines.append(f'<line x1="{x:.1f}" y1="{y - 2}" x2="{x:.1f}" y2="{y + group + 1}" stroke="#b5494e" stroke-width="2"/>')
        y += group + GAP
    return "\n".join([*lines, "</svg>"]) + "\n"
