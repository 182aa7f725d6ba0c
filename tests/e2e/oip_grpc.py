"""The Open Inference Protocol v2 over gRPC by hand, with the messages that tritonclient brings: requests put
together, answers taken apart."""

import contextlib

import grpc
import pytest
from tritonclient.grpc import service_pb2 as oip_pb2
from tritonclient.grpc import service_pb2_grpc

from oip import array_of, decode, encode

Code = grpc.StatusCode
A = array_of([[5, 7], [0.5, 0]], "FP32")
B = array_of([[1, 2], [0.25, 3]], "FP32")
X = array_of([1.5], "FP32")
CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}


@contextlib.contextmanager
def stub_of(server):
    assert server.grpc != "off", "the server has no gRPC data plane"
    with grpc.insecure_channel(server.grpc) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def input_of(name, array, datatype, raw):
    """One input; its bytes where it is raw."""
    made = oip_pb2.ModelInferRequest.InferInputTensor(name=name, datatype=datatype, shape=array.shape)
    if raw:
        return made, encode(array, datatype)
    getattr(made.contents, CONTENTS[datatype]).extend(array.reshape(-1).tolist())
    return made, None


def request_of(model, tensors, raw=True, outputs=(), **more):
    made = oip_pb2.ModelInferRequest(model_name=model, **more)
    for name, (array, datatype) in tensors.items():
        described, data = input_of(name, array, datatype, raw)
        made.inputs.append(described)
        if raw:
            made.raw_input_contents.append(data)
    for name in outputs:
        made.outputs.add(name=name)
    return made


def pair(**more):
    return request_of("pair", {"a": (A, "FP32"), "b": (B, "FP32")}, **more)


def plus(**more):
    return request_of("plus", {"x": (X, "FP32")}, **more)


def outputs_of(response):
    """The tensors of an answer by name: raw ones for every output, or contents in every output."""
    found = {}
    assert len(response.raw_output_contents) in (0, len(response.outputs))
    for index, output in enumerate(response.outputs):
        shape = list(output.shape)
        if response.raw_output_contents:
            assert not output.HasField("contents"), "both are present"
            array = decode(response.raw_output_contents[index], output.datatype, shape)
        else:
            array = array_of(list(getattr(output.contents, CONTENTS[output.datatype])), output.datatype).reshape(shape)
        found[output.name] = array
    return found


def refused(call, request, code, *words):
    """A word may be several, of which one is enough."""
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=30)
    assert raised.value.code() == code, raised.value
    said = raised.value.details()
    for word in words:
        assert any(one in said for one in ([word] if isinstance(word, str) else word)), f"{word} is not in {said!r}"
