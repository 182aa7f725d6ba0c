"""Extensions of the Open Inference Protocol v2 over HTTP: repository index, model configuration, statistics,
and what would change the server."""

import getpass

import pytest

import server_process
from oip import array_of, ask, check_error, tensor

PLUS = {"inputs": [tensor("x", array_of([1.5], "FP32"), "FP32")]}
MODEL_COUNT = 14 + 5 + 3  # by name: identities, the other small ones, the bundled ones


@pytest.fixture(scope="module")
def server(models_folder):
    with server_process.running("--models", models_folder, *server_process.PLENTY) as started:
        yield started


def answer(server, method, path, body=None):
    reply = server.ask(method, path, body)
    assert reply.status == 200, reply
    assert reply.header("Content-Type") == "application/json"
    return reply.json()


# model_repository


@pytest.mark.parametrize("body", [b"", {}, {"ready": True}, {"ready": False}])
def test_the_repository_index_has_every_version(server, body):
    index = answer(server, "POST", "/v2/repository/index", body)
    assert all(set(entry) - {"reason"} == {"name", "version", "state"} for entry in index)
    found = [(entry["name"], entry["version"]) for entry in index]
    assert len(found) == len(set(found))
    assert len({name for name, _ in found}) == MODEL_COUNT
    assert [version for name, version in found if name == "plus"] in (["1", "2", "10"], ["10"])
    assert {"10"} <= {entry["version"] for entry in index if entry["name"] == "plus" and entry["state"] == "READY"}
    assert {entry["state"] for entry in index} <= {"READY", "UNAVAILABLE"}
    if body == {"ready": True}:
        assert {entry["state"] for entry in index} == {"READY"}


@pytest.mark.parametrize("body", [b"{", b"[]", {"ready": 1}])
def test_the_repository_index_refuses_what_it_does_not_understand(server, body):
    check_error(server.ask("POST", "/v2/repository/index", body), 400)


def test_the_repository_index_is_posted(server):
    reply = server.ask("GET", "/v2/repository/index")
    check_error(reply, 405)
    assert reply.header("Allow").split(", ")[0] == "POST"


@pytest.mark.parametrize("what", ["load", "unload"])
@pytest.mark.parametrize("model", ["plus", "nosuch"])
def test_loading_belongs_to_the_admin_plane(server, what, model):
    check_error(server.ask("POST", f"/v2/repository/models/{model}/{what}", {}), 403)
    assert ask(server, "plus", PLUS).status == 200, "nothing has happened"


def states_of(server, model):
    index = answer(server, "POST", "/v2/repository/index", {})
    return {entry["version"]: entry["state"] for entry in index if entry["name"] == model}


def test_models_are_unloaded_and_loaded_where_that_is_allowed(models_folder):
    flags = ["--models", models_folder, "--user", getpass.getuser(), "--allow-model-control", *server_process.PLENTY]
    with server_process.running(*flags) as server:
        before = states_of(server, "plus")
        path = "/v2/repository/models/plus"
        check_error(server.ask("POST", f"{path}/load", {"parameters": {"config": "{}"}}), 400)
        check_error(server.ask("POST", "/v2/repository/models/nosuch/load", {}), 404)
        check_error(server.ask("POST", "/v2/repository/models/nosuch/unload", {}), 404)
        assert answer(server, "POST", f"{path}/unload") == {}
        check_error(ask(server, "plus", PLUS), 503)
        assert set(states_of(server, "plus").values()) == {"UNAVAILABLE"}
        assert answer(server, "POST", f"{path}/load", {}) == {}
        assert ask(server, "plus", PLUS).status == 200
        assert states_of(server, "plus") == before


# model_configuration


@pytest.mark.parametrize("form", ["", "/versions/1"])
def test_the_configuration_of_a_model_has_its_tensors(server, form):
    said = answer(server, "GET", f"/v2/models/mixed{form}/config")
    assert said["name"] == "mixed"
    assert said["platform"] == "onnxruntime_onnx"
    rows = [-1] if int(said.get("max_batch_size", 0)) > 0 else []  # that dimension is then left out of all shapes
    assert [(one["name"], one["data_type"], rows + [int(size) for size in one["dims"]]) for one in said["input"]] == [
        ("text", "TYPE_STRING", [-1]), ("number", "TYPE_INT64", [-1, 2]), ("flag", "TYPE_BOOL", [-1, 1, 3])]
    assert [one["name"] for one in said["output"]] == ["text_out", "number_out", "flag_out"]


@pytest.mark.parametrize("path", ["/v2/models/nosuch/config", "/v2/models/plus/versions/3/config", "/v2/models/nosuch/stats",
                                  "/v2/models/plus/versions/3/stats"])
def test_the_extensions_know_no_unknown_model(server, path):
    check_error(server.ask("GET", path), 404, path.split("/")[3])


# statistics

DURATIONS = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output")


def statistics(server, path):
    found = {(one["name"], one["version"]): one for one in answer(server, "GET", path)["model_stats"]}
    for one in found.values():
        assert {"name", "version", "last_inference", "inference_count", "execution_count", "inference_stats"} <= set(one)
        assert set(DURATIONS) <= set(one["inference_stats"])
        for duration in one["inference_stats"].values():
            assert set(duration) == {"count", "ns"}
            assert duration["count"] >= 0 and duration["ns"] >= 0
    return found


@pytest.mark.parametrize("path", ["/v2/models/stats", "/v2/models/plus/stats", "/v2/models/plus/versions/10/stats"])
def test_statistics_count_what_was_inferred(server, path):
    server.metrics_when_idle()
    before = statistics(server, path)["plus", "10"]
    for _ in range(5):
        assert ask(server, "plus", PLUS).status == 200
    server.metrics_when_idle()
    after = statistics(server, path)["plus", "10"]
    assert after["inference_count"] == before["inference_count"] + 5
    assert after["execution_count"] == before["execution_count"] + 5
    for name in ("success", "queue", "compute_infer"):
        assert after["inference_stats"][name]["count"] == before["inference_stats"][name]["count"] + 5
    assert after["inference_stats"]["success"]["ns"] > before["inference_stats"]["success"]["ns"]
    assert after["inference_stats"]["compute_infer"]["ns"] > before["inference_stats"]["compute_infer"]["ns"]
    assert after["last_inference"] > before["last_inference"] or before["inference_count"] > 0
    assert after["last_inference"] > 1_600_000_000_000, "milliseconds since 1970"


def test_statistics_keep_versions_apart(server):
    server.metrics_when_idle()
    before = statistics(server, "/v2/models/plus/stats")
    assert [version for _, version in before] == ["1", "2", "10"]
    assert ask(server, "plus", PLUS, version="2").status == 200
    server.metrics_when_idle()
    after = statistics(server, "/v2/models/plus/stats")
    changes = {version: after["plus", version]["inference_count"] - one["inference_count"] for (_, version), one in before.items()}
    assert changes == {"1": 0, "2": 1, "10": 0}


def test_statistics_count_failures_too(server):
    server.metrics_when_idle()
    before = statistics(server, "/v2/models/quotient/stats")["quotient", "1"]
    zero = tensor("a", array_of([0], "FP32"), "FP32")
    assert ask(server, "quotient", {"inputs": [zero, {**zero, "name": "b"}]}).status == 500
    server.metrics_when_idle()
    after = statistics(server, "/v2/models/quotient/stats")["quotient", "1"]
    assert after["inference_stats"]["fail"]["count"] == before["inference_stats"]["fail"]["count"] + 1
    assert after["inference_stats"]["success"] == before["inference_stats"]["success"]


def test_statistics_of_all_models_are_those_of_the_index(server):
    index = {(one["name"], one["version"]) for one in answer(server, "POST", "/v2/repository/index", {})}
    assert set(statistics(server, "/v2/models/stats")) == index


# whatever the cause


@pytest.mark.parametrize("method, path", [
    ("GET", "/v2/models/plus/config"), ("GET", "/v2/models/plus/versions/1/config"), ("GET", "/v2/models/plus/stats"),
    ("GET", "/v2/models/plus/versions/1/stats"), ("GET", "/v2/models/stats"), ("GET", "/openapi.json"),
    ("POST", "/v2/repository/index"), ("POST", "/v2/repository/models/plus/load"), ("POST", "/v2/repository/models/plus/unload"),
])
def test_405_another_method_is_told_which_is_right(server, method, path):
    for other in {"GET", "POST", "PUT", "DELETE"} - {method}:
        reply = server.ask(other, path, {} if other != "GET" else None)
        check_error(reply, 405)
        assert method in reply.header("Allow").split(", ")
