"""Bad input: each has its status, its sentence and its counter, and harms nobody else."""

import contextlib
import json
import time

import pytest

import environment
import http_raw
import server_process

KIB = 1024
GOOD_HEAD = b"POST /reverse HTTP/1.1\r\nHost: test\r\n"


@pytest.fixture(scope="module")
def good_client(server):
    """A connection that stays open through all of this."""
    with server.connect() as connection:
        yield connection


@pytest.fixture(autouse=True)
def others_are_served(server, good_client):
    """Whatever a test has sent: the server lives, and a client that did nothing wrong is answered."""
    yield
    assert server.process.poll() is None, server.log()
    reply = good_client.ask("POST", "/reverse", {"data": "abc"})
    assert (reply.status, reply.json()) == (200, {"data": "cba"})


def check_error(reply, status, *words):
    assert reply.status == status, reply
    assert reply.header("Content-Type") == "application/json"
    assert reply.header("Baton-Answer") == "invalid"
    for word in words:
        assert word in reply.error, f"{word!r} is not in {reply.error!r}"


MALFORMED = [
    ("bad_request_line", 400, b"complete nonsense\r\n\r\n"),
    ("bad_request_line", 400, b"GET /hello\r\n\r\n"),
    ("bad_request_line", 400, b"GET  /hello HTTP/1.1\r\nHost: t\r\n\r\n"),
    ("bad_request_line", 400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    ("unsupported_version", 505, b"GET /hello HTTP/2.0\r\nHost: t\r\n\r\n"),
    ("unsupported_method", 501, b"BREW /hello HTTP/1.1\r\nHost: t\r\n\r\n"),
    ("bad_request_line", 400, b"GET /hel\x01lo HTTP/1.1\r\nHost: t\r\n\r\n"),
    ("bad_target", 400, b"GET /hel%01lo HTTP/1.1\r\nHost: t\r\n\r\n"),
    ("bad_target", 400, b"GET /%zz HTTP/1.1\r\nHost: t\r\n\r\n"),
    ("bad_target", 400, b"GET /%2fhello HTTP/1.1\r\nHost: t\r\n\r\n"),
    ("bad_target", 400, b"GET /../etc/passwd HTTP/1.1\r\nHost: t\r\n\r\n"),
    ("bad_header", 400, b"GET /hello HTTP/1.1\r\nHost: t\r\nNo colon here\r\n\r\n"),
    ("bad_header", 400, b"GET /hello HTTP/1.1\r\nHost: t\r\nSpace : before\r\n\r\n"),
    ("bad_header", 400, b"GET /hello HTTP/1.1\r\nHost: t\r\nX: a\x00b\r\n\r\n"),
    ("bad_header", 400, b"GET /hello HTTP/1.1\r\nHost: t\r\nX: a\r\n folded\r\n\r\n"),
    ("bad_host", 400, b"GET /hello HTTP/1.1\r\n\r\n"),
    ("bad_host", 400, b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ("bad_content_length", 400, GOOD_HEAD + b"Content-Length: 1x\r\n\r\n{}"),
    ("bad_content_length", 400, GOOD_HEAD + b"Content-Length: -2\r\n\r\n{}"),
    ("bad_content_length", 400, GOOD_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    ("bad_content_length", 400, GOOD_HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}"),
    ("conflicting_framing", 400, GOOD_HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("conflicting_framing", 400, GOOD_HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"),
    ("bad_transfer_encoding", 400, GOOD_HEAD + b"Transfer-Encoding: gzip\r\n\r\n"),
    ("bad_transfer_encoding", 400, GOOD_HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    ("bad_chunk", 400, GOOD_HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
    ("bad_chunk", 400, GOOD_HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}and more\r\n0\r\n\r\n"),
    ("bad_chunk", 400, GOOD_HEAD + b"Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n"),
    ("unsupported_expectation", 417, GOOD_HEAD + b"Expect: a miracle\r\nContent-Length: 2\r\n\r\n"),
    ("request_line_too_long", 414, b"GET /" + b"a" * 9 * KIB + b" HTTP/1.1\r\nHost: t\r\n\r\n"),
    ("headers_too_large", 431, b"GET /hello HTTP/1.1\r\nHost: t\r\nX: " + b"a" * 33 * KIB + b"\r\n\r\n"),
    ("too_many_headers", 431, b"GET /hello HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 101 + b"\r\n"),
    ("body_too_large", 413, GOOD_HEAD + b"Content-Length: 9000000\r\n\r\n"),
    ("body_too_large", 413, GOOD_HEAD + b"Transfer-Encoding: chunked\r\n\r\n900000\r\n"),
    ("chunk_extensions_too_large", 400, GOOD_HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;" + b"e" * 300 + b"\r\n{}\r\n0\r\n\r\n"),
    ("trailers_too_large", 431, GOOD_HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nT: " + b"t" * 5 * KIB + b"\r\n\r\n"),
]


@pytest.mark.parametrize("reason, status, data", MALFORMED, ids=[f"{i}-{row[0]}" for i, row in enumerate(MALFORMED)])
def test_what_is_no_request_is_refused_counted_and_ends_the_connection(server, reason, status, data):
    before = server.metrics()
    with server.connect() as connection:
        connection.send(data)
        reply = connection.read()
        check_error(reply, status)
        assert reply.header("Connection") == "close"
        assert connection.at_end() == b""
    after = server.metrics_when_idle()
    counted = "baton_http_parse_errors_total"
    assert after(counted, reason=reason) == before(counted, reason=reason) + 1
    assert after(counted) == before(counted) + 1
    assert after.answers("_unknown_")["invalid"] == before.answers("_unknown_").get("invalid", 0) + 1


def test_smuggled_requests_are_not_answered(server):
    smuggled = b"GET /hello HTTP/1.1\r\nHost: t\r\n\r\n"
    attack = GOOD_HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled
    with server.connect() as connection:
        connection.send(attack)
        assert connection.read().status == 400
        assert connection.at_end() == b""


def test_bodies_up_to_the_limit_are_taken(server):
    body = b'{"data": "' + b"x" * (8 * KIB * KIB - 12) + b'"}'
    assert len(body) == 8 * KIB * KIB
    assert server.ask("POST", "/reverse", body).status == 200
    check_error(server.ask("POST", "/reverse", body + b" "), 413)


BAD_JSON = [
    (b"", "empty"), (b"{", "JSON"), (b"nonsense", "JSON"), (b'{"a": }', "JSON"), (b'{"a": 1} x', "JSON"),
    (b'{"a": "\xff\xfe"}', "JSON"), (b'{"a": 1e400}', "JSON"), (b'{"a": "\x01"}', "JSON"), (b'{"a": 01}', "JSON"),
    (b'{"a": NaN}', "JSON"), (b'{"a": 1, "a": 2}', "'a'"), (b"[1, 2]", "a JSON object"), (b'"text"', "a JSON object"),
    (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "64"), (b"[" * 200000, "byte 64"),
    (b'{"a":' * 50000, "byte 320"),
]


@pytest.mark.parametrize("path", ["/reverse", "/test/sleep", "/v2/models/tumour/infer", "/v1/models/tumour:predict"])
def test_bodies_that_are_no_json_object_are_refused_wherever_one_is_expected(server, path):
    with server.connect() as connection:
        for body, word in BAD_JSON:
            check_error(connection.ask("POST", path, body), 400, word)
        assert connection.ask("GET", "/hello").status == 200  # the connection goes on


def infer_body(**changes):
    tensor = {"name": "input", "shape": [1, 30], "datatype": "FP32", "data": [0.5] * 30}
    tensor.update(changes)
    return {"inputs": [{key: value for key, value in tensor.items() if value is not None}]}


BAD_INFER = [
    # the body, the field, and what its error has to say of what was expected and what came
    ({}, "inputs", ["inputs", "an array of objects", "nothing"]),
    ({"inputs": 5}, "inputs", ["an array of objects", "5"]),
    ({"inputs": [7]}, "inputs[0]", ["inputs[0]", "an object", "7"]),
    ({"inputs": []}, None, ["'input'"]),
    (infer_body(name=None), "inputs[0].name", ["a string", "nothing"]),
    (infer_body(name=3), "inputs[0].name", ["a string", "3"]),
    (infer_body(name="other"), None, ["'other'", "'input'"]),
    (infer_body(shape=None), "inputs[0].shape", ["whole numbers", "nothing"]),
    (infer_body(shape="wide"), "inputs[0].shape", ["whole numbers", "'wide'"]),
    (infer_body(shape=[1, -30]), "inputs[0].shape", ["-30"]),
    (infer_body(shape=[1, 30.5]), "inputs[0].shape", ["30.5"]),
    (infer_body(shape=[2**62, 2**62]), "inputs[0].shape", ["2^40"]),
    (infer_body(shape=[1, 29]), "inputs[0].data", ["'input'", "29", "30"]),
    (infer_body(shape=[1, 29], data=[0.5] * 29), None, ["'input'", "29", "30"]),
    (infer_body(shape=[30]), None, ["'input'", "30"]),
    (infer_body(shape=[1, 30, 1]), None, ["'input'", "30"]),
    (infer_body(shape=[1000000, 30]), "inputs[0].data", ["30000000", "30"]),
    (infer_body(datatype=None), "inputs[0].datatype", ["FP32", "nothing"]),
    (infer_body(datatype="FLOAT"), "inputs[0].datatype", ["FP32", "'FLOAT'"]),
    (infer_body(datatype="FP64"), None, ["'input'", "FP32", "FP64"]),
    (infer_body(datatype="INT32", data=[1] * 30), None, ["'input'", "FP32", "INT32"]),
    (infer_body(datatype="FP16"), "inputs[0].data", ["FP16"]),
    (infer_body(data=None), "inputs[0].data", ["nothing"]),
    (infer_body(data="text"), "inputs[0].data", ["an array", "'text'"]),
    (infer_body(data=[0.5] * 29), "inputs[0].data", ["30", "29"]),
    (infer_body(data=[0.5] * 31), "inputs[0].data", ["30", "31"]),
    (infer_body(data=[0.5] * 29 + ["x"]), "inputs[0].data", ["element 29", "'x'"]),
    (infer_body(data=[0.5] * 29 + [None]), "inputs[0].data", ["element 29", "null"]),
    (infer_body(data=[0.5] * 29 + [1e39]), "inputs[0].data", ["element 29", "FP32"]),
    (infer_body(data=[[0.5] * 15, [0.5] * 15]), "inputs[0].data", ["nested"]),
    ({"inputs": infer_body()["inputs"] * 2}, None, ["'input'"]),
    ({**infer_body(), "outputs": [{"name": "nosuch"}]}, None, ["'nosuch'", "'label'"]),
    ({**infer_body(), "outputs": [{}]}, "outputs[0].name", ["a string", "nothing"]),
    ({**infer_body(), "outputs": {}}, "outputs", ["an array of objects", "an object"]),
    ({**infer_body(), "id": 5}, "id", ["a string", "5"]),
    ({**infer_body(), "parameters": []}, "parameters", ["an object", "an array"]),
    ({**infer_body(), "parameters": {"timeout": [1]}}, None, ["timeout", "a number"]),
    ({**infer_body(), "parameters": {"binary_data_output": 1}}, None, ["binary_data_output"]),
]


@pytest.mark.parametrize("body, field, words", BAD_INFER, ids=[str(i) for i in range(len(BAD_INFER))])
def test_inputs_that_do_not_fit_the_model_are_named(server, body, field, words):
    before = server.metrics().answers("tumour").get("invalid", 0)
    reply = server.ask("POST", "/v2/models/tumour/infer", body)
    check_error(reply, 400, *words)
    if field is not None:
        assert reply.json()["field"] == field
    assert server.metrics_when_idle().answers("tumour")["invalid"] == before + 1


BAD_PREDICT = [
    ({}, ["instances", "nothing"]),
    ({"instances": []}, ["instances", "at least one"]),
    ({"instances": "all"}, ["instances", "'all'"]),
    ({"instances": [[1.0] * 29]}, ["'input'", "30", "29"]),
    ({"instances": [[1.0] * 30, [1.0] * 31]}, ["'input'", "30", "31"]),
    ({"instances": [["x"] * 30]}, ["'input'", "'x'"]),
    ({"instances": [{"other": [1.0] * 30}]}, ["instances[0]", "'other'"]),
    ({"instances": [{}]}, ["instances[0]", "'input'"]),
    ({"instances": [5]}, ["'input'", "5"]),
]


@pytest.mark.parametrize("body, words", BAD_PREDICT)
def test_instances_that_do_not_fit_the_model_are_named(server, body, words):
    check_error(server.ask("POST", "/v1/models/tumour:predict", body), 400, *words)


@pytest.mark.parametrize("millis", ["5", None, -1, 60001, True, [1]])
def test_test_endpoints_check_how_long_they_are_to_hold_a_worker(server, millis):
    body = {} if millis is None else {"ms": millis}
    reply = server.ask("POST", "/test/sleep", body)
    check_error(reply, 400, "ms", "0 to 60000")
    assert reply.json()["field"] == "ms"


def test_calls_without_a_body_or_with_another_kind_of_body_are_refused(server):
    check_error(server.ask("POST", "/reverse"), 411, "Content-Length")
    xml = server.ask("POST", "/reverse", b"<a/>", [("Content-Type", "text/xml")])
    check_error(xml, 415, "text/xml", "application/json")
    zipped = server.ask("POST", "/reverse", b"\x1f\x8b", [("Content-Encoding", "br")])
    check_error(zipped, 415, "'br'", "gzip")
    for accepted in ("application/json", "Application/JSON; charset=utf-8"):
        assert server.ask("POST", "/reverse", {}, [("Content-Type", accepted)]).status == 200


def test_unknown_models_are_counted_under_no_name_of_the_client(server):
    before = server.metrics().answers("_unknown_").get("invalid", 0)
    check_error(server.ask("POST", "/v2/models/no%20such%22/infer", infer_body()), 404, 'no such"')
    check_error(server.ask("POST", "/v2/models/" + "m" * 5000 + "/infer", infer_body()), 404)
    after = server.metrics_when_idle()
    assert after.answers("_unknown_")["invalid"] == before + 2
    assert set(after.values_of("baton_requests_total", "endpoint")) == {
        "digits", "tumour", "tumour_logistic", "reverse", "/test/sleep", "/test/spin", "_unknown_"}


@pytest.mark.parametrize("value", ["abc", "-5", "-0.1", "1e3", "nan", "inf", "0x10", "5ms", "1,5", ".5", "5.", "+5", "", "9" * 33])
def test_a_budget_that_is_no_number_is_refused_and_named(server, value):
    before = server.metrics().answers("reverse").get("invalid", 0)
    reply = server.ask("POST", "/reverse", {"data": "x"}, [("Baton-Budget-Ms", value)])
    check_error(reply, 400, "Baton-Budget-Ms", value[:30])
    assert reply.json()["field"] == "Baton-Budget-Ms"
    assert server.metrics_when_idle().answers("reverse")["invalid"] == before + 1


@pytest.mark.parametrize("headers", [
    [("Baton-Budget-Ms", "0")], [("Baton-Budget-Ms", "0.0")], [("Baton-Budget-Ms", "0.0000001")],
    [("grpc-timeout", "0m")], [("x-envoy-expected-rq-timeout-ms", "0")],
    [("Baton-Budget-Ms", "500"), ("grpc-timeout", "0S")],
])
def test_a_budget_of_zero_is_spent_at_once(server, headers):
    before = server.metrics()
    reply = server.ask("POST", "/reverse", {"data": "x"}, headers)
    assert reply.status == 504
    assert reply.error
    assert (reply.header("Baton-Answer"), reply.header("Baton-Cause")) == ("timeout", "budget_too_small")
    assert reply.header("Baton-Budget-Ms") == "0"
    after = server.metrics_when_idle()
    assert after.causes("reverse")["budget_too_small"] == before.causes("reverse").get("budget_too_small", 0) + 1
    assert after("baton_pool_tasks_total") == before("baton_pool_tasks_total"), "no worker was to see it"


@pytest.mark.parametrize("value", ["10000.5", "86400000", "99999999999999999999", "9" * 32, "10000000.0000000001"])
def test_an_absurd_budget_is_cut_to_the_maximum(server, value):
    reply = server.ask("POST", "/reverse", {"data": "x"}, [("Baton-Budget-Ms", value)])
    assert reply.status == 200
    assert reply.header("Baton-Budget-Ms") == "10000"


@pytest.mark.parametrize("source, name, value", [
    ("grpc_timeout", "grpc-timeout", "5x"), ("grpc_timeout", "grpc-timeout", "-5m"),
    ("grpc_timeout", "grpc-timeout", "123456789m"), ("grpc_timeout", "grpc-timeout", "m"),
    ("grpc_timeout", "grpc-timeout", "50 m"), ("envoy_timeout", "x-envoy-expected-rq-timeout-ms", "-1"),
    ("envoy_timeout", "x-envoy-expected-rq-timeout-ms", "1.5"), ("envoy_timeout", "x-envoy-expected-rq-timeout-ms", "soon"),
])
def test_malformed_budgets_in_the_headers_of_others_are_ignored_and_counted(server, source, name, value):
    before = server.metrics()("baton_malformed_budgets_total", source=source)
    reply = server.ask("POST", "/reverse", {"data": "x"}, [(name, value), ("Baton-Budget-Ms", "7000")])
    assert reply.status == 200
    assert reply.header("Baton-Budget-Ms") == "7000"
    assert server.metrics_when_idle()("baton_malformed_budgets_total", source=source) == before + 1


def test_half_a_request_and_silence_hold_up_nobody(server):
    silent = [server.connect() for _ in range(50)]
    try:
        for number, connection in enumerate(silent):
            connection.send((GOOD_HEAD + b"Content-Length: 20\r\n\r\n{")[: number * 2])
        deadline = time.monotonic() + 20
        while server.metrics()("baton_connections", listener="http", state="reading") < 40:
            assert time.monotonic() < deadline, "the connections do not show as being read"
        assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
    finally:
        for connection in silent:
            connection.reset()


def test_error_bodies_are_json_even_when_they_quote_the_client(server):
    reply = http_raw.ask_raw(server.http, b'GET /"quoted"%0a%01\\ HTTP/1.1\r\nHost: t\r\n\r\n')
    assert reply.status in (400, 404)
    assert isinstance(json.loads(reply.body)["error"], str)


def test_unfinished_bodies_are_held_up_to_a_bound_and_others_are_served():
    """Each promises 7 MB and holds one byte back: 60 of them are more than one conductor holds."""
    head = b"POST /reverse HTTP/1.1\r\nHost: baton\r\nContent-Length: 7000000\r\n\r\n"
    with server_process.running(*server_process.PLENTY) as server, contextlib.ExitStack() as stack:
        for _ in range(60):
            connection = stack.enter_context(server.connect())
            with contextlib.suppress(OSError):  # refused before all of it was sent
                connection.send(head + b" " * 6_999_999)
        server.metrics_when(lambda now: now("baton_requests_total", answer="refused") > 0)
        refused = server.metrics()  # families that were read before that one are whole now
        assert refused("baton_deadline_misses_total", endpoint="_unknown_", cause="queue_full") > 0
        assert refused("process_resident_memory_bytes") < 1_000_000_000 * max(1, environment.SLOW_FACTOR)
        assert server.ask("POST", "/reverse", {"data": "still"}).json() == {"data": "llits"}
