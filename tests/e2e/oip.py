"""The Open Inference Protocol v2 by hand: its datatypes as numpy has them, tensors as JSON and as bytes,
requests with a binary tail, and answers taken apart."""

import dataclasses
import json
import math
import struct

import ml_dtypes
import numpy

JSON_SIZE = "Inference-Header-Content-Length"
# BYTES stands apart: its elements are `bytes`, in arrays of dtype object.
DTYPES = {
    "BOOL": numpy.bool_,
    "UINT8": numpy.uint8,
    "UINT16": numpy.uint16,
    "UINT32": numpy.uint32,
    "UINT64": numpy.uint64,
    "INT8": numpy.int8,
    "INT16": numpy.int16,
    "INT32": numpy.int32,
    "INT64": numpy.int64,
    "FP16": numpy.float16,
    "FP32": numpy.float32,
    "FP64": numpy.float64,
    "BF16": ml_dtypes.bfloat16,
    "BYTES": numpy.object_,
}
RAW_ONLY = ("FP16", "BF16")


def array_of(values, datatype):
    if datatype != "BYTES":
        return numpy.array(values, DTYPES[datatype])
    flat = [value.encode() if isinstance(value, str) else value for value in numpy.array(values, dtype=object).flat]
    made = numpy.empty(len(flat), dtype=object)
    made[:] = flat
    return made.reshape(numpy.shape(numpy.array(values, dtype=object)))


def samples(datatype):
    """Two rows of three, with the ends of the datatype's range."""
    if datatype == "BOOL":
        return array_of([[True, False, False], [False, True, True]], datatype)
    if datatype == "BYTES":
        return array_of([["", "a", "two words"], ["\"quoted\\\"\n", "süß 🎼", "x" * 300]], datatype)
    if datatype in ("FP16", "BF16", "FP32", "FP64"):
        most = float(ml_dtypes.finfo(DTYPES[datatype]).max)
        tiny = float(ml_dtypes.finfo(DTYPES[datatype]).smallest_subnormal)
        return array_of([[0.0, -0.0, 1 / 3], [most, -most, tiny]], datatype)
    limits = numpy.iinfo(DTYPES[datatype])
    made = numpy.zeros((2, 3), DTYPES[datatype])
    made[0, 1], made[1] = 1, [limits.min, limits.max, limits.max - 1]
    return made


def encode(array, datatype):
    """Row-major, little-endian, no padding; a length before each element of BYTES."""
    if datatype == "BYTES":
        return b"".join(struct.pack("<I", len(element)) + element for element in array.flat)
    return numpy.ascontiguousarray(array, DTYPES[datatype]).tobytes()


def decode(data, datatype, shape):
    if datatype != "BYTES":
        assert len(data) == math.prod(shape) * numpy.dtype(DTYPES[datatype]).itemsize, (len(data), datatype, shape)
        return numpy.frombuffer(data, DTYPES[datatype]).reshape(shape)
    elements = []
    while data:
        (size,) = struct.unpack_from("<I", data)
        assert len(data) >= 4 + size, "an element is cut short"
        elements.append(data[4 : 4 + size])
        data = data[4 + size :]
    assert len(elements) == math.prod(shape)
    return array_of(elements, datatype).reshape(shape)


def json_values(array, datatype, nested=False):
    values = array if nested else array.reshape(-1)
    if datatype != "BYTES":
        return values.tolist()
    return numpy.vectorize(lambda element: element.decode(), otypes=[object])(values).tolist()


def tensor(name, array, datatype, nested=False):
    """An input whose elements are JSON."""
    shape = list(array.shape)
    return {"name": name, "shape": shape, "datatype": datatype, "data": json_values(array, datatype, nested)}


def raw_tensor(name, array, datatype):
    """An input whose elements are in the tail, and these."""
    data = encode(array, datatype)
    parameters = {"binary_data_size": len(data)}
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "parameters": parameters}, data


def with_tail(body, *tail, size=None):
    """The bytes of a body with raw tensors, and the headers that say so. `size`: in place of the true one."""
    head = body if isinstance(body, bytes) else json.dumps(body).encode()
    said = len(head) if size is None else size
    return head + b"".join(tail), [(JSON_SIZE, said), ("Content-Type", "application/octet-stream")]


def infer_path(model, version=None):
    return f"/v2/models/{model}" + (f"/versions/{version}" if version else "") + "/infer"


def ask(server, model, body, *tail, version=None, headers=()):
    """An infer request. With a tail it says where its JSON ends."""
    if tail:
        body, more = with_tail(body, *tail)
        headers = [*more, *headers]
    return server.ask("POST", infer_path(model, version), body, headers)


@dataclasses.dataclass
class Output:
    """One tensor of an answer."""

    name: str
    datatype: str
    shape: list
    is_raw: bool
    array: numpy.ndarray
    text: dict  # the tensor's JSON, as it came


def outputs_of(reply):
    """The tensors of an answer by name, in its order; everything about their framing is checked."""
    assert reply.status == 200, (reply.status, reply.body[:500])
    size = reply.header(JSON_SIZE)
    head = reply.body if size is None else reply.body[: int(size)]
    tail = reply.body[len(head) :]
    found = {}
    for text in json.loads(head)["outputs"]:
        raw_size = text.get("parameters", {}).get("binary_data_size")
        is_raw = raw_size is not None
        assert is_raw != ("data" in text), f"one of data and binary_data_size is expected: {text}"
        if is_raw:
            assert len(tail) >= raw_size, "the tail is too short"
            array = decode(tail[:raw_size], text["datatype"], text["shape"])
            tail = tail[raw_size:]
        else:
            assert all(not isinstance(element, list) for element in text["data"]), "flat is sent"
            array = array_of(text["data"], text["datatype"]).reshape(text["shape"])
        found[text["name"]] = Output(text["name"], text["datatype"], text["shape"], is_raw, array, text)
    assert tail == b"", "the tail is too long"
    has_raw = any(output.is_raw for output in found.values())
    assert has_raw == (size is not None), "the header comes with raw tensors, and only with them"
    expected = "application/octet-stream" if has_raw else "application/json"
    assert reply.header("Content-Type") == expected
    return found


def head_of(reply):
    """The JSON of an answer, which may have a tail."""
    size = reply.header(JSON_SIZE)
    return json.loads(reply.body if size is None else reply.body[: int(size)])


def same_bits(left, right):
    """Whether two arrays are the same, down to the sign of a zero."""
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    return left.tolist() == right.tolist() if left.dtype == object else left.tobytes() == right.tobytes()


def check_error(reply, status, *words):
    """An error as the protocol has it: JSON with `error`, whatever the cause."""
    assert reply.status == status, (reply.status, reply.body[:500])
    assert reply.header("Content-Type") == "application/json"
    assert int(reply.header("Content-Length")) == len(reply.body)
    assert isinstance(reply.error, str) and reply.error
    for word in words:
        assert str(word) in reply.error, f"{word!r} is not in {reply.error!r}"
