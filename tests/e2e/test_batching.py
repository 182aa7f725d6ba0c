"""Requests that run as one: each gets its own answer, in its own time."""

import contextlib
import re
import shutil

import pytest

import environment
import server_process
from http_raw import request

TUMOUR = "/v2/models/tumour/infer"
MANY = 40


def post(path, body, headers=()):
    return request("POST", path, body, headers)


@pytest.fixture(scope="module")
def server():
    flags = ("--workers", 1, "--endpoint", "tumour:batch_max_size=8", "--endpoint", "tumour:batch_max_delay=50ms")
    with server_process.running(*flags, *server_process.PLENTY) as started:
        started.teach()
        yield started


def infer_body(row, number):
    tensor = {"name": "input", "shape": [1, 30], "datatype": "FP32", "data": row["features"]}
    return {"id": f"r{number}", "inputs": [tensor]}


def all_at_once(server, wires, hold_ms=300):
    """The answers to requests that came, each on its own connection, while the only worker was held."""
    with contextlib.ExitStack() as stack:
        (held,) = server.hold(stack, 1, hold_ms)
        connections = [stack.enter_context(server.connect()) for _ in wires]
        for connection, wire in zip(connections, wires):
            connection.send(wire)
        replies = [connection.read() for connection in connections]
        assert held.read().status == 200
    return replies


def outputs_of(reply):
    return {output["name"]: output["data"] for output in reply.json()["outputs"]}


def batches(scrape, endpoint):
    return scrape("baton_batches_total", endpoint=endpoint), scrape("baton_inferences_total", endpoint=endpoint)


def test_each_of_a_batch_gets_its_own_right_answer(server, bundled):
    rows = [bundled("tumour")[n % len(bundled("tumour"))] for n in range(MANY)]
    alone = [outputs_of(server.ask("POST", TUMOUR, infer_body(row, 0))) for row in rows]
    before = server.metrics_when_idle()
    wires = [post(TUMOUR, infer_body(row, number)) for number, row in enumerate(rows)]
    bad = [
        (7, {"id": "bad", "inputs": [{"name": "input", "shape": [1, 29], "datatype": "FP32", "data": [0.5] * 29}]}),
        (20, {"id": "bad", "inputs": [{"name": "input", "shape": [1, 30], "datatype": "FP32", "data": ["x"] * 30}]}),
        (33, b'{"inputs": [}'),
    ]
    for number, body in bad:
        wires[number] = post(TUMOUR, body)
    replies = all_at_once(server, wires)
    wrong = {number for number, _ in bad}
    for number, reply in enumerate(replies):
        if number in wrong:
            assert (reply.status, reply.header("Baton-Answer")) == (400, "invalid"), (number, reply)
            assert reply.error
            continue
        assert reply.status == 200, (number, reply)
        assert reply.json()["id"] == f"r{number}"
        outputs = outputs_of(reply)
        assert outputs["label"] == alone[number]["label"]
        assert outputs["probabilities"] == pytest.approx(alone[number]["probabilities"], rel=1e-4, abs=1e-6)
    after = server.metrics_when_idle()
    runs, members = (now - then for now, then in zip(batches(after, "tumour"), batches(before, "tumour")))
    assert members == MANY
    assert runs <= MANY / 2, "they were to run together"
    at_most = {size: after("baton_batch_size_bucket", endpoint="tumour", le=size) for size in ("1.0", "8.0")}
    assert at_most["8.0"] == after("baton_batch_size_count", endpoint="tumour"), "no batch is larger than it may be"
    assert at_most["1.0"] < at_most["8.0"]
    assert after("baton_batch_size_sum", endpoint="tumour") == after("baton_inferences_total", endpoint="tumour")


def test_requests_of_several_rows_run_together_too(server, bundled):
    rows = bundled("tumour")
    groups = [rows[start:start + 1 + start % 4] for start in range(12)]
    wires = []
    for group in groups:
        data = [value for row in group for value in row["features"]]
        wires.append(post(TUMOUR, {"inputs": [
            {"name": "input", "shape": [len(group), 30], "datatype": "FP32", "data": data}]}))
    for group, reply in zip(groups, all_at_once(server, wires)):
        assert reply.status == 200
        labels = outputs_of(reply)
        expected = [value for row in group for value in row["probabilities"]]
        assert labels["probabilities"] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_one_with_a_short_budget_is_answered_in_its_own_time(server, bundled):
    row = bundled("tumour")[0]
    before = server.metrics_when_idle()
    wires = [post(TUMOUR, infer_body(row, number)) for number in range(9)]
    wires[4] = post(TUMOUR, infer_body(row, 4), [("Baton-Budget-Ms", "200")])
    replies = all_at_once(server, wires, hold_ms=800)
    assert [reply.status for reply in replies[:4] + replies[5:]] == [200] * 8
    assert replies[4].status in (503, 504)
    after = server.metrics_when_idle()
    assert batches(after, "tumour")[1] == batches(before, "tumour")[1] + 8
    # Long before the worker was free.
    assert float(re.search(r"queue;dur=([\d.]+)", replies[4].header("Server-Timing"))[1]) < 500


def test_one_alone_does_not_wait_for_others(server, bundled):
    before = server.metrics_when_idle()
    for number in range(3):
        assert server.ask("POST", TUMOUR, infer_body(bundled("tumour")[0], number)).status == 200
    after = server.metrics_when_idle()
    assert batches(after, "tumour") == tuple(count + 3 for count in batches(before, "tumour"))


def test_what_fails_in_the_model_stays_with_the_one_that_asked_for_it(tmp_path):
    folder = tmp_path / "models" / "lookup" / "1"
    folder.mkdir(parents=True)
    shutil.copy(environment.ROOT / "tests" / "models" / "data" / "lookup.onnx", folder / "model.onnx")
    tmp_path.chmod(0o755)
    path = "/v2/models/lookup/infer"
    indices = [n % 3 for n in range(24)]
    indices[5] = indices[17] = 99  # beyond the table: only the run can see it

    def body(index):
        return {"inputs": [{"name": "index", "shape": [1], "datatype": "INT64", "data": [index]}]}

    flags = ("--models", tmp_path / "models", "--workers", 1, "--endpoint", "lookup:batch_max_size=16")
    with server_process.running(*flags, *server_process.PLENTY) as server:
        server.teach()
        alone = server.ask("POST", path, body(99))
        assert alone.status >= 400
        replies = all_at_once(server, [post(path, body(index)) for index in indices])
        for index, reply in zip(indices, replies):
            if index == 99:
                assert (reply.status, reply.header("Baton-Answer")) == (alone.status, alone.header("Baton-Answer"))
                assert reply.error
            else:
                assert (reply.status, outputs_of(reply)) == (200, {"entry": [10 * (index + 1)]})
        assert server.ask("POST", path, body(1)).status == 200
