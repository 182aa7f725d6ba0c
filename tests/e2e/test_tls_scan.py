"""testssl.sh against the data plane, HTTP and gRPC: whatever it has to say against TLS as it is spoken here."""

import json

import certificates
import server_process
from environment import run, tool

# The authority of the test publishes no lists of revoked certificates, and openssl(1) has no engine; neither is ours.
NOT_OURS = {"engine_problem", "cert_revocation"}
FINE = {"OK", "INFO"}
# gRPC lets the client choose among six ciphers, all of which are strong; and what answers is no HTTP/1.1 to be looked at.
OF_GRPC = {"cipher_order", "service"}


def scan(address, authority, report):
    checks = ["--protocols", "--std", "--pfs", "--server-defaults", "--server-preference", "--vulnerable"]
    run(tool("testssl"), "--quiet", "--color", 0, "--warnings", "off", "--nodns", "none", "--add-ca",
        authority.certificate, "--jsonfile", report, *checks, address, expect=None, timeout=900)
    return json.loads(report.read_text())


def check(place, rsa, listener="http", not_ours=frozenset()):
    authority = certificates.Authority(place)
    identity = authority.issue("server", days=90, rsa=rsa)
    with server_process.running(*certificates.flags(listener, identity)) as server:
        found = scan(getattr(server, listener), authority, place / "report.json")
    failed = [f"{one['id']}: {one['severity']}: {one['finding']}" for one in found
              if one["severity"] not in FINE and one["id"] not in NOT_OURS | not_ours]
    assert failed == []
    by_id = {one["id"]: one["finding"] for one in found}
    assert len(by_id) > 40, by_id  # it has looked
    assert "offered" in by_id["TLS1_2"] and "offered" in by_id["TLS1_3"]
    assert by_id["TLS1"] == by_id["TLS1_1"] == by_id["SSLv3"] == "not offered"


def test_a_certificate_of_an_elliptic_curve_has_no_failed_check():
    with certificates.folder() as place:
        check(place, rsa=False)


def test_a_certificate_of_rsa_has_no_failed_check():
    with certificates.folder() as place:
        check(place, rsa=True)


def test_the_listener_of_grpc_has_no_failed_check():
    with certificates.folder() as place:
        check(place, rsa=False, listener="grpc", not_ours=OF_GRPC)
