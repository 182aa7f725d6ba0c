"""W3C Trace Context: requests join their caller's trace, and answers say where they are in it."""

import re
import shutil
import subprocess

import grpc
import pytest

import server_process
from oip import array_of
from oip_grpc import request_of, stub_of

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{CALLER}-01"
OURS = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])")
ROW = {"input": (array_of([[0.25] * 30], "FP32"), "FP32")}


@pytest.fixture(scope="module")
def server():
    with server_process.running(*server_process.PLENTY) as started:
        yield started


def spans_of(values):
    found = [OURS.fullmatch(value) for value in values]
    assert all(found), values
    assert {one[1] for one in found} == {TRACE}
    return [one[2] for one in found]


def test_every_kind_of_answer_names_the_callers_trace_and_a_span_of_its_own(server):
    asks = [
        ("POST", "/reverse", {"data": "x"}, [], 200),
        ("POST", "/v1/models/tumour_logistic:predict", {"instances": [[0.25] * 30]}, [], 200),
        ("POST", "/reverse", b"{", [], 400),
        ("POST", "/reverse", {"data": "x"}, [("Baton-Budget-Ms", "0")], 504),
        ("POST", "/nothing", {}, [], 404),
        ("DELETE", "/reverse", None, [], 405),
    ]
    spans = []
    for method, path, body, headers, status in asks:
        reply = server.ask(method, path, body, [*headers, ("TraceParent", PARENT), ("tracestate", "a=1")])
        assert reply.status == status, reply
        assert reply.header("tracestate") == "a=1", reply
        assert reply.header("traceparent").endswith("-01")
        spans.append(reply.header("traceparent"))
    spans = spans_of(spans)
    assert len({*spans, CALLER}) == len(asks) + 1, "each has a span of its own"


@pytest.mark.parametrize("headers", [
    [],
    [("tracestate", "a=1")],
    [("traceparent", PARENT), ("traceparent", PARENT)],
    [("traceparent", PARENT.upper())],
    [("traceparent", "00-" + "0" * 32 + f"-{CALLER}-01")],
    [("traceparent", "x" * 8000)],
    [("traceparent", PARENT + "-and more")],
], ids=["none", "state alone", "two", "upper case", "no trace", "long", "too long"])
def test_nothing_is_said_of_a_trace_that_nobody_named(server, headers):
    reply = server.ask("POST", "/reverse", {"data": "x"}, headers)
    assert reply.status == 200
    assert reply.header("traceparent") is None and reply.header("tracestate") is None


@pytest.mark.parametrize("states, told", [
    (["a=1,b=2", "c=3"], "a=1,b=2,c=3"),
    (["a=1", "B=2"], None),
    (["a=" + "x" * 600], None),
    ([",".join(f"k{n}=v" for n in range(33))], None),
    (["a=\u00e4"], None),
], ids=["joined", "broken", "long", "many", "no ASCII"])
def test_a_state_is_repeated_whole_or_not_at_all(server, states, told):
    reply = server.ask("POST", "/reverse", {"data": "x"},
                       [("traceparent", PARENT), *(("tracestate", state) for state in states)])
    assert reply.status == 200
    spans_of([reply.header("traceparent")])
    assert reply.header("tracestate") == told


def trailers_of(server, metadata, **more):
    with stub_of(server) as stub:
        asked = request_of("tumour_logistic", ROW, **more)
        try:
            _, call = stub.ModelInfer.with_call(asked, metadata=metadata, timeout=20)
        except grpc.RpcError as failed:
            call = failed
        return call.code(), dict(call.trailing_metadata())


def test_calls_over_grpc_join_their_callers_trace_too(server):
    metadata = [("traceparent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2")]
    code, told = trailers_of(server, metadata)
    refused, told_of_refused = trailers_of(server, metadata, model_version="77")
    assert (code, refused) == (grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND)
    assert told["tracestate"] == told_of_refused["tracestate"] == "a=1,b=2"
    spans = spans_of([told["traceparent"], told_of_refused["traceparent"]])
    assert len({*spans, CALLER}) == 3

    code, told = trailers_of(server, [("traceparent", PARENT[:-1]), ("tracestate", "a=1")])
    assert code == grpc.StatusCode.OK and "traceparent" not in told
    code, told = trailers_of(server, [])
    assert code == grpc.StatusCode.OK and "traceparent" not in told


@pytest.mark.skipif(shutil.which("curl") is None, reason="gRPC's own client sends no tab")
def test_a_tab_in_a_state_harms_no_server_over_grpc(server):
    called = subprocess.run(
        ["curl", "-sS", "-i", "--http2-prior-knowledge", "--max-time", "20", "-H", "content-type: application/grpc",
         "-H", "te: trailers", "-H", f"traceparent: {PARENT}", "-H", "tracestate: a=1,\tb=2", "--data-binary", "@-",
         f"http://{server.grpc}/inference.GRPCInferenceService/ModelInfer"],
        input=bytes(5), capture_output=True, check=False)
    assert b"tracestate: a=1, b=2" in called.stdout, called
    code, told = trailers_of(server, [("traceparent", PARENT), ("tracestate", "a=1")])
    assert code == grpc.StatusCode.OK and told["tracestate"] == "a=1"
