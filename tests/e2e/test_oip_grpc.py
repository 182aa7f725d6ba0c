"""The Open Inference Protocol v2 over gRPC: package `inference`, service `GRPCInferenceService`, a test for each
call and field. What is refused is in test_oip_grpc_errors.py."""

import base64
import json

import grpc
import numpy
import pytest
from tritonclient.grpc import service_pb2 as oip_pb2
from tritonclient.grpc import service_pb2_grpc

import environment
import server_process
from oip import DTYPES, array_of, decode, same_bits, samples
from oip_grpc import A, B, CONTENTS, Code, outputs_of, pair, plus, refused, request_of, stub_of


@pytest.fixture(scope="module")
def server(models_folder):
    with server_process.running("--models", models_folder, *server_process.PLENTY) as started:
        yield started


@pytest.fixture(scope="module")
def stub(server):
    with stub_of(server) as made:
        yield made


# ServerLive, ServerReady, ModelReady


def test_ServerLive_live(stub):
    assert stub.ServerLive(oip_pb2.ServerLiveRequest()).live is True


def test_ServerReady_ready(stub):
    assert stub.ServerReady(oip_pb2.ServerReadyRequest()).ready is True


@pytest.mark.parametrize("version", ["", "1"])
def test_ModelReady_name_version_ready(stub, version):
    assert stub.ModelReady(oip_pb2.ModelReadyRequest(name="plus", version=version)).ready is True


@pytest.mark.parametrize("name, version", [("nosuch", ""), ("plus", "3")])
def test_ModelReady_of_one_that_is_not_there(stub, name, version):
    refused(stub.ModelReady, oip_pb2.ModelReadyRequest(name=name, version=version), Code.NOT_FOUND, name)


# ServerMetadata, ModelMetadata


def test_ServerMetadata_name_version_extensions(server, stub):
    said = stub.ServerMetadata(oip_pb2.ServerMetadataRequest())
    over_http = server.ask("GET", "/v2").json()
    assert (said.name, said.version) == ("baton", environment.project_version())
    assert set(said.extensions) <= set(over_http["extensions"])
    assert {"model_configuration", "model_repository", "parameters", "schedule_policy", "statistics"} <= set(said.extensions)


@pytest.mark.parametrize("version", ["", "1"])
def test_ModelMetadata_name_versions_platform_inputs_outputs(stub, version):
    said = stub.ModelMetadata(oip_pb2.ModelMetadataRequest(name="mixed", version=version))
    assert (said.name, list(said.versions), said.platform) == ("mixed", ["1"], "onnxruntime_onnx")
    assert [(one.name, one.datatype, list(one.shape)) for one in said.inputs] == [
        ("text", "BYTES", [-1]), ("number", "INT64", [-1, 2]), ("flag", "BOOL", [-1, 1, 3])]
    assert [(one.name, one.datatype, list(one.shape)) for one in said.outputs] == [
        ("text_out", "BYTES", [-1]), ("number_out", "INT64", [-1, 2]), ("flag_out", "BOOL", [-1, 1, 3])]


def test_ModelMetadata_versions(stub):
    assert list(stub.ModelMetadata(oip_pb2.ModelMetadataRequest(name="plus")).versions) == ["1", "2", "10"]


@pytest.mark.parametrize("name, version", [("nosuch", ""), ("plus", "3")])
def test_ModelMetadata_of_one_that_is_not_there(stub, name, version):
    refused(stub.ModelMetadata, oip_pb2.ModelMetadataRequest(name=name, version=version), Code.NOT_FOUND, name)


# ModelInfer: its fields


@pytest.mark.parametrize("version, expected", [("", 11.5), ("1", 2.5), ("2", 3.5), ("10", 11.5)])
def test_ModelInfer_model_name_and_model_version(stub, version, expected):
    said = stub.ModelInfer(plus(model_version=version))
    assert (said.model_name, said.model_version) == ("plus", version or "10")
    assert outputs_of(said)["y"].tolist() == [expected]


@pytest.mark.parametrize("name", ["", "seven", "süß \"quoted\" \n"])
def test_ModelInfer_id(stub, name):
    assert stub.ModelInfer(plus(id=name)).id == name


def test_ModelInfer_parameters_of_every_kind_are_taken(stub):
    request = plus()
    for parameters in (request.parameters, request.inputs[0].parameters):
        parameters["flag"].bool_param = True
        parameters["number"].int64_param = -7
        parameters["text"].string_param = "x"
        parameters["fraction"].double_param = 1.5
        parameters["large"].uint64_param = 2**64 - 1
    assert outputs_of(stub.ModelInfer(request))["y"].tolist() == [11.5]


@pytest.mark.parametrize("field", ["int64_param", "uint64_param"])
def test_ModelInfer_parameters_timeout_is_the_budget_in_microseconds(server, stub, field):
    request = plus()
    setattr(request.parameters["timeout"], field, 2_500_000)
    total = "baton_request_budget_seconds_sum"
    before = server.metrics_when_idle()
    stub.ModelInfer(request)
    after = server.metrics_when_idle()
    assert after(total, endpoint="plus") - before(total, endpoint="plus") == pytest.approx(2.5)
    setattr(request.parameters["timeout"], field, 1)
    refused(stub.ModelInfer, request, Code.DEADLINE_EXCEEDED, "budget")


@pytest.mark.parametrize("field", ["int64_param", "uint64_param"])
@pytest.mark.parametrize("priority, expected", [(0, "default"), (1, "critical"), (2, "sheddable")])
def test_ModelInfer_parameters_priority_is_the_criticality(server, stub, field, priority, expected):
    request = plus()
    setattr(request.parameters["priority"], field, priority)
    request.parameters["timeout"].int64_param = 1
    refused(stub.ModelInfer, request, Code.DEADLINE_EXCEEDED)
    server.metrics_when_idle()
    (miss,) = json.loads(server.batonctl("misses", "--limit", 1, "-o", "json").stdout)["misses"]
    assert miss["criticality"].removeprefix("CRITICALITY_").lower() == expected


def test_ModelInfer_outputs_none_means_all(stub):
    said = stub.ModelInfer(pair())
    assert [(one.name, one.datatype, list(one.shape)) for one in said.outputs] == [
        ("sum", "FP32", [2, 2]), ("difference", "FP32", [2, 2])]
    found = outputs_of(said)
    assert same_bits(found["sum"], A + B) and same_bits(found["difference"], A - B)


@pytest.mark.parametrize("wanted", [["sum"], ["difference"], ["difference", "sum"]])
def test_ModelInfer_outputs_in_the_order_asked(stub, wanted):
    found = outputs_of(stub.ModelInfer(pair(outputs=wanted)))
    assert list(found) == wanted
    for name in wanted:
        assert same_bits(found[name], A + B if name == "sum" else A - B)


@pytest.mark.parametrize("datatype", CONTENTS)
def test_ModelInfer_contents_of_every_datatype(stub, datatype):
    values = samples(datatype)
    request = request_of(f"identity_{datatype.lower()}", {"x": (values, datatype)}, raw=False)
    assert same_bits(outputs_of(stub.ModelInfer(request))["y"], values)


@pytest.mark.parametrize("datatype", DTYPES)
def test_ModelInfer_raw_input_contents_of_every_datatype(stub, datatype):
    values = samples(datatype)
    request = request_of(f"identity_{datatype.lower()}", {"x": (values, datatype)})
    assert same_bits(outputs_of(stub.ModelInfer(request))["y"], values)


def test_ModelInfer_bytes_that_are_no_text(stub):
    values = array_of([[b"\xff\xfe", bytes(range(256)), b""]], "BYTES")
    for raw in (True, False):
        request = request_of("identity_bytes", {"x": (values, "BYTES")}, raw=raw)
        assert same_bits(outputs_of(stub.ModelInfer(request))["y"], values)


@pytest.mark.parametrize("raw", [True, False])
def test_ModelInfer_raw_input_contents_come_one_per_input_in_order(stub, raw):
    tensors = {
        "flag": (array_of([[[True, False, True]]], "BOOL"), "BOOL"),
        "text": (array_of(["a", "süß"], "BYTES"), "BYTES"),
        "number": (array_of([[1, 2], [3, 2**62]], "INT64"), "INT64"),
    }
    found = outputs_of(stub.ModelInfer(request_of("mixed", tensors, raw=raw)))
    assert list(found) == ["text_out", "number_out", "flag_out"]
    for name, (array, _) in tensors.items():
        assert same_bits(found[f"{name}_out"], array)


def test_ModelInfer_a_large_tensor_comes_whole(server, stub):
    values = numpy.random.default_rng(7).random((8, 150_528), numpy.float32)  # beyond gRPC's own default of 4 MiB
    options = [("grpc.max_receive_message_length", -1)]
    request = request_of("identity_fp32", {"x": (values, "FP32")})
    assert stub is not None
    with grpc.insecure_channel(server.grpc, options=options) as channel:
        said = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer(request)
    assert same_bits(outputs_of(said)["y"], values)


# its deadline


def test_the_deadline_of_the_call_is_its_budget(server, stub):
    total = "baton_request_budget_seconds_sum"
    before = server.metrics_when_idle()
    stub.ModelInfer(plus(), timeout=5)
    after = server.metrics_when_idle()
    # gRPC rounds the deadline up to what fits into its header.
    assert 4 < after(total, endpoint="plus") - before(total, endpoint="plus") < 5.1


# extensions


def test_RepositoryIndex(stub):
    index = stub.RepositoryIndex(oip_pb2.RepositoryIndexRequest()).models
    assert ("plus", "10", "READY") in {(one.name, one.version, one.state) for one in index}
    assert {"digits", "mixed", "pair"} <= {one.name for one in index}


def test_ModelConfig(stub):
    config = stub.ModelConfig(oip_pb2.ModelConfigRequest(name="mixed")).config
    assert config.name == "mixed"
    rows = [-1] if config.max_batch_size > 0 else []  # that dimension is then left out of all shapes
    shapes = [(one.name, rows + list(one.dims)) for one in config.input]
    assert shapes == [("text", [-1]), ("number", [-1, 2]), ("flag", [-1, 1, 3])]
    refused(stub.ModelConfig, oip_pb2.ModelConfigRequest(name="nosuch"), Code.NOT_FOUND, "nosuch")


def test_ModelStatistics(server, stub):
    def read():
        server.metrics_when_idle()
        (one,) = stub.ModelStatistics(oip_pb2.ModelStatisticsRequest(name="plus", version="2")).model_stats
        assert (one.name, one.version) == ("plus", "2")
        return one

    before = read()
    stub.ModelInfer(plus(model_version="2"))
    after = read()
    assert after.inference_count == before.inference_count + 1
    assert after.inference_stats.success.count == before.inference_stats.success.count + 1
    assert after.inference_stats.success.ns > before.inference_stats.success.ns
    refused(stub.ModelStatistics, oip_pb2.ModelStatisticsRequest(name="nosuch"), Code.NOT_FOUND, "nosuch")


@pytest.mark.parametrize("call, message", [
    ("RepositoryModelLoad", oip_pb2.RepositoryModelLoadRequest), ("RepositoryModelUnload", oip_pb2.RepositoryModelUnloadRequest)])
def test_loading_belongs_to_the_admin_plane(stub, call, message):
    refused(getattr(stub, call), message(model_name="plus"), Code.PERMISSION_DENIED)
    assert stub.ModelReady(oip_pb2.ModelReadyRequest(name="plus")).ready


# as grpcurl has it


def grpcurl(server, method, data, expect=0):
    command = [environment.tool("grpcurl"), "-plaintext", "-emit-defaults", "-d", json.dumps(data), server.grpc]
    return environment.run(*command, f"inference.GRPCInferenceService/{method}", expect=expect)


def test_grpcurl_finds_the_service_and_infers(server, stub):
    assert stub is not None
    assert json.loads(grpcurl(server, "ServerReady", {}).stdout) == {"ready": True}
    tensor = {"name": "x", "datatype": "FP32", "shape": [1], "contents": {"fp32_contents": [1.5]}}
    said = json.loads(grpcurl(server, "ModelInfer", {"model_name": "plus", "inputs": [tensor]}).stdout)
    (output,) = said["outputs"]
    if output.get("contents"):
        assert output["contents"]["fp32_contents"] == [11.5]
    else:
        assert decode(base64.b64decode(said["raw_output_contents"][0]), "FP32", [1]).tolist() == [11.5]
    missing = grpcurl(server, "ModelInfer", {"model_name": "nosuch"}, expect=64 + Code.NOT_FOUND.value[0])
    assert "nosuch" in missing.stderr
