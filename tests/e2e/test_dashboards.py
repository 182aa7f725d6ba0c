"""A real Prometheus watches servers that have every kind of trouble: every panel of the boards, and every rule, has
something to say of it."""

import contextlib
import json
import os
import pathlib
import sys
import time
import urllib.parse
import urllib.request

import pytest
import yaml

import certificates
import server_process
import trouble
from environment import ROOT, SLOW_FACTOR, patience, tool
from stopped_thread import stopped

sys.path.insert(0, str(ROOT / "tests" / "metrics"))
import dashboard_queries  # noqa: E402
import promql  # noqa: E402

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
BOARDS = sorted((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json"))
BEFORE_S = 30  # so long before anything was watched: nothing was there yet
NOBODY = "127.0.0.1:1"
SCRAPE_INTERVAL = "500ms" if SLOW_FACTOR == 1 else "2s"  # a scrape may take as long
# Of a process that goes on; the soak of the metrics restarts its server.
NOT_SHOWN = {"Restarts"}


class Watched:
    """What Prometheus has seen, from `began` on."""

    def __init__(self, url, began):
        self.url, self.began = url, began

    def api(self, path, **parameters):
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=patience(30)) as answer:
            return json.load(answer)["data"]

    def over_time(self, expr, begin=None, step=0.5):
        """The series of an expression, without those that have numbers at no time: [(labels, [(time, value)])]."""
        data = self.api("query_range", query=expr, start=begin or self.began, end=time.time(), step=step)
        found = [(one["metric"], [(float(at), float(value)) for at, value in one["values"]]) for one in data["result"]]
        return [(labels, values) for labels, values in found if any(value == value for _, value in values)]

    def now(self, expr):
        found = self.api("query", query=expr)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found if one["value"][1] != "NaN"]

    def until(self, expr, seconds=60):
        """Waits for it to have a value above 0 at some time."""
        end = time.monotonic() + patience(seconds)
        while not any(value > 0 for _, values in self.over_time(expr) for _, value in values):
            assert time.monotonic() < end, f"Prometheus never saw {expr}"
            time.sleep(0.2)


@contextlib.contextmanager
def stalled():
    """A server whose conductor accepts nobody, where anybody may stop a thread, and whose certificate is valid for two
    days; and whether its conductor is stopped."""
    with certificates.folder() as folder, contextlib.ExitStack() as stack:
        identity = certificates.Authority(folder).issue("localhost", days=2)
        server = stack.enter_context(server_process.running(*certificates.flags("http", identity), laws=False))
        try:
            stack.enter_context(stopped(server))
        except pytest.skip.Exception:
            yield server, False
            return
        stack.enter_context(server.connect())
        server.metrics_when(lambda now: now("baton_listen_backlog_depth", listener="http") == 1)
        yield server, True


def watch(servers):
    """A Prometheus for servers by their instance's name."""
    targets = [{"targets": [address], "labels": {"instance": name}} for name, address in servers.items()]
    return dashboard_queries.prometheus(tool("prometheus"), {"static_configs": targets}, RULES, SCRAPE_INTERVAL)


@pytest.fixture(scope="module")
def watched(bundled):
    with contextlib.ExitStack() as stack:
        reloaded = stack.enter_context(trouble.answering())
        overrun = stack.enter_context(trouble.rude())
        waiting, has_stalled = stack.enter_context(stalled())
        servers = {"answering": reloaded.server.pages, "overrun": overrun.pages, "gone": NOBODY,
                   "stalled": waiting.pages}
        began = time.time()
        url = stack.enter_context(watch(servers))
        seen = Watched(url, began)
        seen.has_stalled = has_stalled
        seen.has_seccomp = reloaded.server.metrics()("baton_process_protection", kind="seccomp") == 1
        seen.until('baton_build_info{instance="answering"}')
        with trouble.overloaded(overrun, seconds=4):
            trouble.predictions(reloaded.server, bundled("tumour")[0])
            trouble.misses_one_by_one(reloaded.server)
            # What grows before the second scrape has not grown for Prometheus.
            seen.until('count_over_time(baton_late_answers_total{instance="overrun"}[1m]) > 1')
        until, answers = time.monotonic() + patience(60), []
        while not trouble.has_been_overrun(overrun.metrics()):
            assert time.monotonic() < until, f"nobody was late, or everybody could connect: {answers[-3:]}"
            answers.append(trouble.overrun(overrun))
        trouble.misses_of_a_crowd(
            reloaded.server, lambda: seen.until("baton_pending_responses / baton_pending_responses_limit > 0.8"))
        trouble.operators(reloaded)
        trouble.shut_down(overrun, lambda: seen.until('baton_deadline_misses_total{cause="draining"}'))
        seen.until("baton:misses:rate30d > 0")
        seen.until("baton_denied_calls_total > 0" if seen.has_seccomp else "baton_drained")
        if folder := os.environ.get("BATON_DRAW_BOARDS"):
            import draw_boards  # only for those who want the pictures

            seen.ended = time.time()
            draw_boards.draw(seen, BOARDS, pathlib.Path(folder))
        yield seen


def filled_in(expr):
    return promql.fill_in(expr, {"$__range": "2m"})


def test_there_was_every_kind_of_miss(watched):
    for cause in trouble.CAUSES:
        found = watched.over_time(f'sum by (cause) (increase(baton_deadline_misses_total{{cause="{cause}"}}[5m])) > 0')
        assert found, f"no miss was seen as {cause}"
    for answer in ("prediction", "fallback", "refused", "timeout", "error", "invalid", "none"):
        assert watched.over_time(f'baton_requests_total{{answer="{answer}"}} > 0'), answer


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_every_panel_has_something_to_show(watched, path):
    board = json.loads(path.read_text())
    empty = []
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            ask = watched.now if target["instant"] else watched.over_time
            if not ask(filled_in(target["expr"])):
                empty.append((panel["title"], target["expr"]))
    assert empty == []


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_every_annotation_has_something_to_mark(watched, path):
    board = json.loads(path.read_text())
    marked = {one["name"] for one in board["annotations"]["list"] if watched.over_time(filled_in(one["expr"]))}
    assert marked >= {one["name"] for one in board["annotations"]["list"]} - NOT_SHOWN


def test_every_rule_is_in_order_and_has_something_to_say(watched):
    unhealthy = [rule["name"] for group in watched.api("rules")["groups"] for rule in group["rules"]
                 if rule["health"] != "ok" or rule.get("lastError")]
    assert unhealthy == []
    silent = []
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            expr = rule.get("record") or rule["expr"]
            if not watched.over_time(expr, begin=watched.began - BEFORE_S):
                silent.append(rule.get("record") or rule["alert"])
    allowed = set() if watched.has_stalled else {"BatonConductorStalled"}
    allowed |= set() if watched.has_seccomp else {"BatonDeniedCalls"}
    assert set(silent) - allowed == set()
