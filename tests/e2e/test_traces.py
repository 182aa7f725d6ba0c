"""Requests as spans, for a collector that is there, away, slow, wrong or hostile."""

import contextlib
import re
import secrets
import signal
import socket
import time

import pytest

import certificates
import environment
import reloads
import server_process
from collector import ERROR, TAKEN, Collector, spans_of
from http_raw import request
from oip import array_of
from oip_grpc import request_of, stub_of

CALLER = "b7ad6b7169203331"
ALL = ("--tracing-sample", "100%")
MISSES = ("--tracing-sample", "0%")
NOT_DELIVERED = ("rejected", "over_rate", "overrun", "undelivered")
ROW = {"input": (array_of([[0.25] * 30], "FP32"), "FP32")}


def new_trace(last=None):
    """Its id; `last`: its random part's first digits."""
    made = secrets.token_hex(16)
    return made if last is None else made[:18] + last + made[18 + len(last):]


def parent(trace, flags="00"):
    return ("traceparent", f"00-{trace}-{CALLER}-{flags}")


@contextlib.contextmanager
def traced(collector, *flags, **options):
    with server_process.running("--tracing-endpoint", collector.url, *server_process.PLENTY, *flags, **options) as server:
        yield server


def settle(server, collector):
    """Its descriptors for the collector are there from the first message on. Once that is counted, it has read the
    answer, and a connection that the collector closed is closed."""
    trace = new_trace()
    server.ask("POST", "/reverse", {"data": "x"}, [parent(trace, "01"), ("Baton-Budget-Ms", "0")])
    collector.trace(trace)
    counted(server, "exported", 1)
    server.metrics_when(lambda scrape: scrape("baton_connections", listener="http") == 0)
    server.open_at_start = server.metrics()("process_open_fds")


def counts(server):
    scrape = server.metrics()
    return {outcome: scrape("baton_trace_spans_total", outcome=outcome) for outcome in ("exported", *NOT_DELIVERED)}


def counted(server, outcome, count):
    server.metrics_when(lambda scrape: scrape("baton_trace_spans_total", outcome=outcome) >= count, 40)
    return counts(server)


def stages_told(text):
    return {name: float(took) for name, took in re.findall(r"(\w+);dur=([\d.]+)", text)}


@pytest.fixture(scope="module")
def collector():
    with Collector() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(collector):
    with traced(collector, *ALL) as started:
        settle(started, collector)
        yield started


def check_ledger(root, stages, told):
    """The stages follow each other without a gap, and are those that the answer told of."""
    at = root.at
    for name in ("read", "queue", "batch", "run", "write"):
        if name in stages:
            assert stages[name].at == at, (name, root, stages)
            at = stages[name].until
    assert at == root.until
    for name in ("read", "queue", "batch", "run"):
        took = stages[name].took / 1e6 if name in stages else 0
        assert abs(took - told[name]) < 0.00051, (name, told, stages)
    assert stages["write"].took / 1e6 >= told["write"] - 0.00051


def test_a_prediction_is_a_span_of_its_caller_with_its_stages_below(server, collector):
    trace = new_trace()
    reply = server.ask("POST", "/v1/models/tumour_logistic:predict", {"instances": [[0.25] * 30]},
                       [parent(trace, "01"), ("tracestate", "a=1"), ("Baton-Explain", "1"), ("Baton-Budget-Ms", "5000")])
    assert reply.status == 200
    root, stages = collector.request(trace)
    assert reply.header("traceparent") == f"00-{trace}-{root.id}-01"
    assert (root.parent, root.state, root.name) == (CALLER, "a=1", "POST tumour_logistic")
    assert root.status == {}
    said = root.attributes
    assert said["http.request.method"] == "POST" and said["http.response.status_code"] == 200
    assert said["url.path"] == "/v1/models/tumour_logistic:predict" and said["url.scheme"] == "http"
    assert said["baton.endpoint"] == "tumour_logistic" and said["baton.version"] == "1"
    assert said["baton.answer"] == "prediction" and said["baton.budget_ms"] == 5000
    assert "baton.cause" not in said
    check_ledger(root, stages, stages_told(reply.header("Server-Timing")))


def test_a_call_over_grpc_is_one_too(server, collector):
    good, bad = new_trace(), new_trace()
    with stub_of(server) as stub:
        _, call = stub.ModelInfer.with_call(
            request_of("tumour_logistic", ROW), metadata=[parent(good), ("baton-explain", "1")], timeout=20)
        with contextlib.suppress(Exception):
            stub.ModelInfer(request_of("nothing", ROW), metadata=[parent(bad)], timeout=20)
    root, stages = collector.request(good)
    assert (root.parent, root.name) == (CALLER, "inference.GRPCInferenceService/ModelInfer")
    assert root.attributes["rpc.system"] == "grpc" and root.attributes["rpc.grpc.status_code"] == 0
    assert root.attributes["baton.endpoint"] == "tumour_logistic"
    assert not [name for name in root.attributes if name.startswith("http.")]
    check_ledger(root, stages, stages_told(dict(call.trailing_metadata())["server-timing"]))
    root, _ = collector.request(bad)
    assert root.attributes["rpc.grpc.status_code"] == 5 and root.attributes["baton.answer"] == "invalid"
    assert root.status == {}, "the client's fault is no error of the server's"


def test_a_message_names_the_service(server, collector):
    collector.wait_for(1)
    path, headers, body = collector.requests[0]
    assert path == "/v1/traces" and headers["Content-Type"] == "application/json"
    resource, _ = spans_of(body)
    assert resource["service.name"] == "baton" and resource["service.version"]
    assert re.fullmatch("[0-9a-f]{32}", resource["service.instance.id"])


def test_requests_that_ran_as_one_tell_how_many(collector):
    flags = ("--workers", "1", "--endpoint", "tumour_logistic:batch_max_size=8",
             "--endpoint", "tumour_logistic:batch_max_delay=50ms")
    with traced(collector, *ALL, *flags) as server, contextlib.ExitStack() as stack:
        settle(server, collector)
        server.teach()
        traces = [new_trace() for _ in range(4)]
        (held,) = server.hold(stack, 1, 300)
        waiting = [stack.enter_context(server.connect()) for _ in traces]
        for connection, trace in zip(waiting, traces):
            connection.send(request("POST", "/v1/models/tumour_logistic:predict", {"instances": [[0.25] * 30]},
                                    [parent(trace)]))
        assert [connection.read().status for connection in [held, *waiting]] == [200] * 5
        found = [collector.request(trace)[1] for trace in traces]
        sizes = [stages["batch"].attributes["baton.batch.size"] for stages in found if "batch" in stages]
        assert max(sizes) > 1 and all(1 <= size <= len(traces) for size in sizes), sizes
        stack.close()


def test_every_miss_is_told_of_with_its_cause_and_nothing_else(collector):
    with traced(collector, *MISSES, "--workers", "1") as server:
        settle(server, collector)
        before = counts(server)["exported"]
        known = len(collector.spans())
        asks = [("budget_too_small", "/reverse", {"data": "x"}, "0"), ("expired_running", "/test/sleep", {"ms": 300}, "100"),
                (None, "/reverse", {"data": "x"}, "5000")]
        server.teach(times=8)
        told = {}
        for cause, path, body, budget in asks:
            trace = new_trace()
            reply = server.ask("POST", path, body, [parent(trace), ("Baton-Budget-Ms", budget)])
            assert reply.header("Baton-Cause") == cause, reply
            told[cause] = trace, reply
        for cause in ("budget_too_small", "expired_running"):
            trace, reply = told[cause]
            root, stages = collector.request(trace)
            assert root.attributes["baton.answer"] == "timeout" and root.attributes["baton.cause"] == cause
            assert root.attributes["http.response.status_code"] == 504
            assert root.status == {"code": ERROR, "message": cause} and root.attributes["error.type"] == cause
            check_ledger(root, stages, stages_told(reply.header("Server-Timing")))
            assert ("run" in stages) == (cause == "expired_running")
        assert not [span for span in collector.spans() if span.trace == told[None][0]]
        server.metrics_when(lambda _: counts(server)["exported"] - before == len(collector.spans()) - known)
        after = counts(server)
        assert after["exported"] - before == len(collector.spans()) - known
        assert all(after[outcome] == 0 for outcome in NOT_DELIVERED)


def test_a_share_is_chosen_by_the_trace_id_and_by_whoever_records_it(collector):
    with traced(collector, "--tracing-sample", "50%") as server:
        settle(server, collector)
        in_it, out_of_it, recorded, last = new_trace("80"), new_trace("7f"), new_trace("00"), new_trace("ff")
        for trace, flags in ((in_it, "00"), (out_of_it, "00"), (recorded, "01"), (last, "00")):
            assert server.ask("POST", "/reverse", {"data": "x"}, [parent(trace, flags)]).status == 200
        for trace in (in_it, recorded, last):  # in this order
            collector.trace(trace)
        assert not [span for span in collector.spans() if span.trace == out_of_it]


def test_what_is_over_the_rate_is_counted(collector):
    with traced(collector, *ALL, "--tracing-others", "0") as server:
        settle(server, collector)
        assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
        after = counted(server, "over_rate", 1)
        assert after["over_rate"] > 1 and after["overrun"] == 0


def test_a_collector_that_comes_back_finds_what_was_kept(tmp_path):
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))  # and nobody listens
        port = place.getsockname()[1]
        url = f"http://127.0.0.1:{port}/v1/traces"
        with server_process.running("--tracing-endpoint", url, *ALL, *server_process.PLENTY, laws=False) as server:
            trace = new_trace()
            assert server.ask("POST", "/reverse", {"data": "x"}, [parent(trace)]).status == 200
            server.log_when("traces_are_not_taken")
            place.close()
            with Collector(port=port) as collector:
                collector.trace(trace)
                after = counted(server, "exported", 1)
                assert all(after[outcome] == 0 for outcome in NOT_DELIVERED)
                assert "traces_are_taken_again" in server.log()
                server.stop()


def test_what_is_worth_it_is_tried_again_and_the_rest_is_counted():
    busy = (429, {"Retry-After": "1"}, b"later")
    partly = (200, {}, b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}')
    with Collector([busy, (503, {}, b""), partly, (400, {}, b"no"), TAKEN]) as collector:
        with traced(collector, *ALL, laws=False) as server:
            trace = new_trace()
            began = time.monotonic()
            assert server.ask("POST", "/reverse", {"data": "x"}, [parent(trace)]).status == 200
            collector.wait_for(3)
            assert time.monotonic() - began >= 1, "it came before the collector wanted it"
            bodies = collector.bodies()
            assert bodies[0] == bodies[1] == bodies[2]
            of_the_first = len(spans_of(bodies[0])[1])
            after = counted(server, "exported", 1)
            assert (after["exported"], after["rejected"]) == (of_the_first - 1, 1)
            assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
            of_the_second = len(spans_of(collector.wait_for(4)[3][2])[1])
            after = counted(server, "rejected", 2)
            assert (after["exported"], after["rejected"]) == (of_the_first - 1, 1 + of_the_second)


@pytest.mark.parametrize("how", ["hang", "endless", "reset"])
def test_a_hostile_collector_holds_up_neither_requests_nor_the_end(how):
    with Collector([how]) as collector:
        with traced(collector, *ALL, laws=False) as server:
            for _ in range(3):
                assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
            collector.wait_for(1)
            assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
            server.signal(signal.SIGTERM)
            assert server.wait(20) == 0, server.log()


def test_the_last_requests_are_told_of_before_the_server_ends(collector):
    trace = new_trace()
    with traced(collector, *ALL, laws=False) as server:
        for _ in range(20):
            assert server.ask("POST", "/reverse", {"data": "x"}, [parent(trace)]).status == 200
        server.stop()
    roots = [span for span in collector.spans() if span.trace == trace and span.parent == CALLER]
    assert len(roots) == 20


def test_headers_of_the_operators_own_go_along_and_stay_secret(collector, tmp_path):
    file = tmp_path / "headers"
    file.write_text("# of the collector\nAuthorization: Bearer s3cret\nX-Scope-OrgID: baton\n")
    file.chmod(0o600)
    with Collector() as own:
        with traced(own, *ALL, "--tracing-headers", file, laws=False) as server:
            assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
            headers = own.wait_for(1)[0][1]
            assert headers["Authorization"] == "Bearer s3cret" and headers["X-Scope-OrgID"] == "baton"
            assert "s3cret" not in server.log()

    def refused():
        ended = environment.run(environment.program("baton-server"), *server_process.ANY_PORT,
                                "--tracing-endpoint", collector.url, "--tracing-headers", file, expect=None)
        assert ended.returncode != 0 and "s3cret" not in ended.stderr
        return ended.stderr

    file.write_text("Authorization Bearer s3cret\n")
    assert "tracing.headers_file" in refused() and "line 1" in refused()
    file.write_text("Authorization: Bearer s3cret\n")
    file.chmod(0o644)
    assert "tracing.headers_file" in refused()


def test_a_collector_over_tls_is_asked_for_its_certificate():
    with certificates.folder() as folder:
        authority, stranger = certificates.Authority(folder), certificates.Authority(folder, "stranger")
        with Collector(identity=authority.issue("collector")) as own:
            trusting, doubting = ("--tracing-ca", authority.certificate), ("--tracing-ca", stranger.certificate)
            with traced(own, *ALL, *trusting, laws=False) as server:
                trace = new_trace()
                assert server.ask("POST", "/reverse", {"data": "x"}, [parent(trace)]).status == 200
                own.trace(trace)
            taken = len(own.requests)
            with traced(own, *ALL, *doubting, laws=False) as server:
                assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
                log = server.log_when("traces_are_not_taken")
                (line,) = [line for line in log.splitlines() if "traces_are_not_taken" in line]
                assert "certificate" in line
                server.stop()
            assert len(own.requests) == taken, "a stranger was told"


def test_an_authority_that_is_not_there_is_refused(collector):
    ended = environment.run(environment.program("baton-server"), *server_process.ANY_PORT,
                            "--tracing-endpoint", collector.url, "--tracing-ca", "/nowhere/ca.crt", expect=None)
    assert ended.returncode != 0 and "tracing.ca_file: /nowhere/ca.crt cannot be read" in ended.stderr


def test_an_address_that_is_none_is_refused():
    ended = environment.run(environment.program("baton-server"), *server_process.ANY_PORT,
                            "--tracing-endpoint", "ftp://example.org/", expect=2)
    assert "tracing.endpoint" in ended.stderr and "http://127.0.0.1:4318/v1/traces" in ended.stderr


def test_what_is_chosen_changes_while_the_server_runs(collector):
    def said(more):
        return f"tracing: {{endpoint: '{collector.url}', {more}}}\n"

    with reloads.running(said("sample: 0%")) as reloaded:
        server = reloaded.server
        settle(server, collector)

        def ask(flags):
            trace = new_trace()
            assert server.ask("POST", "/reverse", {"data": "x"}, [parent(trace, flags)]).status == 200
            return trace

        left_out, followed = ask("00"), ask("01")
        assert reloaded.says(said("sample: 0%, callers: ignore")) == ["applied"]
        ignored = ask("01")
        assert reloaded.says(said("sample: 100%, callers: ignore")) == ["applied"]
        collector.trace(ask("00"))  # after the others
        collector.trace(followed)
        assert not [span for span in collector.spans() if span.trace in (left_out, ignored)]
