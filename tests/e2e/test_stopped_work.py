"""Work that nobody waits for: it is stopped where it can be, counted where it cannot, and replaced."""

import contextlib
import json
import shutil
import time

import pytest

import environment
import server_process
from http_raw import request

WORKERS = 2
WASTE = "baton_wasted_run_seconds_total"
LONG_MS = 30_000  # longer than any test waits: seeing the end of it means that it was stopped


def post(path, body, headers=()):
    return request("POST", path, body, headers)


def wait_until_free(server):
    scrape = server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 0, seconds=10)
    assert scrape("baton_pool_workers", state="busy") == 0, "the worker is still held"
    return scrape


@pytest.fixture(scope="module")
def server():
    with server_process.running("--workers", WORKERS, *server_process.PLENTY) as started:
        yield started


@pytest.mark.parametrize("path", ["/test/sleep", "/test/spin"])
def test_a_run_that_can_be_stopped_ends_with_its_deadline(server, path):
    before = server.metrics_when_idle()
    reply = server.ask("POST", path, {"ms": LONG_MS, "cancellable": True}, [("Baton-Budget-Ms", "200")])
    assert (reply.status, reply.header("Baton-Cause")) == (504, "expired_running")
    after = wait_until_free(server)
    after = server.metrics_when(lambda now: now(WASTE, endpoint=path) > before(WASTE, endpoint=path))
    assert 0.1 < after(WASTE, endpoint=path) - before(WASTE, endpoint=path) < 10


@pytest.mark.parametrize("path", ["/test/sleep", "/test/spin"])
def test_a_run_that_can_be_stopped_ends_when_its_client_resets(server, path):
    before = server.metrics_when_idle()
    leaving = server.connect()
    leaving.send(post(path, {"ms": LONG_MS, "cancellable": True}))
    server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 1)
    leaving.reset()
    wait_until_free(server)
    after = server.metrics_when(lambda now: now(WASTE, endpoint=path) > before(WASTE, endpoint=path))
    assert after(WASTE, endpoint=path) - before(WASTE, endpoint=path) < 10
    assert after.answers(path)["none"] == before.answers(path).get("none", 0) + 1
    assert after.causes(path) == before.causes(path)


def test_a_model_that_runs_on_is_stopped_at_its_deadline(tmp_path):
    folder = tmp_path / "models" / "rounds" / "1"
    folder.mkdir(parents=True)
    shutil.copy(environment.ROOT / "tests" / "models" / "data" / "rounds.onnx", folder / "model.onnx")
    tmp_path.chmod(0o755)

    def body(rounds):
        return {"inputs": [
            {"name": "rounds", "shape": [], "datatype": "INT64", "data": [rounds]},
            {"name": "x", "shape": [], "datatype": "FP32", "data": [0.5]}]}

    path = "/v2/models/rounds/infer"
    flags = ("--models", tmp_path / "models", "--workers", 1)
    with server_process.running(*flags, *server_process.PLENTY) as server:
        few = server.ask("POST", path, body(1000))
        assert few.status == 200 and few.json()["outputs"][0]["data"] == [1000.5]
        # For minutes, if it were let.
        reply = server.ask("POST", path, body(2_000_000_000), [("Baton-Budget-Ms", "300")])
        assert (reply.status, reply.header("Baton-Cause")) == (504, "expired_running")
        wait_until_free(server)
        scrape = server.metrics_when(lambda now: now(WASTE, endpoint="rounds") > 0)
        assert 0.1 < scrape(WASTE, endpoint="rounds") < 10
        assert server.ask("POST", path, body(2000)).json()["outputs"][0]["data"] == [2000.5]
        leaving = server.connect()
        leaving.send(post(path, body(2_000_000_000)))
        server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 1)
        leaving.reset()
        wait_until_free(server)


def test_work_of_clients_that_left_before_it_began_never_runs(server):
    server.teach()
    before = server.metrics_when_idle()
    with contextlib.ExitStack() as stack:
        held = server.hold(stack, WORKERS, 800)
        leaving = [server.connect() for _ in range(30)]
        for connection in leaving:
            connection.send(post("/test/sleep", {"ms": 300}, [("Baton-Budget-Ms", "9000")]))
        waiting = server.metrics_when(lambda now: now("baton_queue_depth") == len(leaving))
        assert waiting("baton_queue_depth") == len(leaving)
        for connection in leaving:
            connection.reset()
        gone = server.metrics_when(lambda now: now("baton_queue_depth") == 0)
        assert gone("baton_pool_workers", state="busy") == WORKERS, "they have to leave the queue before their turn comes"
        assert [connection.read().status for connection in held] == [200] * WORKERS
    after = server.metrics_when_idle()
    assert after("baton_pool_tasks_total") == before("baton_pool_tasks_total") + WORKERS
    assert after.answers("/test/sleep")["none"] == before.answers("/test/sleep").get("none", 0) + len(leaving)


def zombies_when(server, count):
    scrape = server.metrics_when(lambda now: now("baton_pool_zombies") == count, seconds=15)
    assert scrape("baton_pool_zombies") == count
    return scrape


def ready_when(server, status):
    """Readiness follows within moments; what it says after at most some seconds."""
    deadline = time.monotonic() + environment.patience(5)
    while (reply := server.ask("GET", "/v2/health/ready")).status != status and time.monotonic() < deadline:
        time.sleep(0.02)
    assert reply.status == status
    return reply.json()["ready"]


def test_when_every_worker_is_a_zombie_one_is_replaced_and_others_are_asked():
    with server_process.running("--workers", WORKERS) as server:
        began = time.monotonic()
        with contextlib.ExitStack() as stack:
            stuck = [stack.enter_context(server.connect()) for _ in range(WORKERS)]
            for connection in stuck:
                connection.send(post("/test/sleep", {"ms": 5000}, [("Baton-Budget-Ms", "50")]))
            assert [connection.read().status for connection in stuck] == [504] * WORKERS
            assert server.metrics()("baton_pool_zombies") == 0, "it may still come to its end"
            assert ready_when(server, 200)
            zombies_when(server, WORKERS)
            assert not ready_when(server, 503)
            assert server.batonctl("status", expect=7).stdout
            pool = json.loads(server.batonctl("get", "pool", "-o", "json").stdout)
            assert (pool["size"], pool["zombies"]) == (WORKERS, WORKERS)
            scrape = server.metrics_when(lambda now: now("baton_pool_workers") == WORKERS + 1)
            assert scrape("baton_pool_workers") == WORKERS + 1, "one replacement, and no more"
            for number in range(20):
                reply = server.ask("POST", "/reverse", {"data": f"{number:02}"}, [("Baton-Budget-Ms", "1000")])
                assert (reply.status, reply.json()) == (200, {"data": f"{number:02}"[::-1]})
            assert "all_workers_stuck" in server.log()
            assert server.metrics()("baton_pool_zombies") == WORKERS, "the workers woke up too early for this test"
        zombies_when(server, 0)
        assert time.monotonic() - began > 4.9
        assert ready_when(server, 200)
        back = server.metrics_when(lambda now: now("baton_pool_workers") == WORKERS)
        assert back("baton_pool_workers") == WORKERS
        assert "workers_free_again" in server.log()
        waste = server.metrics_when(lambda now: now(WASTE, endpoint="/test/sleep") > 9.9)
        assert waste(WASTE, endpoint="/test/sleep") > 9.9
