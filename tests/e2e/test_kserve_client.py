"""KServe's Python client: predictions, health and readiness over REST (v1 and v2) and gRPC (v2)."""

import asyncio

import grpc
import httpx
import numpy
import pytest

import server_process
from kserve_client import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RequestedOutput, RESTConfig
from oip import samples

PROTOCOLS = ("rest", "grpc")


@pytest.fixture(scope="module", params=PROTOCOLS)
def protocol(request):
    return request.param


@pytest.fixture(scope="module")
def server(models_folder, protocol):
    with server_process.running("--models", models_folder, *server_process.PLENTY) as started:
        yield started


def with_rest(server, use, version="v2"):
    """What `use` makes of a client and the server's address."""
    async def run():
        client = InferenceRESTClient(RESTConfig(protocol=version, retries=0))
        try:
            return await use(client, f"http://{server.http}")
        finally:
            await client.close()

    return asyncio.run(run())


def with_grpc(server, use):
    assert server.grpc != "off", "the server has no gRPC data plane"

    async def run():
        async with InferenceGRPCClient(server.grpc, retries=0) as client:
            return await use(client)

    return asyncio.run(run())


def infer(server, protocol, request):
    if protocol == "rest":
        return with_rest(server, lambda client, url: client.infer(url, request, model_name=request.model_name))
    return with_grpc(server, lambda client: client.infer(request))


def as_input(name, array, datatype, binary=True):
    made = InferInput(name, list(array.shape), datatype)
    made.set_data_from_numpy(array, binary_data=binary)
    return made


def outputs_of(response):
    return {output.name: output.as_numpy() for output in response.outputs}


def features_of(rows, binary=True):
    return [as_input("input", numpy.array([row["features"] for row in rows], numpy.float32), "FP32", binary)]


def check_predictions(found, rows):
    assert found["label"].tolist() == [row["label"] for row in rows]
    numpy.testing.assert_allclose(found["probabilities"], [row["probabilities"] for row in rows], rtol=1e-4, atol=1e-6)


def test_the_server_is_live_and_ready(server, protocol):
    if protocol == "rest":
        assert with_rest(server, lambda client, url: client.is_server_live(url)) is True
        assert with_rest(server, lambda client, url: client.is_server_ready(url)) is True
    else:
        assert with_grpc(server, lambda client: client.is_server_live()) is True
        assert with_grpc(server, lambda client: client.is_server_ready()) is True


def test_a_model_is_ready(server, protocol):
    if protocol == "rest":
        assert with_rest(server, lambda client, url: client.is_model_ready(url, "digits")) is True
        assert with_rest(server, lambda client, url: client.is_model_ready(url, "nosuch")) is False
    else:
        assert with_grpc(server, lambda client: client.is_model_ready("digits")) is True


@pytest.mark.parametrize("binary", [True, False])
def test_predictions_are_those_of_the_held_out_rows(server, protocol, bundled, binary):
    rows = bundled("digits")
    response = infer(server, protocol, InferRequest("digits", features_of(rows, binary), request_id="seven"))
    assert (response.model_name, response.id) == ("digits", "seven")
    check_predictions(outputs_of(response), rows)


@pytest.mark.parametrize("protocol", ["rest"], indirect=True)
def test_raw_outputs_over_REST(server, protocol, bundled):
    rows = bundled("digits")
    request = InferRequest("digits", features_of(rows), parameters={"binary_data_output": True})
    check_predictions(outputs_of(infer(server, protocol, request)), rows)
    outputs = [RequestedOutput("label", {"binary_data": True})]
    request = InferRequest("digits", features_of(rows, binary=False), request_outputs=outputs)
    found = outputs_of(infer(server, protocol, request))
    assert list(found) == ["label"] and found["label"].tolist() == [row["label"] for row in rows]


@pytest.mark.parametrize("datatype", ["BOOL", "INT8", "INT64", "UINT64", "FP32", "FP64"])
def test_tensors_of_several_datatypes_come_back(server, protocol, datatype):
    values = samples(datatype)
    request = InferRequest(f"identity_{datatype.lower()}", [as_input("x", values, datatype)])
    found = outputs_of(infer(server, protocol, request))["y"]
    assert found.reshape(values.shape).tobytes() == values.tobytes()


def test_FP16_travels_raw(server, protocol):
    values = samples("FP16")
    request = InferRequest("identity_fp16", [as_input("x", values, "FP16")], parameters={"binary_data_output": True})
    assert outputs_of(infer(server, protocol, request))["y"].tobytes() == values.tobytes()


def test_strings_come_back(server, protocol):
    values = numpy.array([["", "süß"], ["two words", "x" * 300]], object)
    request = InferRequest("identity_bytes", [as_input("x", values, "BYTES")], parameters={"binary_data_output": True})
    found = outputs_of(infer(server, protocol, request))["y"].reshape(-1).tolist()
    assert [text.decode() if isinstance(text, bytes) else text for text in found] == values.reshape(-1).tolist()


def test_several_inputs_and_outputs_keep_their_names(server, protocol):
    a, b = numpy.array([[5, 7]], numpy.float32), numpy.array([[1, 2]], numpy.float32)
    request = InferRequest("pair", [as_input("b", b, "FP32"), as_input("a", a, "FP32")])
    found = outputs_of(infer(server, protocol, request))
    assert (found["sum"].tolist(), found["difference"].tolist()) == ([[6, 9]], [[4, 5]])


@pytest.mark.parametrize("protocol", ["rest"], indirect=True)
def test_predict_of_the_first_protocol(server, protocol, bundled):
    rows = bundled("tumour")

    def use(client, url):
        return client.infer(url, {"instances": [row["features"] for row in rows]}, model_name="tumour")

    predictions = with_rest(server, use, version="v1")["predictions"]
    assert [one["label"] for one in predictions] == [row["label"] for row in rows]


def test_errors_arrive_with_the_servers_sentence(server, protocol):
    request = InferRequest("digits", [as_input("input", numpy.zeros((1, 63), numpy.float32), "FP32")])
    with pytest.raises((httpx.HTTPStatusError, grpc.RpcError)) as raised:
        infer(server, protocol, request)
    for word in ("'input'", "[-1,64]", "[1,63]"):
        assert word in str(raised.value)
    with pytest.raises((httpx.HTTPStatusError, grpc.RpcError), match="nosuch"):
        infer(server, protocol, InferRequest("nosuch", request.inputs))
