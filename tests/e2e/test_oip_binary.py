"""The binary tensor extension of the Open Inference Protocol v2 over HTTP: B1 to B9, one by one, and its errors."""

import gzip
import json

import numpy
import pytest

import environment
import http_raw
import server_process
from oip import (JSON_SIZE, array_of, ask, check_error, encode, head_of, infer_path, outputs_of, raw_tensor, same_bits,
                 tensor, with_tail)

A = array_of([[5, 7], [0.5, 0]], "FP32")
B = array_of([[1, 2], [0.25, 3]], "FP32")
TEXT = array_of(["", "süß", "x" * 300, b"\xff\x00"], "BYTES")
NUMBER = array_of([[1, -2], [2**62, 0]], "INT64")
FLAG = array_of([[[True, False, True]], [[False, False, True]]], "BOOL")
ALL_RAW = {"binary_data_output": True}


@pytest.fixture(scope="module")
def server(models_folder):
    with server_process.running("--models", models_folder, *server_process.PLENTY) as started:
        yield started


def pair(raw_a=True, raw_b=True, **more):
    """A request to `pair` and its tail."""
    inputs, tail = [], []
    for name, array, is_raw in (("a", A, raw_a), ("b", B, raw_b)):
        if is_raw:
            described, data = raw_tensor(name, array, "FP32")
            inputs.append(described)
            tail.append(data)
        else:
            inputs.append(tensor(name, array, "FP32"))
    return {**more, "inputs": inputs}, tail


def check_pair(found, raw):
    assert {name: output.is_raw for name, output in found.items()} == raw
    for name, expected in (("sum", A + B), ("difference", A - B)):
        if name in raw:
            assert same_bits(found[name].array, expected)


def test_B1_the_header_says_where_the_JSON_ends(server):
    body, tail = pair()
    check_pair(outputs_of(ask(server, "pair", body, *tail)), {"sum": False, "difference": False})


def test_B1_the_length_of_the_body_is_that_of_the_whole(server):
    body, tail = pair()
    data, headers = with_tail(body, *tail)
    path = infer_path("pair")
    with server.connect() as connection:
        # Had the JSON's length been taken for the body's, the tail would be the next request.
        connection.send(http_raw.request("POST", path, data, headers) + http_raw.request("GET", "/hello"))
        check_pair(outputs_of(connection.read("POST")), {"sum": False, "difference": False})
        assert connection.read().status == 200


@pytest.mark.parametrize("cut", [1, 7, 100, -1])
def test_B1_the_body_may_come_in_pieces(server, cut):
    body, tail = pair()
    data, headers = with_tail(body, *tail)
    whole = http_raw.request("POST", infer_path("pair"), data, headers)
    at = whole.index(b"\r\n\r\n") + 4 + (len(data) + cut if cut < 0 else cut)
    with server.connect() as connection:
        connection.send(whole[:at])
        connection.send(whole[at:])
        check_pair(outputs_of(connection.read("POST")), {"sum": False, "difference": False})


def test_B1_a_chunked_body_has_a_tail_too(server):
    body, tail = pair()
    data, headers = with_tail(body, *tail)
    head = http_raw.request("POST", infer_path("pair"), None, [*headers, ("Transfer-Encoding", "chunked")])
    pieces = [data[at : at + 50] for at in range(0, len(data), 50)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    with server.connect() as connection:
        connection.send(head + chunks)
        check_pair(outputs_of(connection.read("POST")), {"sum": False, "difference": False})


def test_B1_of_a_compressed_body_the_header_means_what_it_expands_to(server):
    body, tail = pair(parameters=ALL_RAW)
    data, headers = with_tail(body, *tail)
    headers = [*headers, ("Content-Encoding", "gzip")]
    reply = server.ask("POST", infer_path("pair"), gzip.compress(data), headers)
    check_pair(outputs_of(reply), {"sum": True, "difference": True})


def test_B1_as_curl_sends_it(server, tmp_path):
    body, tail = pair(parameters=ALL_RAW)
    data, headers = with_tail(body, *tail)
    (tmp_path / "request").write_bytes(data)
    options = [word for name, value in headers for word in ("-H", f"{name}: {value}")]
    url = f"http://{server.http}{infer_path('pair')}"
    request = ["--data-binary", f"@{tmp_path}/request", "-o", tmp_path / "answer", "-D", tmp_path / "head"]
    environment.run(environment.tool("curl"), "-sS", *options, *request, url)
    assert (tmp_path / "head").read_text().startswith("HTTP/1.1 200 ")
    assert (tmp_path / "answer").read_bytes().endswith(encode(A + B, "FP32") + encode(A - B, "FP32"))


def test_B2_raw_tensors_follow_in_the_order_of_the_inputs(server):
    body, tail = pair()
    turned = {"inputs": body["inputs"][::-1]}
    found = outputs_of(ask(server, "pair", turned, *tail[::-1]))
    check_pair(found, {"sum": False, "difference": False})
    mixed_up = outputs_of(ask(server, "pair", body, *tail[::-1]))
    assert same_bits(mixed_up["difference"].array, B - A)


@pytest.mark.parametrize("wanted", [["sum", "difference"], ["difference", "sum"]])
def test_B2_raw_tensors_follow_in_the_order_of_the_outputs(server, wanted):
    body, tail = pair(outputs=[{"name": name} for name in wanted], parameters=ALL_RAW)
    found = outputs_of(ask(server, "pair", body, *tail))
    assert list(found) == wanted
    check_pair(found, {"sum": True, "difference": True})


@pytest.mark.parametrize("raw_a, raw_b", [(True, False), (False, True)])
def test_B3_raw_and_JSON_tensors_mix_in_one_request(server, raw_a, raw_b):
    body, tail = pair(raw_a, raw_b)
    check_pair(outputs_of(ask(server, "pair", body, *tail)), {"sum": False, "difference": False})


def test_B3_binary_data_size_replaces_data(server):
    body, tail = pair()
    body["inputs"][0]["data"] = [1, 2, 3, 4]
    check_error(ask(server, "pair", body, *tail), 400, "data")


@pytest.mark.parametrize("size", ["16", -16, 16.5, True, 2**63])
def test_B3_a_binary_data_size_that_is_no_size_is_refused(server, size):
    body, tail = pair()
    body["inputs"][0]["parameters"]["binary_data_size"] = size
    check_error(ask(server, "pair", body, *tail), 400, "binary_data_size")


@pytest.mark.parametrize("sum_is_raw, difference_is_raw", [(True, True), (True, False), (False, True), (False, False)])
def test_B4_binary_data_asks_for_one_output_raw(server, sum_is_raw, difference_is_raw):
    outputs = [
        {"name": "sum", "parameters": {"binary_data": sum_is_raw}},
        {"name": "difference", "parameters": {"binary_data": difference_is_raw}},
    ]
    body, _ = pair(raw_a=False, raw_b=False, outputs=outputs)
    check_pair(outputs_of(ask(server, "pair", body)), {"sum": sum_is_raw, "difference": difference_is_raw})


def test_B5_binary_data_output_asks_for_all_outputs_raw(server):
    body, _ = pair(raw_a=False, raw_b=False, parameters=ALL_RAW)
    check_pair(outputs_of(ask(server, "pair", body)), {"sum": True, "difference": True})
    body, _ = pair(raw_a=False, raw_b=False, parameters=ALL_RAW, outputs=[{"name": "difference"}])
    check_pair(outputs_of(ask(server, "pair", body)), {"difference": True})


@pytest.mark.parametrize("for_all", [True, False])
def test_B5_binary_data_overrides_it(server, for_all):
    outputs = [{"name": "sum", "parameters": {"binary_data": not for_all}}, {"name": "difference"}]
    body, _ = pair(raw_a=False, raw_b=False, outputs=outputs, parameters={"binary_data_output": for_all})
    check_pair(outputs_of(ask(server, "pair", body)), {"sum": not for_all, "difference": for_all})


@pytest.mark.parametrize("where", ["request", "output"])
def test_B4_B5_what_is_neither_true_nor_false_is_refused(server, where):
    more = {"parameters": {"binary_data_output": "yes"}}
    if where == "output":
        more = {"outputs": [{"name": "sum", "parameters": {"binary_data": 1}}]}
    body, _ = pair(raw_a=False, raw_b=False, **more)
    check_error(ask(server, "pair", body), 400, "binary_data")


def test_B6_the_bytes_are_little_endian_row_major_and_without_padding(server):
    described = [
        {"name": "text", "shape": [4], "datatype": "BYTES", "parameters": {"binary_data_size": 4 * 4 + 5 + 300 + 2}},
        {"name": "number", "shape": [2, 2], "datatype": "INT64", "parameters": {"binary_data_size": 32}},
        {"name": "flag", "shape": [2, 1, 3], "datatype": "BOOL", "parameters": {"binary_data_size": 6}},
    ]
    text = b"\0\0\0\0" + b"\5\0\0\0" + "süß".encode() + b"\x2c\1\0\0" + b"x" * 300 + b"\2\0\0\0\xff\0"
    number = b"\1\0\0\0\0\0\0\0" + b"\xfe" + b"\xff" * 7 + b"\0\0\0\0\0\0\0\x40" + b"\0" * 8
    flag = b"\1\0\1\0\0\1"
    reply = ask(server, "mixed", {"inputs": described, "parameters": ALL_RAW}, text, number, flag)
    found = outputs_of(reply)
    for name, expected in (("text", TEXT), ("number", NUMBER), ("flag", FLAG)):
        assert same_bits(found[f"{name}_out"].array, expected)
    assert reply.body.endswith(text + number + flag)


def test_B6_tensors_of_any_length_may_come_before_others(server):
    """Nothing is aligned: the numbers begin at odd addresses."""
    for size in range(9):
        text = array_of(["x" * size], "BYTES")
        inputs = [raw_tensor("text", text, "BYTES"), raw_tensor("number", NUMBER, "INT64"), raw_tensor("flag", FLAG, "BOOL")]
        body = {"inputs": [described for described, _ in inputs], "parameters": ALL_RAW}
        found = outputs_of(ask(server, "mixed", body, *[data for _, data in inputs]))
        assert same_bits(found["number_out"].array, NUMBER)
        assert same_bits(found["text_out"].array, text)


def test_B7_an_answer_with_raw_tensors_says_where_its_JSON_ends(server):
    body, _ = pair(raw_a=False, raw_b=False, parameters=ALL_RAW, id="seven")
    reply = ask(server, "pair", body)
    assert reply.header("Content-Type") == "application/octet-stream"
    size = int(reply.header(JSON_SIZE))
    said = json.loads(reply.body[:size])
    assert (said["model_name"], said["model_version"], said["id"]) == ("pair", "1", "seven")
    assert [output["parameters"] for output in said["outputs"]] == [{"binary_data_size": 16}] * 2
    assert reply.body[size:] == encode(A + B, "FP32") + encode(A - B, "FP32")


def test_B7_an_answer_without_any_is_plain_JSON(server):
    body, tail = pair()
    reply = ask(server, "pair", body, *tail)
    assert reply.header(JSON_SIZE) is None
    assert reply.header("Content-Type") == "application/json"


def test_B7_an_error_is_JSON_whatever_was_asked_for(server):
    body, tail = pair(parameters=ALL_RAW)
    body["inputs"][0]["name"] = "nosuch"
    reply = ask(server, "pair", body, *tail)
    check_error(reply, 400, "'nosuch'")
    assert reply.header(JSON_SIZE) is None


def test_B8_a_header_of_0_means_that_the_body_is_one_raw_tensor(server, bundled):
    rows = bundled("digits")[:3]
    features = array_of([row["features"] for row in rows], "FP32")
    body, headers = with_tail(b"", encode(features, "FP32"))
    assert dict(headers)[JSON_SIZE] == 0
    found = outputs_of(server.ask("POST", infer_path("digits"), body, headers))
    assert all(output.is_raw for output in found.values()), "every output comes back raw"
    assert found["label"].array.tolist() == [row["label"] for row in rows]
    assert found["probabilities"].shape == [3, 10]


def test_B8_a_fixed_shape_is_known_too(server):
    values = array_of(numpy.arange(8).reshape(2, 4), "INT32")
    found = outputs_of(server.ask("POST", infer_path("table"), *with_tail(b"", encode(values, "INT32"))))
    assert found["y"].is_raw and same_bits(found["y"].array, -values)


@pytest.mark.parametrize("model, data", [
    ("pair", encode(A, "FP32")),  # two inputs
    ("identity_fp32", encode(A, "FP32")),  # two dimensions to choose
    ("table", b"\0" * 31),
    ("table", b""),
    ("digits", b"\0" * (64 * 4 + 4)),
])
def test_B8_one_that_cannot_be_told_apart_is_refused(server, model, data):
    body, headers = with_tail(b"", data)
    check_error(server.ask("POST", infer_path(model), body, headers), 400)


def test_B9_without_the_header_the_whole_body_is_JSON(server):
    body, tail = pair()
    check_error(server.ask("POST", infer_path("pair"), json.dumps(body).encode() + b"".join(tail)), 400)
    check_error(server.ask("POST", infer_path("pair"), body), 400)
    body, _ = pair(raw_a=False, raw_b=False)
    check_pair(outputs_of(server.ask("POST", infer_path("pair"), body)), {"sum": False, "difference": False})


def test_B9_a_header_that_names_the_whole_body_says_the_same(server):
    body, _ = pair(raw_a=False, raw_b=False)
    data, headers = with_tail(body)
    reply = server.ask("POST", infer_path("pair"), data, [headers[0]])
    check_pair(outputs_of(reply), {"sum": False, "difference": False})


# 400


@pytest.mark.parametrize("value", ["x", "-1", "", "1.5", "0x10", "10 10", "99999999999999999999999", "+5"])
def test_400_a_header_that_is_no_number(server, value):
    body, tail = pair()
    data, _ = with_tail(body, *tail)
    check_error(server.ask("POST", infer_path("pair"), data, [(JSON_SIZE, value)]), 400, JSON_SIZE)


def test_400_a_header_that_comes_twice(server):
    body, tail = pair()
    data, headers = with_tail(body, *tail)
    check_error(server.ask("POST", infer_path("pair"), data, [headers[0], headers[0]]), 400, JSON_SIZE)


@pytest.mark.parametrize("beyond", [1, 1000, 2**40])
def test_400_a_header_larger_than_the_body(server, beyond):
    body, tail = pair()
    data, _ = with_tail(body, *tail)
    check_error(server.ask("POST", infer_path("pair"), data, [(JSON_SIZE, len(data) + beyond)]), 400, JSON_SIZE)


@pytest.mark.parametrize("off_by", [-20, -1, 1, 20])
def test_400_a_header_that_cuts_the_JSON_elsewhere(server, off_by):
    body, tail = pair()
    size = len(json.dumps(body))
    data, headers = with_tail(body, *tail, size=size + off_by)
    check_error(server.ask("POST", infer_path("pair"), data, headers), 400)


@pytest.mark.parametrize("change", [b"", b"1", b"1" * 16, None])
def test_400_sizes_that_do_not_add_up_to_the_tail(server, change):
    body, (first, second) = pair()
    tail = [first] if change is None else [first, second[:-1] if change == b"" else second + change]
    check_error(ask(server, "pair", body, *tail), 400)


@pytest.mark.parametrize("shape, size", [([2, 2], 15), ([2, 2], 32), ([1, 2], 16), ([4, 2], 16), ([2, 2], 0)])
def test_400_a_size_that_contradicts_shape_and_datatype(server, shape, size):
    body, (_, second) = pair()
    body["inputs"][0].update(shape=shape, parameters={"binary_data_size": size})
    check_error(ask(server, "pair", body, b"\0" * size, second), 400, "'a'")


def test_400_for_the_other_mismatches_of_a_raw_tensor(server):
    for change, words in (({"datatype": "INT32"}, ["FP32", "INT32"]), ({"shape": [4]}, ["[-1,2]", "[4]"]), ({"name": "c"}, ["'c'"])):
        body, tail = pair()
        body["inputs"][0].update(change)
        check_error(ask(server, "pair", body, *tail), 400, *words)


def test_a_raw_request_with_a_timeout_has_that_budget(server):
    body, tail = pair(parameters={"timeout": 2_500_000})
    reply = ask(server, "pair", body, *tail)
    assert (reply.status, float(reply.header("Baton-Budget-Ms"))) == (200, 2500)
    assert head_of(reply)["model_name"] == "pair"
