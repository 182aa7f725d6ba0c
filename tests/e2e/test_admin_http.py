"""The admin API over HTTP and JSON, with curl: every method, who may call it, and from where."""

import base64
import contextlib
import hashlib
import json
import os
import re
import select
import signal
import subprocess

import pytest

import certificates
import environment
import http_raw
import server_process
from stopped_thread import stopped

OPERATOR, VIEWER, NOBODY = (f"baton_{letter * 43}" for letter in "abc")
JSON = ("-H", "Content-Type: application/json")


@pytest.fixture(scope="module")
def place():
    with certificates.folder() as folder:
        yield folder


def token_file(place, **roles):
    path = place / "tokens"
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(
        f"- name: {name}\n  sha256: {hashlib.sha256(token.encode()).hexdigest()}\n  role: {role}\n"
        for name, (token, role) in roles.items()))
    fresh.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(fresh, 65534, 65534)  # whom the server becomes
    fresh.rename(path)
    return path


@pytest.fixture
def tokens(place):
    return token_file(place, olga=(OPERATOR, "operator"), vera=(VIEWER, "viewer"))


@pytest.fixture
def server(tokens):
    with server_process.running("--workers", 2, "--admin-token-file", tokens, *server_process.PLENTY) as started:
        yield started


@pytest.fixture
def open_server():
    """Without a token file."""
    with server_process.running("--workers", 2, *server_process.PLENTY) as started:
        yield started


def curl(server, verb, path, *words, token=OPERATOR, data=None):
    """Status, headers in lower case, and the body as JSON where there is one."""
    words = list(words)
    if token is not None:
        words += ["-H", f"Authorization: Bearer {token}"]
    if data is not None:
        words += [*JSON, "-d", data if isinstance(data, str) else json.dumps(data)]
    verbs = ["-I"] if verb == "HEAD" else ["-X", verb]
    scheme = "https" if server.pages_tls else "http"
    done = environment.run(environment.tool("curl"), "-s", "-i", "-g", "--max-time", "60", *verbs, *words,
                           f"{scheme}://{server.pages}{path}")
    head, _, body = done.stdout.partition("\n\n")
    lines = head.splitlines()
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, json.loads(body) if body else None


def get(server, path, **options):
    status, _, body = curl(server, "GET", path, **options)
    assert status == 200, body
    return body


def generation(server):
    return get(server, "/admin/v1/status")["generation"]


def calls(operation, connection):
    """Every method once, by its name: verb, path, and what goes with it."""
    return {
        "GetStatus": ("GET", "/admin/v1/status", None),
        "WatchStatus": ("GET", "/admin/v1/status:watch", None),
        "CaptureRequests": ("POST", "/admin/v1/requests:capture", {"max_requests": 2}),
        "GetPool": ("GET", "/admin/v1/pool", None),
        "UpdatePool": ("PATCH", "/admin/v1/pool?update_mask=size", {"size": 3}),
        "ListEndpoints": ("GET", "/admin/v1/endpoints?page_size=1", None),
        "GetEndpoint": ("GET", "/admin/v1/endpoints/tumour", None),
        "UpdateEndpoint": ("PATCH", "/admin/v1/endpoints/tumour", {"max_workers": 1}),
        "ResetEstimator": ("POST", "/admin/v1/endpoints/tumour:resetEstimator", None),
        "ListMisses": ("GET", "/admin/v1/misses?limit=3", None),
        "ListModels": ("GET", "/admin/v1/models", None),
        "GetModel": ("GET", "/admin/v1/models/tumour", None),
        "LoadModel": ("POST", "/admin/v1/models/tumour:load", {}),
        "UnloadModel": ("POST", "/admin/v1/models/digits:unload", None),
        "ReloadModels": ("POST", "/admin/v1/models:reload", None),
        "ListOperations": ("GET", "/admin/v1/operations", None),
        "GetOperation": ("GET", f"/admin/v1/{operation}", None),
        "WaitOperation": ("GET", f"/admin/v1/{operation}:wait?timeout_ms=60000", None),
        "GetConfig": ("GET", "/admin/v1/config", None),
        "ReloadConfig": ("POST", "/admin/v1/config:reload", {"validate_only": True}),
        "Drain": ("POST", "/admin/v1/server:drain", None),
        "Resume": ("POST", "/admin/v1/server:resume", None),
        "GetLimits": ("GET", "/admin/v1/limits", None),
        "UpdateLimits": ("PATCH", "/admin/v1/limits", {"values": {"idle_time": "30s"}}),
        "GetAdmission": ("GET", "/admin/v1/admission", None),
        "UpdateAdmission": ("PATCH", "/admin/v1/admission", {"values": {"default_budget": "60ms"}}),
        "GetLogging": ("GET", "/admin/v1/logging", None),
        "UpdateLogging": ("PATCH", "/admin/v1/logging", {"values": {"level": "debug"}}),
        "ListListeners": ("GET", "/admin/v1/listeners", None),
        "GetListener": ("GET", "/admin/v1/listeners/http", None),
        "ListConnections": ("GET", "/admin/v1/connections?page_size=5", None),
        "CloseConnection": ("DELETE", f"/admin/v1/{connection}", None),
    }


def done(server, begun):
    """An operation, when it is."""
    return get(server, f"/admin/v1/{begun['name']}:wait?timeout_ms=60000")


def test_every_method_answers_and_get_changes_nothing(server):
    index = get(server, "/admin/v1")["methods"]
    _, _, begun = curl(server, "POST", "/admin/v1/models:reload")
    assert done(server, begun)["done"]
    with server.connect() as data_plane:
        data_plane.ask("GET", "/hello")
        (connection,) = get(server, "/admin/v1/connections")["connections"]
        methods = calls(begun["name"], connection["name"])
        for method in index:
            assert method["what"].endswith("."), method
            # The proto says which they are; a method that is new needs an example here.
            verb, path, data = methods.pop(method["method"])
            assert verb == method["verb"]
            if method["streams"]:
                continue  # Lines, below, are for these
            before = generation(server)
            status, headers, body = curl(server, verb, path, data=data)
            assert status == 200, (method, body)
            assert isinstance(body, dict) and headers["content-type"] == "application/json"
            assert headers["cache-control"] == "no-store"
            assert not [name for name in headers if "allow-origin" in name]
            if verb == "GET":
                assert generation(server) == before, method
                head, of_head, nothing = curl(server, "HEAD", path)
                assert (head, nothing) == (200, None) and int(of_head["content-length"]) > 0
            elif body.get("name", "").startswith("operations/"):
                assert "error" not in done(server, body)
        assert data_plane.at_end() == b""
    assert not methods, "the index does not have them"
    assert get(server, "/admin/v1/pool")["size"] == 3
    assert get(server, "/admin/v1/endpoints/tumour")["max_workers"] == 1
    assert [version["state"] for version in get(server, "/admin/v1/models/digits")["versions"]] == [
        "MODEL_VERSION_STATE_UNLOADED"]
    assert server.metrics()("baton_admin_rpcs_total", method="UpdatePool", code="OK") == 1
    audit = [line for line in server.log().splitlines() if '"admin_change"' in line and '"pool"' in line]
    assert len(audit) == 1 and "olga from ipv4:127.0.0.1:" in audit[0]
    assert "size=2" in audit[0] and "size=3" in audit[0]


class Lines:
    """What curl prints of a method that streams, line by line."""

    def __init__(self, server, verb, path, token=OPERATOR, data=None):
        words = [*JSON, "-d", json.dumps(data)] if data is not None else []
        if token is not None:
            words += ["-H", f"Authorization: Bearer {token}"]
        self.process = subprocess.Popen(
            [environment.tool("curl"), "-s", "-N", "-f", "--max-time", str(environment.patience(60)), "-X", verb, *words,
             f"http://{server.pages}{path}"], stdout=subprocess.PIPE, text=True)

    def next(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def test_the_status_is_watched_a_line_a_second(server):
    before = generation(server)
    with Lines(server, "GET", "/admin/v1/status:watch", token=VIEWER) as lines:
        seen = [int(lines.next()["number"]) for _ in range(3)]
    assert seen == sorted(set(seen)) and generation(server) == before
    status, headers, _ = curl(server, "HEAD", "/admin/v1/status:watch")
    assert (status, headers["content-type"]) == (200, "application/x-ndjson")


def test_requests_are_captured_line_by_line_to_the_end(server):
    path, two = "/admin/v1/requests:capture", {"max_requests": 2, "duration_ms": 600000}
    assert curl(server, "POST", path, token=VIEWER, data=two)[0] == 403
    assert curl(server, "POST", path, data={"max_requests": 10001})[0] == 400
    with Lines(server, "POST", path, data=two) as lines:
        begun = lines.next()
        assert begun["requests"] == [] and begun["progress"]["ended"] == "CAPTURE_END_UNSPECIFIED"
        status, _, body = curl(server, "POST", path, data=two)
        assert (status, body["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
        bodies = [{"data": "ab"}, {"data": "cd"}]
        for one in bodies:
            server.ask("POST", "/reverse", one)
        captured, line = [], begun
        while line["progress"]["ended"] == "CAPTURE_END_UNSPECIFIED":
            line = lines.next()
            captured += line["requests"]
        assert line["progress"]["ended"] == "CAPTURE_END_REQUESTS"
        assert [json.loads(base64.b64decode(one["body"])) for one in captured] == bodies
        assert lines.next() is None and lines.process.wait(environment.patience(20)) == 0
    assert '"who":"olga from ipv4:127.0.0.1:' in server.log()


def test_a_capture_ends_when_who_reads_it_leaves(server):
    path, long = "/admin/v1/requests:capture", {"duration_ms": 600000}
    for times in (1, 2):  # the next one may begin
        with Lines(server, "POST", path, data=long) as lines:
            assert lines.next()["requests"] == []
            lines.process.kill()
            server.metrics_when(lambda _: server.log().count('"capture_ended"') == times)
            assert server.log().count('"reason":"caller_left"') == times


def test_a_drain_ends_a_capture_with_all_that_it_has(server):
    long = {"duration_ms": 600000}
    with Lines(server, "POST", "/admin/v1/requests:capture", data=long) as lines:
        assert lines.next()["requests"] == []
        for number in range(20):
            server.ask("POST", "/reverse", {"data": f"{number:02}" + 5000 * "x"})
        server.metrics_when_idle()
        server.signal(signal.SIGTERM)
        captured, line = [], {"progress": {"ended": "CAPTURE_END_UNSPECIFIED"}}
        while line["progress"]["ended"] == "CAPTURE_END_UNSPECIFIED":
            line = lines.next()
            captured += line["requests"]
        assert line["progress"]["ended"] == "CAPTURE_END_DRAINING" and line["progress"]["left_out"] == "0"
        assert [json.loads(base64.b64decode(one["body"]))["data"][:2] for one in captured] == [
            f"{number:02}" for number in range(20)]
    assert server.wait() == 0


def test_a_watch_ends_when_its_token_is_taken_back(server, place):
    with Lines(server, "GET", "/admin/v1/status:watch", token=VIEWER) as lines:
        assert "number" in lines.next()
        token_file(place, olga=(OPERATOR, "operator"))
        line = lines.next()
        while "number" in line:
            line = lines.next()
        assert line["error"]["code"] == 401 and lines.next() is None


def test_an_update_is_checked_whole_and_its_etag_holds(server):
    status, headers, pool = curl(server, "GET", "/admin/v1/pool")
    assert headers["etag"] == f'"{pool["etag"]}"'
    dry = curl(server, "PATCH", "/admin/v1/pool?validate_only=true", data={"size": 7})
    assert (dry[0], dry[2]["size"], get(server, "/admin/v1/pool")["size"]) == (200, 7, 2)
    status, changed, _ = curl(server, "PATCH", "/admin/v1/pool", "-H", f"If-Match: {headers['etag']}", data={"size": 4})
    assert status == 200 and changed["etag"] != headers["etag"]
    # Said again, it is no longer what it was.
    replayed = curl(server, "PATCH", "/admin/v1/pool", "-H", f"If-Match: {headers['etag']}", data={"size": 5})
    assert (replayed[0], replayed[2]["error"]["status"]) == (412, "ABORTED")
    conflict = curl(server, "PATCH", "/admin/v1/pool", data={"size": 5, "etag": pool["etag"]})
    assert (conflict[0], conflict[2]["error"]["code"]) == (409, 409)
    for data, words in [({"size": 0}, ["size", "1 to 1024", "0"]), ({"colour": 1}, ["colour"]), ("{", ["body"]),
                        ({"size": "many"}, ["size", "many"]), ("[]", ["JSON object"]), ("", ["JSON object"])]:
        status, _, body = curl(server, "PATCH", "/admin/v1/pool", data=data)
        assert (status, body["error"]["status"]) == (400, "INVALID_ARGUMENT"), data
        for word in words:
            assert word in body["error"]["message"]
    violations = curl(server, "PATCH", "/admin/v1/pool", data={"size": 0})[2]["error"]["details"][0]
    assert violations["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert "size" in violations["field_violations"][0]["field"]
    assert curl(server, "PATCH", "/admin/v1/pool", data={"size": 3, "x": "y" * 70000})[0] == 413
    assert curl(server, "GET", "/admin/v1/endpoints/nobody")[0] == 404
    assert curl(server, "GET", "/admin/v1/nothing")[0] == 404
    assert get(server, "/admin/v1/pool")["size"] == 4


def test_verbs_that_a_path_does_not_take(server):
    for verb, path, allow in [("DELETE", "/admin/v1/pool", "get, head, options, patch"),
                              ("POST", "/admin/v1/pool", "get, head, options, patch"),
                              ("GET", "/admin/v1/config:reload", "options, post"),
                              ("HEAD", "/admin/v1/models:reload", "options, post")]:
        status, headers, _ = curl(server, verb, path)
        assert (status, headers["allow"]) == (405, allow)
    status, headers, _ = curl(server, "OPTIONS", "/admin/v1/pool", token=None)
    assert (status, headers["allow"]) == (204, "get, head, options, patch")
    assert not [name for name in headers if name.startswith("access-control")]


def test_who_has_which_token_may_do_what(server, place):
    before = generation(server)
    change = ("PATCH", "/admin/v1/pool")
    for token, status, scheme in [(None, 401, 'bearer realm="baton"'), (NOBODY, 401, "invalid_token"),
                                  (VIEWER, 403, "insufficient_scope"), (OPERATOR + "x", 401, "invalid_token")]:
        refused, headers, body = curl(server, *change, token=token, data={"size": 9})
        assert refused == status and scheme in headers["www-authenticate"], body
    for token, status in [(None, 401), (NOBODY, 401), (VIEWER, 200), (OPERATOR, 200)]:
        assert curl(server, "GET", "/admin/v1/pool", token=token)[0] == status
        assert curl(server, "GET", "/admin/v1", token=token)[0] == status
    assert generation(server) == before
    scrape = server.metrics()
    assert scrape("baton_mirror_refusals_total", reason="wrong_token") == 4
    assert scrape("baton_mirror_refusals_total", reason="viewer") == 1
    log = server.log()
    lines = [json.loads(line) for line in log.splitlines() if '"mirror_refused"' in line]
    assert lines and lines[0]["from"].startswith("ipv4:127.0.0.1:")
    assert not re.search("baton_[abc]{10}", log), "a token is in the log"
    # Taken out of the file, it is worth nothing soon; the other one goes on.
    token_file(place, vera=(VIEWER, "viewer"))
    server.metrics_when(lambda _: curl(server, "GET", "/admin/v1/pool", token=OPERATOR)[0] == 401)
    assert curl(server, "GET", "/admin/v1/pool", token=OPERATOR)[0] == 401
    assert curl(server, "GET", "/admin/v1/pool", token=VIEWER)[0] == 200


def test_without_a_token_file_loopback_looks_and_changes_nothing(open_server):
    server = open_server
    assert curl(server, "GET", "/admin/v1/pool", token=None)[0] == 200
    before = generation(server)
    for method, (verb, path, data) in calls("operations/0-1", "connections/0-1").items():
        if verb == "GET":
            continue
        for token in (None, OPERATOR):
            status, _, body = curl(server, verb, path, token=token, data=data)
            assert (status, body["error"]["status"]) == (403, "PERMISSION_DENIED"), method
            assert "--admin-token-file FILE" in body["error"]["message"]
    assert generation(server) == before


@pytest.mark.parametrize("headers", [
    ("Sec-Fetch-Site: cross-site",), ("Sec-Fetch-Site: same-site",), ("Origin: http://evil.example",),
    ("Origin: null",), ("Host: evil.example",), ("Host: evil.example:8082",),
    ("Host: evil.example", "Origin: http://evil.example", "Sec-Fetch-Site: same-origin")])
def test_other_sites_get_nothing_whatever_they_show(server, headers):
    words = [word for header in headers for word in ("-H", header)]
    before = generation(server)
    for verb, path, data in [("GET", "/admin/v1", None), ("GET", "/admin/v1/config", None),
                             ("PATCH", "/admin/v1/pool", {"size": 9}), ("OPTIONS", "/admin/v1/pool", None),
                             ("GET", "/admin/v1/status:watch", None), ("POST", "/admin/v1/requests:capture", {})]:
        status, answered, body = curl(server, verb, path, *words, data=data)
        assert (status, body["error"]["status"]) == (403, "PERMISSION_DENIED"), (verb, path)
        assert not [name for name in answered if name.startswith("access-control")]
    assert generation(server) == before


def test_names_of_a_loopback_listener_are_configured(tokens):
    with server_process.running("--admin-token-file", tokens, "--admin-host-names", "baton.example,b") as server:
        assert curl(server, "GET", "/admin/v1/pool", "-H", "Host: Baton.example:80")[0] == 200
        assert curl(server, "GET", "/admin/v1/pool", "-H", "Host: other.example")[0] == 403


def test_forms_of_browsers_are_refused(server):
    for words in (("-d", '{"size":9}'), ("-H", "Content-Type: text/plain", "-d", '{"size":9}'),
                  ("-F", "size=9")):
        status, _, body = curl(server, "PATCH", "/admin/v1/pool", *words)
        assert status == 415 and "application/json" in body["error"]["message"]
    assert get(server, "/admin/v1/pool")["size"] == 2


def test_beyond_loopback_tokens_travel_over_tls_only(place, tokens):
    anywhere = ("--http", "127.0.0.1:0", "--grpc", "off", "--admin", "127.0.0.1:0", "--pages", "0.0.0.0:0")
    with server_process.running("--admin-token-file", tokens, listeners=anywhere) as server:
        server.pages = server.pages.replace("0.0.0.0", "127.0.0.1")
        status, _, body = curl(server, "GET", "/admin/v1/pool")
        assert status == 403 and "TLS" in body["error"]["message"]
        assert server.metrics()("baton_mirror_refusals_total", reason="not_secured") == 1
    authority = certificates.Authority(place)
    secured = certificates.flags("pages", authority.issue("pages"))
    context = authority.client()
    context.check_hostname = False  # the address that it listens on is nobody's name
    with server_process.running("--admin-token-file", tokens, *secured, listeners=anywhere,
                                pages_tls=context) as server:
        server.pages = server.pages.replace("0.0.0.0", "127.0.0.1")
        trust = ("--cacert", authority.certificate)
        status, headers, body = curl(server, "GET", "/admin/v1/pool", *trust, token=VIEWER)
        assert status == 200 and headers["strict-transport-security"].startswith("max-age=")
        assert curl(server, "GET", "/admin/v1/pool", *trust, token=None)[0] == 401


def test_the_mirror_is_off_with_the_admin_plane(tokens):
    off = ("--http", "127.0.0.1:0", "--grpc", "off", "--admin", "off", "--pages", "127.0.0.1:0")
    with server_process.running("--admin-token-file", tokens, listeners=off) as server:
        status, _, body = curl(server, "GET", "/admin/v1/pool")
        assert status == 404 and "the admin plane is off" in body["error"]["message"]


def test_a_token_file_that_is_not_there_ends_the_start(place):
    done = environment.run(environment.program("baton-server"), *server_process.ANY_PORT, "--admin-token-file",
                           place / "nothing", expect=None)
    assert done.returncode != 0 and "nothing" in done.stderr


def test_scrapes_go_on_while_the_admin_plane_stands_still(server):
    asked = http_raw.request("GET", "/admin/v1/pool", None,
                             [("Host", "localhost"), ("Authorization", f"Bearer {VIEWER}")])
    with contextlib.ExitStack() as clients:
        waiting = [clients.enter_context(http_raw.Connection(server.pages)) for _ in range(33)]
        with stopped(server, "admin"):
            for client in waiting:
                client.send(asked)
            # 32 wait for the admin plane, whichever they are, and one is told to come back.
            (refused,) = select.select(waiting_sockets := [client.socket for client in waiting], [], [],
                                       environment.patience(30))[0]
            early = waiting[waiting_sockets.index(refused)]
            assert (reply := early.read()).status == 503 and reply.header("Retry-After") == "1"
            for _ in range(3):
                assert server.metrics()("baton_pool_workers") == 2
            assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
            left = waiting.pop(0 if waiting[0] is not early else 1)
            left.reset()  # its answer finds nobody
        for client in waiting:
            if client is not early:
                assert client.read().json()["name"] == "pool"
    assert get(server, "/admin/v1/pool")["size"] == 2


@pytest.mark.parametrize("path", ["/", "/metrics", "/nothing", "/admin/v1/pool", "/admin/v1"])
def test_security_headers_are_on_every_answer(open_server, path):
    reply = http_raw.ask(open_server.pages, "GET", path, headers=[("Host", "localhost")])
    assert reply.header("Content-Security-Policy").startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in reply.header("Content-Security-Policy")
    assert reply.header("X-Content-Type-Options") == "nosniff"
    assert reply.header("Referrer-Policy") == "no-referrer"
    assert reply.header("X-Frame-Options") == "DENY"
    assert reply.header("Cross-Origin-Opener-Policy") == reply.header("Cross-Origin-Resource-Policy") == "same-origin"
    assert reply.header("Permissions-Policy") and reply.header("Cache-Control") == "no-store"
    assert reply.header("Strict-Transport-Security") is None
