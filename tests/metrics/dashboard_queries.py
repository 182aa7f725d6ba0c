#!/usr/bin/env python3
"""Runs every query of the dashboards against a Prometheus and reports those that return nothing.

    dashboard_queries.py --prometheus http://localhost:9090 --instance localhost:8082 DASHBOARD...
    dashboard_queries.py --synthetic docs/metrics.md --rules deploy/prometheus/rules.yml DASHBOARD...

The second starts a Prometheus of its own over made-up counters that follow the catalogue: it shows that the
queries fit the names, labels and types there. Exit code 1 when a query returns nothing.
"""
import argparse
import contextlib
import http.server
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import promql
from catalogue import read_catalogue
from dashboard_lint import queries

BOUNDS = ("0.001", "0.1", "0.9", "1", "+Inf")


def children(entry):
    """One child for each combination of the closed labels' values."""
    values = [sorted(values) if values else ["x"] for values in entry.labels.values()]
    for combination in itertools.product(*values):
        yield ",".join(f'{name}="{value}"' for name, value in zip(entry.labels, combination))


def synthetic_exposition(entries, step):
    """What a server could expose at its scrape number `step`: everything grows."""
    lines = []
    for entry in entries.values():
        lines += [f"# HELP {entry.name} Made up.", f"# TYPE {entry.name} {entry.type}"]
        for labels in children(entry):
            if entry.type == "histogram":
                comma = "," if labels else ""
                lines += [f'{entry.name}_bucket{{{labels}{comma}le="{bound}"}} {step * (i + 1)}'
                          for i, bound in enumerate(BOUNDS)]
                lines += [f"{entry.name}_sum{{{labels}}} {step}", f"{entry.name}_count{{{labels}}} {step * len(BOUNDS)}"]
            else:
                # Gauges of 1 are in the range of each of them; annotations want some to change.
                changing = entry.type == "counter" or entry.name in ("baton_config_generation",
                                                                     "process_start_time_seconds")
                lines.append(f"{entry.name}{{{labels}}} {step if changing else 1}")
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def synthetic_server(entries):
    """An exporter on a free port; yields its address and an event set once it was scraped four times."""
    scraped_enough, steps = threading.Event(), itertools.count(1)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # the name is the library's
            step = next(steps)
            body = synthetic_exposition(entries, step).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            if step > 4:
                scraped_enough.set()

        def log_message(self, format, *args):  # silent; the parameter's name is the library's
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", scraped_enough
    finally:
        server.shutdown()
        server.server_close()


def in_a_hurry(rules):
    """The text of a file of rules, each of its groups evaluated once a second."""
    return re.sub(r"^    interval: \w+$", "    interval: 1s", rules, flags=re.MULTILINE)


@contextlib.contextmanager
def prometheus(binary, scrape_config, rules, scrape_interval="250ms"):
    """A Prometheus with this scrape_config and these rules, all of it in a hurry; yields its URL."""
    with tempfile.TemporaryDirectory() as folder:
        config = {"global": {"scrape_interval": scrape_interval, "scrape_timeout": scrape_interval,
                             "evaluation_interval": "1s"},
                  "rule_files": ["rules.yml"], "scrape_configs": [{"job_name": "baton", **scrape_config}]}
        (pathlib.Path(folder) / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
        text = pathlib.Path(rules).read_text(encoding="utf-8")
        (pathlib.Path(folder) / "rules.yml").write_text(in_a_hurry(text), encoding="utf-8")
        log_path = pathlib.Path(folder) / "log"
        with open(log_path, "wb") as log:
            process = subprocess.Popen(
                [binary, "--config.file", f"{folder}/prometheus.yml", "--storage.tsdb.path", f"{folder}/data",
                 "--web.listen-address", "127.0.0.1:0"], stderr=log, stdout=log)
        try:
            yield wait_for_address(process, log_path)
        finally:
            process.terminate()
            process.wait(30)


def wait_for_address(process, log_path, seconds=30):
    """Prometheus says in its log which port it was given."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        for line in log_path.read_text(errors="replace").splitlines():
            if "Listening on" in line and "address=" in line:
                return "http://" + line.rsplit("address=", 1)[1].split()[0].strip('"')
        time.sleep(0.1)
    raise SystemExit(f"Prometheus did not start:\n{log_path.read_text(errors='replace')}")


def ask(url, expr):
    query = urllib.parse.urlencode({"query": expr})
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query?{query}", timeout=10) as answer:
            return json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{expr}\n{error.read().decode(errors='replace')}") from error


def unanswered(url, paths, variables, is_live):
    """A live server may have had no refusals (NaN), restarts or drains to show; a synthetic one has them all."""
    empty = []
    for path in paths:
        dashboard = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        for where, expr in queries(dashboard):
            if is_live and where.startswith("annotation"):
                continue
            samples = ask(url, promql.fill_in(expr, variables))
            if not [one for one in samples if is_live or one["value"][1] != "NaN"]:
                empty.append(f"{path}: {where} returns nothing: {expr}")
    return empty


def run_synthetic(arguments):
    entries = read_catalogue(pathlib.Path(arguments.synthetic).read_text(encoding="utf-8"))
    with synthetic_server(entries) as (target, scraped_enough):
        scrape_config = {"static_configs": [{"targets": [target]}]}
        with prometheus(arguments.binary, scrape_config, arguments.rules) as url:
            if not scraped_enough.wait(60):
                raise SystemExit("Prometheus did not scrape within a minute")
            until = time.monotonic() + 30  # rules are evaluated, too
            while (empty := unanswered(url, arguments.dashboards, {"$instance": target}, is_live=False)):
                if time.monotonic() > until:
                    break
                time.sleep(0.5)
            return empty


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--prometheus", help="its URL")
    source.add_argument("--synthetic", metavar="CATALOGUE", help="docs/metrics.md")
    parser.add_argument("--rules", help="with --synthetic: what records what dashboards use besides")
    parser.add_argument("--binary", default="prometheus", help="with --synthetic: the Prometheus to start")
    parser.add_argument("--job", default="baton")
    parser.add_argument("--instance", default=".+")
    parser.add_argument("--rate-interval", default="1m", help="for $__rate_interval: four scrapes or more")
    parser.add_argument("dashboards", nargs="+")
    arguments = parser.parse_args()
    if arguments.synthetic:
        empty = run_synthetic(arguments)
    else:
        variables = {"$job": arguments.job, "$instance": arguments.instance,
                     "$__rate_interval": arguments.rate_interval}
        empty = unanswered(arguments.prometheus, arguments.dashboards, variables, is_live=True)
    print("\n".join(empty) or "every query returns something")
    return 1 if empty else 0


if __name__ == "__main__":
    sys.exit(main())
