"""testssl.sh against the data plane: whatever it has to say against TLS as it is spoken here."""

import json

import certificates
import server_process
from environment import run, tool

# The authority of the test publishes no lists of revoked certificates, and openssl(1) has no engine; neither is ours.
NOT_OURS = {"engine_problem", "cert_revocation"}
FINE = {"OK", "INFO"}


# Strict-Transport-Security holds for every port of a name, plain ones of other services included: whoever owns the
# name says that. The pages say it for themselves.
SAID_BY_WHO_OWNS_THE_NAME = {"HSTS"}


def scan(target, authority, report, checks):
    run(tool("testssl"), "--quiet", "--color", 0, "--warnings", "off", "--nodns", "none", "--add-ca",
        authority.certificate, "--jsonfile", report, *checks, target, expect=None, timeout=900)
    return json.loads(report.read_text())


def failures(found, not_ours):
    return [f"{one['id']}: {one['severity']}: {one['finding']}" for one in found
            if one["severity"] not in FINE and one["id"] not in not_ours]


def check(place, rsa):
    authority = certificates.Authority(place)
    identity = authority.issue("server", days=90, rsa=rsa)
    checks = ["--protocols", "--std", "--pfs", "--server-defaults", "--server-preference", "--vulnerable"]
    with server_process.running(*certificates.flags("http", identity)) as server:
        found = scan(server.http, authority, place / "report.json", checks)
    assert failures(found, NOT_OURS) == []
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


def test_grpc_has_no_failed_check():
    """Without the order of ciphers, which is gRPC's: the client chooses."""
    with certificates.folder() as place:
        authority = certificates.Authority(place)
        checks = ["--protocols", "--std", "--pfs", "--server-defaults", "--vulnerable"]
        with server_process.running(*certificates.flags("grpc", authority.issue("server", days=90))) as server:
            found = scan(server.grpc, authority, place / "report.json", checks)
    assert failures(found, NOT_OURS | {"service"}) == []  # it speaks no HTTP/1.1
    by_id = {one["id"]: one["finding"] for one in found}
    assert len(by_id) > 40, by_id
    assert "offered" in by_id["TLS1_2"] and "offered" in by_id["TLS1_3"]
    assert by_id["TLS1"] == by_id["TLS1_1"] == by_id["SSLv3"] == "not offered"


def test_headers_have_no_failed_check_and_give_nothing_away():
    with certificates.folder() as place:
        authority = certificates.Authority(place)
        (place / "www").mkdir()
        (place / "www" / "page.html").write_text("<p>for browsers</p>")
        flags = [*certificates.flags("http", authority.issue("server", days=90)), "--static", f"/www={place}/www"]
        with server_process.running(*flags) as server:
            found = scan(f"https://{server.http}/www/page.html", authority, place / "report.json", ["--headers"])
    assert failures(found, NOT_OURS | SAID_BY_WHO_OWNS_THE_NAME) == []
    by_id = {one["id"]: one["finding"] for one in found}
    assert by_id["HTTP_status_code"].startswith("200 ")
    assert by_id["X-Content-Type-Options"] == "nosniff"
    assert by_id["banner_server"].startswith("No Server banner")
    assert by_id["banner_application"].startswith("No application banner")
    assert by_id["cookie_count"].startswith("0 ")
