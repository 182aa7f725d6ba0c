"""JSON by RFC 8259: each malformed form of a good inference request ends in 400 with an `error`, and harms nothing."""

import json

import pytest

import environment

FEATURES = json.loads((environment.ROOT / "server/models/bundled/tumour.rows.json").read_text())["rows"][0]["features"]
GOOD = json.dumps(
    {"id": "a", "inputs": [{"name": "input", "shape": [1, 30], "datatype": "FP32", "data": [1.5, *FEATURES[1:]]}]}
).encode()


def with_number(text):
    """The good request with `text` in place of its first number."""
    assert GOOD.count(b"[1.5,") == 1
    return GOOD.replace(b"[1.5,", b"[" + text + b",")


def with_id(inside):
    """The good request with an id of these very bytes between its quotes."""
    assert GOOD.count(b'"id": "a"') == 1
    return GOOD.replace(b'"id": "a"', b'"id": "' + inside + b'"')


NUMBERS = [
    b"NaN", b"nan", b"-NaN", b"Infinity", b"-Infinity", b"inf", b"+1", b"++1", b"--1", b"-", b"+", b"01", b"-01", b"00",
    b"0x10", b"0b1", b"0o7", b"1.", b"-1.", b".5", b"-.5", b"1.e1", b"1e", b"1e+", b"1E-", b"1e1.5", b"1ee1", b"1.2.3",
    b"1_000", b"1 000", b"1,,2", b"1f", b"1L", b"1/2", b"(1)", b"1e400", b"-1e400", b"9" * 400, b"1" * 400 + b".5",
    "\u0661".encode(), "\uff11".encode(), b"\xc2\xbd", b"1\x00",
    b"1\x0b", b"1\x0c", b"1\xa0", b"1;", b"1:2", b"1%", b"$1", b"'1'", b"tru", b"True", b"TRUE", b"nul", b"None",
    b"undefined", b"falsee", b"nulll",
]
STRINGS = [
    b"\xff", b"\xfe", b"\x80", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xf0\x80\x80\xaf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\x00", b"\x01",
    b"\x1f", b"\n", b"\r", b"\t", b"\\", b"\\x41", b"\\a", b"\\'", b"\\0", b"\\u", b"\\u1", b"\\u12", b"\\u123", b"\\u12g4",
    b"\\uD800", b"\\uDC00", b"\\uD800\\uD800", b"\\uD83D\\n", b"\\U0001F600", b'"', b'" "', b'a"b',
]
DOCUMENTS = [
    b"", b" ", b"\r\n\t", b"\x00", b"\xef\xbb\xbf" + GOOD, GOOD.decode().encode("utf-16"), GOOD.decode().encode("utf-16-le"),
    GOOD.decode().encode("utf-32"), GOOD[:-1], GOOD[:-3], GOOD[1:], GOOD + b"}", GOOD + b"]", GOOD + b",", GOOD + b"x",
    GOOD + b"\x00", GOOD + GOOD, GOOD + b"\n" + GOOD, GOOD + b" //", GOOD + b"/**/", b"/**/" + GOOD, b"# c\n" + GOOD,
    b"'" + GOOD + b"'", GOOD.replace(b'"', b"'"), GOOD.replace(b'"id"', b"id"), GOOD.replace(b'"id"', b"1"),
    GOOD.replace(b'"id":', b'"id"'), GOOD.replace(b'"id":', b'"id"::'), GOOD.replace(b'"id":', b'"id"='),
    GOOD.replace(b'"id":', b'"id",'), GOOD[:-1] + b",}", b"{," + GOOD[1:], GOOD.replace(b"]", b",]", 1),
    GOOD.replace(b"[", b"[,", 1), GOOD.replace(b"]", b"}", 1), GOOD.replace(b"[", b"(", 1), GOOD[:-1] + b',"a"}',
    GOOD[:-1] + b',"a":}', GOOD[:-1] + b',"id":"b"}', GOOD[:-1] + b',"inputs":[]}', GOOD[:-1] + b',"\\u0069d":"b"}',
    GOOD[:-1] + b',"x":{"y":1,"y":1}}', GOOD[:-1] + b',"x":[{"y":1,"z":2,"y":3}]}', b"[]", b"[" + GOOD + b"]", b"null",
    b"true", b"1", b'"text"', b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000,
    b'{"a":' * 65 + b"1" + b"}" * 65, GOOD[:-1] + b',"x":' + b"[" * 64 + b"0" + b"]" * 64 + b"}", b"{", b"}", b'{"', b'{"a',
    b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b"{]", b"[}", b"{}{}", bytes(range(256)),
]
FORMS = [with_number(text) for text in NUMBERS] + [with_id(inside) for inside in STRINGS] + DOCUMENTS


@pytest.fixture(scope="module")
def connection(server):
    """One for all: each form is to leave it as it was."""
    with server.connect() as opened:
        yield opened


def test_there_are_many_forms_and_no_two_are_alike():
    assert len(set(FORMS)) == len(FORMS) >= 104


def test_what_they_are_made_of_is_served(connection):
    numbers = (b"-0", b"1E+2", b"18446744073709551616", b"-9223372036854775809")
    for body in (GOOD, *map(with_number, numbers), with_id(b"\\uD83D\\uDE00\\/\xf0\x9f\x98\x80"), b" \r\n\t" + GOOD + b"\n"):
        assert connection.ask("POST", "/v2/models/tumour/infer", body).status == 200


@pytest.mark.parametrize("body", FORMS, ids=[f"{i}-{form[:24]!r}" for i, form in enumerate(FORMS)])
def test_a_malformed_form_is_refused_and_the_next_request_served(connection, body):
    for path in ("/v2/models/tumour/infer", "/reverse"):
        reply = connection.ask("POST", path, body)
        assert (reply.status, reply.header("Connection")) == (400, None), reply
        assert reply.error
    assert connection.ask("POST", "/v2/models/tumour/infer", GOOD).status == 200
