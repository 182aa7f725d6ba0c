"""What is served, as curl sees it: /hello, /reverse, health, metadata, predictions of the bundled models."""

import json
import math
import re

import pytest

import environment
import http_raw
import server_process

MODELS = ("digits", "tumour", "tumour_logistic")
CLASSES = {"digits": 10, "tumour": 2, "tumour_logistic": 2}
FEATURES = {"digits": 64, "tumour": 30, "tumour_logistic": 30}


def curl(server, path, *options):
    """The answer to a real curl, as http_raw shows one."""
    done = environment.run(environment.tool("curl"), "-sS", "-i", "--max-time", 30, *options, f"http://{server.http}{path}")
    head, _, body = done.stdout.partition("\n\n")
    lines = head.splitlines()
    version, status, reason = (lines[0] + " ").split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return http_raw.Reply(int(status), reason.strip(), version, headers, body.encode())


def test_hello_greets(server):
    reply = curl(server, "/hello")
    assert (reply.status, reply.reason, reply.version) == (200, "OK", "HTTP/1.1")
    assert reply.header("Content-Type") == "application/json"
    assert reply.json() == {"message": "Hello from Baton"}
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", reply.header("Date"))


@pytest.mark.parametrize("sent, expected", [
    ({"data": ["hello", "world"]}, {"data": ["olleh", "dlrow"]}),
    ({"data": ["héllo wörld", "日本語", "a😀b", ""]}, {"data": ["dlröw olléh", "語本日", "b😀a", ""]}),
    ({"text": "ab", "number": 12345678901234567890, "flag": True, "nothing": None, "in": {"deep": ["xyz"]}},
     {"text": "ba", "number": 12345678901234567890, "flag": True, "nothing": None, "in": {"deep": ["zyx"]}}),
    ({}, {}),
])
def test_reverse_reverses_strings_by_code_points_and_leaves_the_rest(server, sent, expected):
    reply = curl(server, "/reverse", "-d", json.dumps(sent, ensure_ascii=False))
    assert reply.status == 200
    assert reply.header("Baton-Answer") == "prediction"
    assert reply.json() == expected


def test_reverse_takes_escaped_text_and_chunked_bodies(server):
    body = json.dumps({"data": ["a\"b\\c", "😀é"]})  # ASCII, with escapes and surrogate pairs
    reply = curl(server, "/reverse", "-H", "Transfer-Encoding: chunked", "-H", "Content-Type: application/json", "-d", body)
    assert reply.json() == {"data": ["c\\b\"a", "é😀"]}


def test_health_and_server_metadata(server):
    for path in ("/v2", "/v2/"):  # R1
        metadata = curl(server, path).json()
        assert metadata["name"] == "baton"
        assert metadata["version"] == environment.project_version()
        assert isinstance(metadata["extensions"], list)
    assert curl(server, "/v2/health/live").json() == {"live": True}  # R2
    ready = curl(server, "/v2/health/ready")  # R3
    assert (ready.status, ready.json()) == (200, {"ready": True})


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("form", ["", "/versions/1"])
def test_model_readiness_and_metadata_in_both_forms(server, model, form):
    assert curl(server, f"/v2/models/{model}{form}/ready").json() == {"name": model, "ready": True}  # R4
    metadata = curl(server, f"/v2/models/{model}{form}").json()  # R5
    assert metadata["name"] == model
    assert metadata["versions"] == ["1"]
    assert metadata["platform"]
    assert metadata["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, FEATURES[model]]}]
    outputs = {output["name"]: output for output in metadata["outputs"]}
    assert outputs["label"] == {"name": "label", "datatype": "INT64", "shape": [-1]}
    assert outputs["probabilities"] == {"name": "probabilities", "datatype": "FP32", "shape": [-1, CLASSES[model]]}


def infer_body(rows, **more):
    features = [row["features"] for row in rows]
    data = [value for row in features for value in row]
    shape = [len(rows), len(features[0])]
    return {"inputs": [{"name": "input", "shape": shape, "datatype": "FP32", "data": data}], **more}


def check_outputs(answer, rows, model):
    outputs = {output["name"]: output for output in answer["outputs"]}
    assert outputs["label"]["datatype"] == "INT64"
    assert outputs["label"]["shape"] == [len(rows)]
    assert outputs["label"]["data"] == [row["label"] for row in rows]
    assert outputs["probabilities"]["datatype"] == "FP32"
    assert outputs["probabilities"]["shape"] == [len(rows), CLASSES[model]]
    expected = [value for row in rows for value in row["probabilities"]]
    got = outputs["probabilities"]["data"]
    assert len(got) == len(expected)
    assert all(math.isclose(a, b, rel_tol=1e-4, abs_tol=1e-6) for a, b in zip(got, expected))


@pytest.mark.parametrize("model", MODELS)
def test_held_out_rows_are_predicted_one_by_one_and_together(server, bundled, model):
    rows = bundled(model)
    assert len(rows) == 32
    with server.connect() as connection:
        for row in rows:
            reply = connection.ask("POST", f"/v2/models/{model}/infer", infer_body([row]))
            assert reply.status == 200, reply
            assert reply.header("Baton-Answer") == "prediction"
            check_outputs(reply.json(), [row], model)
        answer = connection.ask("POST", f"/v2/models/{model}/versions/1/infer", infer_body(rows)).json()
    assert answer["model_name"] == model
    assert answer["model_version"] == "1"
    assert "id" not in answer
    check_outputs(answer, rows, model)


@pytest.mark.parametrize("model", MODELS)
def test_predict_gives_an_object_for_each_instance(server, bundled, model):
    rows = bundled(model)[:5]
    instances = [row["features"] for row in rows]
    reply = curl(server, f"/v1/models/{model}:predict", "-d", json.dumps({"instances": instances}))
    predictions = reply.json()["predictions"]
    assert [prediction["label"] for prediction in predictions] == [row["label"] for row in rows]
    for prediction, row in zip(predictions, rows):
        assert prediction["probabilities"] == pytest.approx(row["probabilities"], rel=1e-4, abs=1e-6)
    named = {"instances": [{"input": features} for features in instances]}
    assert curl(server, f"/v1/models/{model}:predict", "-d", json.dumps(named)).json()["predictions"] == predictions


def test_infer_echoes_the_id_takes_nested_data_and_gives_the_outputs_asked_for(server, bundled):
    row = bundled("tumour")[0]
    nested = infer_body([row], id="a-7/ü", outputs=[{"name": "label"}])
    nested["inputs"][0]["data"] = [row["features"]]
    answer = curl(server, "/v2/models/tumour/infer", "-d", json.dumps(nested)).json()
    assert answer["id"] == "a-7/ü"
    assert answer["outputs"] == [{"name": "label", "shape": [1], "datatype": "INT64", "data": [row["label"]]}]


def test_every_prediction_names_the_budget_it_was_granted(server):
    reply = curl(server, "/reverse", "-d", "{}", "-H", "Baton-Budget-Ms: 1234.5")
    assert reply.header("Baton-Budget-Ms") == "1234.5"
    assert reply.header("Server-Timing") is None


def test_head_is_get_without_the_body(server):
    with server.connect() as connection:
        got = connection.ask("GET", "/hello")
        head = connection.ask("HEAD", "/hello")
        assert (head.status, head.body) == (200, b"")
        assert head.header("Content-Length") == got.header("Content-Length")
        missing = connection.ask("HEAD", "/nothing")  # and an error has no body either
        assert missing.status == 404
        assert connection.ask("GET", "/hello").status == 200
    assert curl(server, "/hello", "--head").status == 200


@pytest.mark.parametrize("path, methods", [
    ("/hello", {"GET", "HEAD"}),
    ("/reverse", {"POST"}),
    ("/v2/models/tumour/infer", {"POST"}),
    ("/v1/models/tumour:predict", {"POST"}),
])
def test_options_and_wrong_methods_name_what_is_allowed(server, path, methods):
    def allowed(reply):
        return {method.strip() for method in reply.header("Allow").split(",")}

    options = curl(server, path, "-X", "OPTIONS")
    assert options.status == 204
    assert methods <= allowed(options)
    before = server.metrics().answers("_unknown_").get("invalid", 0)
    for method in ("PUT", "DELETE", "PATCH", "GET" if "POST" in methods else "POST"):
        wrong = server.ask(method, path, b"" if method != "GET" else None)
        assert wrong.status == 405
        assert methods <= allowed(wrong)
        assert method in wrong.error and path in wrong.error
        assert wrong.header("Baton-Answer") == "invalid"
    assert server.metrics_when_idle().answers("_unknown_")["invalid"] == before + 4


def test_options_of_the_whole_server(server):
    reply = http_raw.ask_raw(server.http, b"OPTIONS * HTTP/1.1\r\nHost: test\r\n\r\n")
    assert reply.status == 204
    assert {"GET", "POST"} <= {method.strip() for method in reply.header("Allow").split(",")}


@pytest.mark.parametrize("path", [
    "/", "/Hello", "/hello/", "/v2/models", "/v2/models/tumour/", "/v2/health", "/v1/models/tumour", "/metrics",
    "/v2/models/tumour/versions//infer", "/a/../hello/x",
])
def test_what_is_not_served_is_404_with_the_path_in_its_error(server, path):
    reply = curl(server, path, "--path-as-is")
    assert reply.status == 404
    assert reply.header("Content-Type") == "application/json"
    assert "nothing is served at" in reply.error


def test_unknown_models_and_versions_are_404_and_named(server):
    body = json.dumps({"inputs": []})
    for path in ("/v2/models/nosuch", "/v2/models/nosuch/ready"):
        assert "nosuch" in curl(server, path).error
    for path in ("/v2/models/nosuch/infer", "/v1/models/nosuch:predict"):
        reply = curl(server, path, "-d", body)
        assert reply.status == 404
        assert "nosuch" in reply.error
    for path in ("/v2/models/tumour/versions/9", "/v2/models/tumour/versions/9/ready"):
        reply = curl(server, path)
        assert reply.status == 404
        assert "9" in reply.error and "tumour" in reply.error
    reply = curl(server, "/v2/models/tumour/versions/9/infer", "-d", body)
    assert reply.status == 404
    assert "9" in reply.error and "tumour" in reply.error


def test_test_endpoints_hold_a_worker_for_as_long_as_told(server):
    slept = curl(server, "/test/sleep", "-d", '{"ms": 20}').json()
    assert slept["ms"] == 20 and slept["slept_ms"] >= 20
    spun = curl(server, "/test/spin", "-d", '{"ms": 5}').json()
    assert spun["ms"] == 5 and spun["spun_ms"] >= 5


def test_test_endpoints_are_absent_unless_asked_for():
    with server_process.running(test_endpoints=False) as plain:
        for path in ("/test/sleep", "/test/spin"):
            assert curl(plain, path, "-d", '{"ms": 1}').status == 404
        assert "/test/sleep" not in plain.metrics().values_of("baton_requests_total", "endpoint")
