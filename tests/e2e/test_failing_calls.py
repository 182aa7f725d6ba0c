"""System calls of the conductor that fail, are interrupted or do little: nothing is lost but what the fault took, and
every request and every connection is accounted for."""

import pytest

import crowd
import environment
import server_process
import with_faults
from crowd import ANSWERED
from http_raw import request
from wanderers import wander

MIB = 1024 * 1024
REQUESTS = environment.fewer(1500)
SEED = 5

# Every request of a client that stays is answered all the same.
HARMLESS = {
    "interrupted": "recv:EINTR/2,send:EINTR/2,sendmsg:EINTR/2,epoll_wait:EINTR/2,epoll_pwait2:EINTR/2,accept4:EINTR/2",
    "nothing there after all": "recv:EAGAIN/2,send:EAGAIN/2,sendmsg:EAGAIN/2,accept4:EAGAIN/2",
    "short": "recv:short/2,send:short/2,sendmsg:short/2,sendfile:short/2,epoll_wait:short/2,epoll_pwait2:short/2",
    "byte by byte": "recv:short/1,send:short/1,sendmsg:short/1,sendfile:short/1",
    "no memory to accept": "accept4:ENOBUFS/3,accept4:ENOMEM/4",
    "connections that died in the backlog": "accept4:ECONNABORTED/2",
    "all at once": "recv:EINTR/3,recv:EAGAIN/5,recv:short/7,send:EAGAIN/3,send:short/4,sendmsg:EAGAIN/3,"
                   "sendmsg:short/4,epoll_wait:EINTR/3,accept4:ENOBUFS/9",
}
# Each of these ends a connection.
DEADLY = {
    "reset when read": ("recv:ECONNRESET/15", "client"),
    "timed out when read": ("recv:ETIMEDOUT/15", "client"),
    "reset when written": ("send:ECONNRESET/15,sendmsg:ECONNRESET/15", "client"),
    "broken when written": ("send:EPIPE/15,sendmsg:EPIPE/15", "client"),
    "no room to watch": ("epoll_ctl:ENOSPC/5", "error"),
}


def assert_all_accounted_for(server, wanderers, memory_before):
    scrape = server.check_laws()
    sent = sum(wanderer.sent for wanderer in wanderers)
    assert 0 < scrape("baton_requests_received_total") == scrape("baton_requests_total") <= sent
    assert scrape("baton_requests_total", answer="prediction") >= sum(wanderer.predictions for wanderer in wanderers)
    grown = scrape("process_resident_memory_bytes") - memory_before
    assert grown < 32 * MIB * max(1, environment.SLOW_FACTOR), f"memory has grown by {grown / MIB:.1f} MiB"
    return scrape


@pytest.mark.parametrize("faults", HARMLESS.values(), ids=HARMLESS)
def test_a_call_that_can_be_tried_again_costs_no_answer(faults):
    with with_faults.running(faults, "--workers", 2, "--conductors", 2) as server:
        wanderers = wander(server, SEED, REQUESTS // 3)
        memory = server.metrics()("process_resident_memory_bytes")
        wanderers += wander(server, SEED + 1, REQUESTS)
        assert sum(wanderer.sent - wanderer.answered - wanderer.abandoned for wanderer in wanderers) == 0
        scrape = assert_all_accounted_for(server, wanderers, memory)
        assert scrape("baton_connections_closed_total", listener="http", reason="error") == 0


@pytest.mark.parametrize("faults, reason", DEADLY.values(), ids=DEADLY)
def test_a_call_that_breaks_a_connection_ends_this_one_and_no_other(faults, reason):
    with with_faults.running(faults, "--workers", 2) as server:
        wanderers = wander(server, SEED, REQUESTS // 3, may_be_cut_off=True)
        memory = server.metrics()("process_resident_memory_bytes")
        wanderers += wander(server, SEED + 1, REQUESTS, may_be_cut_off=True)
        lost = sum(wanderer.sent - wanderer.answered - wanderer.abandoned for wanderer in wanderers)
        assert lost > 0, "the faults were to be felt"
        scrape = assert_all_accounted_for(server, wanderers, memory)
        assert scrape("baton_connections_closed_total", listener="http", reason=reason) > 0


def test_who_cannot_be_given_a_descriptor_is_sent_away_and_the_next_is_served():
    data, count = request("POST", "/reverse", {"data": "ab"}), 100
    with with_faults.running("accept4:EMFILE/3,accept4:ENFILE/5", *server_process.PLENTY) as server:
        found = crowd.outcomes(crowd.ask_at_once(server.http, data, count), seconds=20)
        assert 0 < found[ANSWERED] < count and found.total() == count
        scrape = server.metrics_when_idle()
        assert scrape.answers("reverse") == {"prediction": found[ANSWERED]}
        sent_away = scrape("baton_connections_closed_total", listener="http", reason="limit")
        assert sent_away == count - found[ANSWERED]


def test_a_conductor_that_lagged_takes_connections_again_when_all_have_gone():
    """Its looks at itself must go on: one that came in the same turn as a request was the last."""
    data = request("POST", "/reverse", {"data": "ab"})
    with with_faults.running("recv:late/1", *server_process.PLENTY) as server:
        for _ in range(3):
            # The second comes while the first is read, which is late, so that there is always a turn that lags.
            found = crowd.outcomes(crowd.ask_in_turn(server.http, data, 6, seconds_between=0.03), seconds=30)
            assert found[ANSWERED] > 0
            server.metrics_when(lambda now: now("baton_connections", listener="http") == 0)
        scrape = server.metrics()
        assert scrape("baton_conductor_overload_changes_total", level="closed") > 0
        assert scrape("baton_listen_backlog_depth", listener="http") == 0
