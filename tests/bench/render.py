#!/usr/bin/env python3
"""Makes tables (Markdown) and a plot (SVG, by gnuplot) of what compare.sh measured.

usage: render.py RESULTS.TSV TABLES.MD PLOT.SVG

A line of the results: condition, implementation, round, figure, value, separated by tabs.
"""
import collections
import re
import statistics
import subprocess
import sys

BASE = "wireguard-go"  # what ratios are of


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
    if name in ("ping", "pingload"):
        return f"{'idle ping' if name == 'ping' else 'ping under one TCP stream'}: {part}, µs", False
    if name == "rss":
        return "peak memory of one end: MiB", False
    raise SystemExit(f"render.py: unknown figure {figure}")


def read(path):
    """condition -> figure -> implementation -> values, all in the order of their first appearance."""
    table = collections.defaultdict(lambda: collections.defaultdict(lambda: collections.defaultdict(list)))
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            condition, implementation, _, figure, value = line.rstrip("\n").split("\t")
            table[condition][figure][implementation].append(float(value))
    return table


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


PANELS = ["tcp1", "tcp1.cpu", "tcp64", "udp64", "udp1400", "ping.p50", "pingload.p99", "rss"]
COLOURS = {"warren": "#b5442c", "warren-gcm": "#d98a5f", "warren-sodium": "#e8bfa3"}


def panel(figure, by):
    names = [name for name in by if by[name]]
    label, more = describe(figure)
    yield f"set title \"{label}\\n({'more' if more else 'less'} is better)\" font ',10'"
    # Times and memory differ by orders of magnitude.
    yield "set logscale y" if not more else "unset logscale y"
    yield f"set yrange [{'*' if not more else '0'}:*]"
    yield f"set xrange [-0.6:{len(names) - 0.4}]"
    yield "$data << END"
    for position, name in enumerate(names):
        values = by[name]
        colour = COLOURS.get(name, "#8a8f98" if name in ("veth", "relay") else "#4a6fa5")
        yield (f"{position} {statistics.median(values)} {min(values)} {max(values)} "
               f"{int(colour[1:], 16)} \"{name}\"")
    yield "END"
    yield ("plot $data using 1:2:(0.7):5 with boxes fillcolor rgb variable fillstyle solid noborder notitle, "
           "$data using 1:2:3:4:xtic(6) with yerrorbars linecolor rgb '#222222' pointtype 0 notitle")


def plot(figures, path):
    panels = [figure for figure in PANELS if figures.get(figure)] or list(figures)[:8]
    columns = min(2, len(panels))
    lines = (len(panels) + columns - 1) // columns
    script = [f"set terminal svg size {columns * 460},{lines * 280} background '#ffffff' font 'sans,9'",
              f"set output '{path}'", f"set multiplot layout {lines},{columns}",
              "set xtics rotate by -35", "set grid ytics linecolor rgb '#dddddd'", "set border 3",
              "set tics nomirror", "set bmargin 5"]
    for figure in panels:
        script.extend(panel(figure, figures[figure]))
    script.append("unset multiplot")
    subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True, check=True)


def main():
    if len(sys.argv) != 4:
        raise SystemExit(__doc__)
    results, tables, picture = sys.argv[1:]
    table = read(results)
    if not table:
        raise SystemExit(f"render.py: {results} is empty")
    with open(tables, "w", encoding="utf-8") as out:
        out.write("\n".join(markdown(table)).rstrip("\n") + "\n")
    plot(next(iter(table.values())), picture)


main()
