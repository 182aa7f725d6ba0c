#!/usr/bin/env python3
"""Measures how fast Baton's data plane is, beside a bare epoll loop, nginx, axum and Go net/http, in one run.

    tests/bench/speed.py --write                             everything, about 15 minutes; wants a quiet machine
    tests/bench/speed.py --quick                             a look, about 2 minutes
    tests/bench/speed.py --only reverse-64,pipelined         these workloads alone
    tests/bench/speed.py --from-json FILE --write            the document again from earlier figures

Needs baton-server, baton-client and bare_loop in build/bin (cmake --preset release && cmake --build --preset release).
Peers are built into build/bench (tests/bench/peers; cargo and go fetch and build what they need); what is not
installed is left out and named. `--with-triton` adds Triton to the classifier (scripts/install-dependencies bench
fetches it, and what the model of 150,528 floats is made with).

The server has core 0 and the generator core 1, but in the workloads `unpinned` and `tumour`. Within a run the servers
take turns at each workload, so that a noisy moment of the machine meets all of them; ratios are formed within a run,
and every figure of the document is the median of the runs, in brackets their range. Loads are closed loops by
`baton-client load`, at 1000 connections also by wrk; the active clients beside the idle ones are an open loop.
Ctrl-C ends the measuring and reports what is there.
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
import sections  # noqa: E402
import speed_report  # noqa: E402
import speed_runs as runs  # noqa: E402
import speed_servers as servers  # noqa: E402
from server import BENCH, busy_share  # noqa: E402

STAGES = {"reverse": "reverse-64", "tumour": "tumour"}
FAILURES = (RuntimeError, OSError, subprocess.SubprocessError, ValueError)


class Measuring:
    """The figures so far, and the servers of the run under way."""

    def __init__(self, bench, args, workloads):
        self.bench, self.args, self.workloads = bench, args, workloads
        self.fleet, self.running = servers.Fleet(args.bin), {}
        self.results = {"made": {}, "rows": {}, "stages": {}, "skipped": {}}

    def prepare(self):
        busy = busy_share()
        if busy > 0.1:
            self.bench.say(f"the machine is {busy * 100:.0f} % busy with something else: the figures will say little")
        self.results["made"] = {
            "commit": sections.commit(), "machine": sections.machine(), "date": time.strftime("%Y-%m-%d"), "busy_before": busy,
            "quick": self.args.quick, "runs": self.args.runs, "seconds": self.bench.seconds,
            "with_triton": self.args.with_triton, "titles": {w.name: w.title for w in self.workloads}}
        wanted = list(dict.fromkeys(s for w in self.workloads for s in w.subjects))
        if not self.args.with_triton and "triton" in wanted:
            wanted.remove("triton")
            self.results["skipped"]["triton"] = "only with --with-triton"
        self.bench.say("building the peers")
        self.fleet.build(wanted)
        for subject, reason in self.fleet.missing.items():
            self.skip(subject, reason)

    def skip(self, subject, reason):
        self.results["skipped"][subject] = reason
        self.bench.say(f"{subject} is left out: {reason}")

    def server(self, subject, cores):
        if (subject, cores) not in self.running:
            self.running[subject, cores] = self.fleet.start(subject, cores)
        return self.running[subject, cores]

    def stop(self, key):
        self.running.pop(key).stop()

    def run(self, number):
        try:
            for workload in self.workloads:
                subjects = [s for s in workload.subjects if s not in self.results["skipped"]]
                turn = number % max(1, len(subjects))
                for subject in subjects[turn:] + subjects[:turn]:
                    self.measure(number, workload, subject)
            if number == 0:
                self.measure_stages()
        finally:
            for key in list(self.running):
                self.stop(key)
            self.save()

    def measure(self, number, workload, subject):
        is_idle = workload.name == "idle"
        try:
            if is_idle and (subject, workload.cores) in self.running:
                self.stop((subject, workload.cores))  # one that has served nobody yet tells best what a connection takes
            server = self.server(subject, workload.cores)
            row = (runs.measure_idle if is_idle else runs.measure)(self.bench, server, workload)
        except FAILURES as error:
            self.results["skipped"][subject] = f"{workload.name}: {str(error).splitlines()[0]}"
            self.bench.say(f"{subject} is given up: {error}")
            return
        self.results["rows"].setdefault(workload.name, {}).setdefault(subject, []).append({"run": number, **row})
        shown = f"{row['kib']:.2f} KiB each" if is_idle else f"{row['rate']:,.0f}/s"
        self.bench.say(f"run {number + 1} of {self.args.runs}: {workload.name}: {subject}: {shown}")

    def measure_stages(self):
        for workload in self.workloads:
            endpoint = next((e for e, name in STAGES.items() if name == workload.name), None)
            if endpoint and "baton" not in self.results["skipped"]:
                server = self.server("baton", workload.cores)
                self.results["stages"][endpoint] = runs.stages(self.bench, server, endpoint, workload)

    def save(self):
        self.args.json.parent.mkdir(parents=True, exist_ok=True)
        self.args.json.write_text(json.dumps(self.results, indent=1) + "\n")

    def all(self):
        try:
            self.prepare()
            for number in range(self.args.runs):
                self.run(number)
        except KeyboardInterrupt:
            self.bench.say("interrupted: this is what is there")
            self.results["made"]["was_interrupted"] = True
        return self.results


def parse():
    names = [workload.name for workload in runs.workloads()]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=sections.ROOT / "build/bin", help="where the programs are")
    parser.add_argument("--quick", action="store_true", help="1 run of 1 s each; for a look, not for figures")
    parser.add_argument("--runs", type=int, help="5, with --quick 1")
    parser.add_argument("--seconds", type=float, help="of a load: 1.5, with --quick 1")
    parser.add_argument("--only", type=some_of(names), default=names,
                        metavar="A,B", help=f"some of {', '.join(names)}")
    parser.add_argument("--subjects", type=some_of(servers.LABELS),
                        metavar="A,B", help=f"some of {', '.join(servers.LABELS)}")
    parser.add_argument("--with-triton", action="store_true", help="measure Triton too, where it is fetched")
    parser.add_argument("--json", type=pathlib.Path, default=BENCH / "speed.json",
                        help="where all figures go (default: build/bench/speed.json)")
    parser.add_argument("--from-json", type=pathlib.Path, metavar="FILE", help="measure nothing, report these figures")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    args = parser.parse_args()
    args.runs = args.runs or (1 if args.quick else 5)
    args.seconds = args.seconds or (1 if args.quick else 1.5)
    return args


def chosen(args):
    """The workloads that are asked for, each with the subjects that are."""
    wanted = [workload for workload in runs.workloads() if workload.name in args.only]
    if not args.subjects:
        return wanted
    return [runs.among(workload, args.subjects) for workload in wanted]


def main():
    args = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if args.from_json:
        results = json.loads(args.from_json.read_text())
    else:
        missing = [name for name in ("baton-server", "baton-client", "bare_loop") if not (args.bin / name).exists()]
        if missing:
            sys.exit(f"error: expected {', '.join(missing)} in {args.bin}; build them with "
                     f"cmake --preset release && cmake --build --preset release --target {' '.join(missing)}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        BENCH.mkdir(parents=True, exist_ok=True)
        results = Measuring(runs.Bench(args.bin, args.seconds, args.quick), args, chosen(args)).all()
    text = speed_report.text(results)
    print(text)
    if args.write:
        sections.write("tests/bench/speed.py", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
