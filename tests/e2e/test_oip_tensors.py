"""Tensors of the Open Inference Protocol v2: every datatype, as JSON and as bytes, to the last bit."""

import json
import random
import struct

import numpy
import pytest

import server_process
from oip import (DTYPES, RAW_ONLY, array_of, ask, check_error, encode, head_of, outputs_of, raw_tensor, same_bits,
                 samples, tensor, with_tail, infer_path)

JSON_TYPES = [datatype for datatype in DTYPES if datatype not in RAW_ONLY]
RAW_OUTPUTS = {"binary_data_output": True}


@pytest.fixture(scope="module")
def server(models_folder):
    with server_process.running("--models", models_folder, *server_process.PLENTY) as started:
        yield started


def identity(datatype):
    return f"identity_{datatype.lower()}"


def echo(server, datatype, values, nested=False, outputs_raw=False):
    """What comes back for JSON elements."""
    array = array_of(values, datatype)
    body = {"inputs": [tensor("x", array, datatype, nested)]}
    if outputs_raw:
        body["parameters"] = RAW_OUTPUTS
    output = outputs_of(ask(server, identity(datatype), body))["y"]
    assert output.is_raw == outputs_raw
    assert output.datatype == datatype
    return output.array


def echo_raw(server, datatype, array, output_is_raw=True):
    described, data = raw_tensor("x", array, datatype)
    body = {"inputs": [described], "parameters": {"binary_data_output": output_is_raw}}
    output = outputs_of(ask(server, identity(datatype), body, data))["y"]
    assert output.is_raw == output_is_raw
    assert output.datatype == datatype
    return output.array


def refused(server, datatype, data, shape=(1, 1)):
    body = {"inputs": [{"name": "x", "shape": list(shape), "datatype": datatype, "data": data}]}
    return ask(server, identity(datatype), body)


# every datatype, every way in and out


@pytest.mark.parametrize("datatype", JSON_TYPES)
def test_json_in_json_out(server, datatype):
    assert same_bits(echo(server, datatype, samples(datatype)), samples(datatype))


@pytest.mark.parametrize("datatype", JSON_TYPES)
def test_nested_is_flat(server, datatype):
    assert same_bits(echo(server, datatype, samples(datatype), nested=True), samples(datatype))


@pytest.mark.parametrize("datatype", DTYPES)
def test_raw_in_raw_out(server, datatype):
    assert same_bits(echo_raw(server, datatype, samples(datatype)), samples(datatype))


@pytest.mark.parametrize("datatype", JSON_TYPES)
def test_raw_in_json_out(server, datatype):
    assert same_bits(echo_raw(server, datatype, samples(datatype), output_is_raw=False), samples(datatype))


@pytest.mark.parametrize("datatype", JSON_TYPES)
def test_json_in_raw_out(server, datatype):
    assert same_bits(echo(server, datatype, samples(datatype), outputs_raw=True), samples(datatype))


@pytest.mark.parametrize("datatype", DTYPES)
def test_a_tensor_without_elements(server, datatype):
    nothing = array_of([], datatype).reshape(0, 3)
    assert echo_raw(server, datatype, nothing).shape == (0, 3)
    if datatype not in RAW_ONLY:
        assert echo(server, datatype, nothing).shape == (0, 3)


@pytest.mark.parametrize("datatype", RAW_ONLY)
def test_FP16_and_BF16_travel_raw_only(server, datatype):
    check_error(refused(server, datatype, [1.0]), 400, datatype)
    described, data = raw_tensor("x", samples(datatype), datatype)
    reply = ask(server, identity(datatype), {"inputs": [described]}, data)
    check_error(reply, 400, datatype)


# numbers


@pytest.mark.parametrize("datatype, unsigned", [("FP32", numpy.uint32), ("FP64", numpy.uint64)])
def test_floats_are_written_shortest_and_read_back_the_same(server, datatype, unsigned):
    bits = numpy.random.default_rng(7).integers(0, numpy.iinfo(unsigned).max, 3000, unsigned)
    values = bits.view(DTYPES[datatype])
    values = values[numpy.isfinite(values)].reshape(1, -1)
    body = {"inputs": [tensor("x", values, datatype)]}
    reply = ask(server, identity(datatype), body)
    assert same_bits(outputs_of(reply)["y"].array, values)
    texts = json.loads(reply.body, parse_float=str, parse_int=str)["outputs"][0]["data"]
    for text, value in zip(texts, values.flat, strict=True):
        shortest = numpy.format_float_scientific(value, unique=True, trim="-")
        assert len(text.removesuffix(".0")) <= len(shortest), f"{text} is longer than {shortest}"


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1e39"])
def test_a_float_that_is_too_large_is_refused_and_no_infinity(server, value):
    body = json.dumps({"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "data": ["@"]}]}).replace('"@"', value)
    check_error(server.ask("POST", infer_path("identity_fp32"), body.encode()), 400)


def test_64_bit_integers_keep_every_digit(server):
    source = random.Random(7)
    signed = [source.randrange(-(2**63), 2**63) for _ in range(500)] + [2**53 + 1, -(2**53) - 1]
    unsigned = [source.randrange(2**64) for _ in range(500)] + [2**53 + 1, 2**64 - 1]
    assert echo(server, "INT64", [signed]).tolist() == [signed]
    assert echo(server, "UINT64", [unsigned]).tolist() == [unsigned]


@pytest.mark.parametrize("datatype", [name for name in DTYPES if "INT" in name])
def test_an_integer_out_of_range_is_refused(server, datatype):
    limits = numpy.iinfo(DTYPES[datatype])
    for value in (limits.max + 1, limits.min - 1, 0.5, 1e30):
        check_error(refused(server, datatype, [value]), 400)


@pytest.mark.parametrize("datatype, values", [
    ("BOOL", [1, 0, "true", None, {}]),
    ("INT32", [True, "1", None, {}]),
    ("FP32", [True, "1", None, "NaN"]),
    ("BYTES", [1, True, None, {}]),
])
def test_an_element_of_another_kind_is_refused(server, datatype, values):
    for value in values:
        check_error(refused(server, datatype, [value]), 400, "'x'")


@pytest.mark.parametrize("data", [[[1, 2], [3]], [[1, 2, 3], [4]], [[1], [2], [3], [4]], [[[1, 2]], [[3, 4]]], [1, [2, 3, 4]], [[], []], 1])
def test_data_nested_otherwise_than_its_shape_is_refused(server, data):
    check_error(refused(server, "INT32", data, (2, 2)), 400, "'x'")


# what JSON cannot say


@pytest.mark.parametrize("a, b", [(0, 0), (1, 0), (-1, 0)])
def test_NaN_and_infinities_come_raw_and_are_a_clear_error_as_JSON(server, a, b):
    left, right = array_of([a, 1], "FP32"), array_of([b, 2], "FP32")
    body = {"inputs": [tensor("a", left, "FP32"), tensor("b", right, "FP32")]}
    check_error(ask(server, "quotient", body), 500, "quotient")
    with numpy.errstate(all="ignore"):
        expected = left / right
    found = outputs_of(ask(server, "quotient", {**body, "parameters": RAW_OUTPUTS}))["quotient"].array
    numpy.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("datatype", ["FP16", "BF16", "FP32", "FP64"])
def test_NaN_and_infinities_go_in_and_out_raw(server, datatype):
    values = array_of([[float("nan"), float("inf"), float("-inf")]], datatype)
    assert same_bits(echo_raw(server, datatype, values), values)


# BYTES


def test_strings_come_back_character_by_character(server):
    texts = [["", " ", "\u0000", "\"", "\\", "/", "\b\f\n\r\t", "\u007f", "é", "€", "😀", "\u2028\ufeff", "a\u0301"]]
    assert same_bits(echo(server, "BYTES", texts), array_of(texts, "BYTES"))
    assert same_bits(echo(server, "BYTES", texts, outputs_raw=True), array_of(texts, "BYTES"))


@pytest.mark.parametrize("text, status", [(r'"\u00e9\ud83d\ude00"', 200), (r'"\ud83d"', 400), (r'"\ude00\ud83d"', 400), (r'"\x"', 400)])
def test_escaped_strings_are_those_of_JSON(server, text, status):
    body = json.dumps({"inputs": [{"name": "x", "shape": [1, 1], "datatype": "BYTES", "data": ["@"]}]}).replace('"@"', text)
    reply = server.ask("POST", infer_path("identity_bytes"), body.encode())
    if status == 200:
        assert outputs_of(reply)["y"].array.tolist() == [["é😀".encode()]]
    else:
        check_error(reply, status)


def test_bytes_that_are_no_text_come_raw_and_are_a_clear_error_as_JSON(server):
    values = array_of([[b"\xff\xfe", bytes(range(256)), b"fine"]], "BYTES")
    assert same_bits(echo_raw(server, "BYTES", values), values)
    described, data = raw_tensor("x", values, "BYTES")
    reply = ask(server, "identity_bytes", {"inputs": [described]}, data)
    assert reply.status in (400, 500)
    check_error(reply, reply.status, "'y'")


FRAMINGS = {
    "a length cut short": b"\x01\x00\x00",
    "an element cut short": struct.pack("<I", 5) + b"four",
    "an element too few": struct.pack("<I", 1) + b"a",
    "an element too many": (struct.pack("<I", 1) + b"a") * 3,
    "a length of 4 GiB": b"\xff\xff\xff\xff" + b"a" * 10,
    "nothing": b"",
    "a byte after the last": (struct.pack("<I", 1) + b"a") * 2 + b"x",
}


@pytest.mark.parametrize("what", FRAMINGS)
def test_BYTES_framing_that_is_wrong_is_refused(server, what):
    data = FRAMINGS[what]
    described = {"name": "x", "shape": [1, 2], "datatype": "BYTES", "parameters": {"binary_data_size": len(data)}}
    body, headers = with_tail({"inputs": [described]}, data)
    check_error(server.ask("POST", infer_path("identity_bytes"), body, headers), 400, "'x'")


# shapes


def test_a_fixed_shape_is_held_to(server):
    values = array_of(numpy.arange(8).reshape(2, 4), "INT32")
    body = {"inputs": [tensor("x", values, "INT32")]}
    assert outputs_of(ask(server, "table", body))["y"].array.tolist() == (-values).tolist()
    for shape in ([4, 2], [8], [1, 4], [2, 4, 1]):
        body["inputs"][0].update(shape=shape, data=list(range(int(numpy.prod(shape)))))
        check_error(ask(server, "table", body), 400, "'x'", "[2,4]")


def test_a_large_tensor_comes_whole(server):
    values = numpy.random.default_rng(7).random((3, 50_000), numpy.float32)
    assert same_bits(echo_raw(server, "FP32", values), values)
    assert same_bits(echo(server, "FP32", values), values)


def test_every_tensor_of_an_answer_says_its_datatype_and_shape(server):
    body = {"inputs": [
        tensor("text", array_of(["a", "b"], "BYTES"), "BYTES"),
        tensor("number", array_of([[1, 2], [3, 4], [5, 6]], "INT64"), "INT64"),
        tensor("flag", array_of([[[True, False, True]]], "BOOL"), "BOOL"),
    ]}
    said = [(output["name"], output["datatype"], output["shape"]) for output in head_of(ask(server, "mixed", body))["outputs"]]
    assert said == [("text_out", "BYTES", [2]), ("number_out", "INT64", [3, 2]), ("flag_out", "BOOL", [1, 1, 3])]


def test_a_raw_tensor_and_its_JSON_are_the_same_to_the_model(server, bundled):
    features = array_of([row["features"] for row in bundled("digits")], "FP32")
    as_json = outputs_of(ask(server, "digits", {"inputs": [tensor("input", features, "FP32")]}))
    described, data = raw_tensor("input", features, "FP32")
    assert len(data) == len(encode(features, "FP32"))
    as_raw = outputs_of(ask(server, "digits", {"inputs": [described], "parameters": RAW_OUTPUTS}, data))
    for name, output in as_json.items():
        assert same_bits(output.array, as_raw[name].array)
