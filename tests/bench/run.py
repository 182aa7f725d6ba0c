#!/usr/bin/env python3
"""Benchmarks Baton beside nginx and a bare epoll loop, in one run on one machine; writes its section of docs/benchmarks.md.

    tests/bench/run.py [--bin build/bin] [--seconds 3] [--runs 3] [--write]

The server has core 0 and the generator (wrk) core 1 where there are two or more. Every figure is the median of the
runs, with the servers taking turns inside each run, so that a noisy moment of the machine meets all of them.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.dont_write_bytecode = True
import sections  # noqa: E402
from sections import ROOT  # noqa: E402

CONNECTIONS = (1, 64, 1000)
REVERSE = ("/reverse", '{"data":["Hello, World"]}')


def pinned(core, command):
    if (os.cpu_count() or 1) < 2:
        return command
    return ["taskset", "-c", str(core)] + command


class Server:
    """A server on core 0; `port` is its HTTP port, `pages` its metrics port or None."""

    def __init__(self, name, command, ready=True, port=None, cleanup=None):
        self.name, self.pages, self.cleanup = name, None, cleanup
        self.process = subprocess.Popen(pinned(0, command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if ready:
            line = self.process.stdout.readline()
            self.port = int(re.search(r"http=\S*:(\d+)", line).group(1))
            pages = re.search(r"pages=\S*:(\d+)", line)
            self.pages = int(pages.group(1)) if pages else None
        else:
            self.port = port
            time.sleep(0.5)

    def cpu_seconds(self):
        """Processor time in all, and of it in the kernel."""
        pids = [self.process.pid]
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        pids += children.read_text().split()
        user = kernel = 0
        for pid in pids:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            user += int(fields[11])
            kernel += int(fields[12])
        ticks = os.sysconf("SC_CLK_TCK")
        return (user + kernel) / ticks, kernel / ticks

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.pages}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        if self.cleanup:
            self.cleanup()


def start_nginx(port):
    folder = tempfile.mkdtemp(prefix="baton-bench-nginx-")
    os.chmod(folder, 0o755)
    config = pathlib.Path(folder, "nginx.conf")
    config.write_text(f"""
worker_processes 1; pid {folder}/pid; error_log /dev/null; daemon off; worker_rlimit_nofile 20000;
events {{ worker_connections 10000; }}
http {{ access_log off; keepalive_requests 100000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port} backlog=4096; default_type application/json;
    location / {{ return 200 '{{"data":["dlroW ,olleH"]}}'; }} }} }}
""")
    return Server("nginx, `return 200`", ["nginx", "-c", str(config)], ready=False, port=port,
                  cleanup=lambda: shutil.rmtree(folder, ignore_errors=True))


def wrk(port, path, body, connections, seconds):
    """Returns requests a second, p50 and p99 in ms, and how many requests failed."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(f"wrk.method='POST'\nwrk.body={json.dumps(body)}\n"
                     "wrk.headers['Content-Type']='application/json'\n"
                     "done=function(s,l,r) io.write(string.format('RESULT %d %d %d %d %d\\n',"
                     "s.requests,s.duration,l:percentile(50),l:percentile(99),"
                     "s.errors.connect+s.errors.read+s.errors.write+s.errors.status+s.errors.timeout)) end\n")
        script.flush()
        out = subprocess.run(
            pinned(1, ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script.name,
                       f"http://127.0.0.1:{port}{path}"]),
            capture_output=True, text=True, check=True).stdout
    requests, micros, p50, p99, failed = map(int, re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", out).groups())
    return requests / (micros / 1e6), p50 / 1e3, p99 / 1e3, failed, requests


def measure(server, path, body, connections, seconds):
    wrk(server.port, path, body, connections, 1)
    before, kernel_before = server.cpu_seconds()
    rate, p50, p99, failed, requests = wrk(server.port, path, body, connections, seconds)
    after, kernel_after = server.cpu_seconds()
    cpu = (after - before) / max(1, requests) * 1e6
    kernel = (kernel_after - kernel_before) / max(1, requests) * 1e6
    return {"rate": rate, "p50": p50, "p99": p99, "failed": failed, "cpu_us": cpu, "kernel_us": kernel}


def median(rows):
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def sum_of(metrics, name, labels=""):
    total = 0.0
    for line in metrics.splitlines():
        if line.startswith(name) and labels in line and not line.startswith("#"):
            total += float(line.rsplit(" ", 1)[1])
    return total


def stage_costs(server, path, body, endpoint, connections, seconds):
    """Mean time of each stage under that load, and busy time of the two kinds of threads, in us a request."""
    before = server.metrics()
    wrk(server.port, path, body, connections, seconds)
    after = server.metrics()
    delta = lambda name, labels="": sum_of(after, name, labels) - sum_of(before, name, labels)
    count = delta("baton_requests_total", f'endpoint="{endpoint}"')
    stages = {s: delta("baton_stage_duration_seconds_sum", f'endpoint="{endpoint}",stage="{s}"') / count * 1e6
              for s in ("read", "queue", "run", "write")}
    return {"stages": stages, "conductor_us": delta("baton_conductor_busy_seconds_total") / count * 1e6,
            "worker_us": delta("baton_pool_busy_seconds_total") / count * 1e6}


def sample(name):
    return (ROOT / f"server/models/bundled/{name}.sample.json").read_text()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build/bin")
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--nginx-port", type=int, default=18099)
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    args = parser.parse_args()

    baton = [str(args.bin / "baton-server"), "--http", "127.0.0.1:0", "--admin", "off", "--pages", "127.0.0.1:0",
             "--workers", "1"]
    starters = [("bare epoll loop, fixed answer", lambda: Server("bare", [str(args.bin / "bare_loop")])),
                ("nginx, `return 200`", lambda: start_nginx(args.nginx_port)),
                ("Baton `/reverse`", lambda: Server("baton", baton))]
    rows = {(name, c): [] for name, _ in starters for c in CONNECTIONS}
    models = ("tumour", "tumour_logistic", "digits")
    rows.update({(f"Baton `{m}` (OIP, JSON)", c): [] for m in models for c in CONNECTIONS})
    costs = {}
    for run in range(args.runs):
        for name, start in starters:
            server = start()
            try:
                for c in CONNECTIONS:
                    rows[name, c].append(measure(server, *REVERSE, c, args.seconds))
                    print(f"run {run + 1}: {name}, {c} connections: {rows[name, c][-1]['rate']:.0f}/s", file=sys.stderr)
                if server.pages:
                    for m in models:
                        path = f"/v2/models/{m}/infer"
                        for c in CONNECTIONS:
                            rows[f"Baton `{m}` (OIP, JSON)", c].append(measure(server, path, sample(m), c, args.seconds))
                    if run == 0:
                        costs = {"/reverse": stage_costs(server, *REVERSE, "reverse", 64, args.seconds)}
                        costs.update({m: stage_costs(server, f"/v2/models/{m}/infer", sample(m), m, 64, args.seconds)
                                      for m in models})
            finally:
                server.stop()
    text = report(args, rows, costs, [name for name, _ in starters] + [f"Baton `{m}` (OIP, JSON)" for m in models])
    print(text)
    if args.write:
        sections.write("tests/bench/run.py", text)
    failed = sum(row["failed"] for all_rows in rows.values() for row in all_rows)
    return 1 if failed else 0


def report(args, rows, costs, names):
    lines = ["## Cost of a request", "",
             f"Made by `tests/bench/run.py --seconds {args.seconds} --runs {args.runs} --write` at commit "
             f"`{sections.commit()}` on {sections.machine()}. Servers on core 0 (Baton: one conductor, one "
             "worker), wrk on core 1; medians of the runs. The machine is shared: read differences under 15 % as none, "
             "and ratios before absolute figures.", "",
             "| server | connections | requests/s | of the bare loop | CPU a request | in the kernel | p50 | p99 | failed |",
             "|---|---|---|---|---|---|---|---|---|"]
    for name in names:
        for c in CONNECTIONS:
            row = median(rows[name, c])
            bare = median(rows[names[0], c])["rate"]
            lines.append(f"| {name} | {c} | {row['rate']:,.0f} | {row['rate'] / bare:.2f} | {row['cpu_us']:.1f} us | "
                         f"{row['kernel_us']:.1f} us | "
                         f"{row['p50']:.2f} ms | {row['p99']:.2f} ms | {row['failed']:.0f} |")
    lines += ["", "### Where the time goes", "",
              "At 64 connections, from `baton_stage_duration_seconds`, `baton_conductor_busy_seconds_total` and "
              "`baton_pool_busy_seconds_total`. The stages contain waiting (64 requests share one core); the busy times "
              "are what the threads spent, the kernel's part of reads and writes included.", "",
              "| endpoint | read | queue | run | write | conductor busy | worker busy |", "|---|---|---|---|---|---|---|"]
    bare, ours = median(rows[names[0], 64]), median(rows["Baton `/reverse`", 64])
    own = ours["cpu_us"] - ours["kernel_us"]
    conclusion = ["", f"Of the {ours['cpu_us']:.1f} us that `/reverse` costs at 64 connections, {ours['kernel_us']:.1f} us are the "
                  f"kernel's (sockets, epoll, waking the worker and the conductor; the bare loop: {bare['kernel_us']:.1f} us) and "
                  f"{own:.1f} us our own: parsing, budget, ticket, hand-over, answer and books. With one connection each "
                  "request wakes two threads one after the other, which is what it pays over the bare loop. A model adds "
                  "decoding, the run and encoding on the worker (\"worker busy\")."]
    for name, cost in costs.items():
        stages = cost["stages"]
        lines.append(f"| `{name}` | {stages['read']:.1f} us | {stages['queue']:.1f} us | {stages['run']:.1f} us | "
                     f"{stages['write']:.1f} us | {cost['conductor_us']:.1f} us | {cost['worker_us']:.1f} us |")
    return "\n".join(lines + conclusion) + "\n"


if __name__ == "__main__":
    sys.exit(main())
