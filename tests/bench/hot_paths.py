#!/usr/bin/env python3
"""Shows which functions a request's processor time goes into, for the two hot paths: POST /reverse and a model in JSON.

    tests/bench/hot_paths.py [--seconds 5] [--top 15] [--write]

Samples baton-server (one conductor, one worker, on core 0) with perf while `baton-client load` drives it from core 1,
64 connections in a closed loop. perf is in Debian's linux-perf; where it is not there, callgrind tells the same of user
code, slowly: valgrind --tool=callgrind build/bin/baton-server --workers 1, the load, then callgrind_annotate.
"""
import argparse
import collections
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import sections  # noqa: E402
import speed_runs as runs  # noqa: E402
import speed_servers as servers  # noqa: E402
from overload_report import percent, table  # noqa: E402
from server import BENCH, die_with_parent  # noqa: E402

PATHS = {"reverse-64": "`POST /reverse`", "tumour": "OIP JSON, classifier of 30 features"}
FREQUENCY = 1999
PARTS = {  # what a sample is counted as, by the system call that it is in
    "__x64_sys_sendto": "sending", "__x64_sys_sendmsg": "sending", "__x64_sys_writev": "sending", "__x64_sys_recvfrom": "receiving",
    "__x64_sys_readv": "receiving", "__x64_sys_recvmsg": "receiving",
    "__x64_sys_epoll_wait": "waiting for events", "__x64_sys_epoll_pwait2": "waiting for events",
    "__x64_sys_epoll_ctl": "changing what is waited for", "__x64_sys_futex": "waking and sleeping of threads",
    "ksys_write": "waking the conductor", "ksys_read": "being woken",
    "exit_to_user_mode_loop": "giving way to another thread", "asm_sysvec_reschedule_ipi": "giving way to another thread",
}


def record(bench, server, workload, data):
    """Samples the server during a load."""
    command = ["perf", "record", "--quiet", "-g", "-F", str(FREQUENCY), "-o", str(data), "-p", str(server.process.pid), "--",
               "sleep", f"{bench.seconds:g}"]
    bench.load(server, workload, seconds=0.5)
    perf = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)
    bench.load(server, workload, seconds=bench.seconds + 0.5)
    error = perf.communicate(timeout=60)[1]
    if perf.returncode != 0:
        raise RuntimeError(f"perf record failed: {error.strip()[-300:]}")


def samples(data):
    """What perf script says of each sample: the thread's name, then its frames, innermost first."""
    script = subprocess.run(["perf", "script", "-i", str(data), "-F", "comm,ip,sym,dso"], capture_output=True, text=True,
                            check=True, timeout=300, stdin=subprocess.DEVNULL)
    return parsed(script.stdout)


def parsed(text):
    """(thread, [(function, where), ...]) of each sample in the text of `perf script`."""
    found = []
    for block in text.split("\n\n"):
        lines = [line for line in block.splitlines() if line.strip()]
        if len(lines) > 1:
            found.append((lines[0].split()[0], [frame(line) for line in lines[1:]]))
    return found


def frame(line):
    """The function and the file of one line of a stack: `address function (file)`."""
    function, _, where = line.strip().partition(" ")[2].rpartition(" (")
    return short(function.replace("(anonymous namespace)::", "")), pathlib.PurePath(where.rstrip(")")).name


def short(function):
    """Without arguments of templates and of the function, which tell little and take much room."""
    kept, depth = "", 0
    for letter in function:
        depth += letter in "<("
        kept += letter if depth == 0 else ""
        depth = max(0, depth - (letter in ">)"))
    return kept.removesuffix(" const").strip() or "?"


def part(frames):
    """What a sample is part of: a kind of system call, else the program or library that it is in."""
    for function, _ in frames:
        if function in PARTS:
            return "kernel: " + PARTS[function]
    is_kernel = frames[0][1].startswith("[")
    return "kernel: else" if is_kernel and frames[0][1] != "[vdso]" else frames[0][1]


def shares(counts):
    total = max(1, sum(counts.values()))
    return [(key, count / total) for key, count in counts.most_common()]


def report(title, found, top):
    parts = collections.Counter(part(frames) for _, frames in found)
    threads = collections.Counter(thread for thread, _ in found)
    functions = collections.Counter(frames[0] for _, frames in found if not frames[0][1].startswith("["))
    total = max(1, len(found))
    lines = [f"**{title}**: {len(found):,} samples; " + ", ".join(f"{name} {percent(share)}" for name, share in shares(threads)), ""]
    lines += table(["part", "of all samples"], [[name, percent(share)] for name, share in shares(parts) if share >= 0.005])
    return lines + table(["function of the server", "in", "of all samples"],
                         [[f"`{name}`", where, percent(count / total)] for (name, where), count in functions.most_common(top)])


def measure(args):
    fleet, lines = servers.Fleet(args.bin), []
    fleet.build(["baton"])
    if fleet.missing:
        sys.exit(f"error: {fleet.missing['baton']}")
    bench = runs.Bench(args.bin, args.seconds)
    for workload in runs.workloads():
        if workload.name not in PATHS:
            continue
        workload = runs.on_own_core(workload)
        server, data = fleet.start("baton", workload.cores), BENCH / f"profile-{workload.name}.data"
        try:
            record(bench, server, workload, data)
        finally:
            server.stop()
        lines += report(PATHS[workload.name], samples(data), args.top)
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=sections.ROOT / "build/bin", help="where the programs are")
    parser.add_argument("--seconds", type=float, default=5, help="how long to sample each path")
    parser.add_argument("--top", type=int, default=15, help="how many functions to show")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    args = parser.parse_args()
    if not shutil.which("perf"):
        sys.exit("error: expected perf (Debian: linux-perf), found none; see --help for callgrind")
    BENCH.mkdir(parents=True, exist_ok=True)
    intro = ["## Profiles", "",
             f"Made by `tests/bench/hot_paths.py --seconds {args.seconds:g} --write` at commit `{sections.commit()}` on "
             f"{sections.machine()}: perf samples of baton-server under 64 connections in a closed loop. What is in the kernel is "
             "counted by system call; the functions are those of user code, inlined ones within their callers.", ""]
    text = "\n".join(intro + measure(args)).rstrip("\n") + "\n"
    print(text)
    if args.write:
        sections.write("tests/bench/hot_paths.py", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
