"""A network that delays, loses and reorders: nothing is lost but what clients gave up, deadlines are judged from what
had arrived, and the counters add up. In namespaces of the test's own, so that nobody else's packets are touched."""

import contextlib
import json
import time

import pytest

import bad_link
import environment
import server_process
from http_raw import request
from wanderers import wander

LISTENERS = ("--http", f"{bad_link.SERVER}:0", "--grpc", "off", "--admin", "127.0.0.1:0", "--pages", "127.0.0.1:0")
DELAY_S, LOSS = 0.05, 0.05


@contextlib.contextmanager
def far_away(*flags, delay_s=DELAY_S, loss=LOSS):
    """A server at the far end of a bad link."""
    with bad_link.made(delay_s, loss) as link, server_process.running(*flags, listeners=LISTENERS) as server:
        yield link, server
        print(f"{link.carried} packets carried, {link.dropped} lost")


def offer(link, server, count, budget_ms):
    with link.clients_side():
        done = environment.run(
            environment.program("baton-client"), "load", "--server", server.http, "--allow-remote", "--path", "/reverse",
            "--data", '{"data": "ab"}', "--budget", f"{budget_ms}ms", "--rate", count / 2, "--duration", "2s",
            "--warmup", "0s", "--schedule", "fixed", "--connections", 32, "--grace", "20s", "-o", "json")
    return json.loads(done.stdout)


def assert_nothing_is_lost(link, server, count):
    report = offer(link, server, count, budget_ms=environment.patience(500))
    assert report["answered"] == report["requests"] == count, report
    assert not any(report["transport_errors"].values()), report
    assert report["latency_ms"]["p50"] >= 2 * DELAY_S * 1000, "the link was to be felt"
    scrape = server.check_laws(late_answers=0)
    assert scrape.answers("reverse") == {"prediction": count}, "the way is no part of the budget"


def test_over_delay_and_loss_every_request_is_answered_and_in_time():
    with far_away() as (link, server):
        assert_nothing_is_lost(link, server, count=100)
        assert link.dropped > 0


def test_over_delay_and_loss_by_netem_too():
    with far_away(delay_s=0, loss=0) as (link, server):
        bad_link.emulate(link, "delay", "50ms", "10ms", "loss", "5%")
        assert_nothing_is_lost(link, server, count=100)


def test_clients_that_pipeline_and_leave_find_all_that_they_wait_for():
    with far_away("--workers", 2, *server_process.PLENTY) as (link, server):
        with link.clients_side():
            wanderers = wander(server, 7, environment.fewer(240))
        assert sum(wanderer.sent - wanderer.answered - wanderer.abandoned for wanderer in wanderers) == 0
        scrape = server.check_laws()
        assert scrape("baton_requests_received_total") <= sum(wanderer.sent for wanderer in wanderers)


def test_a_request_that_is_longer_on_its_way_than_its_budget_is_told_so():
    """Its bytes come in several flights, each a round trip after the one before."""
    body = json.dumps({"data": "x" * 200_000}).encode()
    with far_away(*server_process.PLENTY) as (link, server):
        with link.clients_side(), server.connect() as connection:
            connection.send(request("POST", "/reverse", body, [("Baton-Budget-Ms", "60")]))
            reply = connection.read()
            assert (reply.status, reply.header("Baton-Answer")) == (408, "invalid"), reply
        with link.clients_side(), server.connect() as connection:
            assert connection.ask("POST", "/reverse", body, [("Baton-Budget-Ms", "9000")]).status == 200
        scrape = server.check_laws(late_answers=0)
        answers = scrape.answers("reverse")
        assert answers["prediction"] == 1 and scrape("baton_requests_total", answer="invalid") == 1


@pytest.mark.parametrize("after", ["before the answer", "within the request"])
def test_a_link_that_stands_still_for_a_while_costs_nothing(after):
    data = request("POST", "/reverse", {"data": "ab"}, [("Baton-Budget-Ms", "8000")])
    with far_away(*server_process.PLENTY, loss=0) as (link, server):
        with link.clients_side():
            waiting = [server.connect() for _ in range(20)]
            first = len(data) if after == "before the answer" else len(data) // 2
            for connection in waiting:
                connection.send(data[:first])
            link.loss = 1
            time.sleep(0.5)
            for connection in waiting:
                connection.send(data[first:])
            link.loss = 0
            for connection in waiting:
                assert connection.read().json() == {"data": "ba"}
                connection.close()
        assert server.check_laws(late_answers=0).answers("reverse") == {"prediction": 20}


def test_clients_that_are_gone_without_a_word_are_found_out_when_they_come_back():
    with far_away(*server_process.PLENTY, loss=0) as (link, server):
        with link.clients_side():
            leaving = [server.connect() for _ in range(20)]
            for connection in leaving:
                connection.send(request("POST", "/test/sleep", {"ms": 600}))
            server_saw = time.monotonic() + 2 * DELAY_S
            time.sleep(max(0.0, server_saw - time.monotonic()))
            link.loss = 1
            for connection in leaving:
                connection.reset()  # nobody hears of it
        received = server.metrics_when_idle()
        assert sum(received.answers("/test/sleep").values()) == 20
        link.loss = 0
        scrape = server.check_laws(late_answers=0)
        assert scrape("baton_connections_closed_total", listener="http", reason="client") == 20
