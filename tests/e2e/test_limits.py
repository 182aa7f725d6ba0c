"""Every limit that `--limit` sets holds: with its status or its end, and counted where the documents say."""

import contextlib
import json
import subprocess
import time

import pytest

import environment
import server_process
from http_raw import request

KIB = 1024
SMALL = {
    "request_line_bytes": "100B", "header_bytes": "400B", "header_count": "5", "body_bytes": "1000B",
    "chunk_extension_bytes": "10B", "trailer_bytes": "20B", "forgotten_bytes": "50B", "json_depth": "3",
    "head_time": "400ms", "body_time": "2s", "body_grace": "400ms", "body_rate": "1000B", "idle_time": "1s",
    "pipelined_requests": "2", "linger_time": "200ms", "write_time": "300ms",
}
CHUNKED = b"POST /reverse HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"


def flags(**limits):
    return [word for name, value in limits.items() for word in ("--limit", f"{name}={value}")]


@pytest.fixture(scope="module")
def server():
    with server_process.running(*server_process.PLENTY, *flags(**SMALL)) as started:
        yield started


def parse_errors(scrape, reason):
    return scrape("baton_http_parse_errors_total", reason=reason)


def closed(scrape, reason):
    return scrape("baton_connections_closed_total", listener="http", reason=reason)


AT_AND_BEYOND = [
    # the reason, the status, what is just within the limit, what is just beyond it
    ("request_line_too_long", 414, request("GET", "/hello?" + "x" * 80), request("GET", "/hello?" + "x" * 81)),
    ("headers_too_large", 431, request("GET", "/hello", headers=[("X", "x" * 383)]),
     request("GET", "/hello", headers=[("X", "x" * 384)])),
    ("too_many_headers", 431, request("GET", "/hello", headers=[("X", "x")] * 4),
     request("GET", "/hello", headers=[("X", "x")] * 5)),
    ("body_too_large", 413, request("POST", "/reverse", b"{" + b" " * 998 + b"}"),
     request("POST", "/reverse", b"{" + b" " * 999 + b"}")),
    ("body_too_large", 413, CHUNKED + b"3e8\r\n{" + b" " * 998 + b"}\r\n0\r\n\r\n", CHUNKED + b"3e9\r\n"),
    ("chunk_extensions_too_large", 400, CHUNKED + b"2;a=3456789\r\n{}\r\n0\r\n\r\n",
     CHUNKED + b"2;a=34567890\r\n{}\r\n0\r\n\r\n"),
    ("trailers_too_large", 431, CHUNKED + b"2\r\n{}\r\n0\r\nX: " + b"x" * 15 + b"\r\n\r\n",
     CHUNKED + b"2\r\n{}\r\n0\r\nX: " + b"x" * 16 + b"\r\n\r\n"),
]


@pytest.mark.parametrize("reason, status, within, beyond", AT_AND_BEYOND, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_within_is_served_and_what_is_beyond_refused_and_counted(server, reason, status, within, beyond):
    before = parse_errors(server.metrics(), reason)
    with server.connect() as connection:
        connection.send(within)
        assert connection.read().status == 200
        connection.send(beyond)
        reply = connection.read()
        assert (reply.status, reply.header("Connection")) == (status, "close")
        assert reply.error
        assert connection.at_end() == b""
    assert parse_errors(server.metrics(), reason) == before + 1


def test_json_may_be_as_deep_as_it_says(server):
    for path in ("/reverse", "/v2/models/tumour/infer", "/v1/models/tumour:predict"):
        with server.connect() as connection:
            reply = connection.ask("POST", path, b'{"a":[[[0]]]}')
            assert (reply.status, "deeper than 3 levels" in reply.error) == (400, True)
            reply = connection.ask("POST", path, b'{"a":[[0]]}')
            assert reply.status == 200 or "levels" not in reply.error


SLOW = [
    # why the connection ends, what is sent, and what is sent now and then
    ("header_timeout", b"GET /hello HTTP/1.1\r\nHost: t\r\n", b"X: y\r\n"),
    ("body_too_slow", b"POST /reverse HTTP/1.1\r\nHost: t\r\nContent-Length: 900\r\n\r\n", b" "),
    ("body_too_slow", CHUNKED, b"1\r\n \r\n"),
]


@pytest.mark.parametrize("reason, start, drip", SLOW, ids=[row[0] for row in SLOW])
def test_who_is_slow_gets_a_408_in_time_whatever_trickles(server, reason, start, drip):
    before = closed(server.metrics(), reason)
    with server.connect() as connection:
        connection.send(start)
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 0.7:
                connection.send(drip)
                time.sleep(0.15)
        reply = connection.read()
        assert (reply.status, reply.header("Connection")) == (408, "close")
        assert reply.header("Baton-Answer") == "invalid"
        assert time.monotonic() - began < environment.patience(6)
    after = server.metrics_when(lambda now: closed(now, reason) > before)
    assert closed(after, reason) == before + 1


def test_reading_waits_while_as_many_requests_as_may_are_unanswered(server):
    def paused(scrape):
        return scrape("baton_http_reading_paused_total", listener="http", reason="pipelined")

    before = paused(server.metrics())
    with server.connect() as connection:
        connection.send(request("POST", "/reverse", b'{"data": "abc"}') * 5)
        for _ in range(5):
            assert connection.read().json() == {"data": "cba"}
    assert paused(server.metrics()) > before


def test_who_says_nothing_is_hung_up_on(server):
    before = closed(server.metrics(), "idle_timeout")
    with server.connect() as connection:
        assert connection.ask("GET", "/hello").status == 200
        assert connection.at_end() == b""
    after = server.metrics_when(lambda now: closed(now, "idle_timeout") > before)
    assert closed(after, "idle_timeout") == before + 1


def test_who_was_silent_for_longer_than_answers_may_take_is_still_told_to_go_on(server):
    with server.connect() as connection:
        assert connection.ask("GET", "/hello").status == 200
        time.sleep(0.5)
        body = b'{"data": "ab"}'
        connection.send(request("POST", "/reverse", body, [("Expect", "100-continue")])[:-len(body)])
        assert connection.read_head().status == 100
        connection.send(body)
        assert connection.read().json() == {"data": "ba"}


def test_a_body_that_is_not_there_when_its_budget_ends_is_answered_then(server):
    before = server.metrics()
    with server.connect() as connection:
        connection.send(request("POST", "/reverse", b"{}", [("Baton-Budget-Ms", "50")])[:-1])
        reply = connection.read()
        assert (reply.status, reply.header("Connection")) == (408, "close")
        assert "budget" in reply.error
    after = server.metrics_when(lambda now: closed(now, "budget_spent") > closed(before, "budget_spent"))
    assert closed(after, "budget_spent") == closed(before, "budget_spent") + 1
    assert after.answers("reverse")["invalid"] == before.answers("reverse").get("invalid", 0) + 1


def test_an_address_has_no_more_connections_than_it_may():
    with server_process.running(*server_process.PLENTY, *flags(connections_per_address="3"), "--conductors", 2) as server:
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(server.connect()) for _ in range(3)]
            for connection in held:
                assert connection.ask("GET", "/hello").status == 200
            with server.connect() as fourth:
                with contextlib.suppress(ConnectionError):
                    assert fourth.at_end() == b""
            for connection in held:
                assert connection.ask("GET", "/hello").status == 200
        server.metrics_when(lambda now: now("baton_connections", listener="http") == 0)
        assert server.ask("GET", "/hello").status == 200  # the places are free again
        assert closed(server.metrics(), "address_limit") == 1


def test_a_reader_that_takes_too_little_is_cut_off():
    limits = flags(write_time="500ms", write_bytes="1MiB", body_bytes="8MiB")
    with server_process.running(*server_process.PLENTY, *limits) as server:
        with server.connect(receive_buffer=4096) as connection:
            body = json.dumps({"data": "x" * (7 * KIB * KIB)}).encode()
            connection.send(request("POST", "/reverse", body))
            connection.read_head()

            def is_cut_off(scrape):
                connection.socket.recv(100)  # ever some progress, and never enough
                return closed(scrape, "write_timeout") == 1

            assert is_cut_off(server.metrics_when(is_cut_off))


def test_bodies_beyond_what_a_conductor_may_hold_are_refused():
    limits = flags(held_bytes="100KiB", held_free_bytes="1KiB", body_bytes="100KiB")
    with server_process.running(*server_process.PLENTY, *limits) as server, contextlib.ExitStack() as stack:
        start = b"POST /reverse HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n"
        held = [stack.enter_context(server.connect()) for _ in range(4)]
        refused = 0
        for connection in held:
            connection.send(start + b"x" * 40_000)
            time.sleep(0.05)
            connection.send(b"x" * 10_000)
            time.sleep(0.05)
        full = server.metrics_when(lambda now: now.answers("_unknown_").get("refused", 0) > 0)
        assert 40_000 < full("baton_http_held_bytes") <= full("baton_http_held_bytes_limit") * 2
        for connection in held:
            connection.socket.settimeout(0.2)
            with contextlib.suppress(TimeoutError):
                reply = connection.read()
                assert (reply.status, reply.header("Baton-Cause")) == (503, "queue_full")
                refused += 1
        assert 1 <= refused <= 3
        assert server.ask("POST", "/reverse", {"data": "abc"}).status == 200  # who holds little is served


@pytest.mark.parametrize("limits, cause", [
    ({"queued_requests": "1"}, "queue_full"),
    ({"queued_bytes": "1000B", "body_bytes": "1000B"}, "queue_full"),
    ({"pending_requests": "2"}, "pending_full"),
])
def test_beyond_what_may_wait_requests_are_refused(limits, cause):
    with server_process.running(*server_process.PLENTY, *flags(**limits), "--workers", 1) as server:
        server.teach()
        with contextlib.ExitStack() as stack:
            server.hold(stack, workers=1, milliseconds=1000)
            body = b'{"ms": 1}' + b" " * 600
            waiting = stack.enter_context(server.connect())
            waiting.send(request("POST", "/test/sleep", body))
            server.metrics_when(lambda now: now("baton_queue_depth") == 1)
            refused = server.ask("POST", "/test/sleep", body)
            assert (refused.status, refused.header("Baton-Cause")) == (503, cause)
            assert waiting.read().status == 200


def test_everything_that_is_wrong_is_said_at_once():
    done = environment.run(
        environment.program("baton-server"), *flags(json_depth="0", body_byte="1MiB", head_time="1y"), expect=2,
    )
    for word in ("json_depth: expected a whole number from 1 to 256, got '0'", "did you mean body_bytes?", "head_time: "):
        assert word in done.stderr, done.stderr


def test_help_names_every_limit_with_its_default():
    done = subprocess.run(
        [environment.program("baton-server"), "--help"], capture_output=True, text=True, check=True, timeout=30,
    )
    for name in SMALL:
        line = next(line for line in done.stdout.splitlines() if line.startswith(f"  {name}="))
        assert "(default " in line
