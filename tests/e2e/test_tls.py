"""TLS on the data plane and the pages, with real clients: curl, Python's ssl, wrk, openssl."""

import contextlib
import hashlib
import random
import re
import socket
import ssl
import threading

import pytest

import certificates
import environment
import server_process
from environment import fewer, run, tool
from http_raw import Connection, EndOfConnection, request, split_address

BIG_BYTES = 24 << 20


@pytest.fixture(scope="module")
def place():
    with certificates.folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def authority(place):
    return certificates.Authority(place)


@pytest.fixture(scope="module")
def big(place):
    path = place / "www" / "big.bin"
    path.parent.mkdir()
    path.parent.chmod(0o755)
    path.write_bytes(random.Random(3).randbytes(BIG_BYTES))
    path.chmod(0o644)
    return path


@pytest.fixture(scope="module")
def server(authority, big):
    flags = [*server_process.PLENTY, "--static", f"/static={big.parent}", "--limit", "body_bytes=32MiB",
             *certificates.flags("http", authority.issue("server"))]
    with server_process.running(*flags) as started:
        yield started


@pytest.fixture(scope="module")
def client(authority):
    return authority.client()


def curl(server, authority, path, *words, expect=0):
    url = f"https://{server.http}{path}"
    return run(tool("curl"), "-sS", "--cacert", authority.certificate, *words, url, expect=expect)


def handshakes(server, outcome, at_least=0):
    """How many, once there are as many: a client may learn how it ended before the server has counted it."""
    labels = {"listener": "http", "outcome": outcome}
    scrape = server.metrics_when(lambda now: now("baton_tls_handshakes_total", **labels) >= at_least)
    return scrape("baton_tls_handshakes_total", **labels)


@pytest.mark.parametrize("version", [["--tlsv1.2", "--tls-max", "1.2"], ["--tlsv1.3"]], ids=["1.2", "1.3"])
def test_curl_gets_its_answer(server, authority, version):
    body = ["-H", "Content-Type: application/json", "-d", '{"text": "abc"}']
    assert curl(server, authority, "/reverse", *version, *body).stdout == '{"text":"cba"}'


def test_an_old_version_is_refused(server, authority):
    before = handshakes(server, "nothing_in_common")
    refused = curl(server, authority, "/hello", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", expect=35)
    assert "alert protocol version" in refused.stderr
    assert handshakes(server, "nothing_in_common", before + 1) == before + 1


@pytest.mark.parametrize("offer, agreed", [((), None), (("http/1.1",), "http/1.1"), (("h2", "http/1.1"), "http/1.1")])
def test_http_1_1_is_agreed_on(server, authority, offer, agreed):
    with Connection(server.http, tls=authority.client(alpn=offer)) as connection:
        assert connection.socket.selected_alpn_protocol() == agreed
        assert connection.ask("GET", "/hello").status == 200


def test_another_protocol_is_refused(server, authority):
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        Connection(server.http, tls=authority.client(alpn=["h2"]))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_ciphers_are_modern(server, authority, version):
    with Connection(server.http, tls=authority.client(version=version)) as connection:
        name, _, bits = connection.socket.cipher()
        assert re.search("GCM|CHACHA20", name) and bits >= 128
        assert version == ssl.TLSVersion.TLSv1_3 or name.startswith("ECDHE-")
        assert connection.socket.compression() is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_comes_again_is_known(server, authority, version):
    client = authority.client(version=version)
    before = handshakes(server, "resumed")
    with Connection(server.http, tls=client) as connection:
        connection.ask("GET", "/hello")  # with TLS 1.3 the ticket comes behind the handshake
        session = connection.socket.session
    with socket.create_connection(split_address(server.http), timeout=30) as plain:
        with client.wrap_socket(plain, server_hostname="localhost", session=session) as again:
            assert again.session_reused
            again.sendall(request("GET", "/hello"))
            assert again.recv(1) == b"H"  # the server has seen the end of the handshake by now
    assert handshakes(server, "resumed", before + 1) == before + 1


def test_plain_http_is_told_so(server):
    before = handshakes(server, "plain_http")
    reply = server.ask("POST", "/reverse", {"text": "abc"})
    assert reply.status == 400
    assert "https://" in reply.error
    assert handshakes(server, "plain_http", before + 1) == before + 1


@pytest.mark.parametrize("data", [b"\0", b"\x16\x03", b"\x16\x03\x01\xff\xff" + b"x" * 300, b"SSH-2.0-x\r\n", b"A" * 70000])
def test_garbage_ends_its_own_connection_only(server, client, data):
    with Connection(server.http, tls=client) as good, Connection(server.http) as bad:
        with contextlib.suppress(OSError):
            bad.send(data)
            bad.shut_down_sending()
        bad.at_end()
        assert good.ask("GET", "/hello").status == 200


def test_a_large_body_goes_in_and_a_large_answer_comes_out(server, client):
    text = "".join(random.Random(4).choices("abcdefgh", k=fewer(4_000_000)))
    with Connection(server.http, tls=client) as connection:
        for _ in range(2):
            reply = connection.ask("POST", "/reverse", {"text": text})
            assert reply.status == 200
            assert reply.json() == {"text": text[::-1]}


def test_a_static_file_is_sent_whole_and_in_parts(server, authority, client, big, place):
    fetched = place / "fetched"
    curl(server, authority, "/static/big.bin", "-o", fetched)
    assert hashlib.sha256(fetched.read_bytes()).digest() == hashlib.sha256(big.read_bytes()).digest()
    with Connection(server.http, tls=client) as connection:
        reply = connection.ask("GET", "/static/big.bin", headers=[("Range", "bytes=1000000-1099999")])
        assert reply.status == 206
        assert reply.body == big.read_bytes()[1_000_000:1_100_000]
        assert connection.ask("GET", "/hello").status == 200


def test_who_stops_reading_a_file_holds_nobody_up(server, client):
    with Connection(server.http, tls=client, receive_buffer=4096) as slow, Connection(server.http, tls=client) as other:
        slow.send(request("GET", "/static/big.bin"))
        assert slow.read_head().status == 200
        for _ in range(20):
            assert other.ask("POST", "/reverse", {"text": "abc"}).status == 200


def test_pipelined_requests_are_answered_in_order(server, client):
    count = 60
    with Connection(server.http, tls=client) as connection:
        connection.send(b"".join(request("POST", "/reverse", {"n": str(n)}) for n in range(count)))
        assert [connection.read().json()["n"] for _ in range(count)] == [str(n)[::-1] for n in range(count)]


def test_a_request_may_come_byte_by_byte(server, client):
    with Connection(server.http, tls=client) as connection:
        for byte in request("POST", "/reverse", {"text": "abc"}):
            connection.send(bytes([byte]))  # a record each
        assert connection.read().json() == {"text": "cba"}


def test_who_ends_its_output_is_answered(server, client):
    with Connection(server.http, tls=client) as connection:
        connection.send(request("POST", "/reverse", {"text": "abc"}))
        connection.shut_down_sending()
        assert connection.read().json() == {"text": "cba"}
        assert connection.at_end() == b""


def test_an_orderly_end_says_goodbye(server, client):
    with Connection(server.http, tls=client) as connection:
        connection.ask("GET", "/hello", headers=[("Connection", "close")])
        assert connection.socket.recv(1) == b""  # ssl raises where the goodbye is missing
        assert connection.socket.unwrap() is not None


def test_openssl_cannot_negotiate_anew(server, authority):
    asked = run(tool("openssl"), "s_client", "-connect", server.http, "-tls1_2", "-CAfile", authority.certificate,
                input="R\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n", expect=None)
    assert "no renegotiation" in asked.stderr
    assert "Secure Renegotiation IS supported" in asked.stdout  # RFC 5746


def test_who_says_nothing_is_closed_by_the_clock(authority):
    identity = authority.issue("quick")
    with server_process.running("--limit", "head_time=200ms", *certificates.flags("http", identity)) as server:
        with Connection(server.http) as silent, Connection(server.http) as half:
            half.send(b"\x16\x03\x01\x02\x00\x01")
            assert silent.at_end() == b""
            assert half.at_end() == b""
        scrape = server.metrics_when_idle()
        assert scrape("baton_connections_closed_total", listener="http", reason="header_timeout") == 2
        assert scrape("baton_tls_handshakes_total", listener="http", outcome="abandoned") == 2


def test_a_new_certificate_is_taken_up_while_a_connection_goes_on(authority):
    used = authority.issue("used")
    fresh = authority.issue("fresh", days=90)
    with server_process.running(*certificates.flags("http", used)) as server:
        client = authority.client()
        with Connection(server.http, tls=client) as kept:
            assert kept.ask("GET", "/hello").status == 200
            before = server.metrics()("baton_tls_certificate_expiry_seconds", listener="http")
            certificates.put(fresh, used)
            server.metrics_when(lambda now: now("baton_tls_reloads_total", listener="http", result="ok") > 0)
            with Connection(server.http, tls=client) as other:
                assert ("commonName", "fresh") in [pair[0] for pair in other.socket.getpeercert()["subject"]]
                assert other.ask("GET", "/hello").status == 200
            assert kept.ask("GET", "/hello").status == 200
        after = server.metrics()("baton_tls_certificate_expiry_seconds", listener="http")
        assert after > before + 59 * 86400


def test_a_wrong_certificate_leaves_the_one_that_is_used(authority):
    used = authority.issue("kept")
    with server_process.running(*certificates.flags("http", used)) as server:
        for wrong in (b"", b"-----BEGIN CERTIFICATE-----\nMIIB", authority.issue("late", days=-1).certificate.read_bytes(),
                      authority.issue("other").certificate.read_bytes()):
            failed = server.metrics()("baton_tls_reloads_total", result="failed")
            used.certificate.write_bytes(wrong)
            scrape = server.metrics_when(lambda now, n=failed: now("baton_tls_reloads_total", result="failed") > n)
            assert scrape("baton_tls_reloads_total", result="failed") > failed
            with Connection(server.http, tls=authority.client()) as connection:
                assert connection.ask("GET", "/hello").status == 200
        log = server.log()
        for reason in ("holds no certificate in PEM", "has expired at", "does not belong to"):
            assert reason in log
        assert "PRIVATE KEY" not in log


def test_clients_need_the_right_certificate(authority, place):
    clients = certificates.Authority(place, "clients")
    foreign = certificates.Authority(place, "foreign")
    identity = authority.issue("strict")
    flags = certificates.flags("http", identity, client_ca=clients.certificate)
    with server_process.running(*flags) as server:
        with Connection(server.http, tls=authority.client(clients.issue("friend"))) as connection:
            assert connection.ask("GET", "/hello").status == 200
        for wrong in (None, foreign.issue("stranger"), clients.issue("former", days=-1)):
            with pytest.raises((ssl.SSLError, ConnectionError, EndOfConnection)):
                with Connection(server.http, tls=authority.client(wrong)) as connection:
                    connection.ask("GET", "/hello")  # with TLS 1.3 it learns of it here
        assert handshakes(server, "client_certificate", 3) == 3


def test_a_flood_of_handshakes_beside_clients_that_are_served(server, authority):
    """Half of the flood goes on to the end, half leaves in the middle."""
    stop = threading.Event()

    def flood(leaves):
        client = authority.client()
        while not stop.is_set():
            with contextlib.suppress(OSError):
                if leaves:
                    with Connection(server.http) as half:
                        half.send(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03")
                else:
                    Connection(server.http, tls=client).close()

    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(Connection(server.http, tls=authority.client())) for _ in range(8)]
        threads = [threading.Thread(target=flood, args=(n % 2,)) for n in range(4)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(fewer(100)):
                for connection in kept:
                    assert connection.ask("POST", "/reverse", {"text": "abc"}).json() == {"text": "cba"}
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    assert handshakes(server, "full") > 8


def test_wrk_gets_answers_only(server):
    out = run(tool("wrk"), "-t2", "-c16", "-d1s", f"https://{server.http}/hello").stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    assert int(re.search(r"(\d+) requests in", out).group(1)) > fewer(100)


def test_the_pages_speak_tls(authority):
    identity = authority.issue("pages")
    trusting = authority.client()
    with server_process.running(*certificates.flags("pages", identity), pages_tls=trusting) as server:
        assert server.ask("GET", "/hello").status == 200  # the data plane is plain
        assert server.metrics()("baton_tls_handshakes_total", listener="pages", outcome="full") > 0
        with Connection(server.pages) as plain:
            assert plain.ask("GET", "/metrics").status == 400


def refusal(*flags):
    done = run(environment.program("baton-server"), "check", *flags, expect=None)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr


def test_check_says_what_is_wrong_with_certificates(authority, place):
    good, other, late = authority.issue("good"), authority.issue("another"), authority.issue("expired", days=-1)
    run(environment.program("baton-server"), "check", *certificates.flags("http", good))
    mixed = certificates.Identity(good.certificate, other.key)
    missing = certificates.Identity(place / "none.crt", good.key)
    said = refusal(*certificates.flags("http", mixed), *certificates.flags("pages", missing))
    assert f"tls.http: the key {other.key} does not belong to the certificate {good.certificate}" in said
    assert f"tls.pages: the certificate {missing.certificate} cannot be read: No such file or directory" in said
    assert "has expired at" in refusal(*certificates.flags("http", late))
    said = refusal("--http-tls-certificate", good.certificate, "--pages-tls-client-ca", good.certificate)
    assert "tls.http.certificate: is given, expected tls.http.key, too" in said
    assert "tls.pages.client_ca: is given, expected tls.pages.certificate, too" in said
