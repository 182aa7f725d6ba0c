"""The black-box HTTP cases of the kit that lies beside the project, where it does: none may fail, and none warn."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import environment
import server_process

KIT = pathlib.Path(os.environ.get("BATON_HTTP_KIT", environment.ROOT.parent / "shared" / "kit"))
# Short ones, so that waiting for them takes no longer than it must.
SECONDS = {"head_time": 3, "body_time": 5, "idle_time": 6, "write_time": 4}
LIMITS = [word for name, value in {**SECONDS, "body_grace": 3}.items() for word in ("--limit", f"{name}={value}s")]

pytestmark = pytest.mark.skipif(not (KIT / "kit.py").exists(), reason=f"there is no kit in {KIT}")


@pytest.fixture(scope="module")
def server():
    # The kit's pauses are longer than the usual budget.
    with server_process.running("--default-budget", "5s", *LIMITS) as started:
        yield started


def run_kit(server, bundled, tmp_path, *words):
    body = tmp_path / "body.json"
    tensor = {"name": "input", "shape": [1, 30], "datatype": "FP32", "data": bundled("tumour")[0]["features"]}
    body.write_text(json.dumps({"inputs": [tensor]}))
    # A sanitizer's memory says nothing of the server's.
    watched = ["--pid", server.pid] if environment.SLOW_FACTOR == 1 else []
    command = [
        sys.executable, "-B", KIT / "kit.py", "--port", server.http.rpartition(":")[2], "--strict", "--policy",
        "--infer-path", "/v2/models/tumour/infer", "--static-path", "/hello", "--body-file", body, *watched,
        "--header-timeout", SECONDS["head_time"], "--body-timeout", SECONDS["body_time"],
        "--idle-timeout", SECONDS["idle_time"], "--write-timeout", SECONDS["write_time"], *words,
    ]
    done = subprocess.run(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=environment.patience(240), stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout, done.stdout  # those that the kit forgives, too


def test_no_case_fails_or_warns(server, bundled, tmp_path):
    run_kit(server, bundled, tmp_path, "--no-slow", "--jobs", 4)


def test_slow_attacks_end_in_time_and_good_clients_are_served_meanwhile(server, bundled, tmp_path):
    run_kit(server, bundled, tmp_path, "--slow-only")
