#!/usr/bin/env python3
"""Makes tables (Markdown) and a plot (SVG) of what compare.sh measured.

usage: render.py RESULTS.TSV TABLES.MD PLOT.SVG

A line of the results: condition, implementation, round, figure, value, separated by tabs.
"""
import collections
import html
import os
import re
import statistics
import sys

BASE = os.environ.get("BASE", "wireguard-go")  # what ratios are of


def describe(figure):
    """A figure's label with its unit, and whether more is better."""
    name, _, part = figure.partition(".")
    family = ", IPv6" if name.endswith("v6") else ""
    tcp = re.fullmatch(r"tcp(\d+)(r?)(v6)?", name)
    if tcp:
        streams, back = tcp.group(1), ", reverse" if tcp.group(2) else ""
        label = f"TCP, {streams} stream{'' if streams == '1' else 's'}{back}{family}"
        return (f"{label}: CPU s/GB", False) if part == "cpu" else (f"{label}: Gbit/s", True)
    udp = re.fullmatch(r"udp(\d+)(v6)?", name)
    if udp:
        label = f"UDP, {udp.group(1)} bytes{family}"
        if part == "cpu":
            return f"{label}, flood: CPU µs per packet", False
        if part == "sent":
            return f"{label}, flood: thousands sent per second", None
        if udp.group(1) == "64":
            return f"{label}, flood: thousands received per second", True
        return f"{label}: Gbit/s with at most 0.1% loss", True
    pings = {"ping": "idle ping", "pingoften": "ping every 0.2 ms", "pingload": "ping under one TCP stream"}
    if name in pings:
        return f"{pings[name]}: {'CPU µs for each' if part == 'cpu' else part + ', µs'}", False
    if name == "send":
        return "sending only, UDP super-packets: CPU s/GB of the sender", False
    if name == "rss":
        return "peak memory of one end: MiB", False
    raise SystemExit(f"render.py: unknown figure {figure}")


def place(figure):
    """Sorts figures: ping, TCP by streams, UDP by size, memory; IPv4 first; parts behind their figure."""
    name, _, part = figure.partition(".")
    family = name.endswith("v6")
    plain = name.removesuffix("v6")
    size = int(re.sub(r"\D", "", plain) or 0)
    kinds = ["ping", "tcp", "udp", "send", "rss"]
    return family, [plain.startswith(kind) for kind in kinds].index(True), size, plain, part


def read(path):
    """condition -> figure -> implementation -> values; figures sorted, the rest as first seen."""
    table = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(list)))
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            condition, implementation, _, figure, value = line.rstrip("\n").split("\t")
            table[condition][figure][implementation].append(float(value))
    return {condition: dict(sorted(figures.items(), key=lambda item: place(item[0])))
            for condition, figures in table.items()}


def number(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def condition_title(condition):
    mtu, _, rest = condition.partition("-")
    return f"Underlay with an MTU of {mtu}" + (", without tx-udp-segmentation" if rest == "nouso" else "")


def rows(header, lines):
    yield "| " + " | ".join(header) + " |"
    yield "| " + " | ".join("---" for _ in header) + " |"
    for line in lines:
        yield "| " + " | ".join(line) + " |"


def cell(values):
    if not values:
        return "–"
    text = number(statistics.median(values))
    return text if len(values) == 1 else f"{text} ({number(min(values))}–{number(max(values))})"


def ratio(values, base):
    if not values or not base or statistics.median(base) == 0:
        return "–"
    return f"{statistics.median(values) / statistics.median(base):.2f}"


def markdown(table):
    for condition, figures in table.items():
        implementations = list(dict.fromkeys(name for by in figures.values() for name in by))
        yield f"### {condition_title(condition)}"
        yield ""
        yield from rows(["figure", *implementations],
                        ([describe(figure)[0], *(cell(by[name]) for name in implementations)]
                         for figure, by in figures.items()))
        yield ""
        if BASE in implementations:
            yield f"The same medians as multiples of {BASE}'s:"
            yield ""
            others = [name for name in implementations if name != BASE]
            yield from rows(["figure", *others],
                            ([describe(figure)[0], *(ratio(by[name], by[BASE]) for name in others)]
                             for figure, by in figures.items() if describe(figure)[1] is not None))
            yield ""


PANELS = ["tcp1", "tcp64", "udp64", "udp1400", "tcp1.cpu", "rss", "ping.p50", "pingload.p99"]
PANEL_WIDTH, BAR_HEIGHT, VALUES_WIDTH, LETTER_WIDTH = 470, 20, 60, 7


def colour(name):
    if name.startswith("warren"):
        return "#b5442c"
    return "#9a9fa8" if name in ("veth", "relay") else "#4a6fa5"


def text(x, y, content, **attributes):
    settings = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in attributes.items())
    return f'<text x="{x:g}" y="{y:g}"{settings}>{html.escape(content)}</text>'


def panel(figure, by, x, y):
    """Bars of medians, with a line from the lowest value to the highest. The floor of plain veth would
    dwarf the tunnels' throughput, so it may leave the panel, which is marked."""
    label, more = describe(figure)
    names = [name for name in by if by[name]]
    largest = max(max(by[name]) for name in names if name != "veth" or len(names) == 1 or not more)
    names_width = max(105, LETTER_WIDTH * max(map(len, names)))
    width = PANEL_WIDTH - names_width - VALUES_WIDTH
    scale = width / largest if largest else 0
    yield text(x, y + 14, f"{label} ({'more' if more else 'less'} is better)", font_weight="bold")
    for line, name in enumerate(names):
        top = y + 22 + line * BAR_HEIGHT
        left, middle = x + names_width, top + BAR_HEIGHT / 2
        low, mid, high = (min(scale * f(by[name]), width) for f in (min, statistics.median, max))
        yield text(left - 6, middle + 4, name, text_anchor="end")
        yield (f'<rect x="{left}" y="{top + 3}" width="{mid:.1f}" height="{BAR_HEIGHT - 6}" '
               f'fill="{colour(name)}"/>')
        yield f'<path d="M{left + low:.1f} {middle}H{left + high:.1f}" stroke="#222"/>'
        beyond = " »" if scale * statistics.median(by[name]) > width + 1 else ""
        yield text(left + max(mid, high) + 5, middle + 4, number(statistics.median(by[name])) + beyond)


def picture_of(figures):
    panels = [figure for figure in PANELS if figures.get(figure)] or list(figures)[:8]
    height = 40 + BAR_HEIGHT * max(len(figures[figure]) for figure in panels)
    lines = (len(panels) + 1) // 2
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * PANEL_WIDTH + 30}" '
           f'height="{lines * height + 10}" font-family="sans-serif" font-size="12">')
    yield '<rect width="100%" height="100%" fill="#fff"/>'
    for position, figure in enumerate(panels):
        yield from panel(figure, figures[figure], 10 + position % 2 * (PANEL_WIDTH + 10),
                         10 + position // 2 * height)
    yield "</svg>"


def write(path, lines):
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(lines).rstrip("\n") + "\n")


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    results, tables, picture = sys.argv[1:]
    table = read(results)
    if not table:
        raise SystemExit(f"render.py: {results} is empty")
    write(tables, markdown(table))
    write(picture, picture_of(next(iter(table.values()))))


main()
