"""The admin plane with grpcurl and batonctl: every method, every refusal, and what a change does."""

import json
import re

import pytest

import environment
import server_process
from streams import started

SERVICE = "baton.admin.v1.AdminService"
METHODS = ("GetStatus", "GetPool", "UpdatePool", "ListEndpoints", "GetEndpoint", "UpdateEndpoint",
           "ResetEstimator", "ListMisses", "ListModels", "GetModel", "LoadModel", "UnloadModel", "ReloadModels",
           "GetConfig", "ReloadConfig", "WatchStatus", "Drain", "Resume", "GetLimits", "UpdateLimits", "GetAdmission",
           "UpdateAdmission", "GetLogging", "UpdateLogging", "ListListeners", "GetListener", "ListConnections",
           "CloseConnection", "ListOperations", "GetOperation", "WaitOperation", "CaptureRequests")
GRPC_NOT_FOUND, GRPC_INVALID, GRPC_ABORTED = 5, 3, 10


@pytest.fixture
def server():
    with server_process.running("--workers", 2, *server_process.PLENTY) as started:
        yield started


def grpcurl(server, *words, data=None, expect=0, options=()):
    options = ["-plaintext", *options, *(["-d", json.dumps(data)] if data is not None else [])]
    return environment.run(environment.tool("grpcurl"), *options, server.admin, *words, expect=expect)


def call(server, method, data=None):
    return json.loads(grpcurl(server, f"{SERVICE}/{method}", data=data or {}).stdout)


def buf_words(server, name, data=None):
    """buf's own client: what it prints is JSON, of an error too."""
    return (environment.tool("buf"), "curl", "--protocol", "grpc", "--http2-prior-knowledge", "-d", json.dumps(data or {}),
            f"http://{server.admin}/{name}")


def buf_curl(server, name, data=None, expect=0):
    return environment.run(*buf_words(server, name, data), expect=expect)


def refused(server, method, code, data):
    """The message of a call that has to fail: grpcurl adds 64 to the code."""
    return grpcurl(server, f"{SERVICE}/{method}", data=data, expect=64 + code).stderr


def test_reflection_lists_and_describes_everything(server):
    services = grpcurl(server, "list").stdout.split()
    assert SERVICE in services
    assert "grpc.health.v1.Health" in services
    assert "grpc.channelz.v1.Channelz" in services
    assert "grpc.reflection.v1alpha.ServerReflection" in services
    assert "grpc.reflection.v1.ServerReflection" in services
    assert set(grpcurl(server, "list", SERVICE).stdout.split()) == {f"{SERVICE}.{method}" for method in METHODS}
    for symbol in (SERVICE, f"{SERVICE}.UpdatePool", "baton.admin.v1.Pool", "baton.admin.v1.UpdateEndpointRequest"):
        assert symbol.rsplit(".", 1)[-1] in grpcurl(server, "describe", symbol).stdout


# What each method is asked, after the ones before it.
REQUESTS = {
    "GetEndpoint": {"name": "endpoints/tumour"}, "UpdatePool": {"pool": {"size": 3}},
    "UpdateEndpoint": {"endpoint": {"name": "endpoints/tumour", "max_workers": 2}},
    "ResetEstimator": {"name": "endpoints/tumour"}, "GetModel": {"name": "models/tumour"},
    "LoadModel": {"name": "models/tumour"}, "UnloadModel": {"name": "models/digits"},
    "UpdateLimits": {"limits": {"values": {"idle_time": "30s"}}},
    "UpdateAdmission": {"admission": {"values": {"default_budget": "60ms"}}},
    "UpdateLogging": {"logging": {"values": {"level": "debug"}}}, "GetListener": {"name": "listeners/http"},
}
# The same of those that go on.
STREAMS = {"WatchStatus": {}, "CaptureRequests": {"duration_ms": 100}}


def snake(keys):
    return {re.sub("([A-Z])", lambda letter: "_" + letter[1].lower(), key) for key in keys}


def ask_by_grpcurl(server, method, data):
    return call(server, method, data)


def ask_by_buf(server, method, data):
    return json.loads(buf_curl(server, f"{SERVICE}/{method}", data).stdout)


def test_every_method_answers_grpcurl_and_buf_alike(server):
    operation = call(server, "ReloadModels")["name"]
    for method in METHODS:
        if method in STREAMS:
            continue
        answers = []
        for ask in (ask_by_grpcurl, ask_by_buf):
            data = REQUESTS.get(method, {})
            if method in ("GetOperation", "WaitOperation"):
                data = {"name": operation}
            if method != "CloseConnection":
                answers.append(ask(server, method, data))
                continue
            with server.connect() as connection:
                connection.ask("GET", "/hello")
                (listed,) = [one for one in call(server, "ListConnections")["connections"] if one["state"] == "idle"]
                answers.append(ask(server, method, {"name": listed["name"]}))
                assert connection.at_end() == b""
        by_grpcurl, by_buf = answers
        # An update that changes nothing says that it changed nothing.
        assert snake(by_buf) - {"changes"} == snake(by_grpcurl) - {"changes"}, method


def test_every_stream_tells_grpcurl_and_buf_alike(server):
    for method, data in STREAMS.items():
        name = f"{SERVICE}/{method}"
        told = []
        for words in ((environment.tool("grpcurl"), "-plaintext", "-d", json.dumps(data), server.admin, name),
                      buf_words(server, name, data)):
            with started(*words) as client:
                told.append(client.take(2))
        by_grpcurl, by_buf = told
        assert snake(by_buf[1]) == snake(by_grpcurl[1]), method


def test_an_operation_is_waited_for_and_remembered(server):
    begun = call(server, "UnloadModel", {"name": "models/digits"})
    assert begun["metadata"]["kind"] == "MODEL_OPERATION_KIND_UNLOAD"
    done = call(server, "WaitOperation", {"name": begun["name"], "timeout_ms": 60000})
    assert done["done"] is True
    assert done["response"]["@type"].endswith("baton.admin.v1.Model")
    assert done["response"]["versions"][0]["state"] == "MODEL_VERSION_STATE_UNLOADED"
    missing = call(server, "LoadModel", {"name": "models/nosuch"})["name"]
    failed = call(server, "WaitOperation", {"name": missing})
    assert failed["error"]["code"] == GRPC_NOT_FOUND and "nosuch" in failed["error"]["message"]
    listed = [one["name"] for one in call(server, "ListOperations")["operations"]]
    assert listed == [begun["name"], missing]
    assert call(server, "GetOperation", {"name": begun["name"]}) == done
    refused(server, "GetOperation", GRPC_NOT_FOUND, {"name": "operations/nosuch"})
    refused(server, "WaitOperation", GRPC_INVALID, {"name": begun["name"], "timeout_ms": -1})
    log = server.log()
    assert log.count("operation_done") == 2 and "unload_model" in log


def test_an_error_names_field_allowed_and_got_in_its_details(server):
    wrong = {"endpoint": {"name": "endpoints/tumour", "max_workers": 1025}}
    said = json.loads(grpcurl(server, f"{SERVICE}/UpdateEndpoint", data=wrong, expect=64 + GRPC_INVALID,
                              options=["-format-error"]).stderr)
    info, request = said["details"]
    assert info == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "VALUE_NOT_ALLOWED", "domain": "baton",
        "metadata": {"field": "max_workers", "allowed": "0 to 1024", "got": "1025"}}
    assert request["field_violations"][0]["field"] == "max_workers"
    by_buf = json.loads(buf_curl(server, f"{SERVICE}/UpdateEndpoint", wrong, expect=None).stderr)
    assert (by_buf["code"], by_buf["message"]) == ("invalid_argument", said["message"])
    assert [detail["type"] for detail in by_buf["details"]] == ["google.rpc.ErrorInfo", "google.rpc.BadRequest"]


def test_an_update_says_what_it_changed(server):
    changed = call(server, "UpdateEndpoint", {
        "endpoint": {"name": "endpoints/tumour", "max_workers": 2, "min_workers": 0, "default_budget_ms": 70}})
    assert changed["changes"] == [{"field": "default_budget", "before": "8s", "after": "70ms"},
                                  {"field": "max_workers", "before": "0", "after": "2"}]
    grown = call(server, "UpdatePool", {"pool": {"size": 4}, "validate_only": True})
    assert grown["changes"] == [{"field": "size", "before": "2", "after": "4"}]
    assert "changes" not in call(server, "GetEndpoint", {"name": "endpoints/tumour"})


def test_a_budget_below_what_runs_have_needed_is_warned_of(server):
    for _ in range(4):
        assert server.ask("POST", "/test/sleep", {"ms": 40}).status == 200
    server.metrics_when_idle()
    changed = call(server, "UpdateEndpoint", {"endpoint": {"name": "endpoints//test/sleep", "default_budget_ms": 8}})
    assert "default_budget is 8ms, less than half of the runs need" in changed["warnings"][0]
    assert "doubtful_setting" in server.log()
    dry = server.batonctl("set", "endpoint", "/test/sleep", "default_budget=9ms", "--dry-run")
    assert "8ms -> 9ms" in dry.stdout and "batonctl: warning: /test/sleep: default_budget is 9ms" in dry.stderr
    enough = call(server, "UpdateEndpoint", {"endpoint": {"name": "endpoints//test/sleep", "default_budget_ms": 5000}})
    assert "warnings" not in enough


def test_channelz_knows_servers_sockets_and_what_is_not_there(server):
    service = "grpc.channelz.v1.Channelz"
    # The listeners of the data plane and of the admin plane, which has seen this call.
    found = json.loads(grpcurl(server, f"{service}/GetServers", data={}).stdout)["server"]
    assert len(found) == 2
    assert any(int(one["data"].get("calls_started", 0)) >= 1 for one in found)
    connections = 0
    for one in found:
        number = one["ref"]["server_id"]
        assert json.loads(grpcurl(server, f"{service}/GetServer", data={"server_id": number}).stdout)["server"]["ref"]
        sockets = json.loads(grpcurl(server, f"{service}/GetServerSockets", data={"server_id": number}).stdout)
        for socket in sockets.get("socket_ref", []):
            # The connections of earlier calls may have gone meanwhile: that is no such socket.
            grpcurl(server, f"{service}/GetSocket", data={"socket_id": socket["socket_id"]}, expect=None)
            connections += 1
    assert connections > 0  # the one that asks
    assert json.loads(grpcurl(server, f"{service}/GetTopChannels", data={}).stdout) == {"end": True}
    for method, field in (("GetServer", "server_id"), ("GetSocket", "socket_id"), ("GetChannel", "channel_id"),
                          ("GetSubchannel", "subchannel_id"), ("GetServerSockets", "server_id")):
        for number in (-1, 0, 2**62):
            grpcurl(server, f"{service}/{method}", data={field: number}, expect=64 + GRPC_NOT_FOUND)
    negative = {"server_id": found[0]["ref"]["server_id"], "start_socket_id": -1, "max_results": -1}
    grpcurl(server, f"{service}/GetServerSockets", data=negative, expect=64 + GRPC_INVALID)
    assert json.loads(grpcurl(server, f"{service}/GetServers", data={"start_server_id": -5}).stdout)["server"]


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_both_versions_of_reflection_answer(server, version):
    request = {"host": "", "list_services": "*"}
    name = f"grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    answer = json.loads(grpcurl(server, name, data=request).stdout)
    services = [service["name"] for service in answer["list_services_response"]["service"]]
    assert SERVICE in services


@pytest.mark.parametrize("service", ["", SERVICE])
def test_the_health_service_says_serving(server, service):
    answer = json.loads(grpcurl(server, "grpc.health.v1.Health/Check", data={"service": service}).stdout)
    assert answer == {"status": "SERVING"}


def test_status_says_what_the_server_does(server):
    server.ask("POST", "/reverse", {"data": "x"})
    server.ask("POST", "/reverse", {"data": "x"}, [("Baton-Budget-Ms", "0")])
    server.metrics_when_idle()
    status = call(server, "GetStatus")
    assert status["version"] == environment.project_version()
    assert status["ready"] is True
    assert "draining" not in status
    listeners = {listener["name"]: listener["address"] for listener in status["listeners"]}
    assert listeners == {"http": server.http, "grpc": server.grpc, "admin": server.admin, "pages": server.pages}
    assert status["conductors"] == 1
    assert status["pool"]["size"] == 2
    assert (status["requests_total"], status["misses_total"]) == ("2", "1")
    assert "late_answers_total" not in status  # 0
    assert status["uptime_seconds"] > 0


def test_the_pool_is_read_changed_and_checked(server):
    pool = call(server, "GetPool")
    assert (pool["name"], pool["size"]) == ("pool", 2)
    grown = call(server, "UpdatePool", {"pool": {"size": 5}, "update_mask": {"paths": ["size"]}})
    assert grown["size"] == 5
    assert int(grown["generation"]) > int(pool["generation"])
    assert server.metrics_when(lambda now: now("baton_pool_workers") == 5)("baton_pool_workers") == 5
    dry = call(server, "UpdatePool", {"pool": {"size": 7}, "validate_only": True})
    assert dry["size"] == 7
    assert call(server, "GetPool") == call(server, "GetPool")
    assert call(server, "GetPool")["size"] == 5
    for size in (0, -1, 1025):
        message = refused(server, "UpdatePool", GRPC_INVALID, {"pool": {"size": size}})
        assert "size" in message and "1 to 1024" in message and str(size) in message
    message = refused(server, "UpdatePool", GRPC_INVALID, {"pool": {"size": 3}, "update_mask": {"paths": ["colour"]}})
    assert "colour" in message
    stale = {"pool": {"size": 3, "etag": pool["etag"]}}
    assert "etag" in refused(server, "UpdatePool", GRPC_ABORTED, stale)
    assert call(server, "GetPool")["size"] == 5
    assert call(server, "UpdatePool", {"pool": {"size": 1, "etag": grown["etag"]}})["size"] == 1
    assert server.metrics_when(lambda now: now("baton_pool_workers") == 1)("baton_pool_workers") == 1
    assert server.ask("POST", "/reverse", {"data": "ab"}).status == 200


def test_endpoints_are_listed_by_name_and_in_pages(server):
    names = [endpoint["name"] for endpoint in call(server, "ListEndpoints")["endpoints"]]
    assert names == sorted(names)
    assert {"endpoints/tumour", "endpoints/tumour_logistic", "endpoints/digits", "endpoints/reverse"} <= set(names)
    paged, token = [], ""
    while True:
        page = call(server, "ListEndpoints", {"page_size": 2, "page_token": token})
        assert len(page["endpoints"]) <= 2
        paged += [endpoint["name"] for endpoint in page["endpoints"]]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert paged == names
    refused(server, "ListEndpoints", GRPC_INVALID, {"page_size": -1})
    refused(server, "ListEndpoints", GRPC_INVALID, {"page_token": "made up"})


def budget_granted(server, asked=None):
    headers = [("Baton-Budget-Ms", asked)] if asked else []
    reply = server.ask("POST", "/reverse", {"data": "x"}, headers)
    assert reply.status == 200
    return float(reply.header("Baton-Budget-Ms"))


def test_changed_budgets_are_granted_from_then_on(server):
    endpoint = call(server, "GetEndpoint", {"name": "endpoints/reverse"})
    assert (endpoint["default_budget_ms"], endpoint["max_budget_ms"]) == (8000, 10000)
    assert endpoint["kind"] == "ENDPOINT_KIND_ROUTE"
    assert (budget_granted(server), budget_granted(server, "9000")) == (8000, 9000)
    changed = call(server, "UpdateEndpoint", {
        "endpoint": {"name": "endpoints/reverse", "default_budget_ms": 3000, "max_budget_ms": 4000.5},
        "update_mask": {"paths": ["default_budget_ms", "max_budget_ms"]}})
    assert (changed["default_budget_ms"], changed["max_budget_ms"]) == (3000, 4000.5)
    assert (budget_granted(server), budget_granted(server, "9000")) == (3000, 4000.5)
    assert server.metrics()("baton_deadline_seconds", endpoint="reverse") == 3
    # Others keep theirs.
    tumour = call(server, "GetEndpoint", {"name": "endpoints/tumour"})
    assert (tumour["default_budget_ms"], tumour["versions"]) == (8000, ["1"])


def test_the_promise_of_an_endpoint_is_a_setting_that_its_gauge_follows(server):
    assert server.batonctl("set", "endpoint", "tumour", "slo_target=99.9%").stdout == "tumour slo_target: 99% -> 99.9%\n"
    shown = dict(line.split(maxsplit=1) for line in server.batonctl("get", "endpoint", "tumour").stdout.splitlines())
    assert shown["slo_target"] == "99.9%"
    assert call(server, "GetEndpoint", {"name": "endpoints/tumour"})["slo_target_ratio"] == 0.999
    scrape = server.metrics()
    assert scrape("baton_slo_target_ratio", endpoint="tumour") == 0.999
    assert scrape("baton_slo_target_ratio", endpoint="digits") == 0.99
    for ratio in (0.95, 0.99):
        call(server, "UpdateEndpoint", {"endpoint": {"name": "endpoints/tumour", "slo_target_ratio": ratio}})
        assert server.metrics()("baton_slo_target_ratio", endpoint="tumour") == ratio


@pytest.mark.parametrize("change, code, words", [
    ({"name": "endpoints/nosuch", "default_budget_ms": 10}, GRPC_NOT_FOUND, ["nosuch"]),
    ({"name": "reverse", "default_budget_ms": 10}, GRPC_INVALID, ["name"]),
    ({"name": "endpoints/reverse", "default_budget_ms": 0}, GRPC_INVALID, ["default_budget"]),
    ({"name": "endpoints/reverse", "default_budget_ms": -5}, GRPC_INVALID, ["default_budget"]),
    ({"name": "endpoints/reverse", "default_budget_ms": 20000}, GRPC_INVALID, ["default_budget"]),
    ({"name": "endpoints/reverse", "max_budget_ms": 3600001}, GRPC_INVALID, ["max_budget"]),
    ({"name": "endpoints/reverse", "max_budget_ms": 100}, GRPC_INVALID, ["default_budget"]),
    ({"name": "endpoints/reverse", "max_budget_ms": "NaN"}, GRPC_INVALID, ["max_budget"]),
    ({"name": "endpoints/reverse", "slo_target_ratio": 1}, GRPC_INVALID, ["slo_target", "95% to 99.999%"]),
    ({"name": "endpoints/reverse", "default_budget_ms": 10, "etag": "999"}, GRPC_ABORTED, ["etag"]),
    ({"name": "endpoints/reverse", "default_budget_ms": 10, "criticality": "CRITICALITY_UNSPECIFIED"}, GRPC_INVALID,
     ["criticality", "CRITICALITY_SHEDDABLE"]),
    ({"name": "endpoints/reverse", "default_budget_ms": 10, "max_workers": 1025}, GRPC_INVALID, ["max_workers", "1024"]),
    ({"name": "endpoints/reverse", "default_budget_ms": 10, "batch": {"max_size": 0}}, GRPC_INVALID,
     ["batch_max_size", "1024"]),
    ({"name": "endpoints/reverse", "default_budget_ms": 10, "batch": {"max_delay_ms": 1001}}, GRPC_INVALID,
     ["batch_max_delay", "1s"]),
    ({"name": "endpoints/reverse", "fallback": {"kind": "FALLBACK_KIND_CONSTANT", "constant": "[1]"}}, GRPC_INVALID,
     ["fallback.constant"]),
    ({"name": "endpoints/reverse", "fallback": {"kind": "FALLBACK_KIND_MODEL", "model": "endpoints/reverse"}},
     GRPC_INVALID, ["fallback.model", "tumour"]),
    ({"name": "endpoints/reverse", "fallback": {"kind": "FALLBACK_KIND_LAST_GOOD", "key_header": "X"}}, GRPC_INVALID,
     ["fallback.max_age"]),
])
def test_settings_out_of_range_change_nothing(server, change, code, words):
    message = refused(server, "UpdateEndpoint", code, {"endpoint": change})
    for word in words:
        assert word in message
    assert budget_granted(server) == 8000


def test_every_setting_of_an_endpoint_can_be_changed_and_read_again(server):
    before = call(server, "GetEndpoint", {"name": "endpoints/tumour"})
    assert before["criticality"] == "CRITICALITY_DEFAULT"
    assert before["batch"] == {"max_size": 1, "max_delay_ms": 0}
    assert before["fallback"]["kind"] == "FALLBACK_KIND_NONE"
    changed = call(server, "UpdateEndpoint", {
        "endpoint": {
            "name": "endpoints/tumour", "criticality": "CRITICALITY_CRITICAL", "max_workers": 2, "min_workers": 1,
            "batch": {"max_size": 8, "max_delay_ms": 1.5},
            "fallback": {"kind": "FALLBACK_KIND_MODEL", "model": "endpoints/tumour_logistic"}}})
    assert (changed["criticality"], changed["max_workers"], changed["min_workers"]) == ("CRITICALITY_CRITICAL", 2, 1)
    assert changed["batch"] == {"max_size": 8, "max_delay_ms": 1.5}
    assert changed["fallback"]["model"] == "endpoints/tumour_logistic"
    assert changed["default_budget_ms"] == before["default_budget_ms"]
    masked = call(server, "UpdateEndpoint", {
        "endpoint": {"name": "endpoints/tumour", "batch": {"max_size": 4, "max_delay_ms": 9}, "max_workers": 7},
        "update_mask": {"paths": ["batch.max_size"]}})
    assert masked["batch"] == {"max_size": 4, "max_delay_ms": 1.5}
    assert masked["max_workers"] == 2
    message = refused(server, "UpdateEndpoint", GRPC_INVALID, {
        "endpoint": {"name": "endpoints/tumour", "max_workers": 3}, "update_mask": {"paths": ["batch.colour"]}})
    assert "batch.colour" in message
    # Reading it all and giving it back changes what was meant and nothing else.
    masked["min_workers"] = 0
    again = call(server, "UpdateEndpoint", {"endpoint": masked, "update_mask": {"paths": ["*"]}})
    assert again["fallback"] == masked["fallback"] and again["criticality"] == "CRITICALITY_CRITICAL"
    log = server.log()
    assert log.count("endpoint_changed") >= 8
    assert all(word in log for word in ("criticality", "batch_max_delay", "fallback_model", "tumour_logistic"))


def test_misses_are_listed_by_both_clients(server):
    assert "misses" not in call(server, "ListMisses") or server.metrics()("baton_misses_total") > 0
    refused(server, "ListMisses", GRPC_INVALID, {"limit": -1})
    refused(server, "ListMisses", GRPC_INVALID, {"endpoint": "reverse"})
    refused(server, "ListMisses", GRPC_NOT_FOUND, {"endpoint": "endpoints/nosuch"})
    assert server.batonctl("misses").stdout.split()[:4] == ["TIME", "ENDPOINT", "ANSWER", "CAUSE"]
    assert "misses" in json.loads(server.batonctl("misses", "--endpoint", "reverse", "-o", "json").stdout)


def test_resetting_the_estimator_of_nobody_is_not_found(server):
    refused(server, "ResetEstimator", GRPC_NOT_FOUND, {"name": "endpoints/nosuch"})
    refused(server, "ResetEstimator", GRPC_INVALID, {"name": "tumour"})
    server.batonctl("reset", "estimator", "nosuch", expect=4)


def test_calls_are_counted_by_method_and_code(server):
    call(server, "GetPool")
    refused(server, "GetEndpoint", GRPC_NOT_FOUND, {"name": "endpoints/nosuch"})
    scrape = server.metrics()
    assert scrape("baton_admin_rpcs_total", method="GetPool", code="OK") == 1
    assert scrape("baton_admin_rpcs_total", method="GetEndpoint", code="NOT_FOUND") == 1
    assert scrape("baton_admin_rpc_duration_seconds_count", method="GetPool") == 1


def test_batonctl_shows_tables_and_json(server):
    table = server.batonctl("status").stdout
    assert "ready" in table and server.http in table
    assert json.loads(server.batonctl("status", "-o", "json").stdout)["ready"] is True
    assert server.batonctl("get", "pool").stdout.split()[:2] == ["SIZE", "BUSY"]
    assert json.loads(server.batonctl("get", "pool", "-o", "json").stdout)["size"] == 2
    assert "tumour" in server.batonctl("get", "endpoints").stdout
    endpoints = json.loads(server.batonctl("get", "endpoints", "-o", "json").stdout)["endpoints"]
    assert "endpoints/digits" in [endpoint["name"] for endpoint in endpoints]
    shown = dict(line.split(maxsplit=1) for line in server.batonctl("get", "endpoint", "digits").stdout.splitlines())
    assert (shown["default_budget"], shown["criticality"], shown["fallback"]) == ("8s", "default", "none")


def test_batonctl_changes_what_it_says_it_changes(server):
    dry = server.batonctl("set", "pool", "size=4", "--dry-run").stdout
    assert "2 -> 4" in dry and "dry run" in dry
    assert json.loads(server.batonctl("get", "pool", "-o", "json").stdout)["size"] == 2
    assert "2 -> 4" in server.batonctl("set", "pool", "size=4").stdout
    changed = json.loads(
        server.batonctl("set", "endpoint", "reverse", "default_budget=1500ms", "max_budget=2s", "-o", "json").stdout)
    assert (changed["before"]["default_budget_ms"], changed["after"]["default_budget_ms"]) == (8000, 1500)
    assert budget_granted(server) == 1500
    assert budget_granted(server, "5000") == 2000


def test_batonctl_sets_a_fallback_part_by_part(server):
    first = server.batonctl("set", "endpoint", "tumour", "fallback=last_good", "fallback_max_bytes=16MiB").stdout
    assert "tumour fallback: none -> last_good" in first and "fallback_key_header: - -> Baton-Key" in first
    assert "60s -> 5s" in server.batonctl("set", "endpoint", "tumour", "fallback_max_age=5s").stdout
    fallback = call(server, "GetEndpoint", {"name": "endpoints/tumour"})["fallback"]
    assert (fallback["max_age_ms"], fallback["max_bytes"]) == (5000, str(16 << 20))
    constant = 'fallback_constant={"label": "unknown"}'
    assert "-> constant" in server.batonctl("set", "endpoint", "tumour", "fallback=constant", constant).stdout
    assert 'fallback_constant  {"label": "unknown"}' in server.batonctl("get", "endpoint", "tumour").stdout
    assert "constant -> none" in server.batonctl("set", "endpoint", "tumour", "fallback=none").stdout


def test_endpoints_start_with_the_settings_of_the_command_line():
    flags = ["tumour:criticality=critical", "tumour:max_workers=1", "tumour:slo_target=99.9%", "digits:fallback=model",
             "digits:fallback_model=tumour", "reverse:default_budget=3s"]
    with server_process.running(*server_process.PLENTY, *(word for flag in flags for word in ("--endpoint", flag)),
                                "--endpoint=reverse:batch_max_size=2") as server:
        tumour = call(server, "GetEndpoint", {"name": "endpoints/tumour"})
        assert (tumour["criticality"], tumour["max_workers"]) == ("CRITICALITY_CRITICAL", 1)
        assert tumour["slo_target_ratio"] == 0.999
        assert call(server, "GetEndpoint", {"name": "endpoints/digits"})["fallback"]["model"] == "endpoints/tumour"
        assert call(server, "GetEndpoint", {"name": "endpoints/reverse"})["batch"]["max_size"] == 2
        assert budget_granted(server) == 3000


@pytest.mark.parametrize("flags, code, said", [
    (["tumour", "tumour:colour=red", "tumour:max_workers=many"], 2,
     ["NAME:KEY=VALUE", "'colour'", "'many'"]),
    (["tumour:max_workers=2000", "digits:min_workers=5000"], 2, ["from 0 to 1024, got '2000'", "got '5000'"]),
    (["tumour:default_budget=1h", "digits:fallback=constant"], 2, ["default_budget is 3600s", "fallback_constant=JSON"]),
    (["digits:fallback=model", "digits:fallback_model=digits"], 2, ["fallback.model: is 'digits' itself"]),
    (["nosuch:max_workers=1", "digits:fallback=model", "digits:fallback_model=reverse"], 1,
     ["nosuch", "expected one of digits", "fallback.model is 'reverse'"]),
])
def test_settings_of_the_command_line_that_are_wrong_are_said_at_once(flags, code, said):
    words = [word for flag in flags for word in ("--endpoint", flag)]
    done = environment.run(environment.program("baton-server"), *server_process.ANY_PORT, *words, expect=code)
    assert done.stdout == ""
    for part in said:
        assert part in done.stderr


@pytest.mark.parametrize("words, code, said", [
    (["set", "pool", "size=0"], 1, "1 to 1024"),
    (["set", "pool", "size=5000"], 1, "1 to 1024"),
    (["set", "pool", "size=many"], 2, "many"),
    (["set", "pool", "colour=red"], 2, "colour"),
    (["set", "endpoint", "reverse", "default_budget=1h"], 1, "default_budget"),
    (["set", "endpoint", "reverse", "default_budget=soon"], 2, "soon"),
    (["set", "endpoint", "reverse", "slo_target=100%"], 1, "95% to 99.999%"),
    (["set", "endpoint", "reverse", "slo_target=0.99"], 2, "no percentage"),
    (["set", "endpoint", "nosuch", "default_budget=10ms"], 4, "nosuch"),
    (["get", "endpoint", "nosuch"], 4, "nosuch"),
    (["set", "endpoint", "reverse", "criticality=urgent"], 2, "sheddable"),
    (["set", "endpoint", "reverse", "max_workrs=2"], 2, "did you mean max_workers?"),
    (["set", "endpoint", "reverse", "fallback=constant"], 2, "fallback_constant=JSON"),
    (["set", "endpoint", "reverse", "fallback=constant", "fallback_constant=7"], 1, "fallback.constant"),
    (["set", "endpoint", "reverse", "batch_max_size=2000"], 1, "1 to 1024"),
    (["misses", "--endpoint", "nosuch"], 4, "nosuch"),
    (["misses", "--limit", "0"], 2, "--limit"),
    (["reset", "nonsense"], 2, "nonsense"),
    (["set", "pool", "size=3", "--etag", "999"], 5, "etag"),
    (["get", "nonsense"], 2, "nonsense"),
    (["status", "-o", "xml"], 2, "xml"),
    (["status", "--timeout", "0s"], 2, "--timeout"),
])
def test_batonctl_says_by_its_exit_code_and_in_words_what_went_wrong(server, words, code, said):
    done = server.batonctl(*words, expect=code)
    assert done.stdout == ""
    assert said in done.stderr


def test_batonctl_without_a_server_says_so():
    done = environment.run(
        environment.program("batonctl"), "--server", "127.0.0.1:1", "--timeout", "5s", "status", expect=3)
    assert "127.0.0.1:1" in done.stderr
