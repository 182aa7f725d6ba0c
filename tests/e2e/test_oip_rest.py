"""The Open Inference Protocol v2 over HTTP, line by line: routes, requests, answers and errors. Its tensors
are in test_oip_tensors.py, its binary extension in test_oip_binary.py."""

import contextlib
import json
import signal

import numpy
import pytest

import environment
import server_process
from oip import array_of, ask, check_error, infer_path, outputs_of, tensor

ONE = numpy.array([1.5], numpy.float32)
PLUS = {"inputs": [tensor("x", ONE, "FP32")]}
PAIR_A = array_of([[5, 7], [0.5, 0]], "FP32")
PAIR_B = array_of([[1, 2], [0.25, 3]], "FP32")
PAIR = {"inputs": [tensor("a", PAIR_A, "FP32"), tensor("b", PAIR_B, "FP32")]}
FORMS = ["", "/versions/1"]


@pytest.fixture(scope="module")
def server(models_folder):
    with server_process.running("--models", models_folder, *server_process.PLENTY) as started:
        yield started


def get(server, path, status=200):
    reply = server.ask("GET", path)
    assert reply.status == status, reply
    assert reply.header("Content-Type") == "application/json"
    return reply.json()


# R1 to R6, in both forms of their paths


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_R1_the_server_says_name_version_and_extensions(server, path):
    said = get(server, path)
    assert set(said) == {"name", "version", "extensions"}
    assert (said["name"], said["version"]) == ("baton", environment.project_version())
    assert all(isinstance(extension, str) for extension in said["extensions"])


def test_R1_the_extensions_are_those_of_the_checklist(server):
    served = {"binary_tensor_data", "model_configuration", "model_repository", "parameters", "schedule_policy", "statistics"}
    assert served <= set(get(server, "/v2")["extensions"])


def test_R2_a_server_that_answers_is_live(server):
    assert get(server, "/v2/health/live") == {"live": True}


def test_R3_a_server_that_serves_is_ready(server):
    assert get(server, "/v2/health/ready") == {"ready": True}


def test_R3_a_server_on_its_way_out_is_live_and_not_ready():
    # Without the laws: a server that closes what it has open may be gone before they are read.
    with server_process.running(laws=False) as server, server.connect() as first, server.connect() as second:
        ready = second.ask("GET", "/v2/health/ready")
        server.signal(signal.SIGTERM)
        while ready.status == 200:  # until the signal has come through
            ready = first.ask("GET", "/v2/health/ready")
        assert (ready.status, ready.json()) == (503, {"ready": False})
        live = second.ask("GET", "/v2/health/live")
        assert (live.status, live.json()) == (200, {"live": True})


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("model", ["pair", "digits", "plus"])
def test_R4_a_model_that_is_served_is_ready(server, model, form):
    assert get(server, f"/v2/models/{model}{form}/ready") == {"name": model, "ready": True}


@pytest.mark.parametrize("path", ["/v2/models/nosuch/ready", "/v2/models/nosuch/versions/1/ready", "/v2/models/pair/versions/9/ready"])
def test_R4_one_that_is_not_there_is_unknown(server, path):
    check_error(server.ask("GET", path), 404, path.split("/")[3])


@pytest.mark.parametrize("form", FORMS)
def test_R5_a_model_says_its_tensors(server, form):
    said = get(server, f"/v2/models/mixed{form}")
    assert set(said) - {"properties"} == {"name", "versions", "platform", "inputs", "outputs"}
    assert (said["name"], said["versions"]) == ("mixed", ["1"])
    assert said["platform"] == "onnxruntime_onnx"
    assert said["inputs"] == [
        {"name": "text", "datatype": "BYTES", "shape": [-1]},
        {"name": "number", "datatype": "INT64", "shape": [-1, 2]},
        {"name": "flag", "datatype": "BOOL", "shape": [-1, 1, 3]},
    ]
    assert [output["name"] for output in said["outputs"]] == ["text_out", "number_out", "flag_out"]
    assert [output["shape"] for output in said["outputs"]] == [[-1], [-1, 2], [-1, 1, 3]]


def test_R5_the_versions_of_a_model_are_said_by_number(server):
    assert get(server, "/v2/models/plus")["versions"] == ["1", "2", "10"]
    assert get(server, "/v2/models/plus/versions/2")["name"] == "plus"


@pytest.mark.parametrize("path", ["/v2/models/nosuch", "/v2/models/nosuch/versions/1", "/v2/models/plus/versions/3"])
def test_R5_one_that_is_not_there_is_unknown(server, path):
    check_error(server.ask("GET", path), 404, path.split("/")[3])


@pytest.mark.parametrize("version", [None, "1"])
def test_R6_a_model_predicts(server, version):
    reply = ask(server, "pair", PAIR, version=version)
    assert set(reply.json()) == {"model_name", "model_version", "outputs"}
    assert (reply.json()["model_name"], reply.json()["model_version"]) == ("pair", "1")
    found = outputs_of(reply)
    assert list(found) == ["sum", "difference"], "no outputs in the request means all of them"
    assert found["sum"].array.tolist() == (PAIR_A + PAIR_B).tolist()
    assert found["difference"].array.tolist() == (PAIR_A - PAIR_B).tolist()
    assert {(output.datatype, tuple(output.shape)) for output in found.values()} == {("FP32", (2, 2))}


@pytest.mark.parametrize("version, expected", [("1", 2.5), ("2", 3.5), ("10", 11.5), (None, 11.5)])
def test_R6_a_version_is_asked_by_its_number_and_without_one_the_latest_answers(server, version, expected):
    reply = ask(server, "plus", PLUS, version=version)
    assert reply.json()["model_version"] == (version or "10")
    assert outputs_of(reply)["y"].array.tolist() == [expected]


# the request and its answer


@pytest.mark.parametrize("name", ["seven", "", "7", "süß \"quoted\" \\ \n", "x" * 500])
def test_an_id_is_echoed_exactly(server, name):
    assert ask(server, "plus", {**PLUS, "id": name}).json()["id"] == name


def test_no_id_is_made_up(server):
    assert "id" not in ask(server, "plus", PLUS).json()


@pytest.mark.parametrize("wanted", [["difference"], ["sum"], ["difference", "sum"], ["sum", "difference"]])
def test_requested_outputs_come_in_the_order_asked(server, wanted):
    found = outputs_of(ask(server, "pair", {**PAIR, "outputs": [{"name": name} for name in wanted]}))
    assert list(found) == wanted
    if "difference" in found:
        assert found["difference"].array.tolist() == (PAIR_A - PAIR_B).tolist()


def test_inputs_are_known_by_name_and_not_by_place(server):
    found = outputs_of(ask(server, "pair", {"inputs": PAIR["inputs"][::-1]}))
    assert found["difference"].array.tolist() == (PAIR_A - PAIR_B).tolist()


def test_parameters_of_request_inputs_and_outputs_are_taken(server):
    flat = {"text": "x", "number": 1.5, "whole": 7, "flag": True}
    body = {
        "parameters": flat,
        "inputs": [{**one, "parameters": flat} for one in PAIR["inputs"]],
        "outputs": [{"name": "sum", "parameters": flat}],
    }
    assert list(outputs_of(ask(server, "pair", body))) == ["sum"]


def test_parameters_timeout_is_the_budget_in_microseconds(server):
    reply = ask(server, "plus", {**PLUS, "parameters": {"timeout": 2_500_000}})
    assert (reply.status, float(reply.header("Baton-Budget-Ms"))) == (200, 2500)
    reply = ask(server, "plus", {**PLUS, "parameters": {"timeout": 0}})
    assert (reply.status, float(reply.header("Baton-Budget-Ms"))) == (200, 8000)


@pytest.mark.parametrize("priority, expected", [(0, "default"), (1, "critical"), (2, "sheddable")])
def test_parameters_priority_is_the_criticality(server, priority, expected):
    body = {"parameters": {"priority": priority}, **PLUS}
    reply = ask(server, "plus", body, headers=[("Baton-Budget-Ms", "0")])
    assert reply.status == 504
    server.metrics_when_idle()
    (miss,) = json.loads(server.batonctl("misses", "--limit", 1, "-o", "json").stdout)["misses"]
    assert miss["criticality"].removeprefix("CRITICALITY_").lower() == expected


# errors


def changed(**changes):
    """The request to `pair` with its input `a` changed."""
    return {"inputs": [{**PAIR["inputs"][0], **changes}, PAIR["inputs"][1]]}


MISMATCHES = {
    "count mismatch": (changed(data=[1, 2, 3]), ["'a'", "4", "3"]),
    "count mismatch, nested": (changed(data=[[1, 2]]), ["'a'", "[2,2]", "1"]),
    "count too large": (changed(data=[1, 2, 3, 4, 5]), ["'a'", "4", "5"]),
    "unknown input": (changed(name="nosuch"), ["'nosuch'"]),
    "input twice": ({"inputs": [*PAIR["inputs"], PAIR["inputs"][0]]}, ["'a'"]),
    "missing input": ({"inputs": PAIR["inputs"][1:]}, ["'a'"]),
    "wrong datatype": (changed(datatype="INT32", data=[1, 2, 3, 4]), ["'a'", "FP32", "INT32"]),
    "no datatype of the protocol": (changed(datatype="FP31"), ["FP31"]),
    "wrong rank": (changed(shape=[4], data=[1, 2, 3, 4]), ["'a'", "[-1,2]", "[4]"]),
    "wrong fixed dimension": (changed(shape=[1, 4]), ["'a'", "[-1,2]", "[1,4]"]),
    "negative dimension": (changed(shape=[-1, 2]), ["-1"]),
    "shape of more elements than there can be": (changed(shape=[2**40, 2]), []),
    "shape whose product overflows": (changed(shape=[2**62, 8]), []),
    "shape that is no array": (changed(shape=4), ["shape"]),
    "element of a wrong kind": (changed(data=[1, 2, "3", 4]), ["'a'"]),
    "no data": ({"inputs": [{k: v for k, v in PAIR["inputs"][0].items() if k != "data"}, PAIR["inputs"][1]]}, ["data"]),
    "no name": ({"inputs": [{k: v for k, v in PAIR["inputs"][0].items() if k != "name"}, PAIR["inputs"][1]]}, ["name"]),
    "no shape": ({"inputs": [{k: v for k, v in PAIR["inputs"][0].items() if k != "shape"}, PAIR["inputs"][1]]}, ["shape"]),
    "unknown requested output": ({**PAIR, "outputs": [{"name": "nosuch"}]}, ["'nosuch'"]),
    "output twice": ({**PAIR, "outputs": [{"name": "sum"}, {"name": "sum"}]}, ["sum"]),
    "no inputs": ({"outputs": [{"name": "sum"}]}, ["inputs"]),
    "inputs that are no array": ({"inputs": {"a": 1}}, ["inputs"]),
    "id that is no string": ({**PAIR, "id": 7}, ["id"]),
    "parameters that are no object": ({**PAIR, "parameters": [1]}, ["parameters"]),
    "parameters that are not flat": ({**PAIR, "parameters": {"key": {"a": 1}}}, ["parameters", "key"]),
    "parameters of an input that are not flat": (changed(parameters={"key": [1]}), ["parameters", "key"]),
    "rows that do not match": (changed(shape=[3, 2], data=[1, 2, 3, 4, 5, 6]), []),
}


@pytest.mark.parametrize("what", MISMATCHES)
def test_400_a_mismatch_is_named(server, what):
    body, words = MISMATCHES[what]
    check_error(ask(server, "pair", body), 400, *words)


@pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[]", b"null", b"7", b"\"text\"", b"{\"inputs\": [}", b"{} {}", b"\xff\xfe",
                                  b"{\"inputs\": [NaN]}", b"[" * 1000, b"{'inputs': []}"])
def test_400_what_is_no_request_is_refused(server, body):
    check_error(server.ask("POST", infer_path("pair"), body), 400)


def test_400_a_good_request_and_something_after_it(server):
    check_error(server.ask("POST", infer_path("pair"), json.dumps(PAIR).encode() + b"x"), 400)


@pytest.mark.parametrize("path, word", [
    ("/v2/models/nosuch/infer", "'nosuch'"),
    ("/v2/models/nosuch/versions/1/infer", "'nosuch'"),
    ("/v2/models/plus/versions/3/infer", "'3'"),
    ("/v2/models/plus/versions/latest/infer", "'latest'"),
    ("/v2/nosuch", "/v2/nosuch"),
    ("/v2/models/plus/nosuch", "nosuch"),
])
def test_404_an_unknown_model_version_or_path(server, path, word):
    check_error(server.ask("POST", path, PLUS), 404, word)


ROUTES = {
    "GET": ["/v2", "/v2/", "/v2/health/live", "/v2/health/ready", "/v2/models/plus", "/v2/models/plus/versions/1",
            "/v2/models/plus/ready", "/v2/models/plus/versions/1/ready"],
    "POST": ["/v2/models/plus/infer", "/v2/models/plus/versions/1/infer"],
}


@pytest.mark.parametrize("right, path", [(method, path) for method in ROUTES for path in ROUTES[method]])
def test_405_another_method_is_told_which_is_right(server, right, path):
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - {right}:
        reply = server.ask(method, path, {} if method != "GET" else None)
        check_error(reply, 405)
        assert right in reply.header("Allow").split(", ")


def test_413_a_body_that_is_too_large(models_folder):
    with server_process.running("--models", models_folder, "--limit", "body_bytes=1KiB") as server:
        check_error(server.ask("POST", infer_path("plus"), {**PLUS, "id": "x" * 1024}), 413)


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
def test_415_a_body_of_another_type(server, kind):
    check_error(server.ask("POST", infer_path("plus"), PLUS, [("Content-Type", kind)]), 415, kind.split(";")[0])


def test_503_who_is_shed_is_told_when_to_come_again(models_folder):
    flags = ["--models", models_folder, "--workers", 1, "--limit", "pending_requests=1"]
    with server_process.running(*flags) as server, contextlib.ExitStack() as stack:
        server.hold(stack, workers=1, milliseconds=1500)
        reply = ask(server, "plus", PLUS)
        check_error(reply, 503)
        assert int(reply.header("Retry-After")) >= 1


def test_504_a_budget_that_is_spent(server):
    check_error(ask(server, "plus", {**PLUS, "parameters": {"timeout": 1}}), 504)
    check_error(ask(server, "plus", PLUS, headers=[("Baton-Budget-Ms", "0")]), 504)
