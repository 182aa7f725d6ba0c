#!/usr/bin/env python3
"""Measures what watching costs: recording, scraping, and what a crowd of scrapers does to the requests.

    tests/bench/recording.py [--pairs 7] [--seconds 3] [--endpoints 50] [--write]

Recording: requests of 64 connections in a closed loop to baton-server, and to the same server with its books left out
(baton-server-unrecorded, which the release preset builds), in turn; ratios are formed within a pair, and the median counts.
Traces: the same with and without a collector on the same machine, which is told of 1 % of the requests, as by default;
build/deps/tools/rotel, which scripts/install-dependencies test fetches.
Scraping: the processor time that the pages' thread takes for a scrape of that many endpoints, by form.
Crowd: p99 of a steady load alone, beside one scrape a second, and beside 1,000 a second on 16 connections, in turn; and beside
as many requests for a small file, which tells the crowd's own part.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
import sections  # noqa: E402
from overload_report import table  # noqa: E402
from server import Server, busy_share, die_with_parent, free_port  # noqa: E402

PROGRAMS = sections.ROOT / "build/bin"
UNRECORDED = sections.ROOT / "build/release/test-bin/baton-server-unrecorded"
ROTEL = sections.ROOT / "build/deps/tools/rotel"
BUNDLED = sections.ROOT / "server/models/bundled"
CONNECTIONS = 64
STEADY_RATE = 1000
RECORDING_MOST = 0.03  # of the requests a second
SCRAPE_MOST_MS = 10
CROWD = 1000  # scrapes a second
SCRAPERS = 16
FORMS = {
    "OpenMetrics, gzip (as Prometheus asks)": {"Accept": "application/openmetrics-text", "Accept-Encoding": "gzip"},
    "OpenMetrics": {"Accept": "application/openmetrics-text"},
    "text, gzip": {"Accept-Encoding": "gzip"},
    "text": {},
}


def start(program, *flags):
    return Server(program.name, [str(program), "--http", "127.0.0.1:0", "--pages", "127.0.0.1:0", "--grpc", "off", "--admin", "off",
                                 "--admin-socket", "off", "--workers", "1", "--conductors", "1", "--log-level", "error",
                                 "--default-budget", "5s", *flags], in_our_session=True)


def load(server, *how, seconds):
    command = [PROGRAMS / "baton-client", "load", "--server", f"127.0.0.1:{server.port}", "--path", "/reverse", "--data",
               '{"data": ["Hello, World"]}', "--connections", str(CONNECTIONS), "--duration", f"{seconds:g}s", "--warmup", "300ms",
               "-o", "json", *how]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def closed(server, seconds):
    """Requests a second, and microseconds of the server's processor time each."""
    cpu = server.cpu_seconds()
    report = load(server, "--closed", seconds=seconds)
    answered = report["requests"]
    return answered / seconds, (server.cpu_seconds() - cpu) / answered * 1e6


def measure_pairs(servers, pairs, seconds, before_the_end=lambda: None):
    """For each pair what `closed` says of both servers, by name, in turn; they are stopped."""
    try:
        for server in servers.values():
            closed(server, 0.5)
        found = []
        for pair in range(pairs):
            order = list(servers) if pair % 2 == 0 else list(servers)[::-1]
            found.append({name: closed(servers[name], seconds) for name in order})
        before_the_end()
        return found
    finally:
        for server in servers.values():
            server.stop()


def measure_recording(pairs, seconds):
    return measure_pairs({"recorded": start(PROGRAMS / "baton-server"), "unrecorded": start(UNRECORDED)}, pairs, seconds)


def measure_traces(pairs, seconds):
    at = f"127.0.0.1:{free_port()}"
    rotel = subprocess.Popen([ROTEL, "start", "--otlp-http-endpoint", at, "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}",
                              "--exporter", "blackhole"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             preexec_fn=die_with_parent)
    exported = 0

    def count_exported(server):
        nonlocal exported
        (line,) = [line for line in scrape(server, {}).decode().splitlines() if "trace_spans_total" in line and "exported" in line]
        exported = float(line.split()[-1])

    try:
        traced = start(PROGRAMS / "baton-server", "--tracing-endpoint", f"http://{at}/v1/traces")
        servers = {"traced": traced, "untraced": start(PROGRAMS / "baton-server")}
        found = measure_pairs(servers, pairs, seconds, before_the_end=lambda: count_exported(traced))
        if exported < 1000 * pairs * seconds:
            raise RuntimeError(f"the collector took {exported:,.0f} spans only: nothing was measured")
        return found
    finally:
        rotel.kill()
        rotel.wait()


def pages_thread(server):
    scrape(server, {})  # once it answers it has its name
    for task in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir():
        if (task / "comm").read_text().strip() == "pages":
            return task
    raise RuntimeError("the server has no thread called pages")


def cpu_ms(task):
    return int((task / "schedstat").read_text().split()[0]) / 1e6


def scrape(server, headers):
    request = urllib.request.Request(f"http://127.0.0.1:{server.pages}/metrics", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def model_folder(folder, endpoints):
    for i in range(endpoints):
        version = folder / f"model{i:02}" / "1"
        version.mkdir(parents=True)
        shutil.copy(BUNDLED / "tumour_logistic.onnx", version / "model.onnx")
    folder.chmod(0o755)


def measure_scrapes(server, times=20):
    task = pages_thread(server)
    found = {}
    for form, headers in FORMS.items():
        scrape(server, headers)
        took = []
        for _ in range(times):
            time.sleep(0.1)
            before = cpu_ms(task)
            size = len(scrape(server, headers))
            time.sleep(0.02)
            took.append(cpu_ms(task) - before)
        found[form] = (statistics.median(took), max(took), size)
    return found


class Crowd:
    """Asks for a path of the pages at a rate, nicer than everything else: it is not what is measured."""

    def __init__(self, server, path, rate, connections, seconds):
        accept = "application/openmetrics-text"
        self.command = ["nice", "-n", "19", PROGRAMS / "baton-client", "load", "--server", f"127.0.0.1:{server.pages}",
                        "--path", path, "--method", "GET", "--header", f"Accept: {accept}", "--header", "Accept-Encoding: gzip",
                        "--rate", str(rate), "--connections", str(connections), "--duration", f"{seconds + 1:g}s",
                        "--warmup", "0s", "--schedule", "fixed", "-o", "json"]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        report = json.loads(self.process.communicate(timeout=120)[0])
        self.answered = report["goodput_per_second"]


def measure_crowd(server, rounds, seconds):
    """By what the crowd does: the p99 of each run, and the answers a second that the crowd had."""
    crowds = {"nothing": None, "one scrape a second": ("/metrics", 1, 1),
              f"{CROWD:,} scrapes a second": ("/metrics", CROWD, SCRAPERS),
              f"{CROWD:,} requests a second for a small file": ("/icon.svg", CROWD, SCRAPERS)}
    found = {name: ([], []) for name in crowds}
    for _ in range(rounds):
        for name, (latencies, answered) in found.items():
            with contextlib.ExitStack() as stack:
                crowd = stack.enter_context(Crowd(server, *crowds[name], seconds)) if crowds[name] else None
                report = load(server, "--rate", str(STEADY_RATE), "--schedule", "fixed", seconds=seconds)
            latencies.append(report["latency_ms"]["p99"])
            answered.append(crowd.answered if crowd else 0)
    return found


def verdict(is_met):
    return "met" if is_met else "**not met**"


def compared(pairs, what, most=None):
    """A table of both servers, and a sentence about the first of them beside the other, and what it may cost at most."""
    names = sorted(pairs[0])
    rate = [pair[names[0]][0] / pair[names[1]][0] for pair in pairs]
    cpu = [pair[names[0]][1] / pair[names[1]][1] for pair in pairs]
    each = [[name, *(statistics.median(pair[name][i] for pair in pairs) for i in (0, 1))] for name in names]
    return [
        *table(["server", "requests/s", "CPU us a request"], [[name, f"{rate:,.0f}", f"{cpu:.2f}"] for name, rate, cpu in each]), "",
        f"{what} costs {1 - statistics.median(rate):.1%} of requests a second ({1 - max(rate):.1%} to {1 - min(rate):.1%} in "
        f"{len(rate)} pairs) and {statistics.median(cpu) - 1:.1%} of processor time a request ({min(cpu) - 1:.1%} to {max(cpu) - 1:.1%}).", "",
        *([f"Target: less than {most:.0%} of requests a second: {verdict(1 - statistics.median(rate) < most)}.", ""] if most else []),
    ]


def shown(recording, traces, scrapes, crowd, endpoints, seconds, busy):
    lines = [
        "## What watching costs", "",
        f"{sections.machine()}; commit {sections.commit()}; load average {os.getloadavg()[0]:.1f}, {busy:.0%} of the cores taken by "
        f"others before it began; `--pairs {len(recording)} --seconds {seconds:g}`. Ratios are formed within a pair of runs; the median counts.", "",
        "### Recording", "",
        f"`POST /reverse`, {CONNECTIONS} connections in a closed loop, one conductor and one worker.", "",
        *compared(recording, "Recording", most=RECORDING_MOST),
        "### Traces", "",
        "The same with a collector on the same machine, which is told of 1 % of the requests, 1,000 a second at most.", "",
        *compared(traces, "Telling it"),
        "### A scrape", "",
        f"{endpoints} models; processor time of the thread that answers it.", "",
        *table(["form", "CPU ms, median", "CPU ms, most", "KiB"],
               [[form, f"{median:.1f}", f"{most:.1f}", f"{size / 1024:,.0f}"] for form, (median, most, size) in scrapes.items()]), "",
        f"Target: less than {SCRAPE_MOST_MS} ms: {verdict(max(median for median, _, _ in scrapes.values()) < SCRAPE_MOST_MS)}.", "",
        "### A crowd of scrapers", "",
        f"p99 of {STEADY_RATE:,} requests a second to the same server, in milliseconds, while others ask its pages. The last row says "
        "what that many askers cost the machine when next to nothing is done for them.", "",
        *table(["the others", "had answers/s", "p99, median", "p99, each run"],
               [[name, f"{statistics.median(answered):,.0f}", f"{statistics.median(latencies):.2f}",
                 " ".join(f"{one:.2f}" for one in latencies)] for name, (latencies, answered) in crowd.items()]), "",
        "Target: the p99 is not moved. It moved by " +
        ", ".join(f"{statistics.median(latencies) - statistics.median(crowd['nothing'][0]):+.2f} ms beside {name}"
                  for name, (latencies, _) in list(crowd.items())[1:3]) + ".", "",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3, help="of each run")
    parser.add_argument("--endpoints", type=int, default=50)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md, else only to standard output")
    arguments = parser.parse_args()
    for program in (PROGRAMS / "baton-server", UNRECORDED, ROTEL):
        if not program.exists():
            parser.error(f"{program} is not there: ./test --only release makes all that this needs")
    busy = busy_share()
    recording = measure_recording(arguments.pairs, arguments.seconds)
    traces = measure_traces(arguments.pairs, arguments.seconds)
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        model_folder(pathlib.Path(folder), arguments.endpoints)
        server = start(PROGRAMS / "baton-server", "--models", folder)
        try:
            scrapes = measure_scrapes(server)
            crowd = measure_crowd(server, max(3, arguments.pairs // 2), arguments.seconds)
        finally:
            server.stop()
    text = shown(recording, traces, scrapes, crowd, arguments.endpoints, arguments.seconds, busy)
    print(text)
    if arguments.write:
        sections.write("tests/bench/recording.py", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
