"""Connections over gRPC: counted, listed, closed by an operator, bounded, and timed out where nothing is said."""

import contextlib
import json
import socket
import ssl
import time

import grpc
import pytest

import certificates
import server_process
from environment import patience
from http_raw import split_address

LIVE = "/inference.GRPCInferenceService/ServerLive"
YES = b"\x08\x01"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture(scope="module")
def authority():
    with certificates.folder() as place:
        yield certificates.Authority(place)


@pytest.fixture(scope="module")
def secured(authority):
    flags = certificates.flags("grpc", authority.issue("server"))
    with server_process.running(*server_process.PLENTY, *flags) as started:
        yield started


def connections(server, listener):
    listed = json.loads(server.batonctl("get", "connections", "-o", "json").stdout).get("connections", [])
    return [one for one in listed if one["name"].startswith(f"connections/{listener}-")]


def live(channel):
    return channel.unary_unary(LIVE)(b"", timeout=patience(20))


def closed(scrape, listener, reason):
    return scrape("baton_connections_closed_total", listener=listener, reason=reason)


def handshakes(scrape, outcome):
    return scrape("baton_tls_handshakes_total", listener="grpc", outcome=outcome)


def connect(address):
    made = socket.create_connection(split_address(address), patience(20))
    made.settimeout(patience(30))
    return made


def ends(raw):
    """Reads what there is, until the other end has closed."""
    with contextlib.suppress(ConnectionResetError):
        while raw.recv(4096):
            pass
    return True


def settles(server, condition):
    scrape = server.metrics_when(condition)
    assert condition(scrape), scrape.text
    return scrape


def open_is(server, count):
    return settles(server, lambda now: now("baton_connections", listener="grpc", state="open") == count)


def all_gone(server):
    return settles(server, lambda now: now("baton_connections_accepted_total", listener="grpc")
                   == now("baton_connections_closed_total", listener="grpc"))


def test_a_connection_is_listed_counted_and_closed_by_an_operator(secured, authority):
    before = secured.metrics()
    trust = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    with grpc.secure_channel(secured.grpc, trust, [("grpc.enable_retries", 0)]) as channel:
        assert live(channel) == YES
        now = open_is(secured, 1)
        assert handshakes(now, "full") + handshakes(now, "resumed") \
            == handshakes(before, "full") + handshakes(before, "resumed") + 1
        one, = connections(secured, "grpc")
        assert one["state"] == "open" and one["tls_version"] == "TLSv1.3"
        assert one["peer"].startswith("127.0.0.1:") and int(one["received_bytes"]) > 100
        said = secured.batonctl("close", "connection", one["name"].removeprefix("connections/")).stdout
        assert said == f"{one['name']} of {one['peer']} is closed\n"
        settles(secured, lambda now: closed(now, "grpc", "operator") == closed(before, "grpc", "operator") + 1)
        assert "there is no connection" in secured.batonctl("close", "connection", one["name"], expect=4).stderr
        assert live(channel) == YES, "who comes again is let in"

    def by_itself(scrape):
        """gRPC may end it on the client's goodbye, before the client does."""
        return closed(scrape, "grpc", "client") + closed(scrape, "grpc", "error")

    settles(secured, lambda now: by_itself(now) == by_itself(before) + 1)
    all_gone(secured)


def test_the_admin_planes_own_are_listed_and_its_listener_has_figures(secured):
    until = time.monotonic() + patience(20)
    while len(listed := connections(secured, "admin")) != 1:  # of a batonctl before it
        assert time.monotonic() < until, listed
    own, = listed
    assert own["name"].startswith("connections/admin-") and own["state"] == "open"
    listeners = {one["name"]: one for one in json.loads(secured.batonctl("get", "listeners", "-o", "json").stdout)["listeners"]}
    for name in ("listeners/grpc", "listeners/admin"):
        assert int(listeners[name]["accepted_total"]) >= 1
        assert listeners[name]["backlog_limit"] >= 100
    scrape = secured.metrics()
    assert scrape("baton_listen_backlog_limit", listener="grpc") >= 100
    assert scrape("baton_connections_accepted_total", listener="admin") >= 2


def test_what_is_no_tls_never_reaches_grpc_and_says_what_it_was(secured):
    before = secured.metrics()
    for said, outcome in ((PREFACE, "plain_http"), (b"GET / HTTP/1.1\r\n\r\n", "plain_http"), (b"\x80\x2e\x01\x03\x00", "broken")):
        with connect(secured.grpc) as raw:
            raw.sendall(said)
            assert ends(raw)
        count = handshakes(before, outcome) + 1 + (1 if said[:1] == b"G" else 0)
        settles(secured, lambda now: handshakes(now, outcome) == count)


@pytest.mark.parametrize("make, outcome", [
    (lambda authority, other: other.client(alpn=["h2"]), "refused_by_client"),
    (lambda authority, other: authority.client(alpn=["h2"], version=ssl.TLSVersion.TLSv1_2), "full"),
])
def test_handshakes_are_counted_by_how_they_end(secured, authority, make, outcome):
    stranger = certificates.Authority(authority.place, "stranger")
    before = secured.metrics()
    with connect(secured.grpc) as raw, contextlib.suppress(ssl.SSLError):
        with make(authority, stranger).wrap_socket(raw, server_hostname="localhost") as tls:
            tls.recv(1)
    settles(secured, lambda now: handshakes(now, outcome) == handshakes(before, outcome) + 1)
    all_gone(secured)


def test_one_that_leaves_in_the_middle_of_its_handshake_is_counted_as_that(secured):
    before = secured.metrics()
    with connect(secured.grpc) as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01")  # of 512 bytes
        settles(secured, lambda now: now("baton_connections", listener="grpc", state="opening") == 1)
    settles(secured, lambda now: closed(now, "grpc", "client") == closed(before, "grpc", "client") + 1)


def test_who_says_nothing_or_not_enough_is_closed_and_holds_up_nobody():
    with server_process.running(*server_process.PLENTY) as server:
        silent, half = connect(server.grpc), connect(server.grpc)
        half.sendall(PREFACE[:10])
        with grpc.insecure_channel(server.grpc) as channel:
            assert live(channel) == YES
        # The channel's may be counted as ended by gRPC, too; who has said something is gRPC's to end.
        assert ends(silent) and ends(half)
        settles(server, lambda now: closed(now, "grpc", "header_timeout") == 1)
        now = all_gone(server)
        assert closed(now, "grpc", "client") + closed(now, "grpc", "error") == 2
        silent.close()
        half.close()


def test_one_address_has_only_so_many_and_the_others_are_turned_away():
    with server_process.running(*server_process.PLENTY, "--limit", "connections_per_address=2") as server:
        held = [grpc.insecure_channel(server.grpc, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(2)]
        for channel in held:
            assert live(channel) == YES
        open_is(server, 2)
        with connect(server.grpc) as third:
            assert ends(third)
        settles(server, lambda now: closed(now, "grpc", "address_limit") == 1)
        held.pop().close()
        open_is(server, 1)
        with grpc.insecure_channel(server.grpc, [("grpc.use_local_subchannel_pool", 1)]) as again:
            assert live(again) == YES
        held.pop().close()


def test_a_drain_ends_connections_and_lets_nobody_in():
    with server_process.running(*server_process.PLENTY) as server:
        with grpc.insecure_channel(server.grpc) as channel:
            assert live(channel) == YES
            server.stop()
            with pytest.raises(grpc.RpcError) as refused:
                live(channel)
            assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
