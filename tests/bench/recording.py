#!/usr/bin/env python3
"""Measures what watching costs: recording, scraping, and what a crowd of scrapers does to the requests.

    tests/bench/recording.py [--pairs 7] [--seconds 3] [--endpoints 50] [--write]

Recording: requests of 64 connections in a closed loop to baton-server, and to the same server with its books left out
(baton-server-unrecorded, which the release preset builds), in turn; ratios are formed within a pair, and the median counts.
Scraping: the processor time that the pages' thread takes for a scrape of that many endpoints, by form.
Crowd: p99 of a steady load without scrapes, with one a second, and with 1,000 a second on 16 connections, in turn.
"""
import argparse
import asyncio
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.dont_write_bytecode = True
import sections  # noqa: E402
from overload_report import table  # noqa: E402
from server import Server, busy_share  # noqa: E402

PROGRAMS = sections.ROOT / "build/bin"
UNRECORDED = sections.ROOT / "build/release/test-bin/baton-server-unrecorded"
BUNDLED = sections.ROOT / "server/models/bundled"
CONNECTIONS = 64
STEADY_RATE = 1000
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


def measure_recording(pairs, seconds):
    servers = {"recorded": start(PROGRAMS / "baton-server"), "unrecorded": start(UNRECORDED)}
    try:
        for server in servers.values():
            closed(server, 0.5)
        found = []
        for pair in range(pairs):
            order = list(servers) if pair % 2 == 0 else list(servers)[::-1]
            found.append({name: closed(servers[name], seconds) for name in order})
        return found
    finally:
        for server in servers.values():
            server.stop()


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
    """Scrapes at a rate, on connections that stay open, nicer than everything else: they are not what is measured."""

    def __init__(self, server, rate, connections):
        self.port, self.rate, self.connections = server.pages, rate, connections
        self.answered = 0
        self.ended = threading.Event()

    def __enter__(self):
        self.began = time.monotonic()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()
        self.seconds = time.monotonic() - self.began

    def run(self):
        os.setpriority(os.PRIO_PROCESS, 0, 19)
        asyncio.run(self.scrape_on())

    async def scrape_on(self):
        await asyncio.gather(*(self.connection(i) for i in range(self.connections)))

    async def connection(self, number):
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 24)
        step = self.connections / self.rate
        due = time.monotonic() + step * number / self.connections
        while not self.ended.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += step
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\nAccept-Encoding: gzip\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(length)
            self.answered += 1
        writer.close()


def measure_crowd(server, rounds, seconds):
    found = {"none": [], "1 a second": [], f"{CROWD:,} a second asked": []}
    answered = []
    for _ in range(rounds):
        for name, (rate, connections) in zip(found, ((0, 0), (1, 1), (CROWD, SCRAPERS))):
            steady = ("--rate", str(STEADY_RATE), "--schedule", "fixed")
            if not rate:
                report = load(server, *steady, seconds=seconds)
            else:
                with Crowd(server, rate, connections) as crowd:
                    report = load(server, *steady, seconds=seconds)
                if rate == CROWD:
                    answered.append(crowd.answered / crowd.seconds)
            found[name].append(report["latency_ms"]["p99"])
    return found, statistics.median(answered)


def shown(recording, scrapes, crowd, answered, endpoints, busy):
    rate = [pair["recorded"][0] / pair["unrecorded"][0] for pair in recording]
    cpu = [pair["recorded"][1] / pair["unrecorded"][1] for pair in recording]
    each = {name: [statistics.median(pair[name][i] for pair in recording) for i in (0, 1)] for name in ("recorded", "unrecorded")}
    lines = [
        "## What watching costs", "",
        f"{sections.machine()}; commit {sections.commit()}; load average {os.getloadavg()[0]:.1f}, {busy:.0%} of the cores taken by "
        "others before it began. Ratios are formed within a pair of runs; the median counts.", "",
        "### Recording", "",
        f"`POST /reverse`, {CONNECTIONS} connections in a closed loop, one conductor and one worker.", "",
        *table(["server", "requests/s", "CPU us a request"],
               [[name, f"{figures[0]:,.0f}", f"{figures[1]:.2f}"] for name, figures in each.items()]), "",
        f"Recording costs {1 - statistics.median(rate):.1%} of requests a second ({1 - max(rate):.1%} to {1 - min(rate):.1%} in "
        f"{len(rate)} pairs) and {statistics.median(cpu) - 1:.1%} of processor time a request ({min(cpu) - 1:.1%} to {max(cpu) - 1:.1%}).", "",
        "### A scrape", "",
        f"{endpoints} models; processor time of the thread that answers it.", "",
        *table(["form", "CPU ms, median", "CPU ms, most", "KiB"],
               [[form, f"{median:.1f}", f"{most:.1f}", f"{size / 1024:,.0f}"] for form, (median, most, size) in scrapes.items()]), "",
        "### A crowd of scrapers", "",
        f"p99 of {STEADY_RATE:,} requests a second to the same server, in milliseconds; {answered:,.0f} scrapes a second were answered.", "",
        *table(["scrapes", "p99, median", "p99, each run"],
               [[name, f"{statistics.median(found):.2f}", " ".join(f"{one:.2f}" for one in found)] for name, found in crowd.items()]), "",
    ]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3, help="of each run")
    parser.add_argument("--endpoints", type=int, default=50)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md, else only to standard output")
    arguments = parser.parse_args()
    busy = busy_share()
    recording = measure_recording(arguments.pairs, arguments.seconds)
    with tempfile.TemporaryDirectory(prefix="baton-bench-") as folder:
        model_folder(pathlib.Path(folder), arguments.endpoints)
        server = start(PROGRAMS / "baton-server", "--models", folder)
        try:
            scrapes = measure_scrapes(server)
            crowd, answered = measure_crowd(server, max(3, arguments.pairs // 2), arguments.seconds)
        finally:
            server.stop()
    text = shown(recording, scrapes, crowd, answered, arguments.endpoints, busy)
    print(text)
    if arguments.write:
        sections.write("tests/bench/recording.py", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
