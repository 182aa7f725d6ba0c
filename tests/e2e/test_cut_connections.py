"""Clients that reset, half-close or vanish at every byte of a request and of an answer."""

import json
import time

import pytest

import server_process
import with_faults
from environment import fewer, meanwhile
from http_raw import EndOfConnection, request
from stopped_thread import stopped

REQUESTS = {
    "a length": request("POST", "/reverse", {"data": "abc"}),
    "chunks": b"POST /reverse HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
              b"9\r\n{\"data\": \r\n6\r\n\"abc\"}\r\n0\r\n\r\n",
}
REVERSE = REQUESTS["a length"]
# One byte of an answer leaves in a turn of the loop.
TRICKLE = "send:EAGAIN/2,send:short/1,sendmsg:EAGAIN/2,sendmsg:short/1"


def assert_it_serves(server):
    assert server.ask("POST", "/reverse", {"data": "ab"}).json() == {"data": "ba"}


def cuts(length):
    """Every byte; in a slow build some."""
    return range(0, length + 1, max(1, length // fewer(length)))


def accounts(server, connections):
    """The answers to /reverse, once each of so many connections has been counted in and out."""
    scrape = server.check_laws()
    assert scrape("baton_connections_accepted_total", listener="http") == connections
    assert scrape("baton_connections_closed_total", listener="http", reason="client") == connections
    return scrape.answers("reverse")


@pytest.mark.parametrize("data", REQUESTS.values(), ids=REQUESTS)
@pytest.mark.parametrize("pause", [0, 0.001], ids=["at once", "once it is read"])
def test_a_reset_at_any_byte_of_a_request_is_accounted_for(data, pause):
    with server_process.running(*server_process.PLENTY) as server:
        for sent in cuts(len(data)):
            connection = server.connect()
            connection.send(data[:sent])
            time.sleep(pause)
            connection.reset()
        assert_it_serves(server)
        answers = accounts(server, len(cuts(len(data))) + 1)
        assert answers["prediction"] + answers.get("none", 0) <= 2, "only one of them was a whole request"


@pytest.mark.parametrize("data", REQUESTS.values(), ids=REQUESTS)
def test_a_half_close_at_any_byte_of_a_request_ends_the_connection_in_order(data):
    with server_process.running(*server_process.PLENTY) as server:
        for sent in cuts(len(data) - 1):
            with server.connect() as connection:
                connection.send(data[:sent])
                connection.shut_down_sending()
                assert b"HTTP/1.1 200" not in connection.at_end()
        with server.connect() as connection:
            connection.send(data)
            connection.shut_down_sending()
            assert connection.read().json() == {"data": "cba"}
            assert connection.at_end() == b""
        assert accounts(server, len(cuts(len(data) - 1)) + 1) == {"prediction": 1}


def take(connection, size):
    """So many bytes of an answer, and no more."""
    taken = b""
    while len(taken) < size:
        data = connection.socket.recv(size - len(taken))
        assert data, f"the connection ended after {taken!r}"
        taken += data
    return taken


def answer_length(server):
    """Of a connection that stays."""
    with server.connect() as connection:
        connection.send(REVERSE)
        answer = b""
        while not answer.endswith(b"}"):
            answer += take(connection, 1)
        return len(answer)


# An answer of which something has left is counted as what it is.
def test_a_reset_at_any_byte_of_an_answer_is_accounted_for():
    with with_faults.running(TRICKLE, *server_process.PLENTY) as server:
        length = answer_length(server)
        for size in cuts(length):
            connection = server.connect()
            connection.send(REVERSE)
            take(connection, size)
            connection.reset()
        assert_it_serves(server)
        count = len(cuts(length)) + 2
        answers = accounts(server, count)
        # The first reset may have come before its request was read.
        assert count - 1 <= sum(answers.values()) <= count and answers["prediction"] >= count - 1, answers


def test_a_half_close_at_any_byte_of_an_answer_costs_nothing_of_it():
    with with_faults.running(TRICKLE, *server_process.PLENTY) as server:
        length = answer_length(server)
        for size in cuts(length):
            with server.connect() as connection:
                connection.send(REVERSE)
                answer = take(connection, size)
                connection.shut_down_sending()
                answer += connection.at_end()
                assert answer.startswith(b"HTTP/1.1 200 ")
                assert json.loads(answer.split(b"\r\n\r\n")[1]) == {"data": "cba"}
        count = len(cuts(length)) + 1
        assert accounts(server, count) == {"prediction": count}


@pytest.mark.parametrize("leave", ["reset", "close"])
def test_clients_that_vanish_between_request_and_answer_are_counted_and_the_others_are_answered(leave):
    count = fewer(100)
    with server_process.running(*server_process.PLENTY, "--workers", 1) as server:
        server.teach(body={"ms": 1})
        before = server.metrics_when_idle()
        leaving = [server.connect() for _ in range(count)]
        with server.connect() as staying:
            staying.send(request("POST", "/test/sleep", {"ms": meanwhile(300)}))
            server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 1)
            for connection in leaving:
                connection.send(REVERSE)
            server.metrics_when(lambda now: now("baton_requests_received_total", endpoint="reverse") == count)
            for connection in leaving:
                getattr(connection, leave)()
            assert staying.read().status == 200
        assert_it_serves(server)
        scrape = server.check_laws()
        answers = scrape.answers("reverse")
        assert sum(answers.values()) == count + 1
        # Who closed may still be reading, for all that can be seen before the answer meets its reset.
        assert answers.get("none", 0) == count or leave == "close"
        assert scrape.answers("/test/sleep")["prediction"] == before.answers("/test/sleep")["prediction"] + 1


@pytest.mark.parametrize("leave", ["reset", "close"])
@pytest.mark.parametrize("data", [b"", REVERSE[:20], REVERSE], ids=["nothing", "a part", "a request"])
def test_connections_that_have_ended_before_they_are_accepted_are_accounted_for(leave, data):
    count = 50
    with server_process.running(*server_process.PLENTY) as server:
        with stopped(server):
            for _ in range(count):
                connection = server.connect()
                connection.send(data)
                getattr(connection, leave)()
            scrape = server.metrics()
            assert scrape("baton_listen_backlog_depth", listener="http") == count
        assert_it_serves(server)
        answers = accounts(server, count + 1)
        assert sum(answers.values()) <= (count if data == REVERSE else 0) + 1
        assert answers["prediction"] >= 1


def test_a_reset_while_a_large_answer_waits_gives_back_what_it_held():
    text = "x" * 6_000_000
    with server_process.running(*server_process.PLENTY) as server:
        for _ in range(5):
            connection = server.connect(receive_buffer=4096)
            connection.send(request("POST", "/reverse", {"data": text}))
            server.metrics_when(lambda now: now("baton_connections", listener="http", state="writing") == 1)
            connection.reset()
        assert_it_serves(server)
        assert accounts(server, 6) == {"prediction": 6}
        resident = server.metrics()("process_resident_memory_bytes")
        sent = server.metrics()("baton_http_sent_bytes_total", listener="http")
        assert sent < 5 * len(text), "the answers were to be cut"
        print(f"{resident / 1024 / 1024:.1f} MiB resident")


def test_who_is_cut_off_in_an_answer_sees_that_it_is_not_whole():
    with with_faults.running("send:ECONNRESET/40,sendmsg:ECONNRESET/40,send:short/1,sendmsg:short/1",
                             *server_process.PLENTY) as server:
        with server.connect() as connection:
            connection.send(REVERSE)
            with pytest.raises((EndOfConnection, ConnectionResetError)):
                connection.read()
        assert accounts(server, 1) == {"prediction": 1}
