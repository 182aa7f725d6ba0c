"""Models that are loaded and unloaded a thousand times leave no memory behind."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import pytest

import environment
import server_process

BUNDLED = environment.ROOT / "server" / "models" / "bundled"
CHURN = environment.ROOT / "tests" / "bench" / "model_churn.py"


@pytest.fixture
def folder():
    """Readable by whomever root becomes: pytest's own folders are not."""
    with tempfile.TemporaryDirectory(prefix="baton-models-") as name:
        path = pathlib.Path(name)
        path.chmod(0o755)
        (path / "m" / "1").mkdir(parents=True)
        shutil.copy(BUNDLED / "tumour.onnx", path / "m" / "1" / "model.onnx")
        yield path


def churn(server, times):
    """Loads and unloads the model so often; each of them succeeds."""
    done = subprocess.run([sys.executable, "-B", CHURN, server.admin, "m", "--times", str(times)], capture_output=True,
                          text=True, check=False, timeout=environment.patience(300))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["loads"] == times


def resident_kib(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))


def test_a_thousand_loads_and_unloads_leave_no_memory_behind(folder):
    with server_process.running(*server_process.PLENTY, "--models", folder) as server:
        churn(server, 100)
        early = resident_kib(server)
        churn(server, 900)
        late = resident_kib(server)
        assert late <= 1.05 * early, f"{early} KiB after 100 loads, {late} KiB after 1,000"
        server.batonctl("load", "m")
        reply = server.ask("POST", "/v2/models/m/infer", json.loads((BUNDLED / "tumour.sample.json").read_text()))
        assert reply.status == 200
