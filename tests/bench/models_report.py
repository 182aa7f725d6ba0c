"""The models benchmark's figures as text with targets. Pure: data in, text out."""
import statistics

from overload_report import percent, table
from speed_report import check, micros, millis, times

TITLES = {
    "classifier": "the bundled classifier", "triton": "the same in Triton", "slow": "a model of 5 ms", "batched": "a model in batches",
    "wide": "150,528 floats", "neighbours": "a neighbour that comes and goes", "memory": "memory", "start": "the start",
}


def mib(value):
    return f"{value:.1f} MiB"


def rows(results, part):
    return {row["run"]: row for row in results["rows"].get(part, [])}


def figures(results, part, of):
    """`of` each run of a part."""
    return [of(row) for row in rows(results, part).values()]


def beside_triton(results, kind):
    ours, theirs = rows(results, "classifier"), rows(results, "triton")
    return [ours[run][kind]["rate"] / max(theirs[run]["rate"], 1e-9) for run in ours if run in theirs]


def classifier_checks(results):
    for kind, name in (("http", "raw over HTTP"), ("grpc", "raw over gRPC")):
        yield check(f"bundled classifier, {name}, requests/s of Triton's with JSON", ">= 3", beside_triton(results, kind),
                    lambda v: v >= 3, times)
        yield check(f"the same, CPU a request", "< 15 us", figures(results, "classifier", lambda row: row[kind]["cpu_us"]),
                    lambda v: v < 15, micros)
    empty = figures(results, "classifier", lambda row: row["grpc"]["cpu_us"] / max(row["empty"]["cpu_us"], 1e-9))
    yield check("raw over gRPC, CPU a request of a gRPC service that does nothing", "<= 1.5", empty, lambda v: v <= 1.5, times)


def model_checks(results):
    yield check("a model of 5 ms, capacity", ">= 0.97 of the bare model",
                figures(results, "slow", lambda row: row["rate"] / row["bare"]), lambda v: v >= 0.97, times)
    yield check("in batches, capacity", ">= 0.90 of the bare model at its best size",
                figures(results, "batched", lambda row: row["rate"] / row["bare"]), lambda v: v >= 0.9, times)
    yield check("the same, p99 of the budget", "<= 1", figures(results, "batched", lambda row: row["p99_ms"] / row["budget_ms"]),
                lambda v: v <= 1, times)
    for kind, name in (("http", "HTTP"), ("grpc", "gRPC")):
        yield check(f"150,528 floats raw over {name}, CPU beyond the model's own", "< 100 us",
                    figures(results, "wide", lambda row: row[kind]["cpu_us"] - row["own_us"]), lambda v: v < 100, micros)


def keeper_checks(results):
    yield check("p99 while another model is loaded and unloaded, of that without", "<= 1.2",
                figures(results, "neighbours", lambda row: row["beside_ms"] / row["alone_ms"]), lambda v: v <= 1.2, times)
    yield check("requests meanwhile that missed", "0", figures(results, "neighbours", lambda row: row["failed"]),
                lambda v: v == 0, lambda v: f"{v:.0f}")
    count = (figures(results, "memory", lambda row: row["loads"]) or [1_000])[0]
    yield check(f"memory after {count:,} loads and unloads, of that after {count // 10:,}", "<= 1.05",
                figures(results, "memory", lambda row: row["late_mib"] / row["early_mib"]), lambda v: v <= 1.05, times)
    yield check("from the start to the first prediction", "< 150 ms", figures(results, "start", lambda row: row["first_ms"]),
                lambda v: v < 150, millis)
    yield check("memory then, with the bundled models", "< 60 MiB", figures(results, "start", lambda row: row["idle_mib"]),
                lambda v: v < 60, mib)


def targets(results):
    found = [row for checks in (classifier_checks, model_checks, keeper_checks) for row in checks(results)]
    return ["### Targets of models", ""] + table(["what", "target", "measured", "met"], found)


def intro(results):
    made = results["made"]
    flags = f" --seconds {made['seconds']:g} --runs {made['runs']}" + (" --with-triton" if made["with_triton"] else "")
    lines = ["## Models", "",
             f"Made by `tests/bench/models.py{flags} --write` at commit `{made['commit']}` on {made['machine']}; {made['runs']} runs "
             f"of {made['seconds']:g} s a load, medians, in brackets the range. Nothing is bound to a core: server, as many workers as "
             "there are cores, and generator share them. Loads are closed loops by `baton-client load` and `grpc_load`; the "
             "neighbour's is an open one. The bare model is `bare_model`: the same ONNX session with the same options, run in a loop "
             "on as many threads, with nothing around it.", ""]
    if made["quick"]:
        lines += ["**A quick look, not figures to quote.**", ""]
    if made.get("was_interrupted"):
        lines += ["**Interrupted: not all runs are in it.**", ""]
    if made["busy_before"] > 0.1:
        lines += [f"**The machine was {percent(made['busy_before'], 0)} busy with something else before the start: the figures say "
                  "little.**", ""]
    return lines


def load_rows(results):
    loads = [(f"classifier, {name}", "classifier", kind) for kind, name in
             (("http", "raw over HTTP"), ("json", "JSON over HTTP"), ("grpc", "raw over gRPC"), ("empty", "gRPC that does nothing"))]
    loads += [("classifier, JSON, Triton", "triton", None), ("5 ms", "slow", None), ("5 ms, in batches", "batched", None),
              ("150,528 floats raw over HTTP", "wide", "http"), ("the same over gRPC", "wide", "grpc"), ("the same to gRPC that does nothing", "wide", "empty")]
    for name, part, kind in loads:
        found = figures(results, part, lambda row, kind=kind: row[kind] if kind else row)
        if found:
            median = lambda key, found=found: statistics.median(row[key] for row in found)
            yield [name, f"{median('rate'):,.0f}", micros(median("cpu_us")), millis(median("p99_ms")), f"{median('failed'):.0f}"]


def details(results):
    lines = ["### Figures of models", ""] + table(["load", "requests/s", "CPU a request", "p99", "failed"], load_rows(results))
    for row in figures(results, "slow", dict)[:1]:
        lines += [f"The model of 5 ms takes {millis(row['bare_us'] / 1e3)} of a core by itself."]
    for row in figures(results, "batched", dict)[:1]:
        lines += [f"Its best batch has {row['rows']} rows: {row['bare']:,.0f} rows/s, {row['bare_alone']:,.0f} one by one. Each has "
                  f"{row['budget_ms']} ms."]
    for row in figures(results, "neighbours", dict)[:1]:
        other = f", {millis(row['beside_other_ms'])} beside a process that only computes, in idle time" if "beside_other_ms" in row else ""
        lines += [f"Beside the neighbour: p99 {millis(row['beside_ms'])} after {millis(row['alone_ms'])}{other}; {row['loads']} loads."]
    for row in figures(results, "memory", dict)[:1]:
        lines += [f"Resident memory: {mib(row['early_mib'])}, then {mib(row['late_mib'])}."]
    return lines + [""]


def skipped(results):
    if not results["skipped"]:
        return []
    return ["Not measured, or not to the end:", "",
            *(f"- {TITLES[part]}: {reason}." for part, reason in sorted(results["skipped"].items())), ""]


def text(results):
    lines = []
    for section in (intro, targets, details, skipped):
        lines += section(results)
    return "\n".join(lines).rstrip("\n") + "\n"
