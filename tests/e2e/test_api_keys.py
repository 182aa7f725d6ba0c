"""API keys and their rates, with curl, tritonclient and grpcurl; files that change while the server runs."""

import contextlib
import json
import os
import re

import numpy
import pytest
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import InferenceServerException

import certificates
import environment
import server_process
from api_keys import KeyFile, entry, when
from environment import program, run, tool
from http_raw import request

UNAUTHENTICATED, RESOURCE_EXHAUSTED = 16, 8
BODY = {"data": "abc"}


@pytest.fixture(scope="module")
def place():
    with certificates.folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def file(place):
    return KeyFile(place / "api-keys.yaml")


@pytest.fixture(scope="module")
def keys(file):
    """Tokens by name: `shop` may come as often as it likes, those with a rate three times at once and hardly again."""
    slowly = ("--rate", "1/h", "--burst", "3")
    return {"shop": file.new("shop"), "expired": file.new("expired", "--expires", "2020-01-01T00:00:00Z"),
            **{name: file.new(name, *slowly) for name in ("curl", "pieces", "grpc", "plain")}}


@pytest.fixture(scope="module")
def www(place):
    folder = place / "www"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "page.txt").write_text("a page")
    return folder


@pytest.fixture(scope="module")
def server(file, keys, www):
    flags = [*server_process.PLENTY, "--api-keys", file.path, "--conductors", "2", "--static", f"/static={www}",
             "--log-level", "debug"]
    with server_process.running(*flags, late_answers=0) as started:
        yield started
        log = started.log()
        for token in keys.values():
            assert token not in log and token[6:20] not in log


def counted(server, key, outcome):
    return server.metrics()("baton_api_key_requests_total", key=key, outcome=outcome)


def curl(server, path, *words, data=None):
    """Status, headers and body."""
    body = ["-d", json.dumps(data)] if data is not None else []
    done = run(tool("curl"), "-sS", "-i", *words, *body, f"http://{server.http}{path}")
    head, _, rest = done.stdout.partition("\n\n")
    lines = head.splitlines()
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, rest


def bearer(token):
    return ["-H", f"Authorization: Bearer {token}"]


def test_curl_gets_in_with_its_key(server, keys):
    for header in ("Authorization: Bearer {}", "authorization: bearer {}", "X-API-Key: {}"):
        status, headers, body = curl(server, "/reverse", "-H", header.format(keys["shop"]), data=BODY)
        assert (status, body) == (200, '{"data":"cba"}')
        assert "ratelimit" not in headers


def test_who_has_no_key_is_told_what_is_expected(server):
    before = server.metrics()("baton_api_key_strangers_total", outcome="missing")
    for words in ([], ["-u", "ann:secret"], ["-H", "X-API-Key;"]):
        status, headers, body = curl(server, "/reverse", *words, data=BODY)
        assert (status, headers["www-authenticate"]) == (401, 'bearer realm="baton"')
        assert "Authorization: Bearer KEY" in json.loads(body)["error"]
    assert server.metrics()("baton_api_key_strangers_total", outcome="missing") == before + 3


def test_keys_that_are_not_good_are_refused(server, keys):
    shop = keys["shop"]
    for wrong in ("wrong", shop[:-1], shop + "x", shop.upper(), "x" * 7000):
        status, headers, body = curl(server, "/reverse", *bearer(wrong), data=BODY)
        assert status == 401 and 'error="invalid_token"' in headers["www-authenticate"]
        assert json.loads(body)["error"] == "the API key is not known"
    status, _, body = curl(server, "/reverse", *bearer(keys["expired"]), data=BODY)
    assert (status, json.loads(body)["error"]) == (401, "the API key has expired")
    assert counted(server, "expired", "expired") >= 1


def test_a_refused_request_is_invalid_and_no_miss(server):
    before = server.metrics_when_idle()
    assert curl(server, "/v2/models/digits/infer", data={})[0] == 401
    after = server.metrics_when_idle()
    changed = {(name, answer) for name in ("_unknown_", "digits") for answer in ("invalid", "refused", "error")
               if after("baton_requests_total", endpoint=name, answer=answer)
               != before("baton_requests_total", endpoint=name, answer=answer)}
    assert changed == {("_unknown_", "invalid")}


@pytest.mark.parametrize("path", ["/hello", "/v2/health/live", "/v2/health/ready"])
def test_what_watches_the_server_needs_no_key(server, path):
    assert curl(server, path)[0] == 200
    assert curl(server, path, *bearer("wrong"))[0] == 200


@pytest.mark.parametrize("method, path", [
    ("GET", "/v2"), ("GET", "/openapi.json"), ("GET", "/v2/models/digits"), ("GET", "/v2/models/digits/ready"),
    ("GET", "/v2/models/stats"), ("POST", "/v2/repository/index"), ("GET", "/static/page.txt"), ("GET", "/nothing"),
    ("DELETE", "/hello"), ("OPTIONS", "*"), ("GET", "/v2/health/live/../../models/digits")])
def test_everything_else_does(server, keys, method, path):
    assert server.ask(method, path).status == 401
    with_key = server.ask(method, path, headers=[("X-API-Key", keys["shop"])])
    assert with_key.status not in (401, 403, 429, 500)


def test_the_head_alone_is_answered(server):
    with server.connect() as connection:
        head = [("Content-Length", "3000000"), ("Expect", "100-continue")]
        connection.send(request("POST", "/reverse", headers=head))
        assert connection.read().status == 401


def test_a_rate_holds_over_all_conductors(server, keys):
    replies = [curl(server, "/reverse", *bearer(keys["curl"]), data=BODY) for _ in range(6)]
    assert [status for status, _, _ in replies] == [200] * 3 + [429] * 3
    assert [headers["ratelimit"].split(";")[1] for _, headers, _ in replies] == ["r=1", "r=1", "r=0", "r=0", "r=0", "r=0"]
    _, refused, body = replies[-1]
    seconds = int(refused["retry-after"])
    assert 3000 < seconds <= 3600
    assert refused["ratelimit"] == f'"key";r=0;t={seconds}'
    assert refused["ratelimit-policy"] == '"key";q=1;w=3600'
    assert json.loads(body)["error"] == f"the API key may be used 1/h, expected again in {seconds} s"
    assert (counted(server, "curl", "allowed"), counted(server, "curl", "over_rate")) == (3, 3)


def test_a_request_in_pieces_is_one_request(server, keys):
    whole = request("POST", "/reverse", BODY, [("X-API-Key", keys["pieces"])])
    head = whole.index(b"\r\n\r\n") + 4
    for number in (1, 2, 3):
        with server.connect() as connection:
            connection.send(whole[:head])
            assert when(lambda least=number: counted(server, "pieces", "allowed") == least)
            connection.send(whole[head:])
            assert connection.read().status == 200
    with server.connect() as connection:
        connection.send(whole[:head])
        assert connection.read().status == 429
    assert (counted(server, "pieces", "allowed"), counted(server, "pieces", "over_rate")) == (3, 1)


def infer(client, triton, headers):
    tensor = triton.InferInput("input", [1, 64], "FP32")
    tensor.set_data_from_numpy(numpy.zeros([1, 64], numpy.float32))
    return client.infer("digits", [tensor], headers=headers).as_numpy("label")


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_tritonclient_gets_in_with_its_key(server, keys, protocol):
    triton = getattr(tritonclient, protocol)
    with triton.InferenceServerClient(getattr(server, protocol)) as client:
        good = {"authorization": f"Bearer {keys['shop']}"}
        assert infer(client, triton, good).shape == (1,)
        assert infer(client, triton, {"x-api-key": keys["shop"]}).shape == (1,)
        assert client.get_model_metadata("digits", headers=good)
        assert client.is_server_live() and client.is_server_ready()
        for wrong in ({}, {"authorization": "Bearer wrong"}, {"x-api-key": keys["expired"]}):
            with pytest.raises(InferenceServerException) as refused:
                infer(client, triton, wrong)
            assert refused.value.status() in ("401", "StatusCode.UNAUTHENTICATED")
            with pytest.raises(InferenceServerException):
                client.get_model_metadata("digits", headers=wrong)


def grpcurl(server, method, *words, data=None, expect=0):
    options = ["-plaintext", "-v", "-d", json.dumps(data or {})]
    return run(tool("grpcurl"), *options, *words, server.grpc, *([method] if method else []), expect=expect)


def test_grpcurl_gets_in_with_its_key(server, keys):
    key = bearer(keys["shop"])
    service = "inference.GRPCInferenceService"
    assert service in run(tool("grpcurl"), "-plaintext", *key, server.grpc, "list").stdout
    assert '"name": "baton"' in grpcurl(server, f"{service}/ServerMetadata", *key).stdout
    refused = run(tool("grpcurl"), "-plaintext", server.grpc, "list", expect=1)
    assert "Unauthenticated" in refused.stderr and "an API key is expected" in refused.stderr


@pytest.fixture(scope="module")
def protos():
    """What grpcurl calls with that has no key for reflection."""
    return ["-import-path", environment.ROOT / "proto", "-proto", "inference/grpc_service.proto"]


def test_over_grpc_health_and_readiness_need_no_key(server, protos):
    for method in ("ServerLive", "ServerReady"):
        assert "true" in grpcurl(server, f"inference.GRPCInferenceService/{method}", *protos).stdout
    for method in ("ServerMetadata", "ModelReady", "ModelInfer", "RepositoryIndex"):
        grpcurl(server, f"inference.GRPCInferenceService/{method}", *protos, expect=64 + UNAUTHENTICATED)
    health = run(tool("grpcurl"), "-plaintext", "-import-path", environment.ROOT / "tests" / "e2e", "-proto",
                 "health.proto", server.grpc, "grpc.health.v1.Health/Check")
    assert "SERVING" in health.stdout


def test_over_grpc_a_rate_holds_for_every_method(server, keys, protos):
    method = "inference.GRPCInferenceService/ModelInfer"
    words = [*protos, *bearer(keys["grpc"])]
    for _ in range(3):  # it has no inputs, but a key
        grpcurl(server, method, *words, data={"model_name": "digits"}, expect=64 + 3)
    refused = grpcurl(server, method, *words, data={"model_name": "digits"}, expect=64 + RESOURCE_EXHAUSTED)
    assert re.search(r"retry-after: 3\d\d\d\n", refused.stdout)
    assert re.search(r"expected again in 3\d\d\d s", refused.stderr)
    words = [*protos, *bearer(keys["plain"])]
    for _ in range(3):
        grpcurl(server, "inference.GRPCInferenceService/ServerMetadata", *words)
    grpcurl(server, "inference.GRPCInferenceService/ServerMetadata", *words, expect=64 + RESOURCE_EXHAUSTED)


def test_no_secret_is_in_metrics_or_the_configuration(server, file, keys):
    dump = run(program("baton-server"), "config", "dump", "--origin", "--api-keys", file.path).stdout
    assert f"file: {file.path}" in dump
    shown = server.metrics().text + dump + server.batonctl("config", "get").stdout
    hashes = re.findall("[0-9a-f]{64}", file.text())
    assert len(hashes) == len(keys)
    for secret in [*keys.values(), *hashes]:
        assert secret[6:30] not in shown


@contextlib.contextmanager
def serving(file):
    with server_process.running(*server_process.PLENTY, "--api-keys", file.path) as started:
        yield started


def status_of(server, token):
    return server.ask("POST", "/reverse", BODY, [("X-API-Key", token)]).status


def test_a_key_is_replaced_without_a_restart_or_a_gap(place):
    file = KeyFile(place / "rotated.yaml")
    old = file.new("shop")
    with serving(file) as server:
        assert status_of(server, old) == 200
        new = file.new("shop")  # beside the old one
        assert status_of(server, old) == 200
        assert when(lambda: status_of(server, new) == 200)
        assert status_of(server, old) == 200
        file.write(entry("shop", new))
        assert when(lambda: (status_of(server, new), status_of(server, old)) == (200, 401))
        assert "StatusCode.UNAUTHENTICATED" in over_grpc(server, old)
        assert over_grpc(server, new) == ""
        scrape = server.metrics()
        assert scrape("baton_secret_reads_total", file="api_keys", result="ok") == 2
        assert scrape.values_of("baton_api_key_requests_total", "key") == ["shop"]
        file.write(entry("lab", new))
        assert when(lambda: server.metrics().values_of("baton_api_key_requests_total", "key") == ["lab"])


def over_grpc(server, token):
    """How a call was refused, or nothing."""
    with tritonclient.grpc.InferenceServerClient(server.grpc) as client:
        try:
            infer(client, tritonclient.grpc, {"x-api-key": token})
        except InferenceServerException as error:
            return error.status()
    return ""


def large(file):
    beside = file.path.with_suffix(".next")
    beside.write_text(entry("shop", "another"))
    os.truncate(beside, 100_000_000)
    file.put(beside)


WRONG = {
    "100 MB": (large, "expected at most 1MiB"),
    "readable by all": (lambda file: file.write(entry("shop", "another"), 0o644), "chmod 600"),
    "half written": (lambda file: file.write(entry("shop", "another")[:-20]), "half written"),
    "empty": (lambda file: file.write(""), "holds no entry"),
    "one entry of two wrong": (lambda file: file.write(entry("shop", "another") + "- name: lab\n"), "sha256 is missing"),
    "bytes": (lambda file: file.write(bytes(range(256)) + b"\n"), "api"),
    "gone": (lambda file: file.path.unlink(), "is not there"),
}


def test_a_file_that_is_wrong_leaves_the_keys_that_there_are(place):
    file = KeyFile(place / "api-wrong.yaml")
    good = file.new("shop")
    with serving(file) as server:
        for number, (spoil, reason) in enumerate(WRONG.values(), 1):
            spoil(file)
            server.metrics_when(
                lambda now, least=number: now("baton_secret_reads_total", result="failed") >= least)
            assert server.metrics()("baton_secret_reads_total", result="failed") == number
            assert (status_of(server, good), status_of(server, "another")) == (200, 401)
            refused = [line for line in server.log().splitlines() if "secrets_refused" in line]
            assert len(refused) == number and reason in refused[-1]
        file.write(entry("shop", "another"))
        assert when(lambda: status_of(server, "another") == 200)
        assert status_of(server, good) == 401


@pytest.mark.parametrize("wrong", WRONG)
def test_the_start_and_the_check_refuse_such_a_file(place, wrong):
    file = KeyFile(place / "api-never.yaml")
    file.write(entry("shop", "x"))
    spoil, reason = WRONG[wrong]
    spoil(file)
    listeners = ["--http", "127.0.0.1:0", "--grpc", "off", "--admin", "off", "--pages", "off"]
    for command in ([], ["check"]):
        refused = run(program("baton-server"), *command, *listeners, "--api-keys", file.path, expect=1)
        assert "api_keys.file: " in refused.stderr and reason in refused.stderr


def test_an_unwanted_token_is_not_made(place):
    file = place / "api-none.yaml"
    new = [program("baton-server"), "token", "new", "--file", file]
    for words, reason in ((["--name", "a b"], "--name"), (["--name", "a", "--role", "root"], "--role"),
                          (["--name", "a", "--rate", "fast"], "--rate"),
                          (["--name", "a", "--burst", "5"], "--burst"),
                          (["--name", "a", "--role", "viewer", "--rate", "1/s"], "--rate"),
                          (["--name", "a", "--expires", "tomorrow"], "--expires"), ([], "--name")):
        refused = run(*new, *words, expect=2)
        assert reason in refused.stderr and refused.stdout == ""
    assert not file.exists()


def test_without_a_file_the_entry_goes_to_standard_error():
    made = run(program("baton-server"), "token", "new", "--name", "ann", "--role", "operator")
    token = made.stdout.strip()
    assert re.fullmatch("baton_[0-9A-Za-z]{43}", token)
    assert made.stderr == entry("ann", token, role="operator")
