"""More than can be served: what can be is, the rest is refused early and told why."""

import json

import pytest

import environment
import load
import server_process
from load import BUDGET_MS, RUN_MS, good_share, offer, offering

WORKERS = 2
CAPACITY = load.capacity(WORKERS)
# Somebody else's process may take the processor at the moment at which an answer is due.
ATTEMPTS = 4


@pytest.fixture(scope="module")
def server():
    """One that knows how long the requests of these loads take."""
    with server_process.running("--workers", WORKERS) as started:
        started.teach(body={"ms": RUN_MS})
        yield started


def test_under_three_times_its_capacity_it_serves_on_and_refuses_the_rest_at_once(server):
    late = []
    while not late or (late[-1] > 0 and len(late) < ATTEMPTS):
        before = server.metrics_when_idle()
        report = offer(server, 3 * CAPACITY, 1.5, warmup_ms=500)
        after = server.metrics_when_idle()
        late.append(after("baton_late_answers_total") - before("baton_late_answers_total"))
    assert late[-1] == 0, f"late answers in each attempt: {late}"
    assert report["goodput_per_second"] > CAPACITY / 2, report
    assert report["answers"]["refused"] > report["requests"] / 3, report
    assert set(report["causes"]) <= {"no_time", "expired_in_queue", "expired_running"}, report
    assert report["causes"]["no_time"] > 0.9 * sum(report["causes"].values()), report
    assert report["unanswered"] == 0 and not any(report["transport_errors"].values()), report
    # The median of "no" comes long before the budget is over.
    assert report["refusal_latency_ms"]["p50"] < BUDGET_MS / 2, report
    wasted = "baton_wasted_run_seconds_total"
    busy = "baton_pool_busy_seconds_total"
    assert after(wasted) - before(wasted) < (after(busy) - before(busy)) / 4, "most of what runs has to be of use"


def answers_under_load(server, headers=()):
    """One refusal and one prediction, as a client beside a load sees them."""
    found = {}
    seconds = 1 + 10 * BUDGET_MS / 1000  # for ten that take all that they may, and then a refusal
    with offering(server, 3 * CAPACITY, seconds) as loading, server.connect() as connection:
        while len(found) < 2 and not loading.done():
            reply = connection.ask("POST", "/test/sleep", {"ms": RUN_MS}, [("Baton-Budget-Ms", f"{BUDGET_MS:g}"), *headers])
            found[reply.header("Baton-Answer")] = reply
            assert set(found) <= {"prediction", "refused", "timeout"}
            found.pop("timeout", None)  # admitted, and somebody else's process had the processor
    assert len(found) == 2, "one of them never came"
    return found["refused"], found["prediction"]


def test_a_refusal_explains_itself(server):
    refused, predicted = answers_under_load(server, [("Baton-Explain", "1")])
    assert (refused.status, refused.reason) == (503, "Service Unavailable")
    assert refused.header("Baton-Cause") == "no_time"
    assert int(refused.header("Retry-After")) >= 1
    assert float(refused.header("Baton-Budget-Ms")) == BUDGET_MS
    assert refused.header("Content-Type") == "application/json"
    assert refused.json() == {"error": refused.error} and "deadline" in refused.error
    if server.metrics()("baton_conductor_overload_changes_total", level="terse") == 0:
        assert "run;dur=0.000" in refused.header("Server-Timing")
    assert predicted.status == 200 and "run;dur=" in predicted.header("Server-Timing")
    assert predicted.header("Baton-Cause") is None and predicted.header("Retry-After") is None


def test_a_prediction_under_load_explains_itself_only_when_asked(server):
    _, predicted = answers_under_load(server)
    assert predicted.header("Server-Timing") is None


def test_the_sheddable_give_way_to_the_critical(server):
    critical = ["Baton-Criticality: critical"]
    with offering(server, 1.5 * CAPACITY, 2, headers=["Baton-Criticality: Sheddable"], warmup_ms=500) as loading:
        served = offer(server, 0.5 * CAPACITY, 2, headers=critical, warmup_ms=500)
        shed = loading.result()
    assert good_share(served) > 0.8, (served, shed)
    assert good_share(served) > 1.3 * good_share(shed), (served, shed)
    assert shed["causes"]["no_time"] > 0


def criticality_of_next_miss(server, path, body, headers=()):
    """What the server takes a request to be, as its list of misses has it."""
    reply = server.ask("POST", path, body, [("Baton-Budget-Ms", "0"), *headers])
    assert reply.status == 504
    server.metrics_when_idle()
    (miss,) = json.loads(server.batonctl("misses", "--limit", 1, "-o", "json").stdout)["misses"]
    return miss["criticality"].removeprefix("CRITICALITY_").lower()


def infer_body(**parameters):
    return {"parameters": parameters, "inputs": [
        {"name": "input", "shape": [1, 30], "datatype": "FP32", "data": [0.25] * 30}]}


@pytest.mark.parametrize("priority, header, expected", [
    (None, None, "default"),
    (0, None, "default"),
    (1, None, "critical"),
    (2, None, "sheddable"),
    (7, None, "sheddable"),
    (1, "sheddable", "sheddable"),
    (2, "Critical", "critical"),
    (2, "DEFAULT", "default"),
])
def test_header_and_priority_say_who_gives_way(server, priority, header, expected):
    body = infer_body() if priority is None else infer_body(priority=priority)
    headers = [("Baton-Criticality", header)] if header else []
    assert criticality_of_next_miss(server, "/v2/models/tumour/infer", body, headers) == expected


@pytest.mark.parametrize("value", ["urgent", "", "1", "critical, default"])
def test_a_criticality_that_is_none_is_refused_and_named(server, value):
    reply = server.ask("POST", "/reverse", {"data": "x"}, [("Baton-Criticality", value)])
    assert (reply.status, reply.header("Baton-Answer")) == (400, "invalid")
    assert reply.json()["field"] == "Baton-Criticality"
    for word in ("critical, default or sheddable", value):
        assert word in reply.error


def test_an_endpoint_has_a_criticality_of_its_own():
    flags = ["--endpoint", "/test/sleep:criticality=critical", "--endpoint", "/test/spin:criticality=sheddable"]
    with server_process.running("--workers", WORKERS, *flags) as server:
        assert criticality_of_next_miss(server, "/test/sleep", {"ms": 1}) == "critical"
        assert criticality_of_next_miss(server, "/test/spin", {"ms": 1}) == "sheddable"
        assert criticality_of_next_miss(server, "/test/spin", {"ms": 1}, [("Baton-Criticality", "default")]) == "default"
        server.teach("/test/sleep", {"ms": RUN_MS})
        server.teach("/test/spin", {"ms": 1})
        with offering(server, 1.2 * CAPACITY, 2, path="/test/sleep", warmup_ms=500) as critical:
            sheddable = offer(server, 0.5 * CAPACITY, 2, path="/test/spin", run_ms=1, warmup_ms=500)
        assert good_share(critical.result()) > good_share(sheddable), (critical.result(), sheddable)


def test_a_budget_that_no_run_has_ever_met_is_refused_without_trying():
    with server_process.running("--workers", WORKERS) as server:
        server.teach(body={"ms": 20})
        before = server.metrics_when_idle()
        with server.connect() as connection:
            replies = [connection.ask("POST", "/test/sleep", {"ms": 20}, [("Baton-Budget-Ms", "10")]) for _ in range(50)]
        assert {reply.status for reply in replies} == {504}
        assert {reply.header("Baton-Answer") for reply in replies} == {"timeout"}
        causes = [reply.header("Baton-Cause") for reply in replies]
        # One a second is let in all the same: the model may have become faster.
        probes = server.metrics_when_idle()("baton_inferences_total") - before("baton_inferences_total")
        assert probes <= 10
        assert causes.count("budget_too_small") == 50 - probes, causes
        assert server.ask("POST", "/test/sleep", {"ms": 20}, [("Baton-Budget-Ms", "8000")]).status == 200


def test_it_holds_its_ground_where_simpler_policies_collapse():
    goodput = {}
    for policy in ("fifo", "edf", "baton"):
        with server_process.running("--workers", WORKERS, "--policy", policy) as server:
            server.teach(body={"ms": RUN_MS})
            assert server.ask("POST", "/reverse", {"data": "ab"}, [("Baton-Budget-Ms", "8000")]).json() == {"data": "ba"}
            assert good_share(offer(server, 0.3 * CAPACITY, 0.5)) > 0.8, policy
            goodput[policy] = offer(server, 2.5 * CAPACITY, 1, warmup_ms=500)["goodput_per_second"]
    assert goodput["baton"] > CAPACITY / 2, goodput
    for policy in ("fifo", "edf"):
        assert goodput[policy] < goodput["baton"] / 2, goodput


def test_nobody_has_heard_of_another_policy():
    done = environment.run(environment.program("baton-server"), *server_process.ANY_PORT, "--policy", "nonsense", expect=2)
    assert done.stdout == ""
    for word in ("--policy", "nonsense", "baton", "edf", "fifo"):
        assert word in done.stderr
