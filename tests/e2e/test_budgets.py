"""Budgets: what a request is granted, and what becomes of it when that has run out."""

import re
import time

import pytest

import server_process
from environment import meanwhile
from http_raw import request

LONG = [("Baton-Budget-Ms", "9000")]

ONE_WORKER = ("--workers", "1", "--default-budget", "2s", "--max-budget", "10s")


@pytest.fixture(scope="module")
def server():
    with server_process.running(*ONE_WORKER) as started:
        started.teach()
        yield started


def post(path, body, headers=()):
    return request("POST", path, body, headers)


def budget_of(reply):
    return float(reply.header("Baton-Budget-Ms"))


def stages_of(reply):
    """Stage to milliseconds."""
    return {name: float(took) for name, took in re.findall(r"(\w+);dur=([\d.]+)", reply.header("Server-Timing"))}


def infer_body(rows=1, parameters=None, parameters_first=False):
    inputs = [{"name": "input", "shape": [rows, 30], "datatype": "FP32", "data": [0.25] * (rows * 30)}]
    if parameters_first:
        return {"parameters": parameters, "inputs": inputs}
    return {"inputs": inputs} if parameters is None else {"inputs": inputs, "parameters": parameters}


@pytest.mark.parametrize("headers, expected", [
    ([], 2000),
    ([("Baton-Budget-Ms", "1500")], 1500),
    ([("Baton-Budget-Ms", "2500.25")], 2500.25),
    ([("grpc-timeout", "3S")], 3000),
    ([("grpc-timeout", "1500000u")], 1500),
    ([("grpc-timeout", "1H")], 10000),
    ([("x-envoy-expected-rq-timeout-ms", "1700")], 1700),
    ([("Baton-Budget-Ms", "3000"), ("grpc-timeout", "2500m"), ("x-envoy-expected-rq-timeout-ms", "2700")], 2500),
    ([("Baton-Budget-Ms", "1100"), ("grpc-timeout", "5S")], 1100),
    ([("Baton-Budget-Ms", "20000")], 10000),
])
def test_the_smallest_of_what_was_asked_for_is_granted(server, headers, expected):
    reply = server.ask("POST", "/reverse", {"data": "x"}, headers)
    assert reply.status == 200
    assert budget_of(reply) == expected


@pytest.mark.parametrize("rows, first", [(1, True), (1, False), (200, True), (200, False)],
                         ids=["at the start", "at the end", "before a long tensor", "beyond 4 KiB"])
def test_a_timeout_in_the_body_is_a_budget_wherever_it_stands(server, rows, first):
    body = infer_body(rows, {"timeout": 1_200_000, "priority": 1}, first)
    reply = server.ask("POST", "/v2/models/tumour/infer", body)
    assert reply.status == 200
    assert budget_of(reply) == 1200
    larger = server.ask("POST", "/v2/models/tumour/infer", body, [("Baton-Budget-Ms", "1000")])
    assert budget_of(larger) == 1000
    none = infer_body(rows, {"timeout": 0}, first)
    assert budget_of(server.ask("POST", "/v2/models/tumour/infer", none)) == 2000


@pytest.mark.parametrize("rows", [1, 2000], ids=["scanned", "beyond the scan"])
def test_a_timeout_in_the_body_that_cannot_be_met_is_answered_504(server, rows):
    reply = server.ask("POST", "/v2/models/tumour/infer", infer_body(rows, {"timeout": 1}))
    assert reply.status == 504
    assert reply.header("Baton-Answer") == "timeout"
    assert budget_of(reply) == 0.001


def test_what_runs_beyond_its_budget_is_answered_504_and_its_work_is_wasted(server):
    before = server.metrics()
    reply = server.ask("POST", "/test/sleep", {"ms": 200}, [("Baton-Budget-Ms", "50")])
    assert reply.status == 504
    assert (reply.header("Baton-Answer"), reply.header("Baton-Cause")) == ("timeout", "expired_running")
    assert budget_of(reply) == 50
    assert "ran" in reply.error
    stages = stages_of(reply)
    assert list(stages) == ["read", "queue", "batch", "run", "write"]
    assert 0 < stages["run"] <= sum(stages.values()) <= 200
    waste = "baton_wasted_run_seconds_total"
    wasted = before(waste, endpoint="/test/sleep")
    after = server.metrics_when(lambda scrape: scrape(waste, endpoint="/test/sleep") > wasted)
    assert after(waste, endpoint="/test/sleep") - wasted >= 0.199
    assert after.causes("/test/sleep")["expired_running"] == before.causes("/test/sleep").get("expired_running", 0) + 1


def test_what_waits_beyond_its_budget_is_answered_504_and_never_starts(server):
    before = server.metrics_when_idle()
    with server.connect() as sleeper:
        sleeper.send(post("/test/sleep", {"ms": meanwhile(1500)}, LONG))
        server.metrics_when(lambda scrape: scrape("baton_pool_workers", state="busy") == 1)
        # Runs of a millisecond are all that is known: there is time, as far as can be foreseen.
        reply = server.ask("POST", "/reverse", {"data": "x"}, [("Baton-Budget-Ms", "400")])
        assert reply.status == 504
        assert (reply.header("Baton-Answer"), reply.header("Baton-Cause")) == ("timeout", "expired_in_queue")
        assert budget_of(reply) == 400
        assert "waited" in reply.error
        stages = stages_of(reply)
        assert stages["queue"] > 0 and stages["run"] == 0
        assert sleeper.read("POST").status == 200
    after = server.metrics_when_idle()
    assert after.causes("reverse")["expired_in_queue"] == before.causes("reverse").get("expired_in_queue", 0) + 1
    assert after("baton_pool_tasks_total") == before("baton_pool_tasks_total") + 1


def test_the_earliest_deadline_runs_first(server):
    with server.connect() as sleeper, server.connect() as late, server.connect() as early:
        sleeper.send(post("/test/sleep", {"ms": meanwhile(300)}, LONG))
        server.metrics_when(lambda scrape: scrape("baton_pool_workers", state="busy") == 1)
        late.send(post("/test/sleep", {"ms": meanwhile(300)}, [("Baton-Budget-Ms", "9000")]))
        server.metrics_when(lambda scrape: scrape("baton_queue_depth") == 1)
        early.send(post("/test/sleep", {"ms": 1}, [("Baton-Budget-Ms", "8000"), ("Baton-Explain", "1")]))
        answer = early.read("POST")
        assert answer.status == 200
        # Behind the other one it would have waited for both.
        late_answer = late.read("POST")
        assert late_answer.status == 200
        assert stages_of(answer)["queue"] < 2 * meanwhile(300) - 10
        assert sleeper.read("POST").status == 200


def test_a_body_that_arrives_after_the_budget_is_the_clients_fault(server):
    before = server.metrics_when_idle()
    whole = post("/reverse", {"data": "slow"}, [("Baton-Budget-Ms", "50")])
    with server.connect() as connection:
        connection.send(whole[:-5])
        time.sleep(0.2)
        connection.send(whole[-5:])
        reply = connection.read("POST")
        assert reply.status == 408
        assert (reply.header("Baton-Answer"), reply.header("Baton-Cause")) == ("invalid", None)
        assert "50ms" in reply.error
    after = server.metrics_when_idle()
    assert after.answers("reverse")["invalid"] == before.answers("reverse").get("invalid", 0) + 1
    assert after.causes("reverse") == before.causes("reverse")


def test_predictions_explain_where_their_time_went_when_asked(server):
    plain = server.ask("POST", "/test/sleep", {"ms": 20}, [("Baton-Explain", "0")])
    assert plain.header("Server-Timing") is None
    explained = server.ask("POST", "/test/sleep", {"ms": 20}, [("Baton-Explain", "1")])
    stages = stages_of(explained)
    assert list(stages) == ["read", "queue", "batch", "run", "write"]
    assert stages["run"] >= 20


def test_a_client_that_vanishes_is_answered_none_and_its_waiting_work_never_starts(server):
    before = server.metrics_when_idle()
    with server.connect() as sleeper:
        sleeper.send(post("/test/sleep", {"ms": meanwhile(500)}, LONG))
        server.metrics_when(lambda scrape: scrape("baton_pool_workers", state="busy") == 1)
        vanishing = server.connect()
        vanishing.send(post("/test/sleep", {"ms": 500}, [("Baton-Budget-Ms", "9000")]))
        server.metrics_when(lambda scrape: scrape("baton_queue_depth") == 1)
        vanishing.reset()
        gone = server.metrics_when(lambda scrape: scrape("baton_queue_depth") == 0)
        assert gone("baton_queue_depth") == 0
        assert gone("baton_pool_workers", state="busy") == 1, "it has to leave the queue before its turn comes"
        assert sleeper.read("POST").status == 200
    after = server.metrics_when_idle()
    assert after.answers("/test/sleep")["none"] == before.answers("/test/sleep").get("none", 0) + 1
    assert after("baton_pool_tasks_total") == before("baton_pool_tasks_total") + 1
    assert after.causes("/test/sleep") == before.causes("/test/sleep"), "a client that left is no miss"


def test_work_of_a_client_that_vanishes_while_it_runs_is_counted_as_wasted(server):
    waste = "baton_wasted_run_seconds_total"
    before = server.metrics_when_idle()
    vanishing = server.connect()
    vanishing.send(post("/test/spin", {"ms": meanwhile(200)}))
    server.metrics_when(lambda scrape: scrape("baton_pool_workers", state="busy") == 1)
    vanishing.reset()
    after = server.metrics_when(lambda scrape: scrape(waste, endpoint="/test/spin") > before(waste, endpoint="/test/spin"))
    assert after(waste, endpoint="/test/spin") - before(waste, endpoint="/test/spin") >= 0.199
    assert after.answers("/test/spin") == {"none": 1}


def test_a_client_that_vanishes_with_half_a_request_was_no_request(server):
    before = server.metrics_when_idle()
    vanishing = server.connect()
    vanishing.send(post("/reverse", {"data": "x"})[:-3])
    server.metrics_when(lambda scrape: scrape("baton_connections", state="reading") == 1)
    vanishing.reset()
    after = server.metrics_when(lambda scrape: scrape("baton_connections", listener="http") == 0)
    assert after("baton_connections", listener="http") == 0
    assert after("baton_requests_received_total") == before("baton_requests_received_total")


def test_a_busy_pool_leaves_health_and_the_client_errors_to_the_conductor(server):
    with server.connect() as sleeper:
        sleeper.send(post("/test/sleep", {"ms": meanwhile(500)}, LONG))
        server.metrics_when(lambda scrape: scrape("baton_pool_workers", state="busy") == 1)
        for path in ("/hello", "/v2/health/live", "/v2/health/ready", "/v2/models/tumour"):
            assert server.ask("GET", path).status == 200
        assert server.ask("POST", "/nothing", {}).status == 404
        assert server.metrics()("baton_pool_workers", state="busy") == 1, "all of these came before the worker was free"
        assert sleeper.read("POST").status == 200
