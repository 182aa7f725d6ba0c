"""The workloads of the speed benchmark: each loads running servers and returns figures as plain data."""
import dataclasses
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

import speed_servers as servers
from server import BENCH, die_with_parent

HTTP_PEERS = ("bare", "baton", "nginx", "axum", "go")
GENERATOR_CORE = "1"
SERVER_CORE = "0"
BOTH_CORES = "0,1"
GROWTH = (16, 256, 1000)  # beside 1 and 64, which have workloads of their own
IDLE, IDLE_QUICK = 10_000, 1_000
IDLE_RATE = 10_000
WARMUP_S = 0.3
PIPELINE = 16


@dataclasses.dataclass(frozen=True)
class Workload:
    """A load, and who is put under it. `cores`: where the server is; None: anywhere, and the generator too."""

    name: str
    title: str
    path: str
    connections: int
    subjects: tuple = HTTP_PEERS
    body: str = servers.REVERSE
    tool: str = "baton-client"
    flags: tuple = ()
    cores: str | None = SERVER_CORE

    @property
    def method(self):
        return "GET" if self.path == "/hello" else "POST"


def reverse(name, title, connections, **others):
    return Workload(name, title, "/reverse", connections, **others)


def oip(name, title, model, connections, **others):
    return Workload(name, title, f"/v2/models/{model}/infer", connections, **others)


def workloads():
    """In the order in which they are measured."""
    pipelined = ("--pipeline", str(PIPELINE))
    return [
        Workload("hello-64", "`GET /hello`, 64 connections", "/hello", 64),
        Workload("hello-1000", "`GET /hello`, 1000 connections", "/hello", 1000),
        reverse("reverse-64", "`POST /reverse`, 64 connections", 64),
        reverse("reverse-1000", "`POST /reverse`, 1000 connections, by wrk", 1000, tool="wrk"),
        Workload("hello-pipelined", f"`GET /hello`, 64 connections, {PIPELINE} requests under way on each", "/hello", 64,
                 flags=pipelined),
        reverse("pipelined", f"`POST /reverse`, 64 connections, {PIPELINE} requests under way on each", 64, flags=pipelined),
        reverse("reverse-1", "`POST /reverse`, 1 connection", 1),
        reverse("new-connections", "`POST /reverse`, 64 clients, a new connection for each request", 64,
                flags=("--new-connections",)),
        *(reverse(f"growth-{n}", f"`POST /reverse`, {n} connections", n, subjects=("baton",)) for n in GROWTH),
        reverse("conductors-1", f"`POST /reverse`, 64 connections, {PIPELINE} under way, 1 conductor on 1 core", 64,
                subjects=("baton",), flags=pipelined),
        reverse("conductors-2", f"`POST /reverse`, 64 connections, {PIPELINE} under way, 2 conductors on 2 cores", 64,
                subjects=("baton-2",), flags=pipelined, cores=BOTH_CORES),
        oip("wide", "OIP JSON of 150,528 floats, 4 connections", "wide", 4, subjects=("sum", "baton-wide"),
            body=servers.wide_body()),
        reverse("unpinned", "`POST /reverse`, 64 connections, nothing pinned", 64, cores=None),
        oip("tumour", "OIP JSON, classifier of 30 features, 64 connections, nothing pinned", "tumour", 64,
            subjects=("baton", "triton"), body=servers.sample("tumour"), cores=None),
        Workload("idle", f"{IDLE:,} idle keep-alive connections", "/hello", 64),
    ]


def among(workload, subjects):
    """The same for these subjects alone."""
    return dataclasses.replace(workload, subjects=tuple(s for s in workload.subjects if s in subjects))


def on_own_core(workload):
    """The same with the server on its core and the generator on the other."""
    return dataclasses.replace(workload, cores=SERVER_CORE)


def beside(cores, command):
    """The generator's command: on its own core where the server has one."""
    is_pinned = cores is not None and (os.cpu_count() or 1) > 1
    return (["taskset", "-c", GENERATOR_CORE] if is_pinned else []) + command


def told(command, patience):
    """What a generator prints; RuntimeError when it fails or does not end."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=True, preexec_fn=die_with_parent,
                               stdin=subprocess.DEVNULL)
        return ended.stdout
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{command[0]} was expected to end within {patience:.0f} s") from None
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{' '.join(command)[:200]}: {error.stderr.strip()[-300:]}") from None


class Bench:
    """How long loads last, where the programs are, and the log of the progress."""

    def __init__(self, binaries, seconds, is_quick=False):
        self.binaries, self.seconds, self.is_quick = binaries, seconds, is_quick
        self.started = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self.started:6.0f} s] {text}", file=sys.stderr, flush=True)

    def load(self, server, workload, kind=("--closed",), seconds=None, connections=None):
        """One load by baton-client, as it reports it."""
        seconds = seconds or self.seconds
        body = BENCH / f"body-{workload.name}.json"
        body.write_text(workload.body)
        request = ["--file", str(body)] if workload.method == "POST" else []
        command = beside(workload.cores, [
            str(self.binaries / "baton-client"), "load", "--server", f"127.0.0.1:{server.port}", "--path", workload.path,
            *request, *kind, *workload.flags, "--connections", str(connections or workload.connections), "--warmup", "0s",
            "--duration", f"{seconds:g}s", "--grace", "5s", "-o", "json"])
        return json.loads(told(command, seconds + 60))

    def wrk(self, server, workload, seconds, origin=None):
        """The same by wrk, as far as it tells: requests, seconds, p50 and p99 in ms, failed. `origin`: "https://HOST:PORT"."""
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(f"wrk.method='{workload.method}'\nwrk.body={json.dumps(workload.body)}\n"
                         "wrk.headers['Content-Type']='application/json'\n"
                         "done=function(s,l,r) io.write(string.format('RESULT %d %d %d %d %d\\n',"
                         "s.requests,s.duration,l:percentile(50),l:percentile(99),"
                         "s.errors.connect+s.errors.read+s.errors.write+s.errors.status+s.errors.timeout)) end\n")
            script.flush()
            whole = str(max(1, round(seconds)))
            out = told(beside(workload.cores, ["wrk", "-t1", f"-c{workload.connections}", f"-d{whole}s", "-s", script.name,
                                                 (origin or f"http://127.0.0.1:{server.port}") + workload.path]), seconds + 60)
        return list(map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", out).groups()))


def failed(report):
    """Requests of a report that had no answer, or another one than a prediction."""
    answers = report["answers"]
    return report["requests"] - answers.get("ok", 0) - answers.get("prediction", 0)


def measure(bench, server, workload):
    """Rate, latencies, and processor time a request of server and generator."""
    servers.check(server, workload.method, workload.path, workload.body if workload.method == "POST" else None)
    if workload.tool == "wrk":
        return measure_by_wrk(bench, server, workload)
    bench.load(server, workload, seconds=WARMUP_S)
    before = server.cpu_times()
    report = bench.load(server, workload)
    requests, elapsed = max(1, report["requests"]), report["measured_seconds"]
    return {"rate": (report["requests"] - failed(report)) / elapsed, "p50_ms": report["latency_ms"]["p50"], "p99_ms": report["latency_ms"]["p99"],
            "failed": failed(report), "generator_busy": report["generator"]["busy_ratio"],
            "generator_us": report["generator"]["busy_ratio"] * elapsed / requests * 1e6,
            **cost(before, server.cpu_times(), requests)}


def measure_by_wrk(bench, server, workload):
    bench.wrk(server, workload, 1)
    before = server.cpu_times()
    requests, micros, p50, p99, errors = bench.wrk(server, workload, bench.seconds)
    return {"rate": requests / (micros / 1e6), "p50_ms": p50 / 1e3, "p99_ms": p99 / 1e3, "failed": errors,
            **cost(before, server.cpu_times(), max(1, requests))}


def cost(before, after, requests):
    user, kernel = (then - now for now, then in zip(before, after))
    return {"cpu_us": (user + kernel) / requests * 1e6, "kernel_us": kernel / requests * 1e6}


def keep_idle(port, count):
    """That many connections, each of which has had one answer."""
    kept = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port), timeout=10)
        client.sendall(b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        if not client.recv(65536).startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"idle connection {len(kept) + 1} had no answer of 200")
        kept.append(client)
    return kept


def measure_idle(bench, server, workload):
    """Memory of idle connections, and p99 of active ones without and beside them; on a server that is fresh."""
    count = IDLE_QUICK if bench.is_quick else IDLE
    steady = ("--rate", str(IDLE_RATE), "--schedule", "poisson")
    bench.load(server, workload, steady, WARMUP_S)
    alone = bench.load(server, workload, steady)
    before = server.resident_mib()
    kept = []
    try:
        kept = keep_idle(server.port, count)
        each = (server.resident_mib() - before) * 1024 / count
        bench.load(server, workload, steady, WARMUP_S)
        crowded = bench.load(server, workload, steady)
    finally:
        for client in kept:
            client.close()
    return {"idle": count, "kib": each, "p99_alone_ms": alone["latency_ms"]["p99"], "p99_beside_ms": crowded["latency_ms"]["p99"],
            "failed": failed(alone) + failed(crowded)}


def sum_of(metrics, name, labels=""):
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines()
               if re.match(rf"{name}[{{ ]", line) and labels in line)


def stages(bench, server, endpoint, workload):
    """Mean time of each stage under a load, and busy time of the two kinds of threads, in us a request."""
    before = server.metrics()
    bench.load(server, workload)
    after = server.metrics()

    def gained(name, labels=""):
        return sum_of(after, name, labels) - sum_of(before, name, labels)
    count = max(1, gained("baton_requests_total", f'endpoint="{endpoint}"'))
    micros = {stage: gained("baton_stage_duration_seconds_sum", f'endpoint="{endpoint}",stage="{stage}"') / count * 1e6
              for stage in ("read", "queue", "run", "write")}
    return {**micros, "conductor": gained("baton_conductor_busy_seconds_total") / count * 1e6,
            "worker": gained("baton_pool_busy_seconds_total") / count * 1e6}
