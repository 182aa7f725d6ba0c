"""The scenarios of the overload benchmark: each loads a running server and returns figures as plain data."""
import http.client
import json
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

from server import die_with_parent

BUDGET_MS = 50
FACTORS = (0.5, 1, 1.5, 2, 5, 10)
CONNECTIONS = 512
MANY_CONNECTIONS = 2048  # where the queue must be able to stand in the server and not in the clients
CAPACITY_CONNECTIONS = (1, 2, 4, 8, 16)
GRACE_S = 1
LEAVE_AFTER_MS = 5
SLOW_SHARE, SLOW_MS = 0.05, 200
SLOW_LOAD = 0.8
PROBES_PER_SECOND = 25
INFER_BODY = json.dumps({"inputs": [{"name": "input", "shape": [1, 16], "datatype": "FP32", "data": [0.5] * 16}]})


class Target:
    """What is asked for: a path and a body."""

    def __init__(self, path, body):
        self.path, self.body = path, body


MLP5 = Target("/v2/models/mlp5/infer", INFER_BODY)
MLP200 = Target("/v2/models/mlp200/infer", INFER_BODY)
SLEEP5 = Target("/test/sleep", '{"ms": 5}')
SPIN200 = Target("/test/spin", '{"ms": 200}')


def sum_of(metrics, name, labels=""):
    return sum(float(line.rsplit(" ", 1)[1]) for line in metrics.splitlines()
               if re.match(rf"{name}[{{ ]", line) and labels in line)


def quantile_of(before, after, name, share):
    """An upper bound of that quantile of what a histogram got between two scrapes, in seconds; None without any."""
    def cumulated(metrics):
        counts = {}
        for line in metrics.splitlines():
            match = re.match(rf'{name}_bucket{{.*le="([^"]+)".*}} (\S+)', line)
            if match:
                bound = float(match.group(1).replace("+Inf", "inf"))
                counts[bound] = counts.get(bound, 0) + float(match.group(2))
        return counts
    first, last = cumulated(before), cumulated(after)
    total = last.get(float("inf"), 0) - first.get(float("inf"), 0)
    if total <= 0:
        return None
    return next(bound for bound in sorted(last) if last[bound] - first.get(bound, 0) >= share * total)


class Bench:
    """How long steps last, where the programs are, and the log of the progress."""

    def __init__(self, binaries, step_s):
        self.binaries, self.step_s = binaries, step_s
        self.started = time.monotonic()

    def say(self, text):
        print(f"[{time.monotonic() - self.started:6.0f} s] {text}", file=sys.stderr, flush=True)

    def start_load(self, server, target, rate=None, connections=CONNECTIONS, seconds=None, warmup=0.5, grace=GRACE_S,
                   budget_ms=BUDGET_MS, seed=1):
        """A running baton-client; without a rate it is a closed loop."""
        kind = ["--closed"] if rate is None else ["--rate", f"{rate:.3f}", "--seed", str(seed)]
        command = [str(self.binaries / "baton-client"), "load", "--server", f"127.0.0.1:{server.port}", "--path",
                   target.path, "--data", target.body, "--header", "Content-Type: application/json", *kind,
                   "--budget", f"{budget_ms}ms", "--connections", str(connections),
                   "--duration", f"{seconds or self.step_s:g}s", "--warmup", f"{warmup * 1000:.0f}ms",
                   "--grace", f"{grace * 1000:.0f}ms", "-o", "json"]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, preexec_fn=die_with_parent)

    def finish(self, load, patience=90):
        try:
            out, error = load.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            load.kill()
            load.communicate()
            raise RuntimeError(f"{' '.join(load.args)} was expected to end within {patience} s") from None
        if not out.strip():
            raise RuntimeError(f"{' '.join(load.args)} gave no report: {error.strip()}")
        return json.loads(out)

    def load(self, *args, **options):
        return self.finish(self.start_load(*args, **options))


def capacity(bench, server, target):
    """The best good rate of a closed loop over 1 to 16 connections."""
    rates = {}
    for connections in CAPACITY_CONNECTIONS:
        report = bench.load(server, target, connections=connections, seconds=min(2, bench.step_s))
        rates[connections] = report["goodput_per_second"]
    bench.say(f"{server.name}: capacity {max(rates.values()):.0f}/s")
    return {"per_second": max(rates.values()), "by_connections": rates}


def step(bench, server, target, rate, seed):
    """One load at one rate."""
    before, resident = server.metrics(), server.resident_mib()
    report = bench.load(server, target, rate=rate, seed=seed)
    after = server.metrics()
    requests = max(1, report["requests"])
    refused = report["refusal_latency_ms"]
    own_p99 = quantile_of(before, after, "baton_refusal_duration_seconds", 0.99)
    late_name = "baton_late_answers_total"
    return {"rate": rate, "offered": report["offered_per_second"], "goodput": report["goodput_per_second"],
            "in_budget": (report["answered"] - report["late"]) / requests,
            "refused": refused["count"], "refuse_p99_ms": refused["p99"] if refused["count"] else None,
            "server_refuse_p99_ms": None if own_p99 is None else own_p99 * 1e3,
            "late_by_server": sum_of(after, late_name) - sum_of(before, late_name) if after else None,
            "answers": report["answers"], "causes": report["causes"], "p99_ms": report["latency_ms"]["p99"],
            "unanswered": requests - report["answered"], "generator": report["generator"],
            "resident_mib": [resident, server.resident_mib()]}


def curve(bench, server, target, peak, seed):
    """One step at each load factor."""
    rows = {}
    for factor in FACTORS:
        row = rows[f"{factor:g}"] = step(bench, server, target, factor * peak, seed)
        bench.say(f"{server.name}: {factor * 100:g} % of capacity: goodput {row['goodput']:.0f}/s, answered in budget "
                  f"{row['in_budget'] * 100:.2f} %")
        server.settle()
    return rows


class Probes:
    """Single requests at a steady pace, each on a connection and a thread of its own."""

    def __init__(self, server, target):
        self.server, self.target, self.results, self.lock = server, target, [], threading.Lock()

    def ask(self, at):
        started, is_good = time.monotonic(), False
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        try:
            connection.request("POST", self.target.path, self.target.body,
                               {"Content-Type": "application/json", "Baton-Budget-Ms": str(BUDGET_MS)})
            status = connection.getresponse().status
            is_good = status == 200 and time.monotonic() - started <= BUDGET_MS / 1e3
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        with self.lock:
            self.results.append((at, is_good))

    def run(self, seconds):
        """(when, whether it was good) of each, from now on; ends early after two good seconds."""
        start, threads = time.monotonic(), []
        for i in range(int(seconds * PROBES_PER_SECOND)):
            at = i / PROBES_PER_SECOND
            time.sleep(max(0.0, start + at - time.monotonic()))
            threads.append(threading.Thread(target=self.ask, args=(at,), daemon=True))
            threads[-1].start()
            if i % PROBES_PER_SECOND == 0 and self.first_good_second(2) is not None:
                break
        for thread in threads:
            thread.join(timeout=6)
        return self.first_good_second(1)

    def first_good_second(self, length):
        with self.lock:
            return first_good_second(sorted(self.results), length)


def first_good_second(results, length=1):
    """The first instant from which `length` seconds of probes were all good; None without any.

    `results`: (when, whether it was good), by time."""
    needed, start = round(length * PROBES_PER_SECOND), 0
    for i, (_, is_good) in enumerate(results):
        if not is_good:
            start = i + 1
        elif i + 1 - start >= needed:
            return results[start][0]
    return None


def drop(bench, server, target, peak, factor):
    """Time from the end of an overload until a second long every probe is answered well, at half load."""
    overload = bench.start_load(server, target, rate=factor * peak, connections=MANY_CONNECTIONS, seconds=30, grace=12)
    time.sleep(min(3, bench.step_s) + 0.5)
    overload.send_signal(signal.SIGTERM)
    normal = bench.start_load(server, target, rate=0.5 * peak - PROBES_PER_SECOND, seconds=20, warmup=0, seed=2)
    seconds = Probes(server, target).run(12)
    normal.send_signal(signal.SIGTERM)
    bench.finish(normal)
    bench.finish(overload)
    server.settle()
    shown = "not within 12 s" if seconds is None else f"{seconds:.2f} s"
    bench.say(f"{server.name}: back to normal after {factor:g} times the capacity: {shown}")
    return seconds


def memory(bench, server, target, peak, rounds=4):
    """Resident MiB before and after each of several loads of ten times the capacity."""
    resident = [server.resident_mib()]
    for i in range(rounds):
        bench.load(server, target, rate=10 * peak, seconds=min(3, bench.step_s), seed=10 + i)
        server.settle()
        resident.append(server.resident_mib())
    bench.say(f"{server.name}: resident MiB over {rounds} loads of 10 times the capacity: "
              + ", ".join(f"{value:.1f}" for value in resident))
    return resident


def slow(bench, server, target, slow_target, peak, workers=2):
    """80 % load of which 5 % of the requests take 40 times as long, on another endpoint."""
    rate = SLOW_LOAD / ((1 - SLOW_SHARE) / peak + SLOW_SHARE * SLOW_MS / 1e3 / workers)
    seconds = 2 * bench.step_s
    others = bench.start_load(server, slow_target, rate=SLOW_SHARE * rate, seconds=seconds, budget_ms=2000, grace=3, seed=3)
    report = bench.load(server, target, rate=(1 - SLOW_SHARE) * rate, seconds=seconds)
    slow_report = bench.finish(others)
    server.settle()
    row = {"rate": rate, "fast_good": report["good"] / max(1, report["requests"]),
           "slow_good": slow_report["good"] / max(1, slow_report["requests"]), "answers": report["answers"],
           "slow_answers": slow_report["answers"], "p99_ms": report["latency_ms"]["p99"]}
    bench.say(f"{server.name}: beside slow requests {row['fast_good'] * 100:.2f} % of the fast ones are good")
    return row


def spent(server):
    metrics = server.metrics()
    return {"cpu": server.cpu_seconds(), "wasted": sum_of(metrics, "baton_wasted_run_seconds_total"),
            "busy": sum_of(metrics, "baton_pool_busy_seconds_total"), "tasks": sum_of(metrics, "baton_pool_tasks_total")}


def between(before, after):
    return {key: after[key] - before[key] for key in before}


def leave(bench, server, target, peak, seed):
    """Four times the capacity, of which half leaves 5 ms after sending: what is spent on those who left."""
    start = spent(server)
    calm = bench.load(server, target, rate=0.7 * peak, warmup=0)
    cost = between(start, spent(server))
    answered = max(1, calm["answered"])
    start = spent(server)
    seconds = bench.step_s
    # Twice of what can be served stays, so that the queue stands with or without those who leave.
    stay = bench.start_load(server, target, rate=2 * peak, connections=MANY_CONNECTIONS, seconds=seconds, warmup=0, grace=15,
                            seed=seed)
    script = pathlib.Path(__file__).with_name("leaving_clients.py")
    gone = subprocess.run(
        [sys.executable, str(script), "--port", str(server.port), "--path", target.path, "--data", target.body, "--rate",
         f"{2 * peak:.3f}", "--seconds", str(seconds), "--after-ms", str(LEAVE_AFTER_MS), "--header",
         f"Baton-Budget-Ms: {BUDGET_MS}"],
        capture_output=True, text=True, check=True, timeout=seconds + 60, preexec_fn=die_with_parent)
    stayed = bench.finish(stay)
    server.settle()
    use, counts = between(start, spent(server)), json.loads(gone.stdout)
    # By the processor's time: what was not spent on those who stayed and had a prediction.
    served = sum(n for kind, n in stayed["answers"].items() if kind in ("prediction", "ok"))
    row = {**counts, "stayed": stayed["answers"], "use": use,
           "run_s": cost["busy"] / cost["tasks"] if cost["tasks"] else None, "cpu_s": cost["cpu"] / answered}
    row["share_by_cpu"] = (use["cpu"] - served * row["cpu_s"]) / max(1e-9, counts["left"] * row["cpu_s"])
    row["share_by_count"] = use["wasted"] / max(1e-9, counts["left"] * row["run_s"]) if row["run_s"] else None
    by_count = "" if row["share_by_count"] is None else f", {row['share_by_count'] * 100:.1f} % by its own count"
    bench.say(f"{server.name}: {counts['left']} clients left; spent on them, of what running them would cost: "
              f"{row['share_by_cpu'] * 100:.1f} % by processor time{by_count}")
    return row
