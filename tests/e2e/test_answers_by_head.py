"""Requests that their head decides are answered before their body, which is never taken for a request."""

import pytest

import http_raw
from http_raw import request

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: t\r\n\r\n"
HELLO = request("GET", "/hello")

BY_HEAD = [
    # method, path, headers, status
    ("POST", "/nowhere", [], 404),
    ("PUT", "/reverse", [], 405),
    ("TRACE", "/hello", [], 405),
    ("POST", "/reverse", [("Content-Type", "text/plain")], 415),
    ("POST", "/reverse", [("Content-Encoding", "br")], 415),
    ("POST", "/v2/models/none/infer", [], 404),
    ("POST", "/v2/models/tumour/versions/99/infer", [], 404),
    ("POST", "/reverse", [("Baton-Budget-Ms", "soon")], 400),
    ("POST", "/reverse", [("Baton-Budget-Ms", "0")], 504),
    ("POST", "/reverse", [("Baton-Criticality", "very")], 400),
    ("GET", "/hello", [], 200),
    ("OPTIONS", "/hello", [], 204),
    ("OPTIONS", "*", [], 204),
    ("HEAD", "/hello", [], 200),
    ("HEAD", "/nowhere", [], 404),
]
CASES = pytest.mark.parametrize("method, path, headers, status", BY_HEAD, ids=[f"{row[0]}-{row[1]}-{row[3]}-{i}" for i, row in enumerate(BY_HEAD)])


def head(method, path, headers, framing):
    return request(method, path, headers=[*headers, framing])


def counted(scrape):
    return sum(sum(scrape.answers(endpoint).values()) for endpoint in ("reverse", "tumour", "_unknown_"))


@CASES
def test_the_body_is_forgotten_and_the_next_request_served(server, method, path, headers, status):
    before = counted(server.metrics_when_idle())
    with server.connect() as connection:
        connection.send(head(method, path, headers, ("Content-Length", str(2 * len(SMUGGLED)))))
        reply = connection.read(method)
        assert (reply.status, reply.header("Connection")) == (status, None)
        assert reply.status < 400 or method == "HEAD" or reply.error
        connection.send(SMUGGLED)
        connection.send(SMUGGLED + HELLO)
        assert connection.read().status == 200
    assert counted(server.metrics_when_idle()) == before + (status >= 400)


@CASES
def test_chunks_are_forgotten_alike(server, method, path, headers, status):
    with server.connect() as connection:
        connection.send(head(method, path, headers, ("Transfer-Encoding", "chunked")))
        assert connection.read(method).status == status
        connection.send(b"%x\r\n%s\r\n" % (len(SMUGGLED), SMUGGLED))
        connection.send(b"0\r\nX: y\r\n\r\n" + HELLO)
        assert connection.read().status == 200


@CASES
def test_who_waits_for_leave_gets_the_answer_instead(server, method, path, headers, status):
    with server.connect() as connection:
        expecting = [*headers, ("Expect", "100-continue")]
        connection.send(head(method, path, expecting, ("Content-Length", str(len(SMUGGLED)))))
        reply = connection.read(method)
        assert (reply.status, reply.header("Connection")) == (status, "close")
        connection.send(SMUGGLED)
        assert connection.at_end() == b""


@CASES
def test_behind_a_long_body_the_connection_ends(server, method, path, headers, status):
    with server.connect() as connection:
        connection.send(head(method, path, headers, ("Content-Length", "1000000")))
        reply = connection.read(method)
        assert (reply.status, reply.header("Connection")) == (status, "close")
        connection.send(SMUGGLED)
        assert connection.at_end() == b""


def test_answers_by_head_keep_the_order_of_the_requests(server):
    slow = request("POST", "/test/sleep", {"ms": 50})
    early = head("POST", "/nowhere", [], ("Content-Length", str(len(SMUGGLED))))
    with server.connect() as connection:
        connection.send(slow + early)
        connection.send(SMUGGLED[:10])
        connection.send(SMUGGLED[10:] + HELLO)
        assert [connection.read().status for _ in range(3)] == [200, 404, 200]


def test_with_http_1_0_alike(server):
    early = request("POST", "/nowhere", headers=[("Content-Length", str(len(SMUGGLED)))], version="1.0")
    with server.connect() as connection:
        connection.send(early)
        assert connection.read().header("Connection") == "close"
        connection.send(SMUGGLED)
        assert connection.at_end() == b""


def test_chunks_that_turn_out_too_long_end_the_connection_without_another_answer(server):
    with server.connect() as connection:
        connection.send(head("POST", "/nowhere", [], ("Transfer-Encoding", "chunked")))
        assert connection.read().header("Connection") is None
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        connection.send(chunk * 2 + b"1\r\n")
        assert connection.at_end() == b""


@pytest.mark.parametrize("rest", [b"zz\r\n", b"5;a\nhello\r\n", b"2\r\nabc", b"-1\r\n", b"0\r\nBad Trailer: x\r\n\r\n"])
def test_a_malformed_rest_ends_the_connection_without_another_answer(server, rest):
    with server.connect() as connection:
        connection.send(head("POST", "/nowhere", [], ("Transfer-Encoding", "chunked")))
        assert connection.read().status == 404
        connection.send(rest + SMUGGLED)
        assert connection.at_end() == b""


def test_the_one_that_is_needed_is_asked_for_with_100_continue(server):
    with server.connect() as connection:
        body = b'{"data": "abc"}'
        whole = request("POST", "/reverse", body, [("Expect", "100-continue")])
        connection.send(whole[:-len(body)])
        assert connection.read_head().status == 100
        connection.send(body)
        assert connection.read().json() == {"data": "cba"}


def test_a_body_that_ends_early_gets_no_second_answer(server):
    with server.connect() as connection:
        connection.send(head("POST", "/nowhere", [], ("Content-Length", "10")) + b"12345")
        assert connection.read().status == 404
        connection.shut_down_sending()
        assert connection.at_end() == b""
    assert http_raw.ask(server.http, "GET", "/hello").status == 200
