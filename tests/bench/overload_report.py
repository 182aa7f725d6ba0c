"""The overload benchmark's figures as text with targets, and as a picture. Pure: data in, text out."""
import html
import math
import statistics

FACTORS = ("0.5", "1", "1.5", "2", "5", "10")
LABELS = {
    "baton": "Baton", "baton-sleep": "Baton, sleeping", "edf": "Baton `--policy=edf`", "fifo": "Baton `--policy=fifo`",
    "edf-sleep": "edf, sleeping", "fifo-sleep": "fifo, sleeping", "fastapi": "FastAPI + ONNX Runtime",
    "triton": "Triton, Python backend", "triton-timeout": "Triton, queue timeout 40 ms",
}
HAS_TARGETS = ("baton", "baton-sleep")
MEMORY_GROWTH_RATIO, MEMORY_GROWTH_MIB = 1.05, 2


def label(subject):
    return LABELS.get(subject, subject)


def median(values):
    """The median; None when a repeat gave none."""
    values = list(values)
    return None if not values or any(value is None for value in values) else statistics.median(values)


def steps(rows, factor, key):
    return [row["curve"][factor][key] for row in rows]


def has_curve(results):
    return any("curve" in row for rows in results["subjects"].values() for row in rows)


def peak(rows):
    """The best of the capacity and of any step, each the median of the repeats."""
    capacity = median(row["capacity"]["per_second"] for row in rows)
    return max([capacity] + [median(steps(rows, factor, "goodput")) for factor in FACTORS])


def shares(rows):
    """Goodput of each step as a share of the peak."""
    best = peak(rows)
    return {factor: median(steps(rows, factor, "goodput")) / best for factor in FACTORS}


def percent(ratio, digits=1):
    return "–" if ratio is None else f"{ratio * 100:.{digits}f} %"


def millis(value):
    return "–" if value is None else f"{value:.2f} ms"


def verdict(met):
    return "yes" if met else "**no**"


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)] + ["| " + " | ".join(row) + " |" for row in rows] + [""]


def check(subject, what, target, values, is_met, show, combine=median):
    """A row of the table of targets: the median of the repeats, and the worst where they differ."""
    value = combine(values)
    if value is None:
        return [what, label(subject), target, "–", "not measured"]
    low, high = show(min(values)), show(max(values))
    spread = "" if low == high else f" ({low} to {high})"
    return [what, label(subject), target, show(value) + spread, verdict(is_met(value))]


def curve_checks(subject, rows):
    best = peak(rows)
    aim = 0.95 if subject.endswith("-sleep") else 0.85
    for factor, least in (("2", 0.97), ("10", aim)):
        yield check(subject, f"goodput at {factor}x, of the peak", f">= {least * 100:g} %",
                    [goodput / best for goodput in steps(rows, factor, "goodput")], lambda v, m=least: v >= m, percent)
    for factor, least in (("2", 0.999), ("10", 0.995)):
        yield check(subject, f"answered inside the budget at {factor}x", f">= {least * 100:g} %",
                    steps(rows, factor, "in_budget"), lambda v, m=least: v >= m, lambda v: percent(v, 2))
    for factor, most in (("2", 2), ("10", 5)):
        values = steps(rows, factor, "refuse_p99_ms")
        yield check(subject, f"p99 time to refuse at {factor}x", f"<= {most} ms",
                    [] if None in values else values, lambda v, m=most: v <= m, millis)
    late = [sum(step["late_by_server"] or 0 for step in row["curve"].values()) for row in rows]
    yield check(subject, "late answers, all steps, by the server's count", "0", late, lambda v: v == 0,
                lambda v: f"{v:g}", combine=max)


def drop_checks(subject, rows):
    for factor in ("2", "10"):
        seconds = [math.inf if row["drop"][factor] is None else row["drop"][factor] for row in rows if factor in row["drop"]]
        yield check(subject, f"normal again after {factor}x", "< 1 s", seconds, lambda v: v < 1, recovery)


def recovery(seconds):
    return "over 11 s" if seconds in (None, math.inf) else f"{seconds:.2f} s"


def growth(resident):
    """MiB gained between the end of the first load and the end of the last."""
    return resident[-1] - resident[1]


def memory_checks(subject, rows):
    first = max(row["memory"][1] for row in rows)
    most = max((MEMORY_GROWTH_RATIO - 1) * first, MEMORY_GROWTH_MIB)
    yield check(subject, "memory gained over 3 more loads of 10x", f"<= {most:.0f} MiB of {first:.0f}",
                [growth(row["memory"]) for row in rows], lambda v: v <= most, lambda v: f"{v:.1f} MiB")


def slow_checks(subject, rows):
    yield check(subject, "fast ones beside 5 % slow ones, good", ">= 99 %", [row["slow"]["fast_good"] for row in rows],
                lambda v: v >= 0.99, lambda v: percent(v, 2))


def leave_checks(subject, rows):
    yield check(subject, "spent on clients that left", "< 5 %", [row["leave"]["share_by_count"] for row in rows],
                lambda v: v < 0.05, percent)


CHECKS = {"curve": curve_checks, "drop": drop_checks, "slow": slow_checks, "leave": leave_checks, "memory": memory_checks}


def with_scenario(results, scenario):
    """The subjects that have it in every repeat, with their rows."""
    return [(subject, rows) for subject, rows in results["subjects"].items() if all(scenario in row for row in rows)]


def targets(results):
    rows = [row for scenario, checks in CHECKS.items() for subject, measured in with_scenario(results, scenario)
            if subject in HAS_TARGETS for row in checks(subject, measured)]
    return table(["what", "server", "target", "measured", "met"], rows) if rows else []


def intro(results):
    made = results["made"]
    models = made["models"]
    flags = f" --seconds {made['step_s']:g} --repeats {made['repeats']}"
    return ["## Overload", "",
            f"Made by `tests/bench/overload.py{flags} --write` at commit `{made['commit']}` on {made['machine']}; "
            f"{made['repeats']} repeats, steps of {made['step_s']:g} s, medians (in brackets the range). Two workers a "
            "server, nothing pinned: the load generator, `baton-client load` with Poisson arrivals, shares the cores. The "
            f"model is `mlp5`, a multilayer perceptron of {models['mlp5']['layers']} layers that takes "
            f"{models['mlp5']['ms']:.1f} ms on one thread; \"sleeping\" stands for `/test/sleep` of 5 ms. The budget is "
            "50 ms. Good is a prediction inside the budget, counted by the client from the instant a request was "
            "intended for.", ""]


def curve_section(results):
    measured = with_scenario(results, "curve")
    if not measured:
        return []
    head = ["server", "capacity"] + [f"{float(factor) * 100:g} %" for factor in FACTORS]
    good = [[label(subject), f"{median(row['capacity']['per_second'] for row in rows):,.0f}/s"]
            + [percent(share) for share in shares(rows).values()] for subject, rows in measured]
    answered = [[label(subject)] + [percent(median(steps(rows, factor, "in_budget")), 2) for factor in FACTORS]
                for subject, rows in measured]
    refusing = [[label(subject)] + [millis(median(steps(rows, factor, "refuse_p99_ms"))) for factor in FACTORS]
                for subject, rows in measured if any(steps(rows, "10", "refused"))]
    limited = [f"{label(subject)} at {', '.join(factor + 'x' for factor in behind)}" for subject, rows in measured
               if (behind := [f for f in FACTORS if any(row["curve"][f]["generator"]["lag_p99_ms"] > 1 for row in rows)])]
    lines = ["### Goodput against load", "",
             "![Goodput as a share of the peak against the load as a share of the capacity](overload.svg)", "",
             "Goodput as a share of the peak, by load as a share of the capacity. The capacity is the best good rate of a "
             "closed loop over 1 to 16 connections; the peak is the best of it and of any step. The clients hold 512 "
             "connections, which bounds the queue of a server that refuses nobody.", ""] + table(head, good)
    lines += ["Requests that had an answer of any kind inside the budget:", ""] + table([head[0]] + head[2:], answered)
    if refusing:
        lines += ["p99 of the time to refuse, seen by the client:", ""] + table([head[0]] + head[2:], refusing)
    if limited:
        lines += ["Where the generator's own p99 was more than 1 ms behind its schedule, latencies contain its delay: "
                  + "; ".join(limited) + ".", ""]
    return lines


def drop_section(results):
    measured = with_scenario(results, "drop")
    if not measured:
        return []
    rows = [[label(subject)] + [recovery(median(math.inf if row["drop"][f] is None else row["drop"][f] for row in rows))
                                if all(f in row["drop"] for row in rows) else "–" for f in ("2", "10")]
            for subject, rows in measured]
    return ["### After the load drops", "",
            "An overload with 2048 connections ends at once and half of the capacity goes on: time until every probe of a "
            "whole second, 25 of them, is answered well.", ""] + table(["server", "after 2x", "after 10x"], rows)


def slow_section(results):
    measured = with_scenario(results, "slow")
    if not measured:
        return []
    of = lambda rows, key: percent(median(row["slow"][key] for row in rows), 2)
    return ["### Slow requests beside fast ones", "",
            "80 % load, of which 5 % of the requests take 200 ms, on another endpoint and with a budget of 2 s (`mlp200`, "
            "the same network with more layers; beside the sleeping one `/test/spin`). Triton has an instance of its own "
            "for it, a third process.", ""] + table(["server", "fast ones good", "slow ones good"],
            [[label(subject), of(rows, "fast_good"), of(rows, "slow_good")] for subject, rows in measured])


def leave_section(results):
    measured = with_scenario(results, "leave")
    if not measured:
        return []
    of = lambda rows, key: median(row["leave"][key] for row in rows)
    return ["### Clients that leave", "",
            "Four times the capacity for one step, and half of the requests are abandoned: connection reset 5 ms after sending, "
            "unless the answer has come. What was spent on those who left, as a share of what running them all would have "
            "cost: by the server's own count (`baton_wasted_run_seconds_total`, which also has the runs of those who stayed and "
            "had no prediction), and by processor time less what those who "
            "stayed and were served cost (noisy by a few %, and for a sleeping request no measure of the worker).", ""] \
        + table(["server", "left without an answer", "spent, own count", "spent, processor time"],
                [[label(subject), f"{of(rows, 'left'):.0f}", percent(of(rows, "share_by_count")),
                  "–" if subject.endswith("-sleep") else percent(of(rows, "share_by_cpu"))] for subject, rows in measured])


def memory_section(results):
    measured = with_scenario(results, "memory")
    if not measured:
        return []
    count = min(len(row["memory"]) for _, rows in measured for row in rows)
    rows = [[label(subject)] + [f"{median(row['memory'][i] for row in rows):.1f}" for i in range(count)]
            for subject, rows in measured]
    return ["### Memory", "", "Resident MiB of all processes of a server before and after loads of ten times the capacity:",
            ""] + table(["server", "before"] + [f"after {i}" for i in range(1, count)], rows)


def notes(results):
    lines = ["Triton is 2.51, from the wheel `nvidia-pytriton`, which brings the Python backend only: the model runs in "
             "ONNX Runtime inside Python instances. FastAPI is two uvicorn processes, the model in the event loop."]
    lines += ["", *(f"- Not measured: {label(subject)}: {reason}." for subject, reason in results["skipped"].items())] \
        if results["skipped"] else []
    return ["### About the others", ""] + lines + [""]


def text(results):
    made = ["**A quick look, not figures to quote.**", ""] if results["made"]["quick"] else []
    if results["made"]["busy_before"] > 0.1:
        made += [f"**The machine was {percent(results['made']['busy_before'], 0)} busy with something else before the start: "
                 "the figures say little.**", ""]
    aims = targets(results)
    lines = intro(results) + made + (["### Targets", ""] + aims if aims else [])
    for section in (curve_section, drop_section, slow_section, leave_section, memory_section, notes):
        lines += section(results)
    return "\n".join(lines).rstrip("\n") + "\n"


WIDTH, HEIGHT = 860, 460
LEFT, RIGHT, TOP, BOTTOM = 64, 250, 48, 52
COLOURS = {"baton": ("#0b66c3", "#5aa9ff"), "baton-sleep": ("#0b8a6a", "#35cfa5"), "edf": ("#9a6700", "#e3b341"),
           "fifo": ("#c2410c", "#ff9155"), "fastapi": ("#a0308f", "#f08be0"), "triton": ("#57606a", "#b0bac5"),
           "triton-timeout": ("#7a4fd0", "#b79bff"), "edf-sleep": ("#9a6700", "#e3b341"), "fifo-sleep": ("#c2410c", "#ff9155")}
STYLE = """  .ground { fill: #ffffff }
  text { font: 13px system-ui, sans-serif; fill: #24292f } .small { font-size: 12px; fill: #57606a }
  .title { font-size: 15px; font-weight: 600 } .grid { stroke: #d0d7de } .series { fill: none; stroke-width: 2.5 }
"""


def x_of(factor):
    low, high = math.log(float(FACTORS[0])), math.log(float(FACTORS[-1]))
    return LEFT + (math.log(float(factor)) - low) / (high - low) * (WIDTH - LEFT - RIGHT)


def y_of(share):
    return TOP + (1.05 - min(max(share, 0), 1.05)) / 1.05 * (HEIGHT - TOP - BOTTOM)


def spread_out(wanted, gap, lowest):
    """Places near `wanted`, in its order of height, at least `gap` apart and not beyond `lowest`."""
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    places = dict.fromkeys(order, 0.0)
    previous = -math.inf
    for i in order:
        places[i] = previous = max(wanted[i], previous + gap)
    limit = lowest
    for i in reversed(order):
        places[i] = limit = min(places[i], limit)
        limit -= gap
    return [places[i] for i in range(len(wanted))]


def style(subjects):
    light = "".join(f"  .{s} {{ stroke: {COLOURS[s][0]} }} circle.{s} {{ fill: {COLOURS[s][0]} }}\n" for s in subjects)
    dark = "".join(f"    .{s} {{ stroke: {COLOURS[s][1]} }} circle.{s} {{ fill: {COLOURS[s][1]} }}\n" for s in subjects)
    return ("<style>\n" + STYLE + light
            + "  @media (prefers-color-scheme: dark) {\n    .ground { fill: #0d1117 }\n    text { fill: #e6edf3 } .small { fill: #9aa4af }\n"
            "    .grid { stroke: #3d444d }\n" + dark + "  }\n</style>")


def axes():
    lines = [f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}" rx="6"/>',
             f'<text class="title" x="{LEFT}" y="24">Goodput against load: good answers as a share of the peak</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = y_of(share)
        lines.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
                     f'<text class="small" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{share * 100:g} %</text>')
    for factor in FACTORS:
        x = x_of(factor)
        lines.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
                     f'<text class="small" x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{factor}x</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    return lines + [f'<text class="small" x="{middle:.1f}" y="{HEIGHT - 12}" text-anchor="middle">'
                    "load, in multiples of the server's capacity (logarithmic)</text>"]


def svg(results):
    """The curves of all subjects; readable on light and on dark ground."""
    measured = [(subject, shares(rows)) for subject, rows in with_scenario(results, "curve")]
    places = spread_out([y_of(share["10"]) for _, share in measured], 18, HEIGHT - BOTTOM)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
             'aria-label="Goodput as a share of the peak against load, a curve a server">',
             style([subject for subject, _ in measured])] + axes()
    for (subject, share), place in zip(measured, places):
        points = [(x_of(factor), y_of(share[factor])) for factor in FACTORS]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        end = WIDTH - RIGHT
        lines.append(f'<polyline class="series {subject}" points="{path}"/>')
        lines += [f'<circle class="{subject}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in points]
        lines.append(f'<polyline class="{subject}" fill="none" points="{end + 5},{points[-1][1]:.1f} {end + 20},{place:.1f}"/>')
        name = html.escape(label(subject).replace("`", ""))
        lines.append(f'<text x="{end + 25}" y="{place + 4:.1f}">{name}</text>')
    return "\n".join(lines + ["</svg>"]) + "\n"
