"""A default budget that is below what half of a model's runs need is allowed, and said wherever it comes in force."""

import json
import pathlib
import re
import signal
import tempfile

import pytest
from onnx import helper

import environment
import server_process
import small_models

SERVICE = "baton.admin.v1.AdminService"
DOUBT = "slow: default_budget is 2ms, less than half of the runs need"


@pytest.fixture(scope="module")
def folder():
    """A model whose runs take tens of milliseconds: a product of two matrices that its input is made into."""
    with tempfile.TemporaryDirectory(prefix="baton-slow-") as name:
        path = pathlib.Path(name)
        path.chmod(0o755)
        constants = [helper.make_tensor("size", small_models.KINDS["INT64"], [2], [1600, 1600])]
        nodes = [helper.make_node("Expand", ["x", "size"], ["big"]), helper.make_node("MatMul", ["big", "big"], ["product"]),
                 helper.make_node("ReduceSum", ["product"], ["y"])]
        small_models.save(path / "models" / "slow" / "1" / "model.onnx", nodes, [small_models.tensor("x", "FP32", 1, 1)],
                          [small_models.tensor("y", "FP32", 1, 1)], constants)
        yield path


def configured(folder, budget, more=""):
    path = folder / "baton.yaml"
    path.write_text(f"models: {{folder: {folder}/models}}\nbudgets: {{default: {budget}, max: 10s}}\n{more}")
    return path


def check(folder, *words, expect=0):
    return environment.run(environment.program("baton-server"), "check", "--config", folder / "baton.yaml", *words,
                           expect=expect)


def check_said(server, times):
    """The log is written by a thread of its own."""
    def count():
        return len(re.findall("doubtful_setting", server.log()))
    server.metrics_when(lambda _: count() >= times)
    assert count() == times, server.log()


def test_check_measures_where_it_is_told_to(folder):
    configured(folder, "2ms")
    assert "warning" not in check(folder).stderr
    done = check(folder, "--measure")
    assert f"baton-server: warning: {DOUBT}" in done.stderr and done.stdout == "nothing is wrong\n"
    configured(folder, "8s")
    assert "warning" not in check(folder, "--measure").stderr


def test_it_is_said_at_the_start_at_a_reload_and_of_an_update(folder):
    file = configured(folder, "2ms")
    with server_process.running("--config", file, "--workers", 1) as server:
        check_said(server, 1)
        assert DOUBT in server.log()
        configured(folder, "8s")
        server.signal(signal.SIGHUP)
        server.metrics_when(lambda _: "config_applied" in server.log())
        check_said(server, 1)
        configured(folder, "2ms")
        reloaded = server.batonctl("config", "reload")
        assert DOUBT in reloaded.stderr
        check_said(server, 2)
        configured(folder, "2ms", "limits: {idle_time: 30s}\n")
        server.batonctl("config", "reload")
        check_said(server, 2)  # said already
        server.batonctl("set", "admission", "default_budget=8s")
        dry = server.batonctl("set", "admission", "default_budget=2ms", "--dry-run")
        assert f"batonctl: warning: {DOUBT}" in dry.stderr
        words = ("-plaintext", "-d", json.dumps({"admission": {"values": {"default_budget": "2ms"}}}), server.admin)
        said = json.loads(environment.run(environment.tool("grpcurl"), *words, f"{SERVICE}/UpdateAdmission").stdout)
        assert said["changes"] == [{"field": "default_budget", "before": "8s", "after": "2ms"}]
        assert [warning for warning in said["warnings"] if DOUBT in warning]
        check_said(server, 3)
