"""The speed benchmark's figures as text with targets. Pure: data in, text out."""
import statistics

from overload_report import percent, table, verdict
from speed_runs import GROWTH
from speed_servers import LABELS

WRK_LIMIT = 140_000
CLIENT_LEAST = 180_000
CONDUCTORS_RATIO = 1.7
CONDUCTORS_OF_LIMIT = 0.85  # 1.7 of 2


def label(subject):
    return LABELS.get(subject, subject)


def micros(value):
    return f"{value:.1f} us"


def millis(value):
    return f"{value:.2f} ms"


def times(value):
    return f"{value:.2f}"


def thousands(value):
    return f"{value / 1e3:.0f} k/s"


def rows_of(results, workload, subject):
    return {row["run"]: row for row in results["rows"].get(workload, {}).get(subject, [])}


def values(results, workload, subject, key):
    return [row[key] for row in rows_of(results, workload, subject).values()]


def paired(results, one, other, combine):
    """`combine` of the figures of two, run by run; each is (workload, subject, key)."""
    first, second = rows_of(results, *one[:2]), rows_of(results, *other[:2])
    return [combine(first[run][one[2]], second[run][other[2]]) for run in first if run in second]


def ratios(results, workload, key, of, subject="baton"):
    return paired(results, (workload, subject, key), (workload, of, key), lambda a, b: a / max(b, 1e-9))


def shown(numbers, show):
    """The median, and the range where there is one."""
    low, high = show(min(numbers)), show(max(numbers))
    return show(statistics.median(numbers)) + ("" if low == high else f" ({low} to {high})")


def check(what, target, numbers, is_met, show, note=""):
    if not numbers:
        return [what, target, "–", "not measured"]
    return [what, target, shown(numbers, show) + note, verdict(is_met(statistics.median(numbers)))]


def least(what, target, numbers, note=""):
    return check(what, f">= {target:.2f} of the bare loop", numbers, lambda v: v >= target, times, note)


def ahead(what, results, workload):
    return check(f"{what}, requests/s of nginx's", "> 1", ratios(results, workload, "rate", "nginx"), lambda v: v > 1, times)


def hello_checks(results):
    for n in (64, 1000):
        name = f"hello-{n}"
        yield least(f"`GET /hello`, {n} connections", 0.9, ratios(results, name, "rate", "bare"))
        yield ahead(f"`GET /hello`, {n} connections", results, name)


def reverse_checks(results):
    rate = values(results, "reverse-64", "bare", "rate")
    yield check("what the generator drives from one core (bare loop, 64 connections)", f">= {thousands(CLIENT_LEAST)}", rate,
                lambda v: v >= CLIENT_LEAST, thousands)
    yield least("`POST /reverse`, 64 connections", 0.8, ratios(results, "reverse-64", "rate", "bare"))
    yield check("the same, CPU a request, of the bare loop's", "<= 1.3", ratios(results, "reverse-64", "cpu_us", "bare"),
                lambda v: v <= 1.3, times)
    yield least("`POST /reverse`, 1000 connections (wrk)", 0.9, ratios(results, "reverse-1000", "rate", "bare"))
    yield check("the same, p99 of nginx's", "< 1", ratios(results, "reverse-1000", "p99_ms", "nginx"), lambda v: v < 1, times)
    yield least("16 requests pipelined, `GET /hello`", 0.5, ratios(results, "hello-pipelined", "rate", "bare"))
    yield least("16 requests pipelined, `POST /reverse`", 0.5, ratios(results, "pipelined", "rate", "bare"))
    beyond = paired(results, ("reverse-1", "baton", "p50_ms"), ("reverse-1", "bare", "p50_ms"), lambda a, b: (a - b) * 1e3)
    yield check("`POST /reverse`, 1 connection, p50 beyond the bare loop's", "<= 20 us", beyond, lambda v: v <= 20, micros)


def model_checks(results):
    rate = values(results, "tumour", "baton", "rate")
    row = check("OIP JSON, 30 features, 64 connections, unpinned", ">= 90 k/s", rate, lambda v: v >= 90_000, thousands)
    against = ratios(results, "tumour", "rate", "triton")
    if against:  # named, and no more: Triton's ONNX Runtime backend, which is much faster, is not in the wheel
        row[2] += f"; {shown(against, times)} times Triton with its Python backend"
    yield row
    wide = paired(results, ("wide", "baton-wide", "rate"), ("wide", "sum", "rate"), lambda a, b: a / b)
    yield check("OIP JSON, 150,528 floats", ">= 0.80 of a loop that only parses and sums", wide, lambda v: v >= 0.8, times)


def connection_checks(results):
    yield ahead("new connection for each request", results, "new-connections")
    count = (values(results, "idle", "baton", "idle") or [10_000])[0]
    yield check(f"{count:,} idle connections, memory of each", "< 1 KiB", values(results, "idle", "baton", "kib"),
                lambda v: v < 1, lambda v: f"{v:.2f} KiB")
    beside = paired(results, ("idle", "baton", "p99_beside_ms"), ("idle", "baton", "p99_alone_ms"), lambda a, b: a / b)
    yield check("p99 of 64 active ones beside them, of that without", "<= 1.2", beside, lambda v: v <= 1.2, times)


def growth_rates(results):
    """The median rate of Baton by connections, of what was measured."""
    names = {1: "reverse-1", 64: "reverse-64", **{n: f"growth-{n}" for n in GROWTH}}
    found = {n: values(results, names[n], "baton", "rate") for n in sorted(names)}
    return {n: statistics.median(rates) for n, rates in found.items() if rates}


def growth_checks(results):
    rates = [rate for n, rate in growth_rates(results).items() if n >= 16]
    spread = [min(rates) / max(rates)] if len(rates) == len(GROWTH) + 1 else []
    yield check("requests/s from 16 to 1000 connections, least of most", ">= 0.80", spread, lambda v: v >= 0.8, times)
    one, two = ("conductors-1", "baton"), ("conductors-2", "baton-2")
    gained = paired(results, (*two, "rate"), (*one, "rate"), lambda a, b: a / b)
    # Two cores share the work of the server and of the generator: no server can gain more than this.
    limits = paired(results, (*one, "cpu_us"), (*two, "generator_us"), lambda own, others: 2 * own / (own + others))
    limit = statistics.median(limits) if limits else 2
    yield check("1 to 2 conductors on two cores", f">= {CONDUCTORS_RATIO}, or {CONDUCTORS_OF_LIMIT} of what the generator leaves",
                gained, lambda v: v >= min(CONDUCTORS_RATIO, CONDUCTORS_OF_LIMIT * limit), times,
                f"; the generator leaves room for {limit:.2f}")


def targets(results):
    checks = (hello_checks, reverse_checks, model_checks, connection_checks, growth_checks)
    rows = [row for group in checks for row in group(results)]
    return ["### Targets", ""] + table(["what", "target", "measured", "met"], rows) + [
        "The target of raw bodies (0.9 of memory speed) is not measured yet.", ""]


def intro(results):
    made = results["made"]
    flags = f" --seconds {made['seconds']:g} --runs {made['runs']}" + (" --with-triton" if made["with_triton"] else "")
    lines = ["## Speed", "",
             f"Made by `tests/bench/speed.py{flags} --write` at commit `{made['commit']}` on {made['machine']}; {made['runs']} runs of "
             f"{made['seconds']:g} s a load, the servers taking turns within each; medians, in brackets the range. The server "
             "has core 0 (Baton: one conductor, one worker), the generator core 1, where it is not said otherwise. Loads are "
             "closed loops by `baton-client load`; wrk, which stops near "
             f"{thousands(WRK_LIMIT)} from one core, where it is named. Ratios are formed within a run: read them before absolute "
             "figures, and differences under 15 % as none.", ""]
    if made["quick"]:
        lines += ["**A quick look, not figures to quote.**", ""]
    if made.get("was_interrupted"):
        lines += ["**Interrupted: not all runs are in it.**", ""]
    if made["busy_before"] > 0.1:
        lines += [f"**The machine was {percent(made['busy_before'], 0)} busy with something else before the start: the figures say "
                  "little.**", ""]
    return lines


def bar_of(measured):
    """Whose rate the others are held against."""
    return next((subject for subject in ("bare", "sum") if subject in measured), None)


def workload_rows(results, workload, measured):
    bar = bar_of(measured)
    for subject in measured:
        median = lambda key, s=subject: statistics.median(values(results, workload, s, key))
        of = ratios(results, workload, "rate", bar, subject) if bar else []
        busy = values(results, workload, subject, "generator_busy") if "generator_busy" in measured[subject][0] else []
        yield [label(subject), f"{median('rate'):,.0f}", times(statistics.median(of)) if of else "–", micros(median("cpu_us")),
               micros(median("kernel_us")), millis(median("p50_ms")), millis(median("p99_ms")), f"{median('failed'):.0f}",
               percent(statistics.median(busy), 0) if busy else "–"]


def figures(results):
    head = ["server", "requests/s", "of the bare loop", "CPU a request", "in the kernel", "p50", "p99", "failed", "generator busy"]
    lines = ["### Figures", "",
             "nginx serves a file at `/hello` and a constant at `/reverse`; axum and Go parse, reverse and write JSON as Baton does; "
             "the bare loop answers everything with the same bytes.", ""]
    for name, measured in results["rows"].items():
        if name == "idle":
            continue
        lines += [f"**{results['made']['titles'][name]}**", ""] + table(head, workload_rows(results, name, measured))
    return lines


def idle_section(results):
    measured = results["rows"].get("idle")
    if not measured:
        return []
    rows = [[label(subject)] + [show(statistics.median(values(results, "idle", subject, key))) for key, show in
                                (("kib", lambda v: f"{v:.2f} KiB"), ("p99_alone_ms", millis), ("p99_beside_ms", millis))]
            for subject in measured]
    count = next(iter(measured.values()))[0]["idle"]
    return [f"**{count:,} idle keep-alive connections**", "",
            "Each has had one answer. Memory is what the server's resident size grew by. Beside them 64 active connections have "
            "10,000 `GET /hello` a second, an open loop.", ""] \
        + table(["server", "memory of each", "p99 without them", "p99 beside them"], rows)


def growth_section(results):
    rates = growth_rates(results)
    if len(rates) < 2:
        return []
    return ["**Growth**: requests/s of Baton by connections, one core", ""] \
        + table([f"{n:,}" for n in rates], [[f"{rate:,.0f}" for rate in rates.values()]])


def stages_section(results):
    if not results["stages"]:
        return []
    keys = ("read", "queue", "run", "write", "conductor", "worker")
    rows = [[f"`{endpoint}`"] + [micros(stage[key]) for key in keys] for endpoint, stage in results["stages"].items()]
    return ["### Where the time goes", "",
            "At 64 connections, from `baton_stage_duration_seconds`, `baton_conductor_busy_seconds_total` and "
            "`baton_pool_busy_seconds_total`. The stages contain waiting (64 requests share the cores); the busy times are what the "
            "threads spent on a request, the kernel's part of reads and writes included. Which functions it goes into is shown by "
            "`tests/bench/hot_paths.py`.", ""] \
        + table(["endpoint", "read", "queue", "run", "write", "conductor busy", "worker busy"], rows)


def skipped(results):
    if not results["skipped"]:
        return []
    return ["Not measured, or not to the end:", "",
            *(f"- {label(subject)}: {reason}." for subject, reason in sorted(results["skipped"].items())), ""]


def text(results):
    lines = []
    for section in (intro, targets, figures, idle_section, growth_section, stages_section, skipped):
        lines += section(results)
    return "\n".join(lines).rstrip("\n") + "\n"
