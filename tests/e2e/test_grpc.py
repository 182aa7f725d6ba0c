"""The gRPC data plane with tritonclient, with grpcurl and with a bare stub: the same predictions, budgets, refusals
and books as over HTTP."""

import contextlib
import json
import signal
import threading
import time

import grpc
import numpy
import pytest
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2, service_pb2_grpc
from tritonclient.utils import InferenceServerException

import environment
import server_process

SERVICE = "inference.GRPCInferenceService"
METHODS = ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer", "ModelConfig",
           "ModelStatistics", "RepositoryIndex", "RepositoryModelLoad", "RepositoryModelUnload")
MODELS = ("digits", "tumour", "tumour_logistic")
WORKERS = 2
OIP_CONSTANT = '{"outputs": [{"name": "label", "shape": [1], "datatype": "INT64", "data": [-1]}]}'


@pytest.fixture(scope="module")
def client(server):
    with triton.InferenceServerClient(server.grpc) as made:
        yield made


def inputs_of(features):
    array = numpy.array(features, dtype=numpy.float32)
    tensor = triton.InferInput("input", list(array.shape), "FP32")
    tensor.set_data_from_numpy(array)
    return [tensor]


def request_of(row, model="tumour", **more):
    request = service_pb2.ModelInferRequest(model_name=model, **more)
    tensor = request.inputs.add(name="input", datatype="FP32", shape=[1, len(row["features"])])
    tensor.contents.fp32_contents.extend(row["features"])
    return request


@contextlib.contextmanager
def stub_of(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def infer(server, request, timeout=30, metadata=()):
    """The response, or the error, and the trailing metadata."""
    with stub_of(server) as stub:
        try:
            response, call = stub.ModelInfer.with_call(request, timeout=timeout, metadata=metadata)
            return response, dict(call.trailing_metadata())
        except grpc.RpcError as error:
            return error, dict(error.trailing_metadata())


def grpcurl(server, *words, data=None, expect=0):
    options = ["-plaintext", *(["-d", json.dumps(data)] if data is not None else [])]
    return environment.run(environment.tool("grpcurl"), *options, server.grpc, *words, expect=expect)


def call(server, method, data=None):
    return json.loads(grpcurl(server, f"{SERVICE}/{method}", data=data or {}).stdout)


@contextlib.contextmanager
def stuck(server):
    """Every worker is held for longer than anything here takes."""
    with contextlib.ExitStack() as stack:
        held = server.hold(stack, WORKERS, 9000, cancellable=True)
        yield
        for connection in held:
            connection.reset()
    server.metrics_when_idle()


def serving(*settings):
    words = [word for setting in settings for word in ("--endpoint", f"tumour:{setting}")]
    return server_process.running("--workers", WORKERS, *server_process.PLENTY, *words)


# With grpcurl, which knows no schema but the server's own.

def test_reflection_lists_the_service_and_its_methods(server):
    assert SERVICE in grpcurl(server, "list").stdout.split()
    assert set(grpcurl(server, "list", SERVICE).stdout.split()) == {f"{SERVICE}.{method}" for method in METHODS}
    assert "raw_input_contents" in grpcurl(server, "describe", "inference.ModelInferRequest").stdout


@pytest.mark.parametrize("service", ["", SERVICE])
def test_the_health_service_says_serving(server, service):
    answer = json.loads(grpcurl(server, "grpc.health.v1.Health/Check", data={"service": service}).stdout)
    assert answer == {"status": "SERVING"}


def test_grpcurl_gets_a_prediction_out_of_typed_contents(server, bundled):
    row = bundled("tumour")[0]
    answer = call(server, "ModelInfer", {"model_name": "tumour", "id": "7", "inputs": [
        {"name": "input", "datatype": "FP32", "shape": [1, 30], "contents": {"fp32_contents": row["features"]}}]})
    assert (answer["model_name"], answer["model_version"], answer["id"]) == ("tumour", "1", "7")
    assert [output["name"] for output in answer["outputs"]] == ["label", "probabilities"]
    assert len(answer["raw_output_contents"]) == 2


# With tritonclient.

def test_server_and_models_are_live_and_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()
    for model in MODELS:
        assert client.is_model_ready(model)
        assert client.is_model_ready(model, "1")


def test_metadata_names_server_and_tensors(client):
    metadata = client.get_server_metadata()
    assert (metadata.name, metadata.version) == ("baton", environment.project_version())
    assert "statistics" in metadata.extensions
    for version in ("", "1"):
        metadata = client.get_model_metadata("digits", version)
        assert (metadata.name, list(metadata.versions)) == ("digits", ["1"])
        tensor, = metadata.inputs
        assert (tensor.name, tensor.datatype, list(tensor.shape)) == ("input", "FP32", [-1, 64])
        assert {output.name for output in metadata.outputs} == {"label", "probabilities"}


def test_the_configuration_is_told_in_the_clients_own_words(client):
    config = client.get_model_config("digits").config
    assert (config.name, config.backend) == ("digits", "onnxruntime")
    assert [(one.name, list(one.dims)) for one in config.input] == [("input", [64])]
    assert config.max_batch_size >= 1


@pytest.mark.parametrize("model", MODELS)
def test_predictions_are_those_of_the_held_out_rows(client, bundled, model):
    rows = bundled(model)
    result = client.infer(model, inputs_of([row["features"] for row in rows]))
    assert result.as_numpy("label").tolist() == [row["label"] for row in rows]
    numpy.testing.assert_allclose(result.as_numpy("probabilities"), [row["probabilities"] for row in rows],
                                  rtol=1e-4, atol=1e-6)


def test_the_same_bits_come_over_http(server, client, bundled):
    features = [row["features"] for row in bundled("digits")[:20]]
    body = {"inputs": [{"name": "input", "shape": [20, 64], "datatype": "FP32", "data": features}]}
    over_http = server.ask("POST", "/v2/models/digits/infer", body).json()["outputs"]
    expected = next(output["data"] for output in over_http if output["name"] == "probabilities")
    got = client.infer("digits", inputs_of(features)).as_numpy("probabilities")
    assert got.reshape(-1).tobytes() == numpy.array(expected, dtype=numpy.float32).tobytes()


def test_requested_outputs_the_id_and_the_version_are_respected(client, bundled):
    row = bundled("tumour")[0]
    result = client.infer("tumour", inputs_of([row["features"]]), "1", request_id="seven",
                          outputs=[triton.InferRequestedOutput("label")])
    answer = result.get_response()
    assert (answer.id, answer.model_name, answer.model_version) == ("seven", "tumour", "1")
    assert [output.name for output in answer.outputs] == ["label"]


def test_timeout_and_priority_and_the_calls_deadline_are_the_budget(server, client, bundled):
    features = [bundled("tumour")[0]["features"]]
    count, total = "baton_request_budget_seconds_count", "baton_request_budget_seconds_sum"
    before = server.metrics_when_idle()
    for priority in (0, 1, 2):
        client.infer("tumour", inputs_of(features), timeout=3_000_000, priority=priority)
    client.infer("tumour", inputs_of(features), client_timeout=5)
    client.infer("tumour", inputs_of(features), headers={"baton-budget-ms": "2000", "baton-criticality": "critical"})
    after = server.metrics_when_idle()
    assert after(count, endpoint="tumour") == before(count, endpoint="tumour") + 5
    granted = after(total, endpoint="tumour") - before(total, endpoint="tumour")
    assert 15 < granted < 16.1  # of the 5 s of the call what is left on arrival; clients round them up


@pytest.mark.parametrize("model, version, features, code, words", [
    ("nosuch", "", [[0.5] * 30], "NOT_FOUND", ["nosuch"]),
    ("tumour", "9", [[0.5] * 30], "NOT_FOUND", ["tumour", "9"]),
    ("tumour", "", [[0.5] * 29], "INVALID_ARGUMENT", ["'input'", "29", "30"]),
])
def test_errors_arrive_as_exceptions_with_the_servers_sentence(client, model, version, features, code, words):
    with pytest.raises(InferenceServerException) as raised:
        client.infer(model, inputs_of(features), version)
    assert raised.value.status() == f"StatusCode.{code}"
    for word in words:
        assert word in raised.value.message()


def test_a_message_over_the_limit_is_resource_exhausted():
    with server_process.running("--limit", "body_bytes=64KiB") as server:
        with triton.InferenceServerClient(server.grpc) as client:
            with pytest.raises(InferenceServerException) as raised:
                client.infer("tumour", inputs_of([[0.5] * 30] * 1000))
            assert raised.value.status() == "StatusCode.RESOURCE_EXHAUSTED"
            client.infer("tumour", inputs_of([[0.5] * 30]))


def test_texts_travel_as_bytes(tmp_path):
    (tmp_path / "text" / "1").mkdir(parents=True)
    (tmp_path / "text" / "config.yaml").write_text("backend: builtin\nparameters:\n  kind: identity\n")
    texts = numpy.array([b"", b"a", "\u00e4\u4e2d".encode(), b"\x00\xff", b"x" * 70_000], dtype=object)
    with server_process.running("--models", tmp_path) as server:
        with triton.InferenceServerClient(server.grpc) as client:
            tensor = triton.InferInput("input", [len(texts)], "BYTES")
            tensor.set_data_from_numpy(texts)
            assert client.infer("text", [tensor]).as_numpy("output").tolist() == texts.tolist()


def test_statistics_and_the_index_name_every_version(server, client, bundled):
    before = client.get_inference_statistics("tumour").model_stats[0]
    client.infer("tumour", inputs_of([bundled("tumour")[0]["features"]]))
    server.metrics_when_idle()
    after = client.get_inference_statistics("tumour", "1").model_stats[0]
    assert (after.name, after.version) == ("tumour", "1")
    assert after.inference_count == before.inference_count + 1
    assert after.execution_count == before.execution_count + 1
    assert after.inference_stats.compute_infer.ns > before.inference_stats.compute_infer.ns
    assert {one.name for one in client.get_inference_statistics().model_stats} == set(MODELS)
    assert {(one.name, one.version, one.state) for one in client.get_model_repository_index().models} == {
        (model, "1", "READY") for model in MODELS}


def test_what_changes_the_server_is_off_here(client):
    for change in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException) as raised:
            change("tumour")
        assert raised.value.status() == "StatusCode.PERMISSION_DENIED"
    assert client.is_model_ready("tumour")


# With a bare stub: trailing metadata, refusals, fallbacks, and the way out.

def test_an_answer_says_in_trailing_metadata_what_http_says_in_headers(server, bundled):
    response, trailing = infer(server, request_of(bundled("tumour")[0]), metadata=[("baton-budget-ms", "2000")])
    assert response.model_version == "1"
    assert (trailing["baton-answer"], trailing["baton-budget-ms"]) == ("prediction", "2000")
    assert "server-timing" not in trailing
    _, trailing = infer(server, request_of(bundled("tumour")[0]), metadata=[("baton-explain", "1")])
    assert "run;dur=" in trailing["server-timing"]
    error, trailing = infer(server, request_of(bundled("tumour")[0]), metadata=[("baton-budget-ms", "soon")])
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "soon" in error.details()
    assert trailing["baton-answer"] == "invalid"


def test_a_budget_that_is_spent_is_deadline_exceeded(server, bundled):
    request = request_of(bundled("tumour")[0])
    request.parameters["timeout"].int64_param = 1
    error, trailing = infer(server, request)
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert trailing["baton-answer"] == "timeout"
    assert "budget" in error.details()


@pytest.mark.parametrize("body", [b"no message at all", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x01\xff", b""])
def test_bytes_that_are_no_request_are_the_clients_fault(server, body):
    with grpc.insecure_channel(server.grpc) as channel:
        raw = channel.unary_unary(f"/{SERVICE}/ModelInfer")  # bytes in, bytes out
        with pytest.raises(grpc.RpcError) as raised:
            raw(body, timeout=30)
    assert raised.value.code() in (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
    assert raised.value.details()


def test_an_id_that_is_no_utf8_is_refused_also_where_no_decoder_sees_it(tmp_path):
    (tmp_path / "echo" / "1").mkdir(parents=True)
    (tmp_path / "echo" / "config.yaml").write_text(
        "backend: builtin\nparameters:\n  kind: identity\ncache: {max_age: 1h}\n")
    request = service_pb2.ModelInferRequest(model_name="echo")
    request.inputs.add(name="input", datatype="BYTES", shape=[1]).contents.bytes_contents.append(b"a")
    message = request.SerializeToString()
    with server_process.running("--models", tmp_path) as server, grpc.insecure_channel(server.grpc) as channel:
        ask = channel.unary_unary(f"/{SERVICE}/ModelInfer")
        ask(message, timeout=30)
        _, hit = ask.with_call(message, timeout=30)
        assert dict(hit.trailing_metadata())["baton-cache"] == "hit"
        with pytest.raises(grpc.RpcError) as caught:
            ask(message + b"\x1a\x02\xff\xfe", timeout=30)
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert caught.value.details() == "id: expected text in UTF-8, got other bytes"


def test_with_every_worker_stuck_a_call_is_refused_inside_its_budget(bundled):
    request = request_of(bundled("tumour")[0])
    with serving() as server:
        assert not isinstance(infer(server, request)[0], grpc.RpcError)
        with stuck(server):
            error, trailing = infer(server, request, metadata=[("baton-budget-ms", "300")])
        assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        assert trailing["baton-answer"] in ("refused", "timeout")
        assert trailing["baton-cause"] in ("no_time", "expired_in_queue")
        assert "queue;dur=" in trailing["server-timing"]
        scrape = server.metrics_when_idle()
        answers = scrape.answers("tumour")
        assert (answers["prediction"], answers.get("refused", 0) + answers.get("timeout", 0)) == (1, 1)


def test_a_client_that_cancels_is_answered_none(bundled):
    with serving() as server:
        infer(server, request_of(bundled("tumour")[0]))
        server.teach(path="/test/sleep")
        with stuck(server), stub_of(server) as stub:
            pending = stub.ModelInfer.future(request_of(bundled("tumour")[0]), timeout=8)
            server.metrics_when(lambda now: now("baton_requests_received_total", endpoint="tumour") == 2)
            pending.cancel()
            scrape = server.metrics_when(lambda now: now.answers("tumour").get("none", 0)
                                         + now.answers("tumour").get("refused", 0) == 1)
        answers = scrape.answers("tumour")
        assert answers.get("none", 0) + answers.get("refused", 0) == 1, answers


def test_a_constant_in_the_protocols_form_becomes_a_response(bundled):
    request = request_of(bundled("tumour")[0], id="mine")
    with serving("fallback=constant", f"fallback_constant={OIP_CONSTANT}") as server:
        with stuck(server):
            response, trailing = infer(server, request, metadata=[("baton-budget-ms", "300")])
        assert trailing["baton-answer"] == "fallback"
        assert trailing["baton-cause"] in ("no_time", "expired_in_queue")
        assert response.parameters["degraded"].bool_param
        assert response.id == "mine"
        assert (response.outputs[0].name, response.raw_output_contents[0]) == ("label", b"\xff" * 8)
        assert server.metrics_when_idle().answers("tumour")["fallback"] == 1


def test_a_constant_that_is_no_response_leaves_the_miss(bundled):
    with serving("fallback=constant", 'fallback_constant={"label": "unknown"}') as server:
        with stuck(server):
            error, trailing = infer(server, request_of(bundled("tumour")[0]), metadata=[("baton-budget-ms", "300")])
        assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        assert trailing["baton-answer"] in ("refused", "timeout")


def test_a_cheaper_model_and_the_last_good_answer_stand_in(bundled):
    row = bundled("tumour")[0]
    with serving("fallback=model", "fallback_model=tumour_logistic") as server:
        with stuck(server):
            response, trailing = infer(server, request_of(row, id="m"), metadata=[("baton-budget-ms", "1000")])
        assert trailing["baton-answer"] == "fallback"
        assert (response.model_name, response.id) == ("tumour_logistic", "m")
        assert response.parameters["degraded"].bool_param
    with serving("fallback=last_good", "fallback_key_header=X-Customer") as server:
        good, _ = infer(server, request_of(row, id="good"), metadata=[("x-customer", "ann")])
        with stuck(server):
            again, trailing = infer(server, request_of(row, id="now"),
                                    metadata=[("x-customer", "ann"), ("baton-budget-ms", "300")])
        assert (trailing["baton-answer"], again.id) == ("fallback", "now")
        assert int(trailing["age"]) >= 0
        assert again.parameters["degraded"].bool_param
        assert list(again.raw_output_contents) == list(good.raw_output_contents)


def test_many_calls_at_once_are_answered_each_with_its_own(server, client, bundled):
    rows = bundled("digits")
    labels, failed = [None] * len(rows), []
    done = threading.Semaphore(0)

    def collect(index, result, error):
        if error is not None:
            failed.append(error)
        else:
            labels[index] = int(result.as_numpy("label")[0])
        done.release()

    for index, row in enumerate(rows):
        client.async_infer("digits", inputs_of([row["features"]]),
                           lambda result, error, index=index: collect(index, result, error))
    for _ in rows:
        assert done.acquire(timeout=environment.patience(30))
    assert failed == []
    assert labels == [row["label"] for row in rows]


def test_a_server_that_leaves_says_so_and_answers_what_it_took(bundled):
    request = request_of(bundled("tumour")[0])
    server = server_process.ServerProcess(*server_process.PLENTY)
    try:
        server.start()
        with grpc.insecure_channel(server.grpc) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            stub.ModelInfer(request, timeout=30)
            server.signal(signal.SIGTERM)
            answered, last = 0, None
            for _ in range(100_000):
                try:
                    stub.ModelInfer(request, timeout=30)
                    answered += 1
                except grpc.RpcError as error:
                    last = error
                    break
            assert last is not None and last.code() == grpc.StatusCode.UNAVAILABLE, last
            assert answered > 0, "open connections are served for a while"
        assert server.wait() == 0
    finally:
        server.clean_up()


def test_a_client_that_was_quiet_before_the_drain_is_answered_while_the_grace_runs(bundled):
    request = request_of(bundled("tumour")[0])
    server = server_process.ServerProcess(*server_process.PLENTY)
    try:
        server.start()
        with grpc.insecure_channel(server.grpc) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            stub.ModelInfer(request, timeout=30)
            time.sleep(1.5)  # longer than the grace
            server.signal(signal.SIGTERM)
            server.metrics_when(lambda scrape: scrape("baton_draining") == 1)
            assert stub.ModelInfer(request, timeout=30).model_name == "tumour"
        assert server.wait() == 0
    finally:
        server.clean_up()
