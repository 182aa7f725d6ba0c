"""What an operator does to a running server: watches it, takes it out of service, changes its limits, closes connections."""

import contextlib
import json
import time

import pytest

import environment
import http_raw
import reloads
import server_process
from stopped_thread import stopped
from streams import started

SERVICE = "baton.admin.v1.AdminService"


@pytest.fixture
def server():
    with server_process.running("--workers", 2, *server_process.PLENTY) as started:
        yield started


def call(server, method, data=None, expect=0):
    done = environment.run(environment.tool("grpcurl"), "-plaintext", "-d", json.dumps(data or {}), server.admin,
                           f"{SERVICE}/{method}", expect=expect)
    return json.loads(done.stdout) if expect == 0 else done.stderr


# Watching.


def test_the_server_tells_what_it_does_second_by_second(server):
    watch = (environment.tool("grpcurl"), "-plaintext", "-emit-defaults", server.admin, f"{SERVICE}/WatchStatus")
    with started(*watch) as watching:
        first, second = watching.take(2)
        assert int(second["number"]) > int(first["number"]) > 0
        assert 0.5 < second["covers_seconds"]
        assert first["status"]["ready"] is True
        assert [backlog["listener"] for backlog in first["backlogs"]] == ["http", "grpc", "admin", "pages"]
        assert [one["overload_level"] for one in first["conductors"]] == ["calm"]
        assert "endpoints/reverse" in [one["name"] for one in first["endpoints"]]
        server.ask("POST", "/reverse", {"data": "x"})
        server.ask("POST", "/reverse", {"data": "x"}, [("Baton-Budget-Ms", "0")])
        last = watching.first(lambda update: update["received_total"] == "2" and update["in_flight"] == "0")
    causes = {cause["name"]: int(cause["total"]) for cause in last["causes"]}
    assert causes["budget_too_small"] == 1 and len(causes) == 9
    answers = {answer["name"]: int(answer["total"]) for answer in last["answers"]}
    assert (answers["prediction"], answers["timeout"]) == (1, 1)


def test_watch_shows_what_the_server_tells(server):
    with started(environment.program("batonctl"), "watch", "--server", server.admin, "-o", "json") as watching:
        goodput = 0
        end = time.monotonic() + environment.patience(30)
        while goodput <= 0 and time.monotonic() < end:
            assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
            if update := watching.next(0.02):
                goodput = update["goodput_per_second"]
        assert goodput > 0
    assert "causes   no misses" in server.batonctl("top", "--once").stdout


# Out of service.


def grpc_health(server):
    return json.loads(environment.run(environment.tool("grpcurl"), "-plaintext", "-d", "{}", server.grpc,
                                      "grpc.health.v1.Health/Check").stdout)["status"]


def test_a_server_out_of_service_answers_and_sends_its_clients_away_until_it_is_back(server):
    with server.connect() as kept, server.connect() as silent:
        assert kept.ask("POST", "/reverse", {"data": "ab"}).header("Connection") is None
        assert silent.ask("GET", "/v2/health/ready").status == 200
        shown = server.batonctl("drain").stdout
        assert "out of service" in shown
        # One conductor: what it is told comes before the next request.
        reply = kept.ask("POST", "/reverse", {"data": "ab"})
        assert (reply.status, reply.header("Connection")) == (200, "close")
        assert kept.at_end() == b""
        ready = server.ask("GET", "/v2/health/ready")
        assert (ready.status, ready.header("Connection")) == (503, "close")
        assert server.ask("POST", "/reverse", {"data": "ab"}).status == 200  # a new connection
        assert grpc_health(server) == "NOT_SERVING"
        assert server.metrics()("baton_drained") == 1
        assert "out of service" in server.batonctl("status", expect=7).stdout
        again = call(server, "Drain")
        assert again["drained"] is True
        assert call(server, "Drain")["generation"] == again["generation"]
        assert "in service" in server.batonctl("resume").stdout
        assert server.metrics()("baton_drained") == 0
        assert grpc_health(server) == "SERVING"
        stays = silent.ask("GET", "/v2/health/ready")  # it was never told to go
        assert (stays.status, stays.header("Connection")) == (200, None)
    audited = [line for line in server.log().splitlines() if "admin_change" in line and '"service"' in line]
    assert any("drained=true" in line for line in audited) and "drained=false" in audited[-1]


def test_sigterm_ends_a_server_that_is_out_of_service():
    with server_process.running(*server_process.PLENTY) as server:
        server.batonctl("drain")
        server.stop()


def test_drain_waits_until_nothing_is_in_flight(server):
    with contextlib.ExitStack() as stack:
        held, = server.hold(stack, 1, 8000)
        server.batonctl("drain", "--wait", timeout=environment.patience(60))
        assert server.metrics()("baton_requests_in_flight") == 0
        reply = held.read()
        assert (reply.status, reply.header("Connection")) == (200, "close")


def test_drain_says_what_is_left_when_its_time_is_up(server):
    with contextlib.ExitStack() as stack:
        held, = server.hold(stack, 1, 8000)
        said = server.batonctl("drain", "--wait", "--timeout", "1s", expect=6).stderr
        assert "1 requests are in flight" in said and "stays out of service" in said
        assert server.metrics()("baton_drained") == 1
        assert held.read().status == 200


# The log.


def test_the_log_level_is_changed_and_shown(server):
    assert server.batonctl("log-level").stdout == "info\n"
    assert "logging level: info -> error\n" == server.batonctl("log-level", "error").stdout
    server.batonctl("set", "pool", "size=3")
    assert server.batonctl("log-level").stdout == "error\n"
    server.batonctl("log-level", "info")
    server.batonctl("set", "pool", "size=4")
    log = server.log()
    assert "size=4" in log and '"after":"size=3"' in log, "who has changed what is told at every level"
    assert "debug, info, warning, error" in server.batonctl("log-level", "loud", expect=1).stderr
    assert "restart" in server.batonctl("set", "logging", "format=text", expect=5).stderr


# Limits and admission.


def test_limits_that_need_no_restart_are_changed_and_hold_for_open_connections(server):
    with server.connect() as idle:
        assert idle.ask("POST", "/reverse", {"data": "x"}).status == 200
        assert "75s -> 2s (dry run" in server.batonctl("set", "limits", "idle_time=2s", "--dry-run").stdout
        assert json.loads(server.batonctl("get", "limits", "-o", "json").stdout)["values"]["idle_time"] == "75s"
        assert "75s -> 2s\n" in server.batonctl("set", "limits", "idle_time=2s").stdout
        idle.ask("POST", "/reverse", {"data": "x"})  # from its next event on
        assert idle.at_end() == b""
    closed = {"listener": "http", "reason": "idle_timeout"}
    scrape = server.metrics_when(lambda now: now("baton_connections_closed_total", **closed) == 1)
    assert scrape("baton_connections_closed_total", **closed) == 1
    table = server.batonctl("get", "limits").stdout
    assert any(line.split() == ["idle_time", "2s", "live", "operator"] for line in table.splitlines()), table
    server.batonctl("set", "admission", "queued_requests=77", "default_budget=3s")
    assert server.metrics()("baton_queue_limit", endpoint="tumour") == 77
    assert server.ask("POST", "/reverse", {"data": "x"}).header("Baton-Budget-Ms") == "3000"


@pytest.mark.parametrize("group, setting, code, said", [
    ("limits", "body_bytes=1MiB", 5, "needs a restart"),
    ("limits", "idle_time=soon", 1, "idle_time"),
    ("limits", "idle_tim=2s", 1, "expected one of"),
    ("limits", "idle_time=99h", 1, "idle_time"),
    ("limits", "idle_time", 2, "KEY=VALUE"),
    ("admission", "default_budget=20s", 1, "budgets.default"),
    ("admission", "policy=edf", 5, "needs a restart"),
])
def test_settings_that_are_wrong_change_nothing(server, group, setting, code, said):
    before = json.loads(server.batonctl("get", group, "-o", "json").stdout)
    assert said in server.batonctl("set", group, setting, expect=code).stderr
    assert json.loads(server.batonctl("get", group, "-o", "json").stdout) == before


def test_all_of_an_update_is_taken_or_nothing_and_an_old_etag_is_refused(server):
    limits = call(server, "GetLimits")
    both = {"limits": {"values": {"idle_time": "9s", "body_rate": "-1"}}}
    assert "body_rate" in call(server, "UpdateLimits", both, expect=64 + 3)
    assert call(server, "GetLimits") == limits
    masked = call(server, "UpdateLimits", {
        "limits": {"values": {"idle_time": "9s", "linger_time": "3s"}, "etag": limits["etag"]},
        "update_mask": {"paths": ["values.idle_time"]}})
    assert masked["values"]["idle_time"] == "9s"
    assert masked["values"]["linger_time"] == limits["values"]["linger_time"]
    stale = {"limits": {"values": {"idle_time": "8s"}, "etag": limits["etag"]}}
    assert "etag" in call(server, "UpdateLimits", stale, expect=64 + 10)


def test_what_an_operator_has_set_stays_until_the_file_says_otherwise():
    with reloads.running("limits: {idle_time: 70s}\n") as reloaded:
        server = reloaded.server
        server.batonctl("set", "limits", "idle_time=9s", "linger_time=3s")
        assert reloaded.says("limits: {idle_time: 70s, body_grace: 6s}\n") == ["applied"]
        values = json.loads(server.batonctl("get", "limits", "-o", "json").stdout)["values"]
        assert (values["idle_time"], values["linger_time"], values["body_grace"]) == ("9s", "3s", "6s")
        assert reloaded.says("limits: {idle_time: 60s, body_grace: 6s}\n") == ["applied"]
        values = json.loads(server.batonctl("get", "limits", "-o", "json").stdout)["values"]
        assert (values["idle_time"], values["linger_time"]) == ("60s", "3s")


# Listeners and connections.


def of_conductors(listed):
    """Without those of the admin plane: whoever asks has one."""
    return [one for one in listed if not one["name"].startswith("connections/admin-")]


def connections(server):
    """Of all conductors: one that does not come to run in time is asked again."""
    deadline = time.monotonic() + environment.patience(20)
    while True:
        listed = json.loads(server.batonctl("get", "connections", "-o", "json").stdout)
        if not listed.get("silent_conductors") or time.monotonic() > deadline:
            return of_conductors(listed.get("connections", []))


def pending(server):
    """The name of the only one that is owed an answer."""
    name, = [one["name"] for one in connections(server) if one["in_flight"] == "1"]
    return name


def test_listeners_and_connections_are_listed_in_pages(server):
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(server.connect()) for _ in range(3)]
        for number, one in enumerate(opened, 1):
            for _ in range(number):
                assert one.ask("POST", "/reverse", {"data": "x"}).status == 200
        listed = connections(server)
        assert [one["requests_total"] for one in listed] == ["1", "2", "3"]
        ours = ["{}:{}".format(*one.socket.getsockname()) for one in opened]
        assert [one["peer"] for one in listed] == ours
        assert all(one["state"] == "idle" and int(one["sent_bytes"]) > int(one["received_bytes"]) / 4 for one in listed)
        names, token, pages = [], None, 0
        while token != "":
            page = call(server, "ListConnections", {"page_size": 2, "page_token": token or ""})
            assert 1 <= len(page["connections"]) <= 2
            names += [one["name"] for one in of_conductors(page["connections"])]
            token, pages = page.get("next_page_token", ""), pages + 1
        assert names == [one["name"] for one in listed] and pages >= 2
        http = call(server, "GetListener", {"name": "listeners/http"})
        assert (http["address"], http["connections"], http["accepted_total"]) == (server.http, "3", "3")
        table = server.batonctl("get", "listeners").stdout
        assert [line.split()[0] for line in table.splitlines()] == ["NAME", "admin", "grpc", "http", "pages"]
    call(server, "ListConnections", {"page_token": "x"}, expect=64 + 3)
    call(server, "GetListener", {"name": "listeners/ftp"}, expect=64 + 5)


def test_a_connection_is_closed_behind_its_answer_or_at_once(server):
    with contextlib.ExitStack() as stack:
        idle = stack.enter_context(server.connect())
        assert idle.ask("POST", "/reverse", {"data": "x"}).status == 200
        assert "is closed" in server.batonctl("close", "connection", connections(server)[0]["name"]).stdout
        assert idle.at_end() == b""
        busy, = server.hold(stack, 1, 8000)
        name = pending(server)
        assert "closes with its next answer" in server.batonctl("close", "connection", name).stdout
        assert [one["closing"] for one in connections(server) if one["name"] == name] == [True]
        reply = busy.read()
        assert (reply.status, reply.header("Connection")) == (200, "close")
        assert busy.at_end() == b""
        busy.close()  # else it lingers for a while
        cut, = server.hold(stack, 1, 8000)
        short = pending(server).split("/")[1]
        assert "is closed" in server.batonctl("close", "connection", short, "--force").stdout
        with pytest.raises(http_raw.EndOfConnection):
            cut.read()
        closed = {"listener": "http", "reason": "operator"}
        scrape = server.metrics_when(lambda now: now("baton_connections_closed_total", **closed) == 3)
        assert scrape("baton_connections_closed_total", **closed) == 3
    server.batonctl("close", "connection", "0-999999", expect=4)
    server.batonctl("close", "connection", "nonsense", expect=1)
    assert server.log().count('"what":"connections/') == 3


def test_a_conductor_that_stands_still_is_named_and_keeps_nobody_waiting(server):
    with server.connect() as opened:
        assert opened.ask("POST", "/reverse", {"data": "x"}).status == 200
        name = connections(server)[0]["name"]
        with stopped(server):
            shown = server.batonctl("get", "connections")
            assert "conductor 0 did not answer in time" in shown.stderr and "\n0-" not in shown.stdout
            assert "closes the connection when it comes to it" in server.batonctl(
                "close", "connection", name, expect=3).stderr
            assert server.batonctl("get", "pool").stdout
            assert server.batonctl("get", "limits").stdout
        assert opened.at_end() == b""
