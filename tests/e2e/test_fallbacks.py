"""Fallbacks: what an endpoint declares to be better than a miss, and only then."""

import contextlib
import json
import time

import pytest

import server_process

WORKERS = 2
TUMOUR = "/v2/models/tumour/infer"
SHORT = ("Baton-Budget-Ms", "300")
CONSTANT = '{"label": "unknown", "confidence": 0.5}'


def serving(*settings, endpoint="tumour"):
    """A server whose `endpoint` has these settings."""
    words = [word for setting in settings for word in ("--endpoint", f"{endpoint}:{setting}")]
    return server_process.running("--workers", WORKERS, *server_process.PLENTY, *words)


@contextlib.contextmanager
def stuck(server):
    """Every worker is held for longer than anything here takes, and is free again afterwards."""
    with contextlib.ExitStack() as stack:
        held = server.hold(stack, WORKERS, 9000, cancellable=True)
        yield
        busy = server.metrics()("baton_pool_workers", state="busy")
        for connection in held:
            connection.reset()
    server.metrics_when_idle()
    assert busy == WORKERS, "the workers were to be held meanwhile"


def infer_body(row, **more):
    return {**more, "inputs": [{"name": "input", "shape": [1, 30], "datatype": "FP32", "data": row["features"]}]}


def check_is_fallback(reply, causes=("no_time", "expired_in_queue")):
    assert reply.status == 200
    assert reply.header("Baton-Answer") == "fallback"
    assert reply.header("Baton-Cause") in causes
    assert float(reply.header("Baton-Budget-Ms")) == float(SHORT[1])
    assert "run;dur=" in reply.header("Server-Timing")


def check_is_miss(reply):
    assert reply.status in (503, 504)
    assert reply.header("Baton-Answer") in ("refused", "timeout")


def check_books(server, endpoint, fallbacks, misses=0):
    """Fallbacks are counted as such and by their cause, besides `misses` that had none."""
    scrape = server.metrics_when_idle()
    answers = scrape.answers(endpoint)
    assert answers["fallback"] == fallbacks
    assert answers.get("refused", 0) + answers.get("timeout", 0) == misses
    assert sum(scrape.causes(endpoint).values()) == fallbacks + misses


def test_without_a_declared_fallback_a_miss_is_a_miss(bundled):
    with serving() as server:
        assert server.ask("POST", TUMOUR, infer_body(bundled("tumour")[0])).status == 200
        with stuck(server):
            check_is_miss(server.ask("POST", TUMOUR, infer_body(bundled("tumour")[0]), [SHORT, ("Baton-Key", "a")]))
        assert "fallback" not in server.metrics_when_idle().answers("tumour")


def test_a_constant_answers_in_the_form_of_the_request(bundled):
    row = bundled("tumour")[0]
    with serving("fallback=constant", f"fallback_constant={CONSTANT}") as server:
        good = server.ask("POST", TUMOUR, infer_body(row, id="first"), [("Baton-Budget-Ms", "5000")])
        assert (good.header("Baton-Answer"), good.header("Age")) == ("prediction", None)
        with stuck(server):
            degraded = server.ask("POST", TUMOUR, infer_body(row, id="second \"one\""), [SHORT])
            anonymous = server.ask("POST", TUMOUR, infer_body(row), [SHORT])
            plain = server.ask("POST", "/v1/models/tumour:predict", {"instances": [row["features"]]}, [SHORT])
        for reply in (degraded, anonymous, plain):
            check_is_fallback(reply)
            assert reply.header("Age") is None
        assert degraded.json() == {"id": "second \"one\"", "parameters": {"degraded": True}, **json.loads(CONSTANT)}
        assert anonymous.json() == {"parameters": {"degraded": True}, **json.loads(CONSTANT)}
        assert plain.body.decode() == CONSTANT
        check_books(server, "tumour", 3)
        assert server.ask("POST", TUMOUR, {"inputs": []}).status == 400, "no fallback for what is wrong"


def test_a_run_that_takes_too_long_is_answered_by_the_constant():
    with serving("fallback=constant", 'fallback_constant={"ms":-1}', endpoint="/test/sleep") as server:
        reply = server.ask("POST", "/test/sleep", {"ms": 1500, "cancellable": True}, [SHORT])
        check_is_fallback(reply, ["expired_running"])
        assert reply.json() == {"ms": -1}
        spent = server.ask("POST", "/test/sleep", {"ms": 1}, [("Baton-Budget-Ms", "0")])
        assert (spent.status, spent.header("Baton-Cause"), spent.json()) == (200, "budget_too_small", {"ms": -1})
        check_books(server, "/test/sleep", 2)


def test_the_last_good_answer_is_given_to_the_same_key_while_it_is_fresh(bundled):
    first, second = bundled("tumour")[:2]
    settings = ["fallback=last_good", "fallback_key_header=X-Customer", "fallback_max_age=4s"]
    with serving(*settings) as server:
        good = server.ask("POST", TUMOUR, infer_body(first, id="good"), [("X-Customer", "ann")])
        other = server.ask("POST", TUMOUR, infer_body(second, id="other"), [("X-Customer", "bob")])
        kept_at = time.monotonic()
        assert (good.status, other.status) == (200, 200)
        assert server.ask("POST", TUMOUR, infer_body(second)).status == 200, "without a key it is kept for nobody"
        assert server.metrics_when_idle()("baton_last_good_bytes", endpoint="tumour") > 0
        with stuck(server):
            time.sleep(1.1)
            again = server.ask("POST", TUMOUR, infer_body(second, id="now"), [SHORT, ("x-customer", "ann")])
            unnamed = server.ask("POST", TUMOUR, infer_body(second), [SHORT, ("X-Customer", "bob")])
            misses = [
                server.ask("POST", TUMOUR, infer_body(first), [SHORT]),
                server.ask("POST", TUMOUR, infer_body(first), [SHORT, ("X-Customer", "eve")]),
                server.ask("POST", TUMOUR, infer_body(first), [SHORT, ("Baton-Key", "ann")]),
            ]
            time.sleep(max(0, 4.2 - (time.monotonic() - kept_at)))
            misses.append(server.ask("POST", TUMOUR, infer_body(first), [SHORT, ("X-Customer", "ann")]))
        check_is_fallback(again)
        assert 1 <= int(again.header("Age")) <= 4
        assert again.json() == {**good.json(), "id": "now", "parameters": {"degraded": True}}
        assert unnamed.json() == {**{k: v for k, v in other.json().items() if k != "id"}, "parameters": {"degraded": True}}
        for reply in misses:
            check_is_miss(reply)
            assert reply.header("Age") is None
        check_books(server, "tumour", 2, misses=len(misses))
        # A fallback does not become the last good answer.
        assert server.ask("POST", TUMOUR, infer_body(second), [("X-Customer", "ann")]).header("Baton-Answer") == "prediction"


def test_a_cheaper_model_answers_from_a_thread_of_its_own_while_the_pool_is_stuck(bundled):
    row = bundled("tumour")[0]
    with serving("fallback=model", "fallback_model=tumour_logistic") as server:
        cheaper = server.ask("POST", "/v2/models/tumour_logistic/infer", infer_body(row)).json()
        plainly = server.ask("POST", "/v1/models/tumour_logistic:predict", {"instances": [row["features"]]}).json()
        with stuck(server):
            replies = [
                server.ask("POST", TUMOUR, infer_body(row, id=f"r{n}", parameters={"timeout": int(SHORT[1]) * 1000}), [SHORT])
                for n in range(5)
            ]
            plain = server.ask("POST", "/v1/models/tumour:predict", {"instances": [row["features"]]}, [SHORT])
        for number, reply in enumerate(replies):
            check_is_fallback(reply)
            body = reply.json()
            assert (body["id"], body["parameters"]) == (f"r{number}", {"degraded": True})
            assert body["outputs"] == cheaper["outputs"]
        check_is_fallback(plain)
        assert plain.json() == plainly
        check_books(server, "tumour", 6)
        # The work was the cheaper model's, the requests are not.
        scrape = server.metrics_when_idle()
        assert scrape.answers("tumour_logistic") == {"prediction": 2}
        assert scrape("baton_inferences_total", endpoint="tumour_logistic") == 8


def test_where_no_time_is_left_for_the_cheaper_model_either_the_miss_is_a_miss(bundled):
    with serving("fallback=model", "fallback_model=tumour_logistic") as server:
        with stuck(server):
            reply = server.ask("POST", TUMOUR, infer_body(bundled("tumour")[0]), [("Baton-Budget-Ms", "0")])
        check_is_miss(reply)


@pytest.mark.parametrize("change, answer", [
    (["fallback=constant", 'fallback_constant={"n":1}'], {"n": 1}),
    (["fallback=none"], None),
])
def test_an_operator_changes_it_while_it_runs(change, answer):
    with serving("fallback=constant", 'fallback_constant={"n":0}', endpoint="/test/sleep") as server:
        spent = [("Baton-Budget-Ms", "0")]
        assert server.ask("POST", "/test/sleep", {"ms": 1}, spent).json() == {"n": 0}
        server.batonctl("set", "endpoint", "/test/sleep", *change)
        reply = server.ask("POST", "/test/sleep", {"ms": 1}, spent)
        assert (reply.status, reply.json() if answer else None) == (200 if answer else 504, answer)
