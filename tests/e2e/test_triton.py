"""tritonclient over HTTP with JSON tensors, as an application of that ecosystem would use it."""

import numpy
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

MODELS = ("digits", "tumour", "tumour_logistic")


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(server.http, connection_timeout=60, network_timeout=60) as made:
        yield made


def inputs_of(features):
    array = numpy.array(features, dtype=numpy.float32)
    tensor = triton.InferInput("input", list(array.shape), "FP32")
    tensor.set_data_from_numpy(array, binary_data=False)
    return [tensor]


def outputs(*names):
    return [triton.InferRequestedOutput(name, binary_data=False) for name in names]


BOTH = ("label", "probabilities")


def test_server_and_models_are_live_and_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    for model in MODELS:
        assert client.is_model_ready(model)
        assert client.is_model_ready(model, "1")
    assert not client.is_model_ready("nosuch")
    assert not client.is_model_ready("tumour", "9")


def test_metadata_names_server_and_tensors(client):
    assert client.get_server_metadata()["name"] == "baton"
    for version in ("", "1"):
        metadata = client.get_model_metadata("digits", version)
        assert metadata["name"] == "digits"
        assert metadata["inputs"] == [{"name": "input", "datatype": "FP32", "shape": [-1, 64]}]
        assert {output["name"] for output in metadata["outputs"]} == set(BOTH)


@pytest.mark.parametrize("model", MODELS)
def test_predictions_are_those_of_the_held_out_rows(client, bundled, model):
    rows = bundled(model)
    result = client.infer(model, inputs_of([row["features"] for row in rows]), outputs=outputs(*BOTH))
    labels = result.as_numpy("label")
    assert labels.dtype == numpy.int64
    assert labels.tolist() == [row["label"] for row in rows]
    probabilities = result.as_numpy("probabilities")
    assert probabilities.dtype == numpy.float32
    numpy.testing.assert_allclose(probabilities, [row["probabilities"] for row in rows], rtol=1e-4, atol=1e-6)


def test_the_request_id_comes_back(client, bundled):
    row = bundled("tumour")[0]
    result = client.infer("tumour", inputs_of([row["features"]]), "1", outputs=outputs("label"), request_id="seven")
    answer = result.get_response()
    assert answer["id"] == "seven"
    assert (answer["model_name"], answer["model_version"]) == ("tumour", "1")
    assert [output["name"] for output in answer["outputs"]] == ["label"]


def test_timeout_and_priority_are_taken(client, bundled, server):
    row = bundled("tumour")[0]
    count = "baton_request_budget_seconds_count"
    total = "baton_request_budget_seconds_sum"
    before = server.metrics_when_idle()
    for priority in (0, 1, 2):
        client.infer("tumour", inputs_of([row["features"]]), outputs=outputs("label"), timeout=3_000_000, priority=priority)
    after = server.metrics_when_idle()
    assert after(count, endpoint="tumour") == before(count, endpoint="tumour") + 3
    assert after(total, endpoint="tumour") - before(total, endpoint="tumour") == pytest.approx(9.0)


def test_many_requests_at_once(server, bundled):
    rows = bundled("digits")
    with triton.InferenceServerClient(server.http, concurrency=8, connection_timeout=60, network_timeout=60) as several:
        pending = [several.async_infer("digits", inputs_of([row["features"]]), outputs=outputs("label")) for row in rows]
        labels = [int(request.get_result().as_numpy("label")[0]) for request in pending]
    assert labels == [row["label"] for row in rows]


@pytest.mark.parametrize("model, version, change, words", [
    ("nosuch", "", {}, ["nosuch"]),
    ("tumour", "9", {}, ["tumour", "9"]),
    ("tumour", "", {"features": [[0.5] * 29]}, ["'input'", "29", "30"]),
    ("tumour", "", {"outputs": ["nosuch"]}, ["'nosuch'", "'label'"]),
])
def test_errors_arrive_as_exceptions_with_the_servers_sentence(client, model, version, change, words):
    features = change.get("features", [[0.5] * 30])
    wanted = outputs(*change.get("outputs", ["label"]))
    with pytest.raises(InferenceServerException) as raised:
        client.infer(model, inputs_of(features), version, outputs=wanted)
    for word in words:
        assert word in raised.value.message()


def test_a_budget_that_is_spent_arrives_as_an_exception(client, bundled):
    features = [bundled("tumour")[0]["features"]]
    with pytest.raises(InferenceServerException) as raised:
        client.infer("tumour", inputs_of(features), outputs=outputs("label"), timeout=1)
    assert "budget" in raised.value.message()
    assert "504" in str(raised.value.status())


def test_raw_tensors_are_refused_with_a_sentence_until_they_are_served(client, bundled):
    array = numpy.array([bundled("tumour")[0]["features"]], dtype=numpy.float32)
    tensor = triton.InferInput("input", [1, 30], "FP32")
    tensor.set_data_from_numpy(array, binary_data=True)
    with pytest.raises(InferenceServerException) as raised:
        client.infer("tumour", [tensor], outputs=outputs("label"))
    assert str(raised.value.status()) in ("400", "415")
    assert raised.value.message()
