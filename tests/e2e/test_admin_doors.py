"""Who may call the admin plane, with grpcurl, batonctl and openssl: tokens, certificates, the Unix socket, addresses."""

import contextlib
import hashlib
import json
import os
import pathlib
import signal
import stat
import time

import pytest

import certificates
import environment
import server_process
from environment import run, tool

SERVICE = "baton.admin.v1.AdminService"
UNAUTHENTICATED, PERMISSION_DENIED = 64 + 16, 64 + 7  # as grpcurl exits
ROOT, LOOK, OTHER = (f"baton_{letter * 43}" for letter in "rlo")
BY_NAME = {"alice": (ROOT, "operator"), "grafana": (LOOK, "viewer")}


@pytest.fixture(scope="module")
def place():
    with certificates.folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def authority(place):
    return certificates.Authority(place)


def hand_over(path):
    """As the server's user, when it drops root."""
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)


def write_tokens(path, tokens):
    text = "".join(f"- name: {name}\n  role: {role}\n  sha256: {hashlib.sha256(token.encode()).hexdigest()}\n"
                   for name, (token, role) in tokens.items())
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.chmod(0o600)
    hand_over(fresh)
    fresh.rename(path)


@pytest.fixture
def tokens():
    """A folder with a file of tokens and, by their names, files that hold one each."""
    with certificates.folder() as folder:
        write_tokens(folder / "tokens", BY_NAME)
        for name, token in (("alice", ROOT), ("grafana", LOOK), ("nobody", OTHER)):
            (folder / name).write_text(token + "\n")
        yield folder


def grpcurl(*words, expect=0, data=None):
    return run(tool("grpcurl"), *words[:-2], *(["-d", json.dumps(data)] if data else []), *words[-2:], expect=expect)


def bearer(token):
    return ["-H", f"authorization: Bearer {token}"]


def test_calls_need_a_token_where_there_is_a_file_of_them(tokens):
    with server_process.running("--admin-token-file", tokens / "tokens") as server:
        plain = ["-plaintext"]
        assert "token is needed" in grpcurl(*plain, server.admin, "list", expect=1).stderr  # reflection
        # Who has the schema needs no reflection.
        proto = ["-import-path", environment.ROOT / "proto", "-import-path", environment.DEPS / "googleapis",
                 "-proto", "baton/admin/v1/admin_service.proto"]
        for method in (f"{SERVICE}/GetPool", f"{SERVICE}/UpdatePool"):
            none = grpcurl(*plain, *proto, server.admin, method, expect=UNAUTHENTICATED).stderr
            assert "authorization: Bearer TOKEN" in none
            wrong = grpcurl(*plain, *proto, *bearer(OTHER), server.admin, method, expect=UNAUTHENTICATED).stderr
            assert "nobody's, or has expired" in wrong and OTHER not in wrong
        alice = [*plain, *bearer(ROOT)]
        assert SERVICE in grpcurl(*alice, server.admin, "list").stdout
        assert "SERVING" in grpcurl(*alice, server.admin, "grpc.health.v1.Health/Check").stdout
        grpcurl(*alice, server.admin, f"{SERVICE}/UpdatePool", data={"pool": {"size": 3}})
        scrape = server.metrics()
        assert scrape("baton_admin_denied_total", reason="no_token") >= 3
        assert scrape("baton_admin_denied_total", reason="wrong_token") == 2
        assert scrape("baton_admin_rpcs_total", method="GetPool", code="UNAUTHENTICATED") == 2
        log = server.log()
        assert '"who":"alice from ipv4:127.0.0.1:' in log and '"event":"admin_denied"' in log
        assert ROOT not in log and OTHER not in log


def test_a_viewer_sees_and_changes_nothing(tokens):
    with server_process.running("--workers", 2, "--admin-token-file", tokens / "tokens") as server:
        viewer = ["-plaintext", *bearer(LOOK)]
        assert json.loads(grpcurl(*viewer, server.admin, f"{SERVICE}/GetPool").stdout)["size"] == 2
        assert "SERVING" in grpcurl(*viewer, server.admin, "grpc.health.v1.Health/Check").stdout
        changing = {"UpdatePool": {"pool": {"size": 5}}, "ReloadConfig": {}, "ReloadModels": {},
                    "LoadModel": {"name": "models/tumour"}, "UnloadModel": {"name": "models/tumour"},
                    "ResetEstimator": {"name": "endpoints/tumour"},
                    "UpdateEndpoint": {"endpoint": {"name": "endpoints/tumour", "max_workers": 1}}}
        for method, request in changing.items():
            said = grpcurl(*viewer, server.admin, f"{SERVICE}/{method}", data=request, expect=PERMISSION_DENIED).stderr
            assert "grafana is a viewer" in said
        assert server.metrics()("baton_admin_denied_total", reason="viewer") == len(changing)
        show = ["--token-file", tokens / "grafana"]
        assert "SIZE" in server.batonctl("get", "pool", *show).stdout
        assert "is a viewer" in server.batonctl("set", "pool", "size=5", *show, expect=1).stderr
        assert json.loads(server.batonctl("get", "pool", "-o", "json", *show).stdout)["size"] == 2


def test_batonctl_shows_its_token(tokens):
    with server_process.running("--workers", 2, "--admin-token-file", tokens / "tokens") as server:
        assert "2 -> 3" in server.batonctl("set", "pool", "size=3", "--token-file", tokens / "alice").stdout
        assert "--token-file FILE" in server.batonctl("get", "pool", expect=1).stderr
        assert "nobody's" in server.batonctl("get", "pool", "--token-file", tokens / "nobody", expect=1).stderr
        assert "none" in server.batonctl("get", "pool", "--token-file", tokens / "none", expect=2).stderr
        assert "SIZE" in server.batonctl(
            "get", "pool", env={**os.environ, "BATONCTL_TOKEN_FILE": str(tokens / "alice")}).stdout
        variables = {**os.environ, "BATON_CONTEXTS": str(tokens / "contexts.yaml"), "BATON_ADMIN": ""}
        batonctl = environment.program("batonctl")
        run(batonctl, "context", "set", "here", "--server", server.admin, "--token-file", "alice", env=variables,
            cwd=tokens)
        assert "SIZE" in run(batonctl, "--context", "here", "get", "pool", env=variables).stdout
        assert ROOT not in (tokens / "contexts.yaml").read_text()


def test_tokens_are_rotated_while_it_serves(tokens):
    with server_process.running("--admin-token-file", tokens / "tokens") as server:
        server.batonctl("get", "pool", "--token-file", tokens / "alice")
        (tokens / "tokens").write_text("- name: half")  # of a file: what there is stays
        refused = {"file": "admin_tokens", "result": "failed"}
        assert server.metrics_when(lambda now: now("baton_secret_reads_total", **refused) > 0)(
            "baton_secret_reads_total", **refused) > 0
        server.batonctl("get", "pool", "--token-file", tokens / "alice")
        write_tokens(tokens / "tokens", {"carol": (OTHER, "operator")})
        deadline = time.monotonic() + environment.patience(30)
        while server.batonctl("get", "pool", "--token-file", tokens / "nobody", expect=None).returncode != 0:
            assert time.monotonic() < deadline, server.log()
            time.sleep(0.1)
        server.batonctl("get", "pool", "--token-file", tokens / "alice", expect=1)


@contextlib.contextmanager
def with_certificates(place, authority, *flags):
    operators = certificates.Authority(place, "operators")
    with server_process.running(
            *certificates.flags("admin", authority.issue("admin"), client_ca=operators.certificate), *flags) as server:
        yield server, operators


def test_certificates_say_who_calls(place, authority):
    with with_certificates(place, authority, "--admin-viewers", "ci, dash") as (server, operators):
        trust = ["--ca", authority.certificate]

        def own(identity):
            return [*trust, "--certificate", identity.certificate, "--key", identity.key]

        alice = operators.issue("alice")
        server.batonctl("set", "pool", "size=3", *own(alice))
        assert '"who":"alice from ipv4:' in server.log()
        assert "ci is a viewer" in server.batonctl("set", "pool", "size=4", *own(operators.issue("ci")), expect=1).stderr
        late, foreign = operators.issue("late", days=-1), authority.issue("foreign")
        for wrong in (late, foreign):
            said = server.batonctl("get", "pool", *own(wrong), expect=3).stderr
            assert "may not trust the certificate" in said
        assert "may want a certificate" in server.batonctl("get", "pool", *trust, expect=3).stderr
        assert "say --ca FILE" in server.batonctl("get", "pool", expect=3).stderr
        not_its_own = ["--ca", operators.certificate, "--certificate", alice.certificate, "--key", alice.key]
        assert "is not to be trusted" in server.batonctl("get", "pool", *not_its_own, expect=3).stderr
        assert "go together" in server.batonctl("get", "pool", *trust, "--key", alice.key, expect=2).stderr
        mine = ["-cacert", authority.certificate, "-cert", alice.certificate, "-key", alice.key]
        assert SERVICE in grpcurl(*mine, server.admin, "list").stdout


def test_certificates_say_who_calls_over_http_as_well(place, authority):
    operators = certificates.Authority(place, "operators")
    alice, ci = operators.issue("alice"), operators.issue("ci")
    late, foreign = operators.issue("late", days=-1), authority.issue("foreign")
    flags = [*certificates.flags("pages", authority.issue("pages"), client_ca=operators.certificate), "--admin-viewers", "ci"]
    with server_process.running(*flags, pages_tls=authority.client(ci)) as server:
        def curl(identity, *words, path="/admin/v1/pool", expect=0):
            own = ["--cert", identity.certificate, "--key", identity.key] if identity else []
            done = run(tool("curl"), "-sS", "--cacert", authority.certificate, *own, "-w", "\n%{http_code}", *words,
                       f"https://{server.pages}{path}", expect=None)
            assert (done.returncode == 0) == (expect == 0), done.stderr
            return done.stdout.rsplit("\n", 1)

        change = ["-X", "PATCH", "-H", "Content-Type: application/json", "-d", '{"size": 3}']
        body, status = curl(alice, *change)
        assert (json.loads(body)["size"], status) == (3, "200")
        assert '"who":"alice from ipv4:' in server.log()
        assert curl(ci)[1] == curl(ci, path="/metrics")[1] == "200"
        body, status = curl(ci, *change)
        assert "ci is a viewer" in body and status == "403"
        assert curl(alice, *change, "-H", "Origin: https://elsewhere.example")[1] == "403"
        for wrong in (late, foreign, None):
            curl(wrong, expect=1)
        assert server.metrics()("baton_tls_handshakes_total", listener="pages", outcome="client_certificate") == 3
        assert server.metrics()("baton_mirror_refusals_total", reason="viewer") == 1


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "*:0"])
def test_an_address_that_others_reach_is_refused_without_keys(address, authority):
    for command, code in (([], 2), (["check"], 1)):
        done = run(environment.program("baton-server"), *command, "--http", "127.0.0.1:0", "--admin", address, expect=code)
        for word in ("listeners.admin", "other machines may reach", "127.0.0.1", "tls.admin.client_ca", "admin.token_file"):
            assert word in done.stderr
    only_tls = certificates.flags("admin", authority.issue("half"))
    run(environment.program("baton-server"), "check", "--admin", address, *only_tls, expect=1)


def test_an_address_that_others_reach_is_served_with_keys(tokens, authority):
    listeners = ("--http", "127.0.0.1:0", "--grpc", "off", "--admin", "0.0.0.0:0", "--pages", "127.0.0.1:0",
                 "--admin-socket", "off")
    flags = [*certificates.flags("admin", authority.issue("open")), "--admin-token-file", tokens / "tokens"]
    with server_process.running(*flags, listeners=listeners) as server:
        where = ["--server", "127.0.0.1:" + server.admin.rsplit(":", 1)[1], "--ca", authority.certificate]
        batonctl = environment.program("batonctl")
        assert "SIZE" in run(batonctl, *where, "--token-file", tokens / "alice", "get", "pool").stdout
        assert "token is needed" in run(batonctl, *where, "get", "pool", expect=1).stderr


def test_check_reads_the_file_of_tokens(tmp_path):
    wrong = tmp_path / "tokens"
    wrong.write_text("- name: a b\n  role: king\n")
    wrong.chmod(0o600)
    said = run(environment.program("baton-server"), "check", "--admin-token-file", wrong, expect=1).stderr
    assert "admin.token_file" in said and "role" in said
    said = run(environment.program("baton-server"), "check", "--admin-token-file", tmp_path / "none", expect=1).stderr
    assert "admin.token_file" in said


@pytest.fixture
def socket_path():
    with certificates.folder() as folder:  # a short path
        hand_over(folder)
        yield folder / "admin.sock"


def on_socket(path, *words, expect=0):
    return run(environment.program("batonctl"), "--server", f"unix:{path}", *words, expect=expect)


def test_the_unix_socket_is_its_owners_and_needs_no_token(socket_path, tokens):
    flags = ["--admin-socket", socket_path, "--admin-token-file", tokens / "tokens"]
    with server_process.running(*flags, listeners=server_process.ANY_TCP) as server:
        mode = socket_path.stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
        assert "-> 3" in on_socket(socket_path, "set", "pool", "size=3").stdout
        assert '"who":"unix from unix:' in server.log()
        server.batonctl("get", "pool", expect=1)  # over TCP it does
        assert SERVICE in grpcurl("-plaintext", "-unix", socket_path, "list").stdout
        if os.geteuid() == 0:
            denied = run("setpriv", "--reuid", 65534, "--regid", 65534, "--clear-groups",
                         environment.program("batonctl"), "--server", f"unix:{socket_path}", "get", "pool", expect=3)
            assert "Permission denied".lower() in denied.stderr.lower()
    assert not socket_path.exists()


def test_a_socket_is_not_taken_from_a_living_server_but_from_one_that_has_gone(socket_path):
    server = server_process.ServerProcess("--admin-socket", socket_path, listeners=server_process.ANY_TCP)
    try:
        server.start()
        refused = run(environment.program("baton-server"), *server_process.ANY_TCP, "--admin-socket", socket_path,
                      expect=1).stderr
        assert f"cannot listen on unix:{socket_path} for admin: another server does" in refused
        on_socket(socket_path, "get", "pool")
        server.signal(signal.SIGKILL)
        server.wait()
    finally:
        server.clean_up()
    assert socket_path.exists()
    with server_process.running("--admin-socket", socket_path, listeners=server_process.ANY_TCP):
        on_socket(socket_path, "get", "pool")
    assert not socket_path.exists()


def test_a_socket_may_be_the_only_door(socket_path):
    listeners = ("--http", "127.0.0.1:0", "--grpc", "off", "--admin", "off", "--pages", "127.0.0.1:0",
                 "--admin-socket", str(socket_path))
    with server_process.running(listeners=listeners) as server:
        assert server.admin == "off"
        on_socket(socket_path, "get", "pool")


def test_a_server_of_ones_own_is_found_by_its_usual_socket(tmp_path):
    """Of somebody who is not root; root's is that of the machine, which a test leaves alone."""
    if os.geteuid() == 0:
        pytest.skip("root's usual socket is /run/baton/admin.sock")
    variables = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path), "BATON_ADMIN": "",
                 "BATON_CONTEXTS": str(tmp_path / "contexts.yaml")}
    with server_process.running(listeners=server_process.ANY_TCP,
                                through=["env", f"XDG_RUNTIME_DIR={tmp_path}"]):
        assert (tmp_path / "baton" / "admin.sock").is_socket()
        assert "SIZE" in run(environment.program("batonctl"), "get", "pool", env=variables).stdout
    assert not (tmp_path / "baton" / "admin.sock").exists()


def test_batonctl_sends_no_token_to_another_machine_in_the_clear(tokens):
    said = run(environment.program("batonctl"), "--server", "192.0.2.1:8081", "--token-file", tokens / "alice", "get",
               "pool", expect=2).stderr
    assert "over TLS only" in said and pathlib.Path(tokens / "alice").read_text().strip() not in said
