"""gRPC over TLS, with real clients: grpcurl, tritonclient, openssl, Python's grpc."""

import json
import re
import socket
import threading

import grpc
import numpy
import pytest
import tritonclient.grpc

import certificates
import environment
import server_process
from environment import run, tool
from http_raw import split_address

LIVE = "inference.GRPCInferenceService/ServerLive"
HEALTH = "/grpc.health.v1.Health/Watch"


@pytest.fixture(scope="module")
def place():
    with certificates.folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def authority(place):
    return certificates.Authority(place)


@pytest.fixture(scope="module")
def server(authority):
    with server_process.running(*server_process.PLENTY, *certificates.flags("grpc", authority.issue("server"))) as started:
        yield started


def grpcurl(address, authority, *words, identity=None, expect=0):
    own = ["-cert", identity.certificate, "-key", identity.key] if identity else []
    return run(tool("grpcurl"), "-max-time", environment.patience(20), "-cacert", authority.certificate, *own, address, *words, expect=expect)


def channel(address, authority):
    return grpc.secure_channel(address, grpc.ssl_channel_credentials(authority.certificate.read_bytes()))


def names_shown(address, authority):
    """The subject of the certificate that a new connection is shown."""
    with socket.create_connection(split_address(address), environment.patience(20)) as plain:
        with authority.client(alpn=["h2"]).wrap_socket(plain, server_hostname="localhost") as tls:
            return [value for group in tls.getpeercert()["subject"] for key, value in group if key == "commonName"]


def test_grpcurl_calls_over_tls_and_not_without(server, authority):
    assert json.loads(grpcurl(server.grpc, authority, LIVE).stdout) == {"live": True}
    assert "inference.GRPCInferenceService" in grpcurl(server.grpc, authority, "list").stdout
    run(tool("grpcurl"), "-plaintext", "-max-time", 10, server.grpc, LIVE, expect=1)


def test_tritonclient_predicts_over_tls(server, authority, bundled):
    row = bundled("tumour")[0]
    with tritonclient.grpc.InferenceServerClient(
            server.grpc, ssl=True, root_certificates=str(authority.certificate)) as client:
        assert client.is_server_ready()
        metadata = client.get_model_metadata("tumour", as_json=True)["inputs"][0]
        values = numpy.array([row["features"]], dtype=numpy.float32)
        wanted = tritonclient.grpc.InferInput(metadata["name"], values.shape, metadata["datatype"])
        wanted.set_data_from_numpy(values)
        answer = client.infer("tumour", [wanted], headers={"baton-budget-ms": "8000"})
        assert len(answer.get_response().outputs) >= 1


@pytest.mark.parametrize("version, is_spoken", [("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)])
def test_only_modern_tls_is_spoken(server, authority, version, is_spoken):
    done = run(tool("openssl"), "s_client", version, "-connect", server.grpc, "-alpn", "h2", "-CAfile",
               authority.certificate, "-cipher", "ALL:@SECLEVEL=0", expect=None, errors="replace")
    assert ("Verify return code: 0 (ok)" in done.stdout and "ALPN protocol: h2" in done.stdout) == is_spoken, done.stdout
    cipher = re.search(r"Cipher is (\S+)", done.stdout).group(1)
    assert ("GCM" in cipher or "CHACHA20" in cipher) == is_spoken
    weak = run(tool("openssl"), "s_client", "-tls1_2", "-connect", server.grpc, "-alpn", "h2", "-cipher",
               "AES128-SHA:AES256-GCM-SHA384:@SECLEVEL=0", expect=None, errors="replace")
    assert "Cipher is (NONE)" in weak.stdout


def test_clients_need_the_right_certificate(authority, place):
    clients = certificates.Authority(place, "clients")
    foreign = certificates.Authority(place, "foreign")
    flags = certificates.flags("grpc", authority.issue("strict"), client_ca=clients.certificate)
    with server_process.running(*flags) as server:
        assert "live" in grpcurl(server.grpc, authority, LIVE, identity=clients.issue("friend")).stdout
        for wrong in (None, foreign.issue("stranger"), clients.issue("former", days=-1)):
            grpcurl(server.grpc, authority, LIVE, identity=wrong, expect=1)
        assert "live" in grpcurl(server.grpc, authority, LIVE, identity=clients.issue("late")).stdout


def test_a_certificate_is_renewed_beside_an_open_stream(authority):
    used, fresh = authority.issue("used"), authority.issue("fresh", days=90)
    with server_process.running(*certificates.flags("grpc", used)) as server, \
            channel(server.grpc, authority) as kept:
        watch = kept.unary_stream(HEALTH)(b"", timeout=environment.patience(60))
        assert next(watch) == b"\x08\x01"  # SERVING
        connections = sum("socket:" in name for name in server.open_files())
        certificates.put(fresh, used)
        server.metrics_when(lambda now: now("baton_tls_reloads_total", listener="grpc", result="ok") > 0)
        assert names_shown(server.grpc, authority) == ["fresh"]
        # The open connection goes on: it answers another call, and the stream has not ended.
        assert kept.unary_unary("/inference.GRPCInferenceService/ServerLive")(b"", timeout=environment.patience(20))
        assert not watch.done()
        assert sum("socket:" in name for name in server.open_files()) >= connections
        assert server.metrics()("baton_tls_certificate_expiry_seconds", listener="grpc") > 80 * 86400
        watch.cancel()


def test_half_written_files_leave_what_serves(authority):
    used = authority.issue("kept")
    whole = used.certificate.read_bytes()
    with server_process.running(*certificates.flags("grpc", used)) as server:
        for wrong in (b"", whole[:200], authority.issue("late", days=-1).certificate.read_bytes(),
                      authority.issue("other").certificate.read_bytes()):
            failed = server.metrics()("baton_tls_reloads_total", result="failed")
            used.certificate.write_bytes(wrong)
            scrape = server.metrics_when(lambda now, n=failed: now("baton_tls_reloads_total", result="failed") > n)
            assert scrape("baton_tls_reloads_total", result="failed") > failed
            assert names_shown(server.grpc, authority) == ["kept"]
            assert "live" in grpcurl(server.grpc, authority, LIVE).stdout


def test_a_flood_of_handshakes_beside_calls_that_are_answered(server, authority):
    stop = threading.Event()

    def flood():
        while not stop.is_set():
            names_shown(server.grpc, authority)

    threads = [threading.Thread(target=flood) for _ in range(2)]
    with channel(server.grpc, authority) as kept:
        live = kept.unary_unary("/inference.GRPCInferenceService/ServerLive")
        for thread in threads:
            thread.start()
        try:
            for _ in range(environment.fewer(100)):
                assert live(b"", timeout=environment.patience(10)) == b"\x08\x01"
        finally:
            stop.set()
            for thread in threads:
                thread.join()
