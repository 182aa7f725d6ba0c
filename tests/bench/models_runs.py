"""The parts of the models benchmark: each loads servers and returns its figures as plain data."""
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import models_servers as servers
import speed_servers
from models_servers import THREADS, Missing, told
from server import Server, die_with_parent
from speed_runs import cost, failed

CONNECTIONS = 64
WARMUP_S = 0.5
LEARNING_S = 2  # of runs that are long, and of many requests
TURNS = 3  # of what is compared where the machine changes
BATCH_SIZES = (1, 4, 8, 16, 32)
BATCH_BUDGET_RUNS = 6  # of the best batch: one waits for a run and a half, and runs
STEADY_RATE = 500  # requests/s beside which another model comes and goes
STARTS, STARTS_QUICK = 10, 3
LOADS, LOADS_QUICK = 1_000, 100


class Bench:
    """How long loads last, where the programs are, and the folder that is served."""

    def __init__(self, binaries, seconds, folder, is_quick=False):
        self.binaries, self.seconds, self.folder, self.is_quick = binaries, seconds, folder, is_quick

    def baton(self, name, *flags, **how):
        return servers.start_baton(self.binaries, f"models-{name}", "--models", str(self.folder.path),
                                   "--workers", str(THREADS), *flags, **how)

    def http(self, server, model, body, *flags, connections=CONNECTIONS, seconds=None):
        """One load by baton-client, as it reports it; a closed loop unless the flags say something else."""
        kind = [] if "--rate" in flags else ["--closed"]
        seconds = seconds or self.seconds
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            return json.loads(told(
                [str(self.binaries / "baton-client"), "load", "--server", f"127.0.0.1:{server.port}", "--path",
                 f"/v2/models/{model}/infer", "--file", file.name, *kind, *flags, "--connections", str(connections),
                 "--warmup", "0s", "--duration", f"{seconds:g}s", "--grace", "10s", "-o", "json"], seconds + 60))

    def measured(self, server, *args, **others):
        """The rate, p99 and cost of such a load, once the server has learned how long its runs take."""
        self.http(server, *args, "--budget", "10s", **others, seconds=WARMUP_S)
        before = server.cpu_times()
        report = self.http(server, *args, **others)
        requests = max(1, report["requests"])
        return {"rate": (requests - failed(report)) / report["measured_seconds"], "p99_ms": report["prediction_latency_ms"]["p99"],
                "failed": failed(report), **cost(before, server.cpu_times(), requests)}

    def grpc(self, server, *flags):
        """The same by grpc_load."""
        command = [str(self.binaries / "grpc_load"), f"127.0.0.1:{server.grpc}", *flags]
        told([*command, "--seconds", str(WARMUP_S)], 60)
        before = server.cpu_times()
        report = json.loads(told([*command, "--seconds", f"{self.seconds:g}"], self.seconds + 60))
        lost = sum(report["failed_by_code"].values())
        return {"rate": report["requests_per_second"], "p99_ms": report["p99_us"] / 1e3, "failed": lost,
                **cost(before, server.cpu_times(), max(1, report["requests"] + lost))}

    def empty_grpc(self, *flags):
        """The same of a gRPC service that answers everything with the same few bytes."""
        server = Server("models-grpc-empty", [str(self.binaries / "grpc_empty")])
        return stopping(server, lambda it: self.grpc(it, *flags))

    def bare(self, model, rows=1, threads=THREADS):
        return json.loads(told([str(self.binaries / "bare_model"), str(self.folder.version(model)), "--rows", str(rows),
                                "--threads", str(threads), "--seconds", f"{self.seconds:g}"], self.seconds + 60))


def stopping(server, use):
    try:
        return use(server)
    finally:
        server.stop()


def classifier(bench):
    """The bundled classifier: raw and JSON over HTTP, raw over gRPC, and a gRPC service that does nothing."""
    body, header = servers.raw_body(1, 30)
    with_baton = lambda baton: {
        "http": bench.measured(baton, "tumour", body, "--header", header),
        "json": bench.measured(baton, "tumour", speed_servers.sample("tumour").encode()),
        "grpc": bench.grpc(baton, "--connections", str(CONNECTIONS))}
    return {**stopping(bench.baton("classifier"), with_baton), "empty": bench.empty_grpc("--connections", str(CONNECTIONS))}


def triton(bench):
    """The same classifier in Triton, JSON over HTTP."""
    server = speed_servers.Fleet(bench.binaries).start("triton", None)
    return stopping(server, lambda it: bench.measured(it, "tumour", speed_servers.sample("tumour").encode()))


def slow(bench):
    """A model of about 5 ms: as many requests under way as there are workers, and as many again. The bare model and the
    server take turns, since what the machine gives changes by a fifth within seconds."""
    body, header = servers.raw_body(1, 16)

    def take_turns(baton):
        turns = [(bench.bare("mlp5"), bench.measured(baton, "mlp5", body, "--header", header, connections=2 * THREADS))
                 for _ in range(TURNS)]
        bare, served = zip(*turns)
        return {"bare": statistics.mean(one["runs_per_second"] for one in bare),
                "bare_us": statistics.mean(one["cpu_us"] for one in bare),
                "failed": sum(one["failed"] for one in served),
                **{name: statistics.mean(one[name] for one in served) for name in ("rate", "p99_ms", "cpu_us", "kernel_us")}}
    return stopping(bench.baton("slow"), take_turns)


def batched(bench):
    """The same model with as many rows in a run as is best for it, a request a row."""
    rates = {rows: rows * bench.bare("mlp5", rows)["runs_per_second"] for rows in BATCH_SIZES}
    best = max(rates, key=rates.get)
    budget = round(BATCH_BUDGET_RUNS * THREADS * best / rates[best] * 1e3)
    body, header = servers.raw_body(1, 16)
    flags = [flag for setting in (f"batch_max_size={best}", "batch_max_delay=5ms", f"default_budget={budget}ms")
             for flag in ("--endpoint", f"mlp5:{setting}")]
    load = ("mlp5", body, "--header", header)
    connections = 2 * THREADS * best

    def measure(baton):
        bench.http(baton, *load, "--budget", "10s", connections=connections, seconds=LEARNING_S)
        return bench.measured(baton, *load, connections=connections)
    measured = stopping(bench.baton("batched", *flags), measure)
    return {"rows": best, "bare": rates[best], "bare_alone": rates[1], "budget_ms": budget, **measured}


def wide(bench):
    """150,528 floats as raw bytes, one request under way: the server's cost beyond the model's own."""
    body, header = servers.raw_body(1, servers.WIDE)
    own = bench.bare("wide", threads=1)["cpu_us"]
    shape = ("--model", "wide", "--shape", f"1,{servers.WIDE}", "--connections", "1")
    return {"own_us": own, "empty": bench.empty_grpc(*shape), **stopping(bench.baton("wide"), lambda it: {
        "http": bench.measured(it, "wide", body, "--header", header, connections=1), "grpc": bench.grpc(it, *shape)})}


def churning(bench, baton, name, *limits):
    """A process that loads and unloads a model until it has ended."""
    if not servers.CLIENTS.exists():
        raise Missing("the Python environment of the tests is not there: run scripts/install-dependencies test")
    script = servers.ROOT / "tests/bench/model_churn.py"
    return subprocess.Popen([str(servers.CLIENTS), "-B", str(script), f"127.0.0.1:{baton.admin}", name, *limits],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent)


def loads_of(churn):
    """How many there were."""
    text, _ = churn.communicate(timeout=300)
    if churn.returncode != 0:
        raise RuntimeError("a model could not be loaded and unloaded again and again")
    return json.loads(text)["loads"]


def computing():
    """A process that only computes, whenever nobody else wants the core."""
    def give_way():
        die_with_parent()
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    return subprocess.Popen([sys.executable, "-c", "while True: pass"], stdin=subprocess.DEVNULL, preexec_fn=give_way)


def neighbours(bench):
    """p99 of one model: alone, beside a process that computes, and while another model is loaded, warmed up and unloaded
    without a pause. In our session: a client elsewhere would not have to wait for the server's cores."""
    body, header = servers.raw_body(1, 30)
    steady = ("--header", header, "--rate", str(STEADY_RATE), "--budget", "50ms")

    def measure(baton):
        bench.http(baton, "tumour", body, *steady, seconds=WARMUP_S)
        alone = bench.http(baton, "tumour", body, *steady)
        other = computing()
        try:
            beside_other = bench.http(baton, "tumour", body, *steady)
        finally:
            other.kill()
            other.wait()
        churn = churning(bench, baton, "mlp5", "--seconds", f"{bench.seconds + 0.5:g}")
        try:
            time.sleep(0.3)  # its process starts, and costs what no load costs
            beside = bench.http(baton, "tumour", body, *steady)
            loads = loads_of(churn)
        finally:
            churn.kill()
        return {"alone_ms": alone["latency_ms"]["p99"], "beside_ms": beside["latency_ms"]["p99"],
                "beside_other_ms": beside_other["latency_ms"]["p99"], "loads": loads, "failed": failed(alone) + failed(beside)}
    return stopping(bench.baton("neighbours", in_our_session=True), measure)


def memory(bench):
    """Resident memory after the first tenth of many loads and unloads, and after all of them."""
    times = LOADS_QUICK if bench.is_quick else LOADS

    def measure(baton):
        loads_of(churning(bench, baton, "small", "--times", str(times // 10)))
        early = baton.resident_mib()
        loads_of(churning(bench, baton, "small", "--times", str(times - times // 10)))
        return {"loads": times, "early_mib": early, "late_mib": baton.resident_mib()}
    return stopping(bench.baton("memory"), measure)


def first_answer(port, body):
    """Asks until there is a prediction."""
    request = (b"POST /v2/models/tumour/infer HTTP/1.1\r\nHost: t\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
               % len(body)) + body
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        client.sendall(request)
        answer = client.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the first answer was expected to be 200, was {answer[:100]!r}")


def start(bench):
    """From the start of the process to the first prediction, with the bundled models; and what it then holds."""
    body = speed_servers.sample("tumour").encode()
    times, sizes = [], []
    for _ in range(STARTS_QUICK if bench.is_quick else STARTS):
        began = time.monotonic()
        baton = servers.start_baton(bench.binaries, "models-start")
        try:
            first_answer(baton.port, body)
            times.append((time.monotonic() - began) * 1e3)
            sizes.append(baton.resident_mib())
        finally:
            baton.stop()
    return {"first_ms": statistics.median(times), "idle_mib": statistics.median(sizes)}


ONCE = ("memory", "start")  # the others are measured in every run
PARTS = {"classifier": classifier, "triton": triton, "slow": slow, "batched": batched, "wide": wide,
         "neighbours": neighbours, "memory": memory, "start": start}
NEED_OTHERS = ("slow", "batched", "wide", "neighbours")  # models that are not bundled
