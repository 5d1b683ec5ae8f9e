"""Makes the table and the drawing of the overload curve of the lines that `overload.sh` gathered; of several rounds the medians.

What stands beside something else is compared within each round, since the machine is faster in one and slower in another.

A line: mode, load, then of checkout, normal and low: offered, answered, refused, failed a second, median and p99 in ms.
Or "capacity" and what could be done a second in the round that begins; or mode, "memory" and the most of it in MiB.
"""

import math
import statistics
import sys

CLASSES = ("checkout", "normal", "low")
COLUMNS = ("offered", "answered", "refused", "failed", "median", "p99")


def read(lines):
    rounds, memory, capacities = {}, {}, []
    for line in lines:
        mode, load, *figures = line.split()
        if mode == "capacity":
            capacities.append(load)
        elif load == "memory":
            memory[mode] = figures[0]
        else:
            figures = [float(figure) for figure in figures]
            rounds.setdefault(mode, {}).setdefault(float(load), []).append(figures)
    runs = {mode: {load: medians(figures) for load, figures in loads.items()} for mode, loads in rounds.items()}
    return runs, rounds, memory, capacities


def by_class(figures):
    return {name: dict(zip(COLUMNS, figures[place * 6:place * 6 + 6])) for place, name in enumerate(CLASSES)}


def medians(rounds):
    return by_class([statistics.median(column) for column in zip(*rounds)])


def beside(loads, load, other, column):
    """How many times as much of the checkouts' column at one load as at the other: of each round."""
    pairs = zip(*([by_class(figures)["checkout"][column] for figures in loads[one]] for one in (load, other)))
    return [one / two for one, two in pairs]


def told(ratios, form):
    """The median, and between what and what the rounds were."""
    median = form(statistics.median(ratios))
    return median if len(ratios) == 1 else f"{median} (rounds: {form(min(ratios))} to {form(max(ratios))})"


def answered_share(figures):
    return 100 * figures["answered"] / figures["offered"] if figures["offered"] else 100


def took(figures):
    return f"{figures['median']:.0f} ms, {figures['p99']:.0f} ms" if figures["answered"] else "–"


def row(mode, load, run):
    checkout = run["checkout"]
    cells = [
        f"shedding {mode}", f"{load:g} ×", f"{sum(run[name]['offered'] for name in CLASSES):.0f}",
        f"{checkout['offered']:.1f}", f"**{checkout['answered']:.1f}**",
        took(checkout),
        *(f"{answered_share(run[name]):.0f} %" for name in CLASSES),
        f"{sum(run[name]['refused'] for name in CLASSES):.0f}",
        f"{sum(run[name]['failed'] for name in CLASSES):.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def table(runs):
    print("| | load | arrivals a second | checkouts asked for a second | checkouts done a second | a checkout takes: median, p99 "
          "| checkouts done | normal answered | low answered | refused a second | failed a second |")
    print("|" + " --- |" * 11)
    for mode, loads in runs.items():
        for load, run in sorted(loads.items()):
            print(row(mode, load, run))


def verdict(runs, rounds, memory):
    percent, times = lambda ratio: f"{100 * ratio:.0f} %", lambda ratio: f"{ratio:.1f} times"
    print()
    print("| what | figure |")
    print("| --- | --- |")
    for mode, loads in runs.items():
        least, most = min(loads), max(loads)
        done = {load: run["checkout"]["answered"] for load, run in loads.items()}
        peak = max(done, key=done.get)
        p99 = {load: beside(rounds[mode], load, least, "p99") for load in loads if done[load]}
        worst = max(p99, key=lambda load: statistics.median(p99[load]))
        print(f"| shedding {mode}: checkouts done at {most:g} × beside the peak (at {peak:g} ×) "
              f"| {told(beside(rounds[mode], most, peak, 'answered'), percent)} |")
        print(f"| shedding {mode}: p99 of a checkout at {most:g} × beside the one at {least:g} × "
              f"| {told(p99[most], times) if most in p99 else 'none was done'} |")
        print(f"| shedding {mode}: the worst p99 of all loads, at {worst:g} × | {told(p99[worst], times)} |")
        if mode in memory:
            print(f"| shedding {mode}: peak memory of `api` | {memory[mode]} MiB |")
    if {"on", "off"} <= runs.keys():
        both = [load for load in sorted(runs["on"]) if runs["off"].get(load, {}).get("checkout", {}).get("answered")]
        for column, what in (("answered", "checkouts done"), ("p99", "p99 of a checkout")):
            figure = lambda mode, load: by_class(rounds[mode][load][0])["checkout"][column]
            ratio = lambda load: figure("on", load) / figure("off", load)
            print(f"| {what}, shedding on beside off (first round) | {', '.join(f'{ratio(load):.2f} at {load:g} ×' for load in both)} |")


def polyline(points, colour, dash=""):
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'


def panel(left, title, unit, curves, most_load):
    """With a logarithmic scale where the unit of the title is a time."""
    width, height, top = 330, 220, 50
    most = max(value for _, _, _, values in curves for value in values.values()) or 1
    if title.endswith("ms"):
        ticks = (10, 100, 1000, 10000)
        share = lambda value: math.log10(max(value, 10) / 10) / 3
    else:
        ticks = (0, most / 2, most)
        share = lambda value: value / most / 1.05
    at = lambda load, value: (left + width * load / most_load, top + height * (1 - share(value)))
    parts = [f'<text x="{left}" y="{top - 14}" font-weight="bold">{title}</text>']
    for tick in ticks:
        y = at(0, tick)[1]
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:.0f}</text>')
    for load in range(0, int(most_load) + 1):
        x = at(load, 0)[0]
        parts.append(f'<text x="{x:.1f}" y="{top + height + 18}" text-anchor="middle">{load} ×</text>')
    parts.append(f'<text x="{left}" y="{top + height + 36}" fill="#555">{unit}</text>')
    for name, colour, dash, values in curves:
        parts.append(polyline([at(load, value) for load, value in sorted(values.items())], colour, dash))
        parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>'
                     for x, y in (at(load, value) for load, value in values.items()))
    return parts, [(name, colour, dash) for name, colour, dash, _ in curves]


def draw(runs, path):
    most_load = max(max(loads) for loads in runs.values())
    dashes = {"on": "", "off": ' stroke-dasharray="6 4"'}
    parts, legend = [], []
    goodput, latency, answered = [], [], []
    for mode, loads in runs.items():
        dash = dashes.get(mode, "")
        pick = lambda name, column: {load: run[name][column] for load, run in loads.items()}
        goodput.append((f"checkouts, shedding {mode}", "#0b6e4f", dash, pick("checkout", "answered")))
        finite = {load: value for load, value in pick("checkout", "p99").items() if value == value}
        latency.append((f"checkouts, shedding {mode}", "#0b6e4f", dash, finite))
        if mode == "on":
            for name, colour in (("checkout", "#0b6e4f"), ("normal", "#2660a4"), ("low", "#c1666b")):
                shares = {load: answered_share(run[name]) for load, run in loads.items()}
                answered.append((name, colour, dash, shares))
    for place, (title, unit, curves) in enumerate((
        ("Checkouts done a second", "load, as a multiple of capacity", goodput),
        ("p99 of a done checkout, ms", "load, as a multiple of capacity", latency),
        ("Answered of each class, %", "load; shedding on", answered),
    )):
        if curves:
            drawn, names = panel(60 + place * 410, title, unit, curves, most_load)
            parts += drawn
            legend += names if place != 1 else []
    for place, (name, colour, dash) in enumerate(legend):
        x, y = 60 + place % 5 * 240, 340
        parts.append(f'<line x1="{x}" x2="{x + 30}" y1="{y - 4}" y2="{y - 4}" stroke="{colour}" stroke-width="2"{dash}/>')
        parts.append(f'<text x="{x + 36}" y="{y}">{name}</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1270 360" font-family="sans-serif" font-size="13">\n'
                   '<rect width="1270" height="360" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n")


def main():
    (path,) = sys.argv[1:]
    runs, rounds, memory, capacities = read(sys.stdin)
    print(f"Capacity is {', '.join(capacities)} arrivals a second: what clients got, at the beginning of each round, that ask "
          "again as soon as they are answered.\n")
    table(runs)
    verdict(runs, rounds, memory)
    draw(runs, path)
    print("\n![The overload curve](overload.svg)")


main()
