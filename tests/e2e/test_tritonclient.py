"""tritonclient over HTTP and gRPC, as an application of that ecosystem would use it."""

import numpy
import pytest
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

import server_process
from oip import samples

MODELS = ("digits", "tumour", "tumour_logistic")
BOTH = ("label", "probabilities")
PROTOCOLS = ("http", "grpc")
STRINGS = [["", "a", "two words"], ["\"quoted\\\"\n", "süß 🎼", "x" * 3000]]


@pytest.fixture(scope="module", params=PROTOCOLS)
def protocol(request):
    return request.param


@pytest.fixture(scope="module")
def server(models_folder, protocol):
    with server_process.running("--models", models_folder, *server_process.PLENTY) as started:
        yield started


def connect(server, protocol, **options):
    if protocol == "http":
        return tritonclient.http.InferenceServerClient(server.http, connection_timeout=60, network_timeout=60, **options)
    assert server.grpc != "off", "the server has no gRPC data plane"
    return tritonclient.grpc.InferenceServerClient(server.grpc)


@pytest.fixture(scope="module")
def client(server, protocol):
    with connect(server, protocol) as made:
        yield made


@pytest.fixture(scope="module")
def triton(protocol):
    return getattr(tritonclient, protocol)


def as_input(triton, name, array, datatype, **options):
    tensor = triton.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, **options)
    return tensor


def features_of(triton, rows, **options):
    return [as_input(triton, "input", numpy.array([row["features"] for row in rows], numpy.float32), "FP32", **options)]


def requested(triton, *names):
    return [triton.InferRequestedOutput(name) for name in names]


def as_dict(answer):
    """An answer of either client: JSON from one, a message from the other."""
    if isinstance(answer, (dict, list)):
        return answer
    from google.protobuf.json_format import MessageToDict

    return MessageToDict(answer, preserving_proto_field_name=True)


# health, metadata and the like


def test_server_and_models_are_live_and_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    for model in MODELS:
        assert client.is_model_ready(model)
        assert client.is_model_ready(model, "1")


@pytest.mark.parametrize("model, version", [("nosuch", ""), ("tumour", "9")])
def test_a_model_that_is_not_there_is_not_ready(client, protocol, model, version):
    if protocol == "http":
        assert not client.is_model_ready(model, version)
    else:
        with pytest.raises(InferenceServerException, match="NOT_FOUND"):
            client.is_model_ready(model, version)


def test_metadata_names_server_and_tensors(client):
    said = as_dict(client.get_server_metadata())
    assert said["name"] == "baton"
    assert {"statistics", "model_repository", "model_configuration"} <= set(said["extensions"])
    for version in ("", "1"):
        said = as_dict(client.get_model_metadata("digits", version))
        assert (said["name"], said["versions"]) == ("digits", ["1"])
        (tensor,) = said["inputs"]
        assert (tensor["name"], tensor["datatype"], [int(size) for size in tensor["shape"]]) == ("input", "FP32", [-1, 64])
        assert {output["name"] for output in said["outputs"]} == set(BOTH)


def test_the_repository_index_names_every_model(client):
    said = as_dict(client.get_model_repository_index())
    index = said if isinstance(said, list) else said["models"]
    ready = {entry["name"] for entry in index if entry["state"] == "READY"}
    assert set(MODELS) | {"pair", "mixed", "plus"} <= ready


def test_the_configuration_of_a_model_names_its_tensors(client):
    for version in ("", "1"):
        said = as_dict(client.get_model_config("digits", version))
        said = said.get("config", said)
        assert said["name"] == "digits"
        (tensor,) = said["input"]
        assert (tensor["name"], tensor["data_type"]) == ("input", "TYPE_FP32")
        assert {output["name"] for output in said["output"]} == set(BOTH)


def test_statistics_count_inferences(client, triton, server, bundled):
    def count():
        server.metrics_when_idle()
        (one,) = as_dict(client.get_inference_statistics("tumour"))["model_stats"]
        assert (one["name"], one["version"]) == ("tumour", "1")
        success = one.get("inference_stats", {}).get("success", {})  # a message leaves out what is 0
        return int(one.get("inference_count", 0)), int(success.get("count", 0))

    before = count()
    for row in bundled("tumour")[:4]:
        client.infer("tumour", features_of(triton, [row]))
    assert count() == (before[0] + 4, before[1] + 4)
    assert len(as_dict(client.get_inference_statistics())["model_stats"]) >= len(MODELS)


@pytest.mark.parametrize("call", ["load_model", "unload_model"])
def test_loading_is_refused_on_the_data_plane(client, call):
    with pytest.raises(InferenceServerException) as raised:
        getattr(client, call)("tumour")
    assert raised.value.status() in ("403", "StatusCode.PERMISSION_DENIED")
    assert raised.value.message()
    assert client.is_model_ready("tumour")


# infer


@pytest.mark.parametrize("model", MODELS)
def test_predictions_with_outputs_None_are_those_of_the_held_out_rows(client, triton, bundled, model):
    rows = bundled(model)
    result = client.infer(model, features_of(triton, rows), outputs=None)
    labels = result.as_numpy("label")
    assert labels.dtype == numpy.int64
    assert labels.tolist() == [row["label"] for row in rows]
    probabilities = result.as_numpy("probabilities")
    assert probabilities.dtype == numpy.float32
    numpy.testing.assert_allclose(probabilities, [row["probabilities"] for row in rows], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("wanted", [["label"], ["probabilities", "label"]])
def test_requested_outputs_come_alone_and_in_order(client, triton, bundled, wanted):
    answer = client.infer("tumour", features_of(triton, bundled("tumour")), outputs=requested(triton, *wanted)).get_response()
    assert [output["name"] for output in as_dict(answer)["outputs"]] == wanted


@pytest.mark.parametrize("protocol", ["http"], indirect=True)
@pytest.mark.parametrize("raw_in", [True, False])
@pytest.mark.parametrize("raw_out", [True, False])
def test_raw_and_JSON_tensors_say_the_same_over_HTTP(client, triton, bundled, raw_in, raw_out):
    rows = bundled("digits")
    outputs = [triton.InferRequestedOutput(name, binary_data=raw_out) for name in BOTH]
    result = client.infer("digits", features_of(triton, rows, binary_data=raw_in), outputs=outputs)
    expected = client.infer("digits", features_of(triton, rows))
    for name in BOTH:
        assert result.as_numpy(name).tobytes() == expected.as_numpy(name).tobytes()


@pytest.mark.parametrize("datatype", ["BOOL", "INT8", "INT64", "UINT64", "FP16", "FP32", "FP64"])
def test_tensors_of_several_datatypes_come_back(client, triton, datatype):
    values = samples(datatype)
    result = client.infer(f"identity_{datatype.lower()}", [as_input(triton, "x", values, datatype)])
    assert result.as_numpy("y").tobytes() == values.tobytes()


def test_strings_come_back(client, triton):
    for values in (numpy.array(STRINGS, object), numpy.array([[b"\xff\x00", b""]], object)):
        result = client.infer("identity_bytes", [as_input(triton, "x", values, "BYTES")])
        expected = [[text.encode() if isinstance(text, str) else text for text in row] for row in values]
        assert result.as_numpy("y").tolist() == expected


@pytest.mark.parametrize("protocol", ["http"], indirect=True)
def test_strings_come_back_as_JSON_over_HTTP(client, triton):
    values = numpy.array(STRINGS, object)
    outputs = [triton.InferRequestedOutput("y", binary_data=False)]
    result = client.infer("identity_bytes", [as_input(triton, "x", values, "BYTES", binary_data=False)], outputs=outputs)
    assert result.get_output("y")["data"] == [text for row in STRINGS for text in row]


def test_several_inputs_and_outputs_keep_their_names(client, triton):
    inputs = [
        as_input(triton, "number", numpy.array([[1, -2]], numpy.int64), "INT64"),
        as_input(triton, "flag", numpy.array([[[True, False, True]]]), "BOOL"),
        as_input(triton, "text", numpy.array(["one"], object), "BYTES"),
    ]
    result = client.infer("mixed", inputs)
    assert result.as_numpy("number_out").tolist() == [[1, -2]]
    assert result.as_numpy("flag_out").tolist() == [[[True, False, True]]]
    assert result.as_numpy("text_out").tolist() == [b"one"]


def test_the_request_id_comes_back(client, triton, bundled):
    result = client.infer("tumour", features_of(triton, bundled("tumour")), "1", request_id="seven")
    answer = as_dict(result.get_response())
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("tumour", "1", "seven")


@pytest.mark.parametrize("version, expected", [("1", 2.5), ("2", 3.5), ("", 11.5)])
def test_versions_are_chosen(client, triton, version, expected):
    x = [as_input(triton, "x", numpy.array([1.5], numpy.float32), "FP32")]
    assert client.infer("plus", x, version).as_numpy("y").tolist() == [expected]


def test_timeout_and_priority_are_taken(client, triton, bundled, server):
    count = "baton_request_budget_seconds_count"
    total = "baton_request_budget_seconds_sum"
    before = server.metrics_when_idle()
    for priority in (0, 1, 2):
        client.infer("tumour", features_of(triton, bundled("tumour")[:1]), timeout=3_000_000, priority=priority)
    after = server.metrics_when_idle()
    assert after(count, endpoint="tumour") == before(count, endpoint="tumour") + 3
    assert after(total, endpoint="tumour") - before(total, endpoint="tumour") == pytest.approx(9.0)


@pytest.mark.parametrize("protocol", ["grpc"], indirect=True)
def test_client_timeout_is_a_budget_over_gRPC(client, triton, bundled, server):
    total = "baton_request_budget_seconds_sum"
    before = server.metrics_when_idle()
    client.infer("tumour", features_of(triton, bundled("tumour")[:1]), client_timeout=5)
    after = server.metrics_when_idle()
    # gRPC rounds the deadline up to what fits into its header.
    assert 4 < after(total, endpoint="tumour") - before(total, endpoint="tumour") < 5.1


def test_parameters_of_the_application_do_no_harm(client, triton, bundled):
    result = client.infer("tumour", features_of(triton, bundled("tumour")[:1]), parameters={"trace": "x", "number": 7})
    assert result.as_numpy("label").shape == (1,)


def test_many_requests_at_once_over_HTTP(models_folder, bundled):
    rows = bundled("digits")
    triton = tritonclient.http
    with server_process.running("--models", models_folder, *server_process.PLENTY) as server, \
            connect(server, "http", concurrency=8) as several:
        pending = [several.async_infer("digits", features_of(triton, [row])) for row in rows]
        labels = [int(request.get_result().as_numpy("label")[0]) for request in pending]
    assert labels == [row["label"] for row in rows]


@pytest.mark.parametrize("protocol", ["grpc"], indirect=True)
def test_many_requests_at_once_over_gRPC(client, triton, bundled):
    import queue

    rows, answers = bundled("digits"), queue.Queue()
    for index, row in enumerate(rows):
        client.async_infer("digits", features_of(triton, [row]), callback=lambda result, error, at=index: answers.put((at, result, error)))
    found = [answers.get(timeout=60) for _ in rows]
    assert not any(error for _, _, error in found)
    labels = {at: int(result.as_numpy("label")[0]) for at, result, _ in found}
    assert [labels[index] for index in range(len(rows))] == [row["label"] for row in rows]


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compression_is_served_or_refused_with_a_sentence(client, triton, bundled, protocol, algorithm):
    rows = bundled("digits")
    options = {"compression_algorithm": algorithm} if protocol == "grpc" else {
        "request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
    refused = {("http", "deflate"): "415", ("grpc", "gzip"): "StatusCode.UNIMPLEMENTED",
               ("grpc", "deflate"): "StatusCode.UNIMPLEMENTED"}
    if (protocol, algorithm) in refused:
        with pytest.raises(InferenceServerException) as raised:
            client.infer("digits", features_of(triton, rows), **options)
        assert (raised.value.status(), algorithm in raised.value.message()) == (refused[protocol, algorithm], True)
    else:
        result = client.infer("digits", features_of(triton, rows), **options)
        assert result.as_numpy("label").tolist() == [row["label"] for row in rows]


def test_classification_is_served_or_refused_and_never_ignored(client, triton, bundled):
    """Ignored, the application would take bits of FP32 for the strings that it asked for."""
    row = bundled("digits")[0]
    outputs = [triton.InferRequestedOutput("probabilities", class_count=3)]
    try:
        result = client.infer("digits", features_of(triton, [row]), outputs=outputs)
    except InferenceServerException as refusal:
        assert refusal.status() in ("400", "StatusCode.INVALID_ARGUMENT")
        assert "classification" in refusal.message()
        return
    best = numpy.argsort(row["probabilities"])[::-1][:3]
    found = [text.decode().split(":") for text in result.as_numpy("probabilities").reshape(-1)]
    assert [int(index) for _, index, *_ in found] == best.tolist()
    numpy.testing.assert_allclose([float(value) for value, *_ in found], numpy.array(row["probabilities"])[best], rtol=1e-3, atol=1e-5)


def test_shared_memory_is_refused_with_a_sentence(client, triton):
    tensor = triton.InferInput("input", [1, 64], "FP32")
    tensor.set_shared_memory("region", 256)
    with pytest.raises(InferenceServerException) as raised:
        client.infer("digits", [tensor])
    assert raised.value.status() in ("400", "StatusCode.INVALID_ARGUMENT")
    assert raised.value.message()


# errors


@pytest.mark.parametrize("model, version, change, words, codes", [
    ("nosuch", "", {}, ["nosuch"], ("404", "StatusCode.NOT_FOUND")),
    ("tumour", "9", {}, ["tumour", "9"], ("404", "StatusCode.NOT_FOUND")),
    ("tumour", "", {"features": [[0.5] * 29]}, ["'input'", "29", "30"], ("400", "StatusCode.INVALID_ARGUMENT")),
    ("tumour", "", {"outputs": ["nosuch"]}, ["'nosuch'", "'label'"], ("400", "StatusCode.INVALID_ARGUMENT")),
])
def test_errors_arrive_as_exceptions_with_the_servers_sentence(client, triton, model, version, change, words, codes):
    rows = [{"features": features} for features in change.get("features", [[0.5] * 30])]
    with pytest.raises(InferenceServerException) as raised:
        client.infer(model, features_of(triton, rows), version, outputs=requested(triton, *change.get("outputs", ["label"])))
    assert raised.value.status() in codes
    for word in words:
        assert word in raised.value.message()


def test_a_budget_that_is_spent_arrives_as_an_exception(client, triton, bundled):
    with pytest.raises(InferenceServerException) as raised:
        client.infer("tumour", features_of(triton, bundled("tumour")), timeout=1)
    assert "budget" in raised.value.message()
    assert raised.value.status() in ("504", "StatusCode.DEADLINE_EXCEEDED")
