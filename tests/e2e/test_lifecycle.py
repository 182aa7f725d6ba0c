"""Coming up and going down: signals, drain, ports in use, models that are not there, privileges."""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

import environment
import http_raw
import server_process
from environment import ROOT, program, run
from http_raw import request

SERVER_ANYWHERE = list(server_process.ANY_PORT)


def post(path, body, headers=()):
    return request("POST", path, body, headers)


class LoadingClients:
    """Threads that ask one request after the other until their connection is ended in an orderly way."""

    def __init__(self, server, count):
        self.answered = 0
        self.problems = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(server.http, n)) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def run(self, address, number):
        sent, answered = 0, 0
        try:
            with http_raw.Connection(address) as connection:
                while True:
                    text = f"{number}-{sent}"
                    connection.send(post("/reverse", {"data": text}))
                    sent += 1
                    reply = connection.read()
                    assert reply.status == 200, reply
                    assert reply.json() == {"data": text[::-1]}
                    answered += 1
                    if reply.header("Connection") == "close":
                        assert connection.at_end() == b""
                        break
        except Exception as problem:  # shown by the test
            with self.lock:
                self.problems.append(f"client {number}, after {answered} answers: {problem!r}")
        with self.lock:
            self.answered += answered

    def join(self):
        for thread in self.threads:
            thread.join(environment.patience(30))
            assert not thread.is_alive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load_loses_nothing(number):
    with server_process.running(*server_process.PLENTY) as server:
        clients = LoadingClients(server, 8)
        with server.connect() as sleeper:
            sleeper.send(post("/test/sleep", {"ms": environment.meanwhile(700)}))
            busy = server.metrics_when(lambda now: now("baton_pool_workers", state="busy") >= 1)
            assert busy("baton_pool_workers", state="busy") >= 1
            server.signal(number)
            clients.join()
            assert clients.problems == []
            assert clients.answered > 8
            # Admitted before the signal: answered, and told that this was the last one.
            reply = sleeper.read()
            assert (reply.status, reply.json()["ms"]) == (200, environment.meanwhile(700))
            assert reply.header("Connection") == "close"
        assert server.wait() == 0
        assert "draining" in server.log() and "stopped" in server.log()


def test_draining_is_said_to_health_checks_and_operators():
    with server_process.running(*server_process.PLENTY) as server:
        with server.connect() as checker, server.connect() as sleeper:
            assert checker.ask("GET", "/v2/health/ready").status == 200
            sleeper.send(post("/test/sleep", {"ms": environment.meanwhile(1500)}))
            server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 1)
            server.signal(signal.SIGTERM)
            assert server.metrics_when(lambda now: now("baton_draining") == 1)("baton_draining") == 1
            health = checker.ask("GET", "/v2/health/ready")
            assert (health.status, health.json()) == (503, {"ready": False})
            assert health.header("Connection") == "close"
            assert server.batonctl("status", expect=7).stdout
            with pytest.raises(OSError):
                server.connect()
            assert sleeper.read().status == 200
        assert server.wait() == 0


def test_what_comes_while_it_drains_is_promised_no_more_time_than_there_is():
    with server_process.running("--max-budget", "3s", "--workers", 2, laws=False) as server:
        with server.connect() as late, server.connect() as sleeper:
            assert late.ask("GET", "/hello").status == 200
            sleeper.send(post("/test/sleep", {"ms": environment.meanwhile(500)}, [("Baton-Budget-Ms", "3000")]))
            server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 1)
            server.signal(signal.SIGTERM)
            server.metrics_when(lambda now: now("baton_draining") == 1)
            late.send(post("/test/sleep", {"ms": 60000}, [("Baton-Budget-Ms", "3000")]))
            reply = late.read()
            assert reply.status == 504
            assert 0 < float(reply.header("Baton-Budget-Ms")) < 3000
        assert server.wait(10) == 0


def test_a_worker_that_is_stuck_does_not_hold_up_the_end():
    with server_process.running("--max-budget", "1s", "--workers", 1, laws=False) as server:
        with server.connect() as sleeper:
            sleeper.send(post("/test/sleep", {"ms": 60000}))
            server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 1)
            server.signal(signal.SIGTERM)
            reply = sleeper.read()
            assert reply.status == 504
        # The largest budget is 1 s; the worker would take a minute.
        assert server.wait(10) == 0


def test_a_second_signal_ends_it_at_once():
    with server_process.running("--max-budget", "1h", "--default-budget", "1h", laws=False) as server:
        with server.connect() as sleeper:
            sleeper.send(post("/test/sleep", {"ms": 60000}))
            server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 1)
            server.signal(signal.SIGTERM)
            server.metrics_when(lambda now: now("baton_draining") == 1)
            server.signal(signal.SIGINT)
            assert server.wait(10) == 0
            assert "stopping_now" in server.log()


def start_and_fail(*flags, expect=1):
    done = run(program("baton-server"), *flags, expect=expect)
    assert "ready" not in done.stdout
    return done.stderr


@pytest.mark.parametrize("listener", ["http", "admin", "pages"])
def test_a_port_in_use_is_named(listener):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = list(SERVER_ANYWHERE)
        flags[flags.index(f"--{listener}") + 1] = address
        assert address in start_and_fail(*flags)


def test_two_servers_do_not_share_a_port():
    with server_process.running() as first:
        error = start_and_fail("--http", first.http, "--grpc", "off", "--admin", "off", "--pages", "off")
        assert first.http in error
        assert first.ask("GET", "/hello").status == 200


def lay_out(folder, versions):
    """A model folder: {"tumour/1": bytes or None for a folder without a file}."""
    for place, content in versions.items():
        path = folder / place
        path.mkdir(parents=True)
        if content is not None:
            (path / "model.onnx").write_bytes(content)
    os.chmod(folder, 0o755)
    return folder


def bundled_onnx(name):
    return (ROOT / "server" / "models" / "bundled" / f"{name}.onnx").read_bytes()


def test_models_are_served_from_a_folder(tmp_path, bundled):
    folder = lay_out(tmp_path / "models", {
        "cancer/1": bundled_onnx("tumour"), "cancer/12": bundled_onnx("tumour_logistic"), "pictures/3": bundled_onnx("digits")})
    with server_process.running("--models", folder, *server_process.PLENTY) as server:
        assert server.ask("GET", "/v2/models/cancer").json()["versions"] == ["1", "12"]
        assert server.ask("GET", "/v2/models/tumour").status == 404
        row = bundled("tumour")[0]
        body = {"inputs": [{"name": "input", "shape": [1, 30], "datatype": "FP32", "data": row["features"]}]}
        first = server.ask("POST", "/v2/models/cancer/versions/1/infer", body).json()
        assert first["model_version"] == "1"
        outputs = {output["name"]: output["data"] for output in first["outputs"]}
        assert outputs["probabilities"] == pytest.approx(row["probabilities"], rel=1e-4, abs=1e-6)
        latest = server.ask("POST", "/v2/models/cancer/infer", body).json()
        assert latest["model_version"] == "12"
        scrape = server.metrics()
        assert scrape("baton_model_ready", endpoint="cancer") == 2
        assert scrape("baton_model_ready", endpoint="pictures", version="3") == 1


@pytest.mark.parametrize("versions, named", [
    (None, "models"),
    ({}, "models"),
    ({"empty": None}, "empty"),
    ({"named/first": b"x"}, "named/first"),
    ({"hollow/1": None}, "hollow/1: holds no model file, expected model.onnx"),
    ({"broken/1": b"this is no model"}, "broken/1/model.onnx"),
    ({"good/1": bundled_onnx("tumour_logistic"), "cut/2": bundled_onnx("digits")[:5000]}, "cut/2/model.onnx"),
])
def test_models_that_are_missing_or_broken_are_named(tmp_path, versions, named):
    folder = tmp_path / "models"
    if versions is not None:
        folder.mkdir()
        lay_out(folder, versions)
    assert str(folder.parent / named if named == "models" else folder / named) in start_and_fail(
        *SERVER_ANYWHERE, "--models", folder)


@pytest.mark.parametrize("name", ["baton-server", "batonctl", "baton-client"])
def test_help_and_version_of_every_program(name):
    helped = run(program(name), "--help").stdout
    assert name in helped and "Examples" in helped
    assert run(program(name), "--version").stdout.split() == [name, environment.project_version()]
    wrong = run(program(name), "--no-such-flag", expect=2)
    assert "--no-such-flag" in wrong.stderr and wrong.stdout == ""


@pytest.mark.parametrize("flags, words", [
    (["--workers", "0x"], ["--workers"]),
    (["--workers", "0"], ["--workers", "0", "1024"]),
    (["--workers", "1025"], ["--workers", "1025", "1024"]),
    (["--conductors", "0"], ["--conductors", "1 to 64"]),
    (["--conductors", "65"], ["--conductors", "1 to 64"]),
    (["--conductors", "many"], ["--conductors", "'many'", "1 to 64, or auto"]),
    (["--backlog", "0"], ["--backlog"]),
    (["--http", "nonsense"], ["--http", "nonsense"]),
    (["--http", "127.0.0.1:70000"], ["--http", "70000"]),
    (["--http", "off"], ["--http"]),
    (["--grpc", "nonsense"], ["--grpc", "nonsense"]),
    (["--default-budget", "soon"], ["--default-budget", "soon"]),
    (["--default-budget", "20s"], ["--default-budget", "20s", "10s"]),
    (["--max-budget", "2h"], ["--max-budget", "2h", "3600s"]),
    (["--max-budget", "0s"], ["--max-budget"]),
    (["stray"], ["stray"]),
])
def test_flags_out_of_range_are_named_with_what_was_expected(flags, words):
    error = start_and_fail(*flags, expect=2)
    for word in words:
        assert word in error


def test_listeners_may_be_off():
    with server_process.running(listeners=("--http", "127.0.0.1:0", "--grpc", "off", "--admin", "off", "--pages", "off"), laws=False) as server:
        assert (server.admin, server.pages) == ("off", "off")
        assert server.ask("GET", "/hello").status == 200


def test_several_conductors_share_one_port():
    with server_process.running("--conductors", 3, "--workers", 2, *server_process.PLENTY) as server:
        connections = [server.connect() for _ in range(60)]
        for number, connection in enumerate(connections * 5):
            assert connection.ask("POST", "/reverse", {"data": f"{number:03}"}).json() == {"data": f"{number:03}"[::-1]}
        scrape = server.metrics()
        assert scrape.values_of("baton_conductor_busy_seconds_total", "conductor") == ["0", "1", "2", "grpc"]
        assert scrape("baton_connections", listener="http") == 60
        for connection in connections:
            connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: shows what root becomes")
def test_started_as_root_it_becomes_nobody_and_drops_its_groups():
    with server_process.running() as server:
        status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        nobody = run("id", "-u", "nobody").stdout.strip()
        assert set(fields["Uid"].split()) == {nobody}
        assert "0" not in fields["Gid"].split()
        assert fields["Groups"].split() in ([], [run("id", "-g", "nobody").stdout.strip()])
        assert int(fields["CapEff"], 16) == 0
        for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir():
            assert f"Uid:\t{nobody}\t{nobody}" in (task / "status").read_text()
        assert server.ask("GET", "/hello").status == 200


def test_it_holds_nothing_but_its_sockets_and_its_log(bundled):
    with server_process.running(*server_process.PLENTY) as server:
        body = {"instances": [bundled("digits")[0]["features"]]}
        assert server.ask("POST", "/v1/models/digits:predict", body).status == 200
        kinds = ("socket:", "pipe:", "anon_inode:", "/dev/null", str(server.log_path))
        # No file of a library's own either: telemetry, caches, temporary files.
        assert [name for name in server.open_files() if not name.startswith(kinds)] == []
        assert not pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().strip()


def test_the_log_is_json_lines_away_from_a_terminal():
    with server_process.running(*server_process.PLENTY) as server:
        assert server.ask("POST", "/test/sleep", {"ms": 100}, [("Baton-Budget-Ms", "20")]).status == 504
        server.metrics_when_idle()
        server.stop()
        lines = [json.loads(line) for line in server.log().splitlines()]
        events = [line["event"] for line in lines]
        assert {"model_loaded", "request", "draining", "stopped"} <= set(events)
        miss = lines[events.index("request")]
        assert list(miss)[:3] == ["ts", "level", "event"]
        assert (miss["endpoint"], miss["cause"]) == ("/test/sleep", "expired_running")


def test_the_grpc_data_plane_can_be_off():
    listeners = ("--http", "127.0.0.1:0", "--grpc", "off", "--admin", "off", "--pages", "127.0.0.1:0")
    with server_process.running(listeners=listeners) as server:
        assert server.grpc == "off"
        assert server.ask("GET", "/v2/health/ready").status == 200
