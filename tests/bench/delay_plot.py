#!/usr/bin/env python3
"""Draws the distribution of the delay's error (SVG, to standard output).

usage: delay_plot.py TITLE FILE...

A line of a file: a share of the packets (0 to 1), and the error in µs that it does not exceed; the
file's name is the curve's label. The share is drawn as a tail, so that the worst of ten thousand has
as much room as the median.
"""
import html
import math
import os
import sys

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 40, 60
COLOURS = ["#b5442c", "#4a6fa5", "#5b8c5a", "#8a6fa8", "#9a9fa8"]
LEAST_TAIL = 1e-3  # 1000 quantiles are known
TICKS_US = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000]


def text(x, y, content, **attributes):
    settings = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<text x="{x:.1f}" y="{y:.1f}"{settings}>{html.escape(content)}</text>'


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [tuple(float(field) for field in line.split()) for line in lines if line.strip()]


def main():
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    title, *paths = sys.argv[1:]
    paths.sort(key=lambda path: float(os.path.basename(path).split()[0]))
    curves = {os.path.basename(path): read(path) for path in paths}
    most = max(error for curve in curves.values() for share, error in curve if share <= 1 - LEAST_TAIL)
    ticks = [tick for tick in TICKS_US if tick < most * 2.5]

    def x_of(error):
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(max(error, 1)) / math.log(ticks[-1])

    def y_of(tail):
        return TOP + (HEIGHT - TOP - BOTTOM) * math.log(max(tail, LEAST_TAIL)) / math.log(LEAST_TAIL)

    print(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
          'font-family="sans-serif" font-size="12">')
    print('<rect width="100%" height="100%" fill="#fff"/>')
    print(text(LEFT, 22, f"Error of the delay by the kernel's time stamps, {title}", font_weight="bold"))
    for tick in ticks:
        print(f'<path d="M{x_of(tick):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        print(text(x_of(tick), HEIGHT - BOTTOM + 18, f"{tick}", text_anchor="middle"))
    for tail, label in [(1, "all"), (0.5, "50%"), (0.1, "10%"), (0.01, "1%"), (0.001, "0.1%")]:
        print(f'<path d="M{LEFT} {y_of(tail):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        print(text(LEFT - 8, y_of(tail) + 4, label, text_anchor="end"))
    print(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 18, "later than asked for by at least, µs",
               text_anchor="middle"))
    print(text(16, (TOP + HEIGHT - BOTTOM) / 2, "share of the packets", text_anchor="middle",
               transform=f"rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2:.0f})"))
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = [(x_of(error), y_of(1 - share)) for share, error in curve if share <= 1 - LEAST_TAIL]
        path = " ".join(f"{'L' if index else 'M'}{x:.1f} {y:.1f}" for index, (x, y) in enumerate(points))
        print(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        print(text(WIDTH - RIGHT - 90, TOP + 18 + 18 * number, name, fill=colour, font_weight="bold"))
    print("</svg>")


main()
