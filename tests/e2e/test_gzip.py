"""Bodies as gzip, both ways, with curl, tritonclient and plain sockets; and bombs."""

import contextlib
import gzip
import json
import struct
import time
import zlib

import numpy
import pytest
import tritonclient.http as triton

import environment
import server_process
from http_raw import request

MIB = 1 << 20
BOUND = 32 * MIB
TUMOUR = "/v2/models/tumour/infer"
CODED = ("Content-Encoding", "gzip")
TAKES = ("Accept-Encoding", "gzip")


def infer_body(rows, **more):
    data = [row["features"] for row in rows]
    return {**more, "inputs": [{"name": "input", "shape": [len(data), 30], "datatype": "FP32", "data": data}]}


def zipped(body):
    return gzip.compress(body if isinstance(body, bytes) else json.dumps(body).encode())


def bomb(mebibytes, claim=None):
    """So many spaces; with `claim`, data that lies about how many. Nobody comes as far as its checksum."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    mebibyte = compressor.compress(b" " * MIB) + compressor.flush(zlib.Z_FULL_FLUSH)
    size = mebibytes * MIB if claim is None else claim
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return head + mebibyte * mebibytes + b"\x03\x00" + struct.pack("<II", 0, size % 2**32)


def check_error(reply, status, *words):
    assert reply.status == status, reply
    assert reply.header("Baton-Answer") == "invalid"
    assert reply.header("Content-Encoding") is None
    for word in words:
        assert word in reply.error, reply.error


@pytest.mark.parametrize("path, model", [(TUMOUR, "tumour"), ("/v1/models/tumour:predict", None), ("/reverse", None)])
def test_a_compressed_request_gets_what_a_plain_one_gets(server, bundled, path, model):
    rows = bundled("tumour")
    body = infer_body(rows, id="seven") if model else {"instances": [row["features"] for row in rows]}
    plain = server.ask("POST", path, body)
    assert plain.status == 200
    for coding in ("gzip", "x-gzip", "GZIP", "identity, gzip"):
        reply = server.ask("POST", path, zipped(body), [("Content-Encoding", coding)])
        assert (reply.status, reply.body) == (200, plain.body)
        assert reply.header("Content-Encoding") is None, "nobody asked for it"


def test_the_size_of_the_json_is_that_of_the_expanded_body(server, bundled):
    body = json.dumps(infer_body(bundled("tumour")[:1])).encode()

    def ask(size):
        return server.ask("POST", TUMOUR, zipped(body), [CODED, ("Inference-Header-Content-Length", str(size))])

    assert ask(len(body)).status == 200
    assert server.ask("POST", TUMOUR, zipped(body), [CODED]).status == 200, "what was said is not said of the next one"
    check_error(ask(len(body) - 1), 400)
    for size in (len(body) + 1, 10 * len(body), "many"):
        check_error(ask(size), 400, "Inference-Header-Content-Length", f"'{size}'")


def test_several_members_chunked_are_one_body(server):
    whole = json.dumps({"data": ["abc" * 1000]}).encode()
    body = b"".join(gzip.compress(whole[i:i + 500]) for i in range(0, len(whole), 500))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + 77]), body[i:i + 77]) for i in range(0, len(body), 77))
    head = b"POST /reverse HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.connect() as connection:
        connection.send(head + chunks + b"0\r\n\r\n")
        assert connection.read().json() == {"data": ["cba" * 1000]}
        assert connection.ask("GET", "/hello").status == 200


@pytest.mark.parametrize("coding", ["deflate", "br", "zstd", "gzip, gzip", "gzip, br", "nonsense"])
def test_other_codings_are_refused_and_what_is_taken_is_named(server, coding):
    reply = server.ask("POST", "/reverse", zipped({}), [("Content-Encoding", coding)])
    check_error(reply, 415, "Content-Encoding", "gzip")
    assert reply.header("Accept-Encoding") == "gzip"


@pytest.mark.parametrize("path", ["/reverse", TUMOUR, "/v1/models/tumour:predict", "/test/sleep"])
def test_what_is_no_gzip_is_refused_and_the_connection_goes_on(server, path):
    good = zipped({"data": "x" * 1000})
    before = server.metrics_when_idle()
    bad = [b"", b'{"data": 1}', good[:-1], good[:12], good[:-8] + bytes(8), good + b"x", good + bytes(10)]
    with server.connect() as connection:
        for body in bad:
            check_error(connection.ask("POST", path, body, [CODED]), 400, "no valid gzip", "byte")
        check_error(connection.ask("POST", path, zipped(b"{"), [CODED]), 400, "JSON")
        assert connection.ask("GET", "/hello").status == 200
    after = server.metrics_when_idle()
    counted = "baton_http_gzip_refused_total"
    assert after(counted, reason="corrupt") == before(counted, reason="corrupt") + len(bad)
    assert after("baton_deadline_misses_total") == before("baton_deadline_misses_total")


def test_large_predictions_are_compressed_for_who_takes_that(server, bundled):
    rows = (bundled("tumour") * 400)[:400]
    plain = server.ask("POST", TUMOUR, infer_body(rows))
    assert plain.header("Content-Encoding") is None
    assert plain.header("Vary") == "Accept-Encoding"
    before = server.metrics_when_idle()
    for accepted in ("gzip", "deflate, gzip, br", "*", "gzip;q=0.1"):
        reply = server.ask("POST", TUMOUR, infer_body(rows), [("Accept-Encoding", accepted)])
        assert (reply.header("Content-Encoding"), reply.header("Vary")) == ("gzip", "Accept-Encoding")
        assert gzip.decompress(reply.body) == plain.body
        assert len(reply.body) < len(plain.body) / 2
    for accepted in ("", "br", "identity", "gzip;q=0", "*;q=0", "identity, gzip;q=0.5"):
        reply = server.ask("POST", TUMOUR, infer_body(rows), [("Accept-Encoding", accepted)])
        assert reply.header("Content-Encoding") is None
        assert reply.body == plain.body
    after = server.metrics_when_idle()
    sent = "baton_http_gzip_bytes_total"
    assert after(sent, direction="sent", form="plain") == before(sent, direction="sent", form="plain") + 4 * len(plain.body)
    assert after(sent, direction="sent", form="gzip") < after(sent, direction="sent", form="plain") / 2


def test_small_predictions_and_errors_stay_plain(server, bundled):
    small = server.ask("POST", TUMOUR, infer_body(bundled("tumour")[:1]), [TAKES])
    assert small.status == 200
    assert small.header("Content-Encoding") is None
    assert small.header("Vary") is None
    check_error(server.ask("POST", TUMOUR, {"id": "x" * 9000}, [TAKES]), 400)
    late = server.ask("POST", "/test/sleep", {"ms": 400}, [TAKES, ("Baton-Budget-Ms", "50")])
    assert (late.status, late.header("Content-Encoding")) == (504, None)


def test_curl_sends_and_takes_gzip(server, bundled, tmp_path):
    body = infer_body((bundled("tumour") * 400)[:400])
    file = tmp_path / "body.json.gz"
    file.write_bytes(zipped(body))
    url = f"http://{server.http}{TUMOUR}"
    words = ["curl", "-s", "-D", tmp_path / "head", "-o", tmp_path / "out", "--compressed", "--data-binary", f"@{file}"]
    environment.run(*words, "-H", "Content-Encoding: gzip", "-H", "Content-Type: application/json", url)
    assert "content-encoding: gzip" in (tmp_path / "head").read_text().lower()
    assert json.loads((tmp_path / "out").read_text()) == server.ask("POST", TUMOUR, body).json()


@pytest.mark.parametrize("sent", [None, "gzip"])
@pytest.mark.parametrize("taken", [None, "gzip", "deflate"])
def test_tritonclient_compresses_and_expands(server, bundled, sent, taken):
    rows = (bundled("tumour") * 300)[:300]
    array = numpy.array([row["features"] for row in rows], dtype=numpy.float32)
    tensor = triton.InferInput("input", list(array.shape), "FP32")
    tensor.set_data_from_numpy(array, binary_data=False)
    wanted = [triton.InferRequestedOutput(name, binary_data=False) for name in ("label", "probabilities")]
    with triton.InferenceServerClient(server.http, connection_timeout=60, network_timeout=60) as client:
        result = client.infer(
            "tumour", [tensor], outputs=wanted, timeout=8_000_000,
            request_compression_algorithm=sent, response_compression_algorithm=taken)
    assert result.as_numpy("label").tolist() == [row["label"] for row in rows]


def test_a_timeout_in_a_compressed_body_is_the_budget(server, bundled):
    body = infer_body(bundled("tumour"), parameters={"timeout": 3_000_000})
    reply = server.ask("POST", TUMOUR, zipped(body), [CODED])
    assert (reply.status, float(reply.header("Baton-Budget-Ms"))) == (200, 3000)
    spent = server.ask("POST", TUMOUR, zipped(infer_body(bundled("tumour"), parameters={"timeout": 1})), [CODED])
    assert (spent.status, spent.header("Baton-Answer")) == (504, "timeout")


def test_each_of_a_batch_gets_its_own_answer(bundled):
    flags = ("--workers", 1, "--endpoint", "tumour:batch_max_size=8", "--endpoint", "tumour:batch_max_delay=50ms")
    with server_process.running(*flags, *server_process.PLENTY) as server, contextlib.ExitStack() as stack:
        server.teach()
        rows = bundled("tumour")
        wires = []
        for number in range(32):
            body = infer_body([rows[number % len(rows)]], id=f"r{number}")
            if number % 8 == 3:
                wires.append(request("POST", TUMOUR, zipped(body)[:-6], [CODED]))
            elif number % 2:
                wires.append(request("POST", TUMOUR, zipped(body), [CODED]))
            else:
                wires.append(request("POST", TUMOUR, body))
        server.hold(stack, 1, 300)
        before = server.metrics()
        connections = [stack.enter_context(server.connect()) for _ in wires]
        for connection, wire in zip(connections, wires):
            connection.send(wire)
        for number, connection in enumerate(connections):
            reply = connection.read()
            if number % 8 == 3:
                check_error(reply, 400, "cut short")
            else:
                assert reply.json()["id"] == f"r{number}"
                assert reply.json()["outputs"][0]["data"] == [rows[number % len(rows)]["label"]]
        after = server.metrics_when_idle()
        runs = "baton_batches_total"
        assert after(runs, endpoint="tumour") - before(runs, endpoint="tumour") < len(wires), "nothing ran together"


def test_a_last_good_answer_is_plain_for_who_takes_nothing_else(bundled):
    settings = [word for key in ("fallback=last_good", "fallback_key_header=X-Customer")
                for word in ("--endpoint", f"tumour:{key}")]
    rows = (bundled("tumour") * 400)[:400]
    customer = ("X-Customer", "a")
    with server_process.running("--workers", 1, *server_process.PLENTY, *settings) as server:
        good = server.ask("POST", TUMOUR, zipped(infer_body(rows, id="first")), [customer, TAKES, CODED])
        assert good.header("Content-Encoding") == "gzip"
        kept = json.loads(gzip.decompress(good.body))
        with contextlib.ExitStack() as stack:
            (held,) = server.hold(stack, 1, 9000, cancellable=True)
            for headers in ([], [TAKES]):
                reply = server.ask("POST", TUMOUR, infer_body(rows, id="second"),
                                   [customer, ("Baton-Budget-Ms", "300"), *headers])
                assert (reply.status, reply.header("Baton-Answer")) == (200, "fallback")
                assert reply.header("Content-Encoding") is None
                answer = reply.json()
                assert (answer["id"], answer["outputs"]) == ("second", kept["outputs"])
            held.reset()
        server.metrics_when_idle()


def test_bodies_expand_to_the_bound_and_no_further(server):
    body = b'{"data": "' + b"x" * (BOUND - 12) + b'"}'
    reply = server.ask("POST", "/reverse", zipped(body), [CODED])
    assert (reply.status, len(reply.body)) == (200, BOUND - 1)  # without the space
    check_error(server.ask("POST", "/reverse", zipped(body + b" "), [CODED]), 413, str(BOUND))


@pytest.mark.parametrize("claim", [None, 10, 0])
def test_a_bomb_is_too_large_and_takes_no_memory(server, claim):
    """1 GiB in 1 MiB: one that says so is refused at once, one that lies at the bound."""
    data = bomb(1024, claim)
    before = server.metrics_when_idle()
    started = time.monotonic()
    for _ in range(3):
        check_error(server.ask("POST", "/reverse", data, [CODED]), 413, "more than", str(BOUND))
    assert time.monotonic() - started < environment.patience(10)
    after = server.metrics_when_idle()
    refused = "baton_http_gzip_refused_total"
    assert after(refused, reason="too_large") == before(refused, reason="too_large") + 3
    assert after("process_resident_memory_bytes") < before("process_resident_memory_bytes") + 200 * MIB * max(
        1, environment.SLOW_FACTOR)


def test_good_clients_are_answered_beside_bombs(bundled):
    """With the default budget; those that lie cost what they may, a worker for their own budget."""
    honest, lying = bomb(256), bomb(256, claim=10)
    body = infer_body(bundled("tumour")[:1])
    with server_process.running("--workers", 2) as server, contextlib.ExitStack() as stack:
        attackers = [stack.enter_context(server.connect()) for _ in range(4)]
        good = stack.enter_context(server.connect())
        answers = []
        for turn in range(20):
            for attacker in attackers[:3]:
                attacker.send(request("POST", "/reverse", honest, [CODED]))
            if turn % 4 == 0:
                attackers[3].send(request("POST", "/reverse", lying, [CODED]))
            answers.append(good.ask("POST", TUMOUR, body, [("Baton-Budget-Ms", "1000")]).header("Baton-Answer"))
            for attacker in attackers[:3]:
                assert attacker.read().status in (413, 503, 504)
            if turn % 4 == 0:
                assert attackers[3].read().status in (413, 503, 504)
        assert answers.count("prediction") >= 18, answers
