#!/usr/bin/env python3
"""Measures what serving models costs: raw tensors over HTTP and gRPC, batches, models that come and go, the start.

    tests/bench/models.py --with-triton --write      everything, about 4 minutes; wants a quiet machine
    tests/bench/models.py --quick                    a look, about 1 minute
    tests/bench/models.py --only wide,start          these parts alone
    tests/bench/models.py --from-json FILE --write   the document again from earlier figures

Needs baton-server, baton-client, bare_model, grpc_load and grpc_empty in build/bin (cmake --preset release && cmake
--build --preset release), the Python environment of the tests (scripts/install-dependencies test) and, for models that
are not bundled, that of the benchmarks (scripts/install-dependencies bench), which has Triton too. What is not there is
left out and named. Every figure of the document is the median of the runs, and ratios are formed within a run. Ctrl-C
ends the measuring and reports what is there.
"""
import argparse
import json
import pathlib
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from choices import some_of  # noqa: E402
import models_report  # noqa: E402
import models_runs as runs  # noqa: E402
import models_servers as servers  # noqa: E402
import sections  # noqa: E402
from server import BENCH, busy_share  # noqa: E402

PROGRAMS = ("baton-server", "baton-client", "bare_model", "grpc_load", "grpc_empty")
FAILURES = (RuntimeError, OSError, subprocess.SubprocessError, ValueError, servers.Missing)


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def began(args):
    busy = busy_share()
    if busy > 0.1:
        say(f"the machine is {busy * 100:.0f} % busy with something else: the figures will say little")
    return {"rows": {}, "skipped": {}, "made": {
        "commit": sections.commit(), "machine": sections.machine(), "date": time.strftime("%Y-%m-%d"), "busy_before": busy,
        "quick": args.quick, "runs": args.runs, "seconds": args.seconds, "with_triton": args.with_triton}}


def prepare(folder, parts, skipped):
    """Makes the models that are not bundled; without them some parts are left out."""
    if not set(parts) & set(runs.NEED_OTHERS):
        return
    try:
        folder.make_others()
    except FAILURES as error:
        skipped.update({part: str(error).splitlines()[0] for part in parts if part in runs.NEED_OTHERS})


def measure(bench, part, number, results):
    try:
        row = runs.PARTS[part](bench)
    except FAILURES as error:
        results["skipped"][part] = str(error).splitlines()[0]
        say(f"{part} is given up: {error}")
        return
    results["rows"].setdefault(part, []).append({"run": number, **row})
    say(f"run {number + 1}: {part}: {json.dumps(row)}")


def measured(args):
    results = began(args)
    folder = servers.Folder()
    try:
        prepare(folder, args.only, results["skipped"])
        bench = runs.Bench(args.bin, args.seconds, folder, args.quick)
        for number in range(args.runs):
            for part in args.only:
                if part not in results["skipped"] and (number == 0 or part not in runs.ONCE):
                    measure(bench, part, number, results)
    except KeyboardInterrupt:
        say("interrupted: this is what is there")
        results["made"]["was_interrupted"] = True
    finally:
        folder.remove()
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(results, indent=1) + "\n")
    return results


def parse():
    names = list(runs.PARTS)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=sections.ROOT / "build/bin", help="where the programs are")
    parser.add_argument("--quick", action="store_true", help="1 run of 1 s each; for a look, not for figures")
    parser.add_argument("--runs", type=int, help="3, with --quick 1")
    parser.add_argument("--seconds", type=float, help="of a load: 2, with --quick 1")
    parser.add_argument("--only", type=some_of(names), metavar="A,B", help=f"some of {', '.join(names)}")
    parser.add_argument("--with-triton", action="store_true", help="measure Triton too, where it is fetched")
    parser.add_argument("--json", type=pathlib.Path, default=BENCH / "models.json",
                        help="where all figures go (default: build/bench/models.json)")
    parser.add_argument("--from-json", type=pathlib.Path, metavar="FILE", help="measure nothing, report these figures")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    args = parser.parse_args()
    args.runs = args.runs or (1 if args.quick else 3)
    args.seconds = args.seconds or (1 if args.quick else 2)
    args.only = [name for name in args.only or names if name != "triton" or args.with_triton]
    return args


def main():
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if args.from_json:
        results = json.loads(args.from_json.read_text())
    else:
        missing = [name for name in PROGRAMS if not (args.bin / name).exists()]
        if missing:
            sys.exit(f"error: expected {', '.join(missing)} in {args.bin}; build them with "
                     f"cmake --preset release && cmake --build --preset release --target {' '.join(missing)}")
        results = measured(args)
    text = models_report.text(results)
    print(text)
    if args.write:
        sections.write("tests/bench/models.py", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
