"""What is refused over gRPC by the Open Inference Protocol v2: INVALID_ARGUMENT, NOT_FOUND, UNAVAILABLE,
DEADLINE_EXCEEDED."""

import contextlib

import grpc
import pytest
from tritonclient.grpc import service_pb2 as oip_pb2

import server_process
from oip import RAW_ONLY
from oip_grpc import A, B, Code, pair, plus, refused, stub_of


@pytest.fixture(scope="module")
def server(models_folder):
    with server_process.running("--models", models_folder, *server_process.PLENTY) as started:
        yield started


@pytest.fixture(scope="module")
def stub(server):
    with stub_of(server) as made:
        yield made


# INVALID_ARGUMENT

FIRST, SECOND, ONLY = ("'a'", "[0]"), ("'b'", "[1]"), ("'x'", "[0]")  # an input, by its name or by its place


def changed(index=0, raw=True, **changes):
    request = pair(raw=raw)
    for field, value in changes.items():
        if field == "shape":
            del request.inputs[index].shape[:]
            request.inputs[index].shape.extend(value)
        else:
            setattr(request.inputs[index], field, value)
    return request


def with_raw(*entries):
    request = pair()
    del request.raw_input_contents[:]
    request.raw_input_contents.extend(entries)
    return request


def with_both():
    request = pair()
    request.inputs[0].contents.fp32_contents.extend([1, 2, 3, 4])
    return request


def with_wrong_contents():
    request = pair(raw=False)
    request.inputs[0].contents.ClearField("fp32_contents")
    request.inputs[0].contents.int_contents.extend([1, 2, 3, 4])
    return request


def with_inputs(*indexes):
    request = pair()
    inputs, raw = list(request.inputs), list(request.raw_input_contents)
    del request.inputs[:], request.raw_input_contents[:]
    request.inputs.extend([inputs[index] for index in indexes])
    request.raw_input_contents.extend([raw[index] for index in indexes])
    return request


def whole(array):
    return array.tobytes()


INVALID = {
    "raw and contents": (with_both, ["contents"]),
    "raw entries too few": (lambda: with_raw(whole(A)), ["2", "1"]),
    "raw entries too many": (lambda: with_raw(whole(A), whole(B), whole(B)), ["2", "3"]),
    "raw entry too short": (lambda: with_raw(whole(A)[:-1], whole(B)), [FIRST, "16", "15"]),
    "raw entry too long": (lambda: with_raw(whole(A), whole(B) + b"x"), [SECOND, "16", "17"]),
    "contents too few": (lambda: changed(raw=False, shape=[3, 2]), [FIRST, "6", "4"]),
    "contents of another datatype": (with_wrong_contents, [FIRST]),
    "unknown input": (lambda: changed(name="nosuch"), ["'nosuch'"]),
    "missing input": (lambda: with_inputs(0), ["'b'"]),
    "no input": (lambda: with_inputs(), ["'a'"]),
    "input twice": (lambda: with_inputs(0, 1, 0), ["'a'"]),
    "wrong datatype": (lambda: changed(datatype="INT32"), ["'a'", "FP32", "INT32"]),
    "no datatype of the protocol": (lambda: changed(datatype="FP31"), ["FP31"]),
    "wrong rank": (lambda: changed(shape=[4]), ["'a'", "[-1,2]", "[4]"]),
    "wrong dimension": (lambda: changed(shape=[1, 4]), ["'a'", "[-1,2]", "[1,4]"]),
    "negative dimension": (lambda: changed(shape=[-2, -2]), [FIRST]),
    "a shape whose product overflows": (lambda: changed(shape=[2**62, 2]), [FIRST]),
    "unknown output": (lambda: pair(outputs=["nosuch"]), ["'nosuch'"]),
    "output twice": (lambda: pair(outputs=["sum", "sum"]), ["sum"]),
}


@pytest.mark.parametrize("what", INVALID)
def test_INVALID_ARGUMENT_names_what_is_wrong(stub, what):
    make, words = INVALID[what]
    refused(stub.ModelInfer, make(), Code.INVALID_ARGUMENT, *words)


@pytest.mark.parametrize("data", [b"\1\0\0", b"\5\0\0\0four", b"\1\0\0\0a", b"\xff\xff\xff\xffa", b"", b"\1\0\0\0a" * 3])
def test_INVALID_ARGUMENT_for_BYTES_framing_that_is_wrong(stub, data):
    request = oip_pb2.ModelInferRequest(model_name="identity_bytes", raw_input_contents=[data])
    request.inputs.add(name="x", datatype="BYTES", shape=[1, 2])
    refused(stub.ModelInfer, request, Code.INVALID_ARGUMENT, ONLY)


@pytest.mark.parametrize("datatype, field, values", [
    ("INT8", "int_contents", [1, 128]), ("INT16", "int_contents", [-32769, 0]), ("UINT8", "uint_contents", [256, 0]),
    ("UINT16", "uint_contents", [0, 65536])])
def test_INVALID_ARGUMENT_for_contents_out_of_the_datatypes_range(stub, datatype, field, values):
    request = oip_pb2.ModelInferRequest(model_name=f"identity_{datatype.lower()}")
    made = request.inputs.add(name="x", datatype=datatype, shape=[1, 2])
    getattr(made.contents, field).extend(values)
    refused(stub.ModelInfer, request, Code.INVALID_ARGUMENT, ONLY)


@pytest.mark.parametrize("datatype", RAW_ONLY)
def test_INVALID_ARGUMENT_for_contents_of_what_travels_raw_only(stub, datatype):
    request = oip_pb2.ModelInferRequest(model_name=f"identity_{datatype.lower()}")
    request.inputs.add(name="x", datatype=datatype, shape=[1, 1]).contents.fp32_contents.append(1)
    refused(stub.ModelInfer, request, Code.INVALID_ARGUMENT, datatype)


# NOT_FOUND, UNAVAILABLE, DEADLINE_EXCEEDED


@pytest.mark.parametrize("name, version", [("nosuch", ""), ("", ""), ("plus", "3"), ("plus", "latest")])
def test_NOT_FOUND_for_an_unknown_model_or_version(stub, name, version):
    request = plus(model_version=version)
    request.model_name = name
    refused(stub.ModelInfer, request, Code.NOT_FOUND, f"'{version or name}'")


def test_UNAVAILABLE_for_who_is_shed(models_folder):
    flags = ["--models", models_folder, "--workers", 1, "--limit", "pending_requests=1"]
    with server_process.running(*flags) as server, contextlib.ExitStack() as stack, stub_of(server) as stub:
        assert stub.ServerLive(oip_pb2.ServerLiveRequest()).live
        server.hold(stack, workers=1, milliseconds=1500)
        refused(stub.ModelInfer, plus(), Code.UNAVAILABLE)


def test_DEADLINE_EXCEEDED_when_the_budget_is_spent_while_every_worker_is_stuck(models_folder):
    flags = ["--models", models_folder, "--workers", 1]
    with server_process.running(*flags) as server, contextlib.ExitStack() as stack, stub_of(server) as stub:
        server.hold(stack, workers=1, milliseconds=1500)
        with pytest.raises(grpc.RpcError) as raised:
            stub.ModelInfer(plus(), timeout=0.3)
        # Admission may see that it is of no use to wait.
        assert raised.value.code() in (Code.DEADLINE_EXCEEDED, Code.UNAVAILABLE)
        assert stub.ServerLive(oip_pb2.ServerLiveRequest(), timeout=30).live, "health lives when every worker is stuck"
