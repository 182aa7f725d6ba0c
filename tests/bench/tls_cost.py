#!/usr/bin/env python3
"""What TLS costs the HTTP data plane: the same load with and without, taking turns.

    tests/bench/tls_cost.py [--runs 5] [--seconds 3] [--subjects baton,nginx] [--write]

Two servers of each kind (nginx: one, with two listeners) stay up on core 0, wrk drives one after the other from core 1
with 64 keep-alive connections of `POST /reverse`; the certificate's key is P-256. Ratios are formed between neighbouring
loads. The generator pays for TLS as well: where it is at its end before the server, the requests/s say so and the
server's processor time a request does not.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import sections  # noqa: E402
import speed_runs as runs  # noqa: E402
import speed_servers as servers  # noqa: E402
from overload_report import percent, table  # noqa: E402
from server import BENCH, Server, free_port  # noqa: E402

TARGET = 0.85  # of the requests/s without
CONNECTIONS = 64
LABELS = {"baton": "Baton", "nginx": "nginx (a constant)"}


def make_identity(folder):
    """A certificate for localhost and its key, as two files."""
    certificate, key = folder / "server.crt", folder / "server.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key),
                    "-out", str(certificate), "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
    folder.chmod(0o755)
    key.chmod(0o644)
    return certificate, key


class SecuredNginx(servers.Nginx):
    """The same with a second listener that speaks TLS as Baton does, at `tls_port`."""

    def __init__(self, name, pin, program, identity):
        certificate, key = identity
        self.tls_port = free_port()
        self.CONFIG = self.CONFIG.replace(
            " default_type", f" listen 127.0.0.1:{self.tls_port} ssl backlog=4096; ssl_certificate {certificate}; "
            f"ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3; default_type")
        super().__init__(name, pin, program, 1)


class Pair:
    """A kind of server, with and without TLS; `sides` has (process, port, scheme) of both."""

    def __init__(self, subject, fleet, identity):
        pin = ["taskset", "-c", runs.SERVER_CORE] if (os.cpu_count() or 1) > 1 else []
        if subject == "nginx":
            self.processes = [SecuredNginx("tls-nginx", pin, fleet.programs["nginx"], identity)]
            both = self.processes[0]
            self.sides = {"plain": (both, both.port, "http"), "tls": (both, both.tls_port, "https")}
            return
        plain = fleet.start_baton("tls-baton-plain", pin, 1, 1, False)
        self.processes = [plain]
        command = [str(fleet.binaries / "baton-server"), "--http", "127.0.0.1:0", "--grpc", "off", "--admin", "off", "--pages",
                   "127.0.0.1:0", "--workers", "1", "--conductors", "1", "--default-budget", "10s", "--log-level", "error",
                   "--http-tls-certificate", str(identity[0]), "--http-tls-key", str(identity[1])]
        secured = Server("tls-baton", pin + command)
        self.processes.append(secured)
        self.sides = {"plain": (plain, plain.port, "http"), "tls": (secured, secured.port, "https")}

    def stop(self):
        for process in self.processes:
            process.stop()


def load(bench, workload, side):
    """One load by wrk: requests/s, and the server's processor time a request in us."""
    process, port, scheme = side
    before = process.cpu_times()
    requests, micros, _, _, errors = bench.wrk(process, workload, bench.seconds, f"{scheme}://127.0.0.1:{port}")
    if errors or not requests:
        raise RuntimeError(f"{process.name}: expected answers alone, got {errors} errors in {requests} requests")
    return {"rate": requests / (micros / 1e6), **runs.cost(before, process.cpu_times(), requests)}


def measure(bench, pair, count):
    """The figures of each turn, by side. Who begins takes turns as well."""
    workload = runs.reverse("tls", "`POST /reverse`", CONNECTIONS)
    figures = {"plain": [], "tls": []}
    for run in range(-1, count):
        for name in ("plain", "tls") if run % 2 else ("tls", "plain"):
            measured = load(bench, workload, pair.sides[name])
            if run >= 0:
                figures[name].append(measured)
                bench.say(f"{pair.processes[0].name} {name}: {measured['rate']:,.0f}/s, {measured['cpu_us']:.2f} us a request")
    return figures


def ratios(figures, key):
    return [tls[key] / plain[key] for plain, tls in zip(figures["plain"], figures["tls"])]


def spread(values, form):
    return f"{form(statistics.median(values))} ({form(min(values))} to {form(max(values))})"


def median(figures, side, key):
    return statistics.median(one[key] for one in figures[side])


def report(measured):
    rows = []
    for subject, figures in measured.items():
        rates, costs = ratios(figures, "rate"), ratios(figures, "cpu_us")
        rows.append([LABELS[subject], f"{median(figures, 'plain', 'rate'):,.0f}", f"{median(figures, 'tls', 'rate'):,.0f}",
                     spread(rates, percent), f"{median(figures, 'plain', 'cpu_us'):.1f} us", f"{median(figures, 'tls', 'cpu_us'):.1f} us",
                     spread(costs, lambda ratio: f"{ratio:.2f}")])
    lines = table(["server", "requests/s", "with TLS", "of those without", "CPU a request", "with TLS", "ratio"], rows)
    if "baton" in measured:
        kept = statistics.median(ratios(measured["baton"], "rate"))
        lines += ["", f"Target: at least {percent(TARGET)} of the requests/s without TLS. Measured: {percent(kept)}: "
                  f"{'met' if kept >= TARGET else '**not met**'}."]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, default=sections.ROOT / "build/bin", help="where the programs are")
    parser.add_argument("--seconds", type=float, default=3, help="of each load, whole ones")
    parser.add_argument("--runs", type=int, default=5, help="loads of each side")
    parser.add_argument("--subjects", default="baton,nginx", help="out of baton, nginx")
    parser.add_argument("--write", action="store_true", help="write the section of docs/benchmarks.md")
    args = parser.parse_args()
    BENCH.mkdir(parents=True, exist_ok=True)
    fleet, bench, measured = servers.Fleet(args.bin), runs.Bench(args.bin, args.seconds), {}
    before = os.getloadavg()[0]
    fleet.build(args.subjects.split(","))
    with tempfile.TemporaryDirectory(prefix="baton-tls-bench-") as folder:
        identity = make_identity(pathlib.Path(folder))
        for subject in args.subjects.split(","):
            if subject in fleet.missing:
                bench.say(f"{subject} is left out: {fleet.missing[subject]}")
                continue
            pair = Pair(subject, fleet, identity)
            try:
                measured[subject] = measure(bench, pair, args.runs)
            finally:
                pair.stop()
    title = ["## TLS", "",
             f"Made by `tests/bench/tls_cost.py --runs {args.runs} --seconds {args.seconds:g} --write` at commit `{sections.commit()}` on "
             f"{sections.machine()}, where {before:.1f} threads ran or waited before (load average of a minute): `POST /reverse` by wrk on "
             f"{CONNECTIONS} keep-alive connections, the server on core 0, the generator on core 1, loads with and without TLS taking "
             "turns; medians, in brackets the range. The generator pays for TLS, too.", ""]
    text = "\n".join(title + report(measured)).rstrip("\n") + "\n"
    print(text)
    if args.write:
        sections.write("tests/bench/tls_cost.py", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
