"""Every kind of trouble that a server can have, one after the other, for those who watch it: all causes of misses, late
answers, a full backlog, refused reloads, models that fail, drains."""

import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import tempfile
import time

import http_raw
import reloads
import server_process
import small_models
from environment import TRESPASSER, patience
from http_raw import request
from load import offering

CAUSES = ("queue_full", "no_time", "budget_too_small", "pending_full", "expired_in_queue", "expired_running",
          "backend_error", "model_unavailable", "draining")
WORKERS = 2
CONFIGURATION = """
budgets: {default: 8s, max: 10s}
endpoints:
  tumour: {batch: {max_size: 8, max_delay: 20ms}}
  digits: {fallback: {kind: constant, constant: '{"label": -1}'}}
"""
TUMOUR = "/v2/models/tumour/infer"


def short(milliseconds):
    return [("Baton-Budget-Ms", f"{milliseconds:g}")]


def infer(name, kind, values):
    return {"inputs": [{"name": name, "shape": [len(values)], "datatype": kind, "data": values}]}


def save_picky(path):
    """A model that fails while it runs, unless it is given two numbers."""
    onnx = small_models.onnx
    pair = onnx.helper.make_tensor("pair", onnx.TensorProto.INT64, [1], [2])
    small_models.save(path, [onnx.helper.make_node("Reshape", ["x", "pair"], ["y"])],
                      [small_models.tensor("x", "FP32", "rows")], [small_models.tensor("y", "FP32", "two")], [pair])


@contextlib.contextmanager
def models():
    with tempfile.TemporaryDirectory(prefix="baton-trouble-") as name:
        folder = pathlib.Path(name) / "models"
        small_models.add_bundled(folder)
        small_models.save_plus(folder / "plus" / "1" / "model.onnx", 1)
        save_picky(folder / "picky" / "1" / "model.onnx")
        (folder / "trespasser" / "1").mkdir(parents=True)
        shutil.copy(TRESPASSER, folder / "trespasser" / "1" / "model.so")
        os.chmod(name, 0o755)
        yield folder


@contextlib.contextmanager
def answering():
    """The server that has all trouble but the rudest; a Reloaded, with `models`, its folder."""
    with models() as folder:
        flags = ("--models", folder, "--workers", WORKERS, "--admin-socket", "off")
        with reloads.running(CONFIGURATION, *flags, laws=False) as reloaded:
            reloaded.models = folder
            yield reloaded


def rude():
    """The server that is stopped, overrun, and shut down."""
    return server_process.running("--workers", 1, "--backlog", 1, laws=False)


def ask(server, expected, path, body, headers=()):
    """`expected`: the cause, or the answer where there is none."""
    reply = server.ask("POST", path, body, headers)
    assert expected in (reply.header("Baton-Cause"), reply.header("Baton-Answer")), (expected, reply)
    return reply


def predictions(server, row):
    body = {"inputs": [{"name": "input", "shape": [1, 30], "datatype": "FP32", "data": row["features"]}]}
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: server.ask("POST", TUMOUR, body), range(200)))
    assert {reply.status for reply in replies} == {200}
    assert server.ask("POST", "/reverse", {"data": "abc"}).status == 200


def misses_one_by_one(server):
    ask(server, "budget_too_small", "/reverse", {"data": "x"}, short(0))
    ask(server, "fallback", "/v2/models/digits/infer", {"inputs": []}, short(0))
    ask(server, "expired_running", "/test/sleep", {"ms": 3000, "cancellable": True}, short(200))
    ask(server, "prediction", "/v2/models/picky/infer", infer("x", "FP32", [1, 2]))
    ask(server, "backend_error", "/v2/models/picky/infer", infer("x", "FP32", [1, 2, 3]))
    ask(server, "invalid", "/reverse", b'{"broken": ')
    assert http_raw.ask_raw(server.http, b"NO HTTP AT ALL\r\n\r\n").status == 400
    server.batonctl("unload", "plus")
    ask(server, "model_unavailable", "/v2/models/plus/infer", infer("x", "FP32", [1]))


@contextlib.contextmanager
def held(server):
    """Every worker is held; who held them leaves without an answer."""
    with contextlib.ExitStack() as stack:
        connections = server.hold(stack, WORKERS, 9000, cancellable=True)
        yield stack
        for connection in connections:
            connection.reset()
    server.metrics_when_idle()


def misses_of_a_crowd(server, watched_for):
    """With every worker held there is no time for some, and those with nobody's experience wait in vain.
    `watched_for`: called while there are as many pending responses as there may be."""
    server.teach()
    with held(server):
        critical = [("Baton-Criticality", "critical"), *short(200)]
        causes = {server.ask("POST", "/test/spin", {"ms": 1}, critical).header("Baton-Cause") for _ in range(10)}
        assert causes == {"no_time", "expired_in_queue"}, causes
    with held(server) as stack:
        server.batonctl("set", "admission", "queued_requests=1")
        waiting = stack.enter_context(server.connect())
        waiting.send(request("POST", "/test/sleep", {"ms": 1}))
        server.metrics_when(lambda now: now("baton_queue_depth") == 1)
        ask(server, "queue_full", "/test/sleep", {"ms": 1})
        server.batonctl("set", "admission", "queued_requests=1000", f"pending_requests={WORKERS + 1}")
        ask(server, "pending_full", "/test/sleep", {"ms": 1})
        watched_for()
        server.batonctl("set", "admission", "pending_requests=1000")
        waiting.reset()


def operators(reloaded):
    """Reloads, loads, failures and a drain, as far as one can tell from outside."""
    server = reloaded.server
    (reloaded.models / "tumour" / "2").mkdir()
    (reloaded.models / "tumour" / "2" / "model.onnx").write_bytes(b"no model")
    server.batonctl("load", "tumour", expect=1)
    small_models.save_plus(reloaded.models / "later" / "1" / "model.onnx", 2)
    server.batonctl("load", "later")
    assert reloaded.says(CONFIGURATION.replace("default: 8s", "default: 7s")) == ["applied"]
    assert reloaded.says(CONFIGURATION + "worker: 3\n") == ["refused"]
    server.batonctl("drain")
    trespass = {"inputs": [{"name": "what", "shape": [1], "datatype": "BYTES", "data": ["netlink"]}]}
    assert server.ask("POST", "/v2/models/trespasser/infer", trespass).status == 200


@contextlib.contextmanager
def overloaded(server, seconds):
    """Twice as much as its worker can do."""
    with offering(server, rate=100, seconds=seconds, budget_ms=100, run_ms=20, connections=32) as report:
        yield
        report.result()


def overrun(server):
    """Stopped whole, with somebody's request under way: that is late, and few can connect meanwhile. The answer."""
    with contextlib.ExitStack() as stack:
        waiting = stack.enter_context(server.connect())
        budget_s = patience(0.6)
        body = {"ms": budget_s * 1000 * 0.8, "cancellable": True}
        waiting.send(request("POST", "/test/sleep", body, short(budget_s * 1000)))
        server.metrics_when(lambda now: now("baton_requests_in_flight") > 0, seconds=2)
        server.signal(signal.SIGSTOP)
        try:
            for _ in range(12):
                comer = stack.enter_context(socket.socket())
                comer.setblocking(False)
                comer.connect_ex(http_raw.split_address(server.http))
            time.sleep(budget_s + 0.2)  # longer, too, than it takes the kernel to drop a SYN
        finally:
            server.signal(signal.SIGCONT)
        return waiting.read()  # who left before it would not be answered late, but not at all


def has_been_overrun(scrape):
    return scrape("baton_late_answers_total") > 0 and scrape("baton_listen_drops_total") > 0


def shut_down(server, watched_for):
    """Ended by SIGTERM, with somebody who is still sending a request when nobody is served any more. `watched_for`:
    called before the end."""
    with server.connect() as sleeper, server.connect() as sender:
        sleeper.send(request("POST", "/test/sleep", {"ms": 9000, "cancellable": True}, short(10_000)))
        server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 1)
        wire = request("POST", "/reverse", {"data": "x"}, short(10_000))
        sender.send(wire[:-1])
        server.metrics_when(lambda now: now("baton_connections", listener="http", state="reading") == 1)
        server.signal(signal.SIGTERM)
        server.metrics_when(lambda now: now("baton_draining") == 1)
        time.sleep(1.2)  # for a second requests are served
        sender.send(wire[-1:])
        reply = sender.read()
        assert (reply.status, reply.header("Baton-Cause")) == (503, "draining"), reply
        watched_for()
        sleeper.reset()
    assert server.wait() == 0
