"""The black-box HTTP cases of the kit that lies beside the project, where it does: none may fail, and none warn."""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import pytest

import environment
import server_process

KIT = pathlib.Path(os.environ.get("BATON_HTTP_KIT", environment.ROOT.parent / "shared" / "kit"))
# Short ones, so that waiting for them takes no longer than it must.
SECONDS = {"head_time": 3, "body_time": 5, "idle_time": 6, "write_time": 4}
LIMITS = [word for name, value in {**SECONDS, "body_grace": 3}.items() for word in ("--limit", f"{name}={value}s")]

pytestmark = pytest.mark.skipif(not (KIT / "kit.py").exists(), reason=f"there is no kit in {KIT}")


SECRET = "nobody outside may read this"  # beside the folder that is served, where the kit expects it


@pytest.fixture(scope="module")
def folder():
    with tempfile.TemporaryDirectory(prefix="baton-kit-") as name:
        around = pathlib.Path(name)
        root = around / "root"
        root.mkdir()
        (around / "kit-secret.txt").write_text(SECRET)
        (root / "hello.txt").write_text("hello, static world\n")
        (root / "big.bin").write_bytes(random.Random(1).randbytes(8 << 20))
        (root / "link.txt").symlink_to("../kit-secret.txt")
        for path in (around, *around.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
        yield root


@pytest.fixture(scope="module")
def server(folder):
    # The kit's pauses are longer than the usual budget.
    with server_process.running("--default-budget", "5s", "--static", f"/static={folder}", *LIMITS) as started:
        yield started


def run_kit(server, bundled, tmp_path, *words):
    body = tmp_path / "body.json"
    tensor = {"name": "input", "shape": [1, 30], "datatype": "FP32", "data": bundled("tumour")[0]["features"]}
    body.write_text(json.dumps({"inputs": [tensor]}))
    # A sanitizer's memory says nothing of the server's.
    watched = ["--pid", server.pid] if environment.SLOW_FACTOR == 1 else []
    command = [
        sys.executable, "-B", KIT / "kit.py", "--port", server.http.rpartition(":")[2], "--strict", "--policy",
        "--infer-path", "/v2/models/tumour/infer", "--body-file", body, *watched,
        "--static-path", "/static/hello.txt", "--big-path", "/static/big.bin", "--symlink-path", "/static/link.txt",
        "--secret", SECRET,
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
