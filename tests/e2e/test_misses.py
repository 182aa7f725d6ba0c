"""What an operator sees of misses and of what was learned."""

import contextlib
import json

import pytest

import environment
import server_process
from http_raw import request

ATTEMPTS = 4
SERVICE = "baton.admin.v1.AdminService"
# In the order in which they happen; what never came is absent.
LEDGER = ("admitted_ms", "started_ms", "finished_ms", "answered_ms", "sent_ms")


def misses(server, *words):
    return json.loads(server.batonctl("misses", *words, "-o", "json").stdout)["misses"]


def grpc(server, method, data):
    done = environment.run(
        environment.tool("grpcurl"), "-plaintext", "-d", json.dumps(data), server.admin, f"{SERVICE}/{method}")
    return json.loads(done.stdout)


def make_misses(server):
    """Ten of a cold endpoint at a busy pool, after one that a worker ran for too long."""
    server.teach()
    expired = [("Baton-Budget-Ms", "200")]
    assert server.ask("POST", "/test/sleep", {"ms": 5000, "cancellable": True}, expired).status == 504
    with contextlib.ExitStack() as stack:
        (held,) = server.hold(stack, 1, 9000, cancellable=True)
        critical = ("Baton-Criticality", "critical")
        replies = [server.ask("POST", "/test/spin", {"ms": 1}, [*expired, critical]) for _ in range(10)]
        held.reset()
    # Nobody knows how long that takes: one a second may try.
    assert {reply.header("Baton-Cause") for reply in replies} == {"no_time", "expired_in_queue"}
    return server.metrics_when_idle()("baton_late_answers_total") == 0


@pytest.fixture(scope="module")
def server():
    """One that has refused, and let expire in the queue and on a worker; in time, unless somebody else's process
    took the processor each time."""
    for attempt in range(ATTEMPTS):
        with server_process.running("--workers", 1, *server_process.PLENTY) as started:
            if make_misses(started) or attempt + 1 == ATTEMPTS:
                yield started
                return


def test_they_are_listed_with_the_newest_first(server):
    listed = misses(server)
    assert [miss["endpoint"] for miss in listed] == ["endpoints//test/spin"] * 10 + ["endpoints//test/sleep"]
    arrivals = [int(miss["arrived_unix_ms"]) for miss in listed]
    assert all(newer >= older - 1 for newer, older in zip(arrivals, arrivals[1:]))  # two clocks, rounded
    numbers = [int(miss["request_id"]) for miss in listed]
    assert numbers == sorted(numbers, reverse=True)
    assert [miss["cause"] for miss in listed][-1] == "expired_running"
    assert misses(server, "--limit", 3) == listed[:3]


def test_each_has_a_ledger_that_adds_up(server):
    for miss in misses(server):
        times = [miss[name] for name in LEDGER if name in miss]
        assert 0 <= times[0] and times == sorted(times), miss
        assert miss["sent_ms"] <= miss["budget_ms"] == 200, miss
        assert ("started_ms" in miss) == (miss["cause"] == "expired_running"), miss
        if miss["cause"] != "expired_running":  # one that is asked to stop may do so before its answer is written
            assert "finished_ms" not in miss, "it never ran"
        assert (miss["answer"] == "refused") == (miss["cause"] == "no_time"), miss
        if miss["answer"] == "refused":
            assert "most_wait_ms" not in miss, "nobody may wait for what is not known yet, however short"
            assert miss["answered_ms"] < miss["budget_ms"] / 2, "a refusal is early"
        else:
            assert miss["answered_ms"] > miss["budget_ms"] / 2, miss
        assert miss["predicted_wait_ms"] >= 0 and miss["predicted_service_ms"] >= 0


def test_they_are_filtered_by_endpoint_for_every_client(server):
    (slept,) = misses(server, "--endpoint", "/test/sleep")
    assert (slept["answer"], slept["cause"], slept["criticality"]) == ("timeout", "expired_running", "CRITICALITY_DEFAULT")
    spun = misses(server, "--endpoint", "/test/spin")
    assert {miss["criticality"] for miss in spun} == {"CRITICALITY_CRITICAL"}
    assert misses(server, "--endpoint", "reverse") == []
    called = grpc(server, "ListMisses", {"endpoint": "endpoints//test/spin", "limit": 4})["misses"]
    assert [miss["request_id"] for miss in called] == [miss["request_id"] for miss in spun[:4]]
    assert grpc(server, "ListMisses", {"endpoint": "endpoints/reverse"}) == {}
    table = server.batonctl("misses", "--endpoint", "/test/sleep").stdout.splitlines()
    assert len(table) == 2 and "expired_running" in table[1]


def test_the_list_agrees_with_the_metrics(server):
    scrape = server.metrics_when_idle()
    listed = misses(server, "--limit", 1024)
    for endpoint in ("/test/sleep", "/test/spin"):
        causes = [miss["cause"] for miss in listed if miss["endpoint"] == f"endpoints/{endpoint}"]
        assert {cause: causes.count(cause) for cause in set(causes)} == scrape.causes(endpoint)


def estimate(server, name):
    return json.loads(server.batonctl("get", "endpoint", name, "-o", "json").stdout)["estimate"]


def test_what_was_learned_is_shown_and_forgotten_when_asked():
    with server_process.running("--workers", 2, *server_process.PLENTY) as server:
        unknown = estimate(server, "/test/sleep")
        assert (unknown["samples"], unknown["cold"], unknown["mean_ms"]) == ("0", True, 0)
        server.teach(body={"ms": 5}, times=30)
        learned = estimate(server, "/test/sleep")
        assert (learned["samples"], learned["cold"]) == ("30", False)
        assert 4 < learned["mean_ms"] < 50 and 4 < learned["q50_ms"] < 50
        assert learned["q50_ms"] <= learned["q99_ms"] * 1.1
        assert server.metrics()("baton_service_time_seconds", endpoint="/test/sleep", q="0.5") == pytest.approx(
            learned["q50_ms"] / 1000, rel=0.5)
        shown = server.batonctl("get", "endpoint", "/test/sleep").stdout
        assert "run time" in shown and "predicted wait" in shown and "may queue" in shown
        assert server.batonctl("reset", "estimator", "/test/sleep").stdout
        forgotten = estimate(server, "/test/sleep")
        assert (forgotten["samples"], forgotten["cold"], forgotten["mean_ms"]) == ("0", True, 0)
        assert "estimator_reset" in server.log()
        assert not estimate(server, "tumour")["cold"], "others keep what they know"
        server.teach(body={"ms": 1}, times=20)
        again = grpc(server, "ResetEstimator", {"name": "endpoints//test/sleep"})
        assert not int(again["estimate"].get("samples", 0))
        # It goes on serving, and learns again.
        with server.connect() as first, server.connect() as second:
            for connection in (first, second):
                connection.send(request("POST", "/test/sleep", {"ms": 1}))
            assert [first.read().status, second.read().status] == [200, 200]
        server.metrics_when_idle()
        assert estimate(server, "/test/sleep")["samples"] == "2"
