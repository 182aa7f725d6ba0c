#!/usr/bin/env python3
"""How long operators wait for an answer while clients ask for ten times as much as the server can do.

    build/deps/venv/bin/python tests/bench/admin_under_load.py [--seconds 15] [--times 10] [--write]

Every method of the admin API that changes nothing, over gRPC and over its HTTP mirror, one call after the other on kept
connections, while `baton-client load` offers `--times` the capacity of two workers that each request holds for 5 ms.
Nothing is pinned: server, load and operator share the machine.
"""
import argparse
import collections
import http.client
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import sections  # noqa: E402
from overload_report import table  # noqa: E402
from server import BENCH, Server  # noqa: E402

TARGET_MS = 50
HOLD_MS, WORKERS = 5, 2
SERVICE = "/baton.admin.v1.AdminService/"
WAITS = "WaitOperation"  # as long as it is told to


def named(name):
    """A request whose first field is `name`, as protobuf writes it."""
    return b"\n" + bytes([len(name)]) + name.encode() if name else b""


class Operator:
    """Calls of the admin API; of each method, in ms, what it took."""

    def __init__(self, server, grpc):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{server.admin}")
        self.http = http.client.HTTPConnection("127.0.0.1", server.pages, timeout=30)
        self.methods = [one for one in json.loads(self.get("/admin/v1"))["methods"]
                        if one["role"] == "viewer" and one["method"] != WAITS]
        self.call("ReloadModels")
        self.names = {"endpoints/**": "endpoints/reverse", "models/*": "models/tumour", "listeners/*": "listeners/http"}
        self.names["operations/*"] = json.loads(self.get("/admin/v1/operations"))["operations"][0]["name"]
        self.took = collections.defaultdict(list)

    def call(self, method, name=""):
        return self.channel.unary_unary(SERVICE + method)(named(name), timeout=30)

    def get(self, path):
        self.http.request("GET", path)
        answer = self.http.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"GET {path}: expected 200, got {answer.status}: {body[:200]!r}")
        return body

    def look_once(self):
        for one in self.methods:
            path = one["path"]
            pattern = path[path.index("=") + 1:path.index("}")] if "{" in path else ""
            name = self.names.get(pattern, pattern)
            whole = path.replace("{name=" + pattern + "}", name)
            for way, ask in (("gRPC", lambda: self.call(one["method"], name)), ("HTTP", lambda: self.get(whole))):
                began = time.perf_counter()
                ask()
                self.took[one["method"], way].append((time.perf_counter() - began) * 1e3)


def offer(binaries, server, rate, seconds, body):
    command = [str(binaries / "baton-client"), "load", "--server", f"127.0.0.1:{server.port}", "--path", "/test/spin", "--file", str(body),
               "--rate", f"{rate:g}", "--schedule", "poisson", "--connections", "64", "--warmup", "0s", "--duration", f"{seconds:g}s",
               "--grace", "5s", "-o", "json"]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)


def measure(args, grpc):
    capacity = WORKERS * 1000 / HOLD_MS
    body = BENCH / "body-admin.json"
    body.write_text(json.dumps({"ms": HOLD_MS}))
    server = Server("admin-under-load", [
        str(args.bin / "baton-server"), "--http", "127.0.0.1:0", "--grpc", "off", "--admin", "127.0.0.1:0", "--admin-socket", "off", "--pages",
        "127.0.0.1:0", "--workers", str(WORKERS), "--test-endpoints", "--default-budget", "100ms", "--log-level", "error"])
    try:
        load = offer(args.bin, server, args.times * capacity, args.seconds + 4, body)  # before gRPC has threads
        try:
            operator = Operator(server, grpc)
            time.sleep(1)  # into the load
            end = time.monotonic() + args.seconds
            while time.monotonic() < end and load.poll() is None:
                operator.look_once()
            is_whole = load.poll() is None
            report = json.loads(load.communicate(timeout=60)[0])
        finally:
            load.kill()
    finally:
        server.stop()
    if not is_whole:
        raise RuntimeError("the load ended before the calls")
    return operator.took, report, capacity


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def rows(took):
    methods = list(dict.fromkeys(method for method, _ in took))
    return [[f"`{method}`", str(len(took[method, "gRPC"]))] +
            [f"{figure:.1f} ms" for way in ("gRPC", "HTTP") for figure in
             (statistics.median(took[method, way]), quantile(took[method, way], 0.99), max(took[method, way]))] for method in methods]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=sections.ROOT / "build/bin", help="where the programs are")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--times", type=float, default=10, help="of the capacity")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    args = parser.parse_args()
    try:
        import grpc
    except ImportError:
        sys.exit("error: expected grpcio for Python, found none: run it by build/deps/venv/bin/python")
    BENCH.mkdir(parents=True, exist_ok=True)
    before = os.getloadavg()[0]
    took, report, capacity = measure(args, grpc)
    slowest = max(max(values) for values in took.values())
    answers = ", ".join(f"{count:,} {name}" for name, count in sorted(report["answers"].items()) if count)
    offered = report["requests"] / report["measured_seconds"]
    text = "\n".join([
        "## Operators under overload", "",
        f"Made by `tests/bench/admin_under_load.py --seconds {args.seconds:g} --times {args.times:g} --write` at commit "
        f"`{sections.commit()}` on {sections.machine()}, where {before:.1f} threads ran or waited before (load average of a minute): every call of the "
        f"admin API that changes nothing, while clients offer {offered:,.0f} requests/s, of which {WORKERS} workers that each holds for {HOLD_MS} ms can "
        f"do {capacity:,.0f} ({answers}). Nothing is pinned; the operator's program is Python.", "",
        *table(["method", "calls each way", "gRPC p50", "p99", "slowest", "HTTP p50", "p99", "slowest"], rows(took)), "",
        f"Target: each within {TARGET_MS} ms. The slowest of {sum(map(len, took.values())):,} calls took {slowest:.1f} ms: "
        f"{'met' if slowest <= TARGET_MS else '**not met**'}."]).rstrip("\n") + "\n"
    print(text)
    if args.write:
        sections.write("tests/bench/admin_under_load.py", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
