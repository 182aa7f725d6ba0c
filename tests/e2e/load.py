"""Offers load with baton-client and reads its report."""

import concurrent.futures
import contextlib
import json

import environment

SLOW = max(1.0, environment.SLOW_FACTOR)
# A run of the model that is loaded, and what a request for it may take: both longer in a slow build, so
# that the server's own work stays small beside them.
RUN_MS = 5 * SLOW
BUDGET_MS = 50 * SLOW


def capacity(workers, run_ms=RUN_MS):
    """Runs a second, if workers did nothing else."""
    return workers * 1000 / run_ms


def offer(server, rate, seconds, budget_ms=BUDGET_MS, run_ms=RUN_MS, path="/test/sleep", headers=(), warmup_ms=0,
          connections=128):
    """Offers requests at their own times, whatever becomes of the others, and returns the report."""
    words = [word for header in headers for word in ("--header", header)]
    done = environment.run(
        environment.program("baton-client"), "load", "--server", server.http, "--path", path,
        "--data", json.dumps({"ms": run_ms, "data": "x"}), "--budget", f"{budget_ms:g}ms", "--rate", f"{rate:g}",
        "--duration", f"{seconds * 1000:g}ms", "--warmup", f"{warmup_ms:g}ms", "--connections", connections,
        "--grace", "10s", *words, "-o", "json")
    return json.loads(done.stdout)


def good_share(report):
    return report["good"] / max(1, report["requests"])


@contextlib.contextmanager
def offering(*arguments, **options):
    """Load in the background of a `with`; gives what has its report as result()."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        yield thread.submit(offer, *arguments, **options)
