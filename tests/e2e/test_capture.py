"""What clients send, as an operator sees it: bounded, without secrets, and good enough to be sent again."""

import contextlib
import json
import os
import re
import stat
import subprocess
import threading

import pytest

import environment
import http_raw
import oip_grpc
import server_process
from streams import started
from test_admin_http import OPERATOR, VIEWER, place, token_file  # noqa: F401 (fixtures)

SERVICE = "baton.admin.v1.AdminService"
HOW_TO = environment.ROOT / "docs" / "how-to" / "see-what-clients-send.md"
HEX = b'{"data": "\xff\x00\xfe"}'  # no JSON, and no UTF-8


@pytest.fixture
def server():
    with server_process.running("--workers", 2, *server_process.PLENTY) as running:
        yield running


class Capture:
    """batonctl at it: what it has said, and, when it has ended, its lines."""

    def __init__(self, process):
        self.process = process
        self.said = process.stderr.readline()  # once it has begun

    def lines(self):
        out, err = self.process.communicate(timeout=environment.patience(60))
        self.said += err
        assert self.process.returncode == 0, self.said
        return [json.loads(line) for line in out.splitlines()]


@contextlib.contextmanager
def capturing(server, *words):
    process = subprocess.Popen(
        [environment.program("batonctl"), "--server", server.admin, "capture", *map(str, words)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield Capture(process)
    finally:
        process.kill()
        process.communicate()


def test_requests_are_written_down_without_their_secrets(server, tmp_path):
    file = tmp_path / "requests.jsonl"
    with capturing(server, "--requests", 4, "--for", "10m", "--to", file) as capture:
        assert "capturing all requests for 10m at most" in capture.said
        server.ask("POST", "/reverse?token=SECRET&x=1", {"data": "ab"},
                   [("Authorization", "Bearer SECRET"), ("Cookie", "SECRET"), ("X-API-Key", "SECRET"), ("X-One", "1")])
        server.ask("POST", "/reverse", HEX)
        server.ask("POST", "/test/sleep", {"ms": 1}, [("Baton-Budget-Ms", "0")])
        http_raw.ask_raw(server.http, b"POST /nobody HTTP/1.1\r\nHost: h\r\nContent-Length: 30\r\n\r\n")
        assert capture.lines() == []
        assert "kept 4 requests" in capture.said and "as many as were asked for" in capture.said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert "SECRET" not in text
    good, bad, late, unknown = (json.loads(line) for line in text.splitlines())
    assert (good["target"], good["answer"], good["is_whole"]) == ("/reverse?token=(redacted)&x=1", "prediction", True)
    assert json.loads(good["body"]) == {"data": "ab"}
    assert ["X-One", "1"] in good["headers"] and ["Authorization", "(redacted)"] in good["headers"]
    assert good["spent_ms"] > 0 and len(good["trace_id"]) == 32
    assert (bad["answer"], bad["body_bytes"]) == ("invalid", len(HEX)) and "body_base64" in bad
    assert (late["answer"], late["cause"]) == ("timeout", "budget_too_small")
    assert unknown["endpoint"] == "_unknown_"
    assert (unknown["body_bytes"], unknown["is_whole"]) == (30, False), "nobody has read its body"
    server.metrics_when(lambda _: "capture_ended" in server.log())
    begun, ended = [line for line in server.log().splitlines() if "capture_" in line]
    assert "capture_begun" in begun and "max_requests" in begun
    assert "capture_ended" in ended and "requests" in ended and "kept" in ended
    assert "cannot make" in server.batonctl("capture", "--to", file, expect=2).stderr  # nothing is overwritten


def test_what_was_captured_is_sent_again_by_the_words_of_the_how_to(server, tmp_path):
    bodies = [json.dumps({"data": text}).encode() for text in ("ab", "it's $(date) \"x\" `ls`\n", "\u00e9\u20ac")] + [HEX]
    file = tmp_path / "tumour.jsonl"
    with capturing(server, "--requests", len(bodies), "--to", file) as capture:
        # A target from which curl would make six requests.
        answers = [server.ask("POST", "/reverse?x=[1-3]{a,b}", body, [("X-Odd", "it's; $(x)")]).body for body in bodies]
        capture.lines()
    (script,) = re.findall(r"```sh\n(.*?)```", HOW_TO.read_text(), re.S)
    again = tmp_path / "again.jsonl"
    with capturing(server, "--requests", len(bodies), "--to", again) as capture:
        done = subprocess.run(["sh", "-c", script], cwd=tmp_path, env={**os.environ, "SERVER": f"http://{server.http}"},
                              capture_output=True, timeout=environment.patience(60), check=True)
        capture.lines()
    assert done.stderr == b""
    assert done.stdout == b"".join(answer + b"\n" for answer in answers)

    def essence(path):
        return [(one["target"], one.get("body"), one.get("body_base64"), one["answer"],
                 dict(one["headers"])["X-Odd"]) for one in map(json.loads, path.read_text().splitlines())]
    assert essence(again) == essence(file)


def test_calls_over_grpc_are_kept_with_their_message(server):
    request = oip_grpc.oip_pb2.ModelInferRequest(model_name="nosuch", id="7")
    with capturing(server, "--requests", 1) as capture, oip_grpc.stub_of(server) as stub:
        with pytest.raises(oip_grpc.grpc.RpcError):
            stub.ModelInfer(request, metadata=[("authorization", "Bearer SECRET"), ("one", "1")], timeout=30)
        (line,) = capture.lines()
    assert (line["protocol"], line["target"]) == ("grpc", "/inference.GRPCInferenceService/ModelInfer")
    assert ["authorization", "(redacted)"] in line["headers"] and ["one", "1"] in line["headers"]
    assert oip_grpc.oip_pb2.ModelInferRequest.FromString(line["body"].encode()) == request


def test_bounds_hold_under_load_and_what_did_not_fit_is_said(server):
    big = {"data": "x" * 100_000}
    with capturing(server, "--bytes", "1MiB", "--body", "64KiB", "--endpoint", "reverse", "--for", "10m") as capture:
        stop = threading.Event()

        def ask_on():
            while not stop.is_set():
                server.ask("POST", "/reverse", big)
                server.ask("POST", "/test/sleep", {"ms": 0})
        askers = [threading.Thread(target=ask_on) for _ in range(4)]
        for asker in askers:
            asker.start()
        lines = capture.lines()
        stop.set()
        for asker in askers:
            asker.join()
    assert {line["endpoint"] for line in lines} == {"reverse"}
    assert all(len(line["body"]) == 64 * 1024 and not line["is_whole"] for line in lines)
    assert 10 <= len(lines) <= 16
    assert "as many bytes as were asked for" in capture.said


def test_one_capture_runs_at_a_time_and_goes_with_its_caller(server):
    words = (environment.tool("grpcurl"), "-plaintext", "-d", '{"duration_ms": 600000}', server.admin,
             f"{SERVICE}/CaptureRequests")
    with started(*words) as client:
        client.take(1)
        refused = server.batonctl("capture", expect=1)
        assert "one capture runs at a time" in refused.stderr
    server.metrics_when(lambda _: "caller_left" in server.log())
    assert "caller_left" in server.log()
    with capturing(server, "--for", "100ms") as capture:
        assert capture.lines() == []
        assert "kept 0 requests (0 bytes); its time is up" in capture.said


def test_a_drain_ends_it(server):
    with capturing(server, "--for", "10m") as capture:
        server.ask("POST", "/reverse", {"data": "ab"})
        server.metrics_when_idle()
        server.stop()
        assert len(capture.lines()) == 1
        assert "the server is on its way out" in capture.said


@pytest.mark.parametrize("words, code, said", [
    (("--for", "99ms"), 2, "100ms to 10m"),
    (("--for", "soon"), 2, "--for"),
    (("--requests", "0"), 2, "1 to 10000"),
    (("--bytes", "1KiB"), 1, "max_bytes"),
    (("--body", "2MiB"), 1, "max_body_bytes"),
    (("--endpoint", "nosuch"), 4, "nosuch"),
])
def test_what_cannot_be_captured_is_refused(server, words, code, said):
    assert said in server.batonctl("capture", *words, expect=code).stderr


def test_it_is_for_operators(place, tmp_path):  # noqa: F811
    tokens = token_file(place, olga=(OPERATOR, "operator"), vera=(VIEWER, "viewer"))
    with server_process.running("--admin-token-file", tokens) as server:
        for token, code, said in ((VIEWER, 1, "is for operators"), (OPERATOR, 0, "its time is up")):
            file = tmp_path / "token"
            file.write_text(token)
            file.chmod(0o600)
            done = server.batonctl("--token-file", file, "capture", "--for", "100ms", expect=code)
            assert said in done.stderr
        server.metrics_when(lambda _: "capture_ended" in server.log())
        assert all("olga" in line for line in server.log().splitlines() if "capture_" in line)
