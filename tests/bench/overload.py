#!/usr/bin/env python3
"""Measures what Baton keeps of its promise under overload, live, beside its simpler policies and other servers.

    tests/bench/overload.py --write                          everything, about 45 minutes; wants a quiet machine
    tests/bench/overload.py --quick --subjects baton         a look, about 2 minutes
    tests/bench/overload.py --from-json FILE --write         the document again from earlier figures

Needs what `./run --build` builds (baton-server, baton-client), and fetches the other servers, 110 MB, into
build/deps/bench-venv when it needs them (scripts/install-dependencies bench).

Subjects: what is measured. Each is a server with two workers and a request.
  baton            baton-server, model mlp5: 5 ms of computing, calibrated on this machine
  baton-sleep      baton-server, /test/sleep of 5 ms
  edf, fifo        baton-server --policy=edf and --policy=fifo, mlp5
  edf-sleep, fifo-sleep
                   the same with /test/sleep; only when asked for
  fastapi          FastAPI and ONNX Runtime under uvicorn, two processes, mlp5
  triton           tritonserver of the wheel nvidia-pytriton; it has the Python backend only, so mlp5 runs in ONNX
                   Runtime inside two instances of a Python model
  triton-timeout   the same with a queue timeout of 40 ms

Scenarios, each for every subject, in every repeat; loads are Poisson, by `baton-client load`, budget 50 ms:
  curve    50 to 1000 % of the capacity, which is the best good rate of a closed loop of 1 to 16 connections
  drop     an overload ends: how long until a whole second of probes at half load is answered well
  memory   resident memory over several loads of ten times the capacity
  slow     80 % load of which 5 % of the requests are 40 times slower, on another endpoint
  leave    four times the capacity, half of the clients reset their connection 5 ms after sending
Figures in the document are medians of the repeats; goodput is a share of the peak, the best of the capacity and of
any step. All figures of all repeats are in the JSON file.

Nothing is pinned: the generator shares the cores with the servers. Every server and load is bounded in time and ends
with this program.
"""
import argparse
import json
import pathlib
import resource
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from choices import some_of  # noqa: E402
import overload_report  # noqa: E402
import overload_runs as runs  # noqa: E402
import overload_servers as servers  # noqa: E402
import sections  # noqa: E402
from server import busy_share  # noqa: E402

SCENARIOS = ("curve", "drop", "memory", "slow", "leave")
DEFAULT = ("baton", "baton-sleep", "edf", "fifo", "fastapi", "triton", "triton-timeout")
ALL = DEFAULT + ("edf-sleep", "fifo-sleep")


def start(subject, binaries, models):
    if subject == "fastapi":
        return servers.start_fastapi(models)
    if subject.startswith("triton"):
        return servers.start_triton(models, has_timeout=subject == "triton-timeout")
    policy = subject.removesuffix("-sleep")
    return servers.start_baton(binaries, models, subject, *([] if policy == "baton" else [f"--policy={policy}"]))


def targets(subject):
    """The request, and the slow one beside it."""
    return (runs.SLEEP5, runs.SPIN200) if subject.endswith("-sleep") else (runs.MLP5, runs.MLP200)


def measure(bench, subject, scenarios, start_server, repeat):
    server = start_server()
    try:
        target, slow_target = targets(subject)
        row = {"capacity": runs.capacity(bench, server, target)}
        peak = row["capacity"]["per_second"]
        if peak <= runs.PROBES_PER_SECOND * 2:
            raise RuntimeError(f"{subject} answers {peak:.0f}/s in time in a closed loop: too few to measure")
        if "curve" in scenarios:
            row["curve"] = runs.curve(bench, server, target, peak, seed=1 + repeat)
        if "drop" in scenarios:
            factors = (2, 10) if server.pages else (2,)
            row["drop"] = {f"{factor:g}": runs.drop(bench, server, target, peak, factor) for factor in factors}
        if "slow" in scenarios:
            row["slow"] = runs.slow(bench, server, target, slow_target, peak)
        if "leave" in scenarios:
            row["leave"] = runs.leave(bench, server, target, peak, seed=1 + repeat)
        if "memory" in scenarios:
            row["memory"] = runs.memory(bench, server, target, peak)
        return row
    finally:
        server.stop()


def why_not(subject, binaries):
    """Why a subject cannot be measured, or None."""
    if not subject.removesuffix("-sleep") in ("edf", "fifo"):
        return None
    told = subprocess.run([str(binaries / "baton-server"), "--help"], capture_output=True, text=True, check=False).stdout
    return None if "--policy" in told else "this baton-server has no --policy"


def measure_all(bench, args):
    busy = busy_share()
    if busy > 0.1:
        bench.say(f"the machine is {busy * 100:.0f} % busy with something else: the figures will say little")
    models = servers.BENCH / "models"
    bench.say("making the models")
    made = subprocess.run([str(servers.VENV / "bin/python"), str(sections.ROOT / "tests/bench/mlp_model.py"), str(models)],
                          capture_output=True, text=True, check=True, timeout=120).stdout
    results = {"made": {"commit": sections.commit(), "machine": sections.machine(), "date": time.strftime("%Y-%m-%d"),
                        "quick": args.quick, "repeats": args.repeats, "step_s": bench.step_s,
                        "busy_before": busy, "models": json.loads(made)},
               "subjects": {}, "skipped": {}}
    bench.say(f"models: {made.strip()}")
    subjects = []
    for subject in args.subjects:
        reason = why_not(subject, args.bin)
        if reason:
            results["skipped"][subject] = reason
            bench.say(f"{subject} is left out: {reason}")
        else:
            subjects.append(subject)
    for repeat in range(args.repeats):
        turn = repeat % max(1, len(subjects))
        for subject in subjects[turn:] + subjects[:turn]:
            if subject in results["skipped"]:
                continue
            bench.say(f"repeat {repeat + 1} of {args.repeats}: {subject}")
            try:
                row = measure(bench, subject, args.scenarios, lambda: start(subject, args.bin, models), repeat)
                results["subjects"].setdefault(subject, []).append(row)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                results["skipped"][subject] = str(error).splitlines()[0]
                bench.say(f"{subject} is given up: {error}")
            args.json.parent.mkdir(parents=True, exist_ok=True)
            args.json.write_text(json.dumps(results, indent=1) + "\n")
    return results


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=sections.ROOT / "build/bin", help="where the programs are")
    parser.add_argument("--quick", action="store_true", help="1 repeat, steps of 2 s; for a look, not for figures")
    parser.add_argument("--repeats", type=int, help="3, with --quick 1")
    parser.add_argument("--seconds", type=float, help="of a step: 5, with --quick 2")
    parser.add_argument("--subjects", type=some_of(ALL), default=list(DEFAULT), metavar="A,B",
                        help="default: all but edf-sleep and fifo-sleep")
    parser.add_argument("--scenarios", type=some_of(SCENARIOS), default=list(SCENARIOS), metavar="A,B", help="default: all")
    parser.add_argument("--json", type=pathlib.Path, default=servers.BENCH / "overload.json",
                        help="where all figures go (default: build/bench/overload.json)")
    parser.add_argument("--from-json", type=pathlib.Path, metavar="FILE", help="measure nothing, report these figures")
    parser.add_argument("--write", action="store_true",
                        help="write the section of docs/benchmarks.md, and docs/overload.svg")
    args = parser.parse_args()
    args.repeats = args.repeats or (1 if args.quick else 3)
    args.seconds = args.seconds or (2 if args.quick else 5)
    return args


def main():
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if args.from_json:
        results = json.loads(args.from_json.read_text())
    else:
        missing = [name for name in ("baton-server", "baton-client") if not (args.bin / name).exists()]
        if missing:
            sys.exit(f"error: expected {' and '.join(missing)} in {args.bin}; build them with ./run --build")
        subprocess.run([str(sections.ROOT / "scripts/install-dependencies"), "bench"], check=True)
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        results = measure_all(runs.Bench(args.bin, args.seconds), args)
    text = overload_report.text(results)
    print(text)
    if args.write:
        sections.write("tests/bench/overload.py", text)
        if overload_report.has_curve(results):
            (sections.ROOT / "docs/overload.svg").write_text(overload_report.svg(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
