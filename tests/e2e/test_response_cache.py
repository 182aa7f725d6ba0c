"""Answers out of the response cache: over HTTP and gRPC, one after the other and all at once."""

import concurrent.futures
import gzip
import json

import numpy
import pytest
import tritonclient.grpc as triton

import server_process
from environment import meanwhile

ECHO = "/v2/models/echo/infer"
SLOW = "/v2/models/slow/infer"
PATIENT = [("Baton-Budget-Ms", "8000")]


@pytest.fixture(scope="module")
def cached(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, kind, more in (("echo", "identity", "cache: {max_age: 1h}\n"),
                             ("slow", "sleeper", "cache: {max_age: 1h}\n"),
                             ("plain", "identity", "")):
        (folder / name / "1").mkdir(parents=True)
        (folder / name / "config.yaml").write_text(f"backend: builtin\nparameters:\n  kind: {kind}\n{more}")
    with server_process.running("--models", folder) as server:
        yield server


def echo(text, **more):
    return {**more, "inputs": [{"name": "input", "shape": [1], "datatype": "BYTES", "data": [text]}]}


def sleep(milliseconds, **more):
    return {**more, "inputs": [{"name": "ms", "shape": [1], "datatype": "FP32", "data": [milliseconds]}]}


def state_of(reply):
    assert (reply.status, reply.header("Baton-Answer")) == (200, "prediction"), reply
    return reply.header("Baton-Cache")


def test_an_equal_request_gets_the_answer_at_once_and_its_own_id(cached):
    before = cached.metrics_when_idle()
    first = cached.ask("POST", ECHO, echo("a", id="one"))
    again = cached.ask("POST", ECHO, echo("a", id="two"))
    assert (state_of(first), first.header("Age")) == ("miss", None)
    assert state_of(again) == "hit"
    assert int(again.header("Age")) >= 0
    assert (first.json()["id"], again.json()["id"]) == ("one", "two")
    assert first.json()["outputs"] == again.json()["outputs"]
    after = cached.metrics_when_idle()
    for name, difference in (("hits", 1), ("misses", 1), ("joined", 0)):
        metric = f"baton_cache_{name}_total"
        assert after(metric, endpoint="echo") == before(metric, endpoint="echo") + difference, name
    assert after("baton_inferences_total", endpoint="echo") == before("baton_inferences_total", endpoint="echo") + 1
    assert after("baton_cache_entries", endpoint="echo") == before("baton_cache_entries", endpoint="echo") + 1
    assert after("baton_cache_bytes", endpoint="echo") > before("baton_cache_bytes", endpoint="echo")


def test_what_differs_runs_for_itself(cached):
    assert state_of(cached.ask("POST", ECHO, echo("b"))) == "miss"
    assert state_of(cached.ask("POST", ECHO, echo("c"))) == "miss"
    assert state_of(cached.ask("POST", "/v1/models/echo:predict", {"instances": ["b"]})) == "miss"
    assert state_of(cached.ask("POST", "/v1/models/echo:predict", {"instances": ["b"]})) == "hit"


def test_equal_requests_at_once_run_once(cached):
    before = cached.metrics_when_idle()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(
            lambda number: cached.ask("POST", SLOW, sleep(500, id=f"number {number}"), PATIENT), range(8)))
    states = [state_of(reply) for reply in replies]
    assert states.count("miss") == 1, states
    assert states.count("joined") >= 1, states
    assert [reply.json()["id"] for reply in replies] == [f"number {number}" for number in range(8)]
    after = cached.metrics_when_idle()
    assert after("baton_inferences_total", endpoint="slow") == before("baton_inferences_total", endpoint="slow") + 1


def test_who_waits_for_another_is_answered_within_its_own_budget(cached):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        patient = pool.submit(cached.ask, "POST", SLOW, sleep(meanwhile(1500)), PATIENT)
        cached.metrics_when(lambda now: now("baton_pool_workers", state="busy") >= 1)
        hasty = cached.ask("POST", SLOW, sleep(meanwhile(1500)), [("Baton-Budget-Ms", "100")])
        assert (hasty.status, hasty.header("Baton-Cause")) == (504, "expired_in_queue"), hasty
        assert state_of(patient.result()) == "miss"


def test_errors_are_not_kept(cached):
    for _ in range(2):
        reply = cached.ask("POST", SLOW, sleep(-1))
        assert (reply.status, reply.header("Baton-Cache")) == (400, None), reply


def test_what_the_cache_does_not_look_into_says_nothing_of_it(cached):
    large = echo("x" * (64 << 10))
    zipped = gzip.compress(json.dumps(echo("a")).encode())
    for path, body, headers in ((ECHO, large, []), (ECHO, zipped, [("Content-Encoding", "gzip")]),
                                ("/v2/models/plain/infer", echo("a"), [])):
        for _ in range(2):
            assert state_of(cached.ask("POST", path, body, headers)) is None


def test_calls_over_grpc_share_answers_and_keep_their_ids(cached):
    tensor = triton.InferInput("input", [1], "BYTES")
    tensor.set_data_from_numpy(numpy.array([b"g"], dtype=object))
    before = cached.metrics_when_idle()("baton_cache_hits_total", endpoint="echo")
    with triton.InferenceServerClient(cached.grpc) as client:
        for number in ("1", "22", "333"):
            result = client.infer("echo", [tensor], request_id=number)
            assert result.get_response().id == number
            assert result.as_numpy("output").tolist() == [b"g"]
    assert cached.metrics_when_idle()("baton_cache_hits_total", endpoint="echo") == before + 2
