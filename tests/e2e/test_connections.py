"""Connections: order, pieces of any size, HTTP/1.0, endings, slow readers."""

import json
import random
import threading
import time

import pytest

import server_process
from environment import fewer, meanwhile
from http_raw import EndOfConnection, request


def post(path, body, headers=()):
    return request("POST", path, body, headers)


def test_a_connection_is_kept_for_many_requests(server):
    before = server.metrics()("baton_connections_accepted_total", listener="http")
    with server.connect() as connection:
        for number in range(100):
            reply = connection.ask("POST", "/reverse", {"data": f"{number:03}"})
            assert reply.json() == {"data": f"{number:03}"[::-1]}
            assert reply.header("Connection") != "close"
    assert server.metrics()("baton_connections_accepted_total", listener="http") == before + 1


def as_set(status):
    return status if isinstance(status, set) else {status}


def mixed_requests(bundled):
    """Requests of every kind, each with what its answer has to be."""
    row = bundled("tumour")[0]
    infer = {"id": "in the middle", "inputs": [{"name": "input", "shape": [1, 30], "datatype": "FP32", "data": row["features"]}]}
    return [
        (post("/test/sleep", {"ms": 30}), 200, lambda body: body["ms"] == 30),
        (post("/reverse", {"data": "first"}), 200, lambda body: body["data"] == "tsrif"),
        (request("GET", "/nothing"), 404, lambda body: "/nothing" in body["error"]),
        (post("/v2/models/tumour/infer", infer), 200, lambda body: body["id"] == "in the middle"),
        (request("GET", "/hello"), 200, lambda body: "message" in body),
        (post("/test/sleep", {"ms": 10}), 200, lambda body: body["ms"] == 10),
        (post("/reverse", b"no json"), 400, lambda body: "JSON" in body["error"]),
        (post("/test/sleep", {"ms": 500}, [("Baton-Budget-Ms", "20")]), {503, 504}, lambda body: body["error"]),
        (request("PUT", "/hello", b""), 405, lambda body: "PUT" in body["error"]),
        (post("/reverse", {"data": "last"}), 200, lambda body: body["data"] == "tsal"),
    ]


def test_pipelined_requests_are_answered_in_their_order(server, bundled):
    server.teach()
    mixed = mixed_requests(bundled) * 3
    with server.connect() as connection:
        connection.send(b"".join(data for data, _, _ in mixed))
        for number, (_, status, is_right) in enumerate(mixed):
            reply = connection.read()
            assert reply.status in as_set(status), f"answer {number}: {reply}"
            assert is_right(reply.json()), f"answer {number}: {reply}"


def test_more_pipelined_requests_than_are_taken_at_once_are_all_answered(server):
    count = 1000  # 64 may be unanswered; the rest waits in the kernel
    with server.connect() as connection:
        connection.send(b"".join(post("/reverse", {"data": f"{n:05}"}) for n in range(count)))
        for number in range(count):
            assert connection.read().json() == {"data": f"{number:05}"[::-1]}


def test_requests_may_come_byte_by_byte(server):
    data = post("/reverse", {"data": "piece by piece"}) + request("GET", "/hello")
    with server.connect() as connection:
        for position in range(len(data)):
            connection.send(data[position:position + 1])
        assert connection.read().json() == {"data": "eceip yb eceip"}
        assert connection.read().status == 200


def test_requests_may_come_in_pieces_of_any_size(server, bundled):
    chunked = b"POST /reverse HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n" \
              b"8;ext=1\r\n{\"data\":\r\n6\r\n \"abc\"\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n"
    server.teach()
    mixed = mixed_requests(bundled) + [(chunked, 200, lambda body: body["data"] == "cba")]
    stream = b"".join(data for data, _, _ in mixed)
    seed = 20
    pieces = random.Random(seed)
    for _ in range(5):
        with server.connect() as connection:
            position = 0
            while position < len(stream):
                size = pieces.choice((1, 2, 7, 50, 400))
                connection.send(stream[position:position + size])
                position += size
                if pieces.random() < 0.1:
                    time.sleep(0.001)  # so that the pieces do not melt together in the kernel
            for number, (_, status, is_right) in enumerate(mixed):
                reply = connection.read()
                assert reply.status in as_set(status) and is_right(reply.json()), f"seed {seed}, answer {number}: {reply}"


@pytest.mark.parametrize("version, header, stays", [
    ("1.1", None, True), ("1.1", "keep-alive", True), ("1.1", "close", False),
    ("1.0", None, False), ("1.0", "close", False), ("1.0", "keep-alive", True),
])
def test_who_asks_for_it_keeps_the_connection(server, version, header, stays):
    headers = [("Connection", header)] if header else []
    with server.connect() as connection:
        reply = connection.ask("POST", "/reverse", {"data": "ab"}, headers, version)
        assert reply.json() == {"data": "ba"}
        if stays:
            if version == "1.0":
                assert reply.header("Connection").lower() == "keep-alive"
            assert connection.ask("GET", "/hello", None, headers, version).status == 200
        else:
            assert reply.header("Connection") == "close" or version == "1.0"
            assert connection.at_end() == b""


def test_http_1_0_needs_no_host(server):
    with server.connect() as connection:
        connection.send(b"GET /hello HTTP/1.0\r\n\r\n")
        assert connection.read().status == 200
        assert connection.at_end() == b""


def test_what_comes_after_connection_close_is_not_read(server):
    with server.connect() as connection:
        connection.send(post("/reverse", {"data": "ab"}, [("Connection", "close")]) + post("/reverse", {"data": "cd"}))
        assert connection.read().json() == {"data": "ba"}
        assert connection.at_end() == b""


def test_a_half_closed_client_is_answered(server):
    with server.connect() as connection:
        connection.send(post("/test/sleep", {"ms": 50}) + post("/reverse", {"data": "ab"}))
        connection.shut_down_sending()
        assert connection.read().json()["ms"] == 50
        assert connection.read().json() == {"data": "ba"}
        assert connection.at_end() == b""


@pytest.mark.parametrize("leave", ["shut_down_sending", "close"])
def test_where_a_half_close_means_leaving_the_work_that_waits_never_runs(leave):
    with server_process.running(*server_process.PLENTY, "--half-close", "abandon", "--workers", 1) as abandoning:
        with abandoning.connect() as sleeper:
            sleeper.send(post("/test/sleep", {"ms": meanwhile(500)}))
            abandoning.metrics_when(lambda scrape: scrape("baton_pool_workers", state="busy") == 1)
            leaving = abandoning.connect()
            leaving.send(post("/reverse", {"data": "ab"}))
            abandoning.metrics_when(lambda scrape: scrape("baton_queue_depth") == 1)
            getattr(leaving, leave)()
            gone = abandoning.metrics_when(lambda scrape: scrape("baton_queue_depth") == 0)
            assert gone("baton_pool_workers", state="busy") == 1, "it has to leave the queue before its turn comes"
            if leave == "shut_down_sending":
                assert leaving.at_end() == b""
                leaving.close()
            assert sleeper.read().status == 200
        after = abandoning.metrics_when_idle()
        assert after.answers("reverse") == {"none": 1}
        assert after("baton_pool_tasks_total") == 1


def test_where_a_half_close_means_leaving_who_stays_is_served_all_the_same():
    with server_process.running(*server_process.PLENTY, "--half-close", "abandon") as abandoning:
        with abandoning.connect() as connection:
            assert connection.ask("POST", "/reverse", {"data": "ab"}).json() == {"data": "ba"}
            connection.shut_down_sending()
            assert connection.at_end() == b""
        assert abandoning.metrics_when_idle().answers("reverse") == {"prediction": 1}


def test_a_client_that_half_closes_within_a_request_gets_no_answer_and_an_end(server):
    with server.connect() as connection:
        connection.send(post("/reverse", {"data": "ab"})[:-1])
        connection.shut_down_sending()
        with pytest.raises(EndOfConnection) as ended:
            connection.read()
        assert ended.value.rest == b""


def test_a_client_that_waits_for_100_continue_gets_it(server):
    body = json.dumps({"data": "ab"}).encode()
    head = b"POST /reverse HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server.connect() as connection:
        connection.send(head)
        assert connection.read_head().status == 100
        connection.send(body)
        assert connection.read().json() == {"data": "ba"}
        connection.send(head + body)  # who does not wait
        statuses = [connection.read_head().status]
        if statuses == [100]:
            statuses.append(connection.read_head().status)
        assert statuses[-1] == 200


def test_100_continue_is_not_said_to_a_body_that_is_refused(server):
    with server.connect() as connection:
        connection.send(b"POST /reverse HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
        assert connection.read().status == 413


def test_an_empty_line_before_a_request_is_forgiven(server):
    with server.connect() as connection:
        connection.send(b"\r\n" + request("GET", "/hello"))
        assert connection.read().status == 200


def test_a_slow_reader_gets_all_of_its_large_answers(server):
    text = "".join(random.Random(1).choices("abcdefghij", k=1_000_000))
    body = json.dumps({"data": text}).encode()
    count = 8
    with server.connect(receive_buffer=4096) as slow:
        slow.socket.settimeout(60)
        # Written by another thread: the server stops reading while its answers are not taken.
        writer = threading.Thread(target=lambda: slow.send(post("/reverse", body) * count))
        writer.start()
        time.sleep(0.3)
        assert server.ask("POST", "/reverse", {"data": "ab"}).json() == {"data": "ba"}, "others must not wait"
        for _ in range(count):
            reply = slow.read()
            assert reply.status == 200
            assert reply.json()["data"] == text[::-1]
        writer.join()


def test_a_thousand_connections_at_once_are_served(server):
    connections = [server.connect() for _ in range(fewer(1000))]
    try:
        for number, connection in enumerate(connections):
            connection.send(post("/reverse", {"data": f"{number:04}"}))
        for number, connection in enumerate(connections):
            assert connection.read().json() == {"data": f"{number:04}"[::-1]}
        assert server.metrics()("baton_connections", listener="http") >= len(connections)
    finally:
        for connection in connections:
            connection.close()


def test_connections_beyond_the_limit_are_closed_and_counted():
    with server_process.running("--max-connections", 3) as small:
        held = [small.connect() for _ in range(3)]
        for connection in held:
            assert connection.ask("GET", "/hello").status == 200
        with small.connect() as fourth:
            assert fourth.at_end() == b""
        scrape = small.metrics()
        assert scrape("baton_connections_closed_total", listener="http", reason="limit") == 1
        assert scrape("baton_connections", listener="http") == 3
        held.pop().close()
        small.metrics_when(lambda now: now("baton_connections", listener="http") == 2)
        assert small.ask("GET", "/hello").status == 200
        for connection in held:
            connection.close()
