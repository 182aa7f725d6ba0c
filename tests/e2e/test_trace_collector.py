"""Spans as a real collector takes them: Rotel, of OpenTelemetry's protocol, which prints what it was sent."""

import contextlib
import re
import socket
import subprocess
import time

import pytest

import environment
import server_process
from test_traces import CALLER, counted, counts, new_trace, parent


def free_addresses(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{free.getsockname()[1]}" for free in sockets]


class Rotel:
    """Runs for the time of a `with`; takes spans at `url` and prints each of them."""

    def __init__(self, folder):
        self.log = folder / "rotel.log"
        self.at, self.grpc = free_addresses(2)
        self.url = f"http://{self.at}/v1/traces"

    def __enter__(self):
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [environment.tool("rotel"), "start", "--otlp-http-endpoint", self.at, "--otlp-grpc-endpoint", self.grpc,
                 "--exporter", "blackhole", "--debug-log", "traces", "--debug-log-verbosity", "detailed"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_it_listens(self):
        host, port = self.at.split(":")
        deadline = time.monotonic() + environment.patience(20)
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection((host, int(port))):
                return
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def spans_of(self, trace, count):
        """What it printed of the spans of a trace, as name -> {field: value}; an attribute's field is its key."""
        deadline = time.monotonic() + environment.patience(20)
        while True:
            blocks = [block for block in self.log.read_text().split("\nSpan #")[1:] if f": {trace}\n" in block]
            if len(blocks) >= count:
                break
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        spans = [dict(re.findall(r"^ +(?:-> )?(\S[^:\n]*?) *: (.*)$", block, re.M)) for block in blocks]
        return {span["Name"]: span for span in spans}


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    with Rotel(tmp_path_factory.mktemp("rotel")) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(collector):
    # The connection to the collector stays open: there are more descriptors than at the start.
    with server_process.running("--tracing-endpoint", collector.url, "--tracing-sample", "100%", *server_process.PLENTY,
                                laws=False) as started:
        yield started


def test_a_prediction_comes_to_it_with_its_stages(server, collector):
    trace = new_trace()
    reply = server.ask("POST", "/v1/models/tumour_logistic:predict", {"instances": [[0.25] * 30]}, [parent(trace)])
    assert reply.status == 200
    spans = collector.spans_of(trace, 5)
    assert set(spans) == {"POST tumour_logistic", "read", "queue", "run", "write"}
    root = spans.pop("POST tumour_logistic")
    assert root["Parent ID"] == CALLER and root["Kind"] == "SPAN_KIND_SERVER"
    assert root["baton.answer"] == "Str(prediction)" and root["http.response.status_code"] == "Int(200)"
    assert {(span["Parent ID"], span["Kind"]) for span in spans.values()} == {(root["ID"], "SPAN_KIND_INTERNAL")}


def test_a_miss_comes_to_it_with_its_cause(server, collector):
    trace = new_trace()
    reply = server.ask("POST", "/test/sleep", {"ms": 300}, [parent(trace), ("Baton-Budget-Ms", "100")])
    assert reply.header("Baton-Cause") == "expired_running"
    root = collector.spans_of(trace, 4)["POST /test/sleep"]
    assert root["baton.cause"] == "Str(expired_running)" and root["error.type"] == "Str(expired_running)"


def test_it_takes_all_that_is_sent(server):
    before = counts(server)["exported"]
    for _ in range(50):
        assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
    after = counted(server, "exported", before + 250)
    assert after.pop("exported") >= before + 250 and not any(after.values()), after
