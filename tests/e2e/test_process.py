"""What the process of a running server is kept from, whoever asks: shown by a plug-in that asks for all of it."""

import contextlib
import errno
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile

import pytest

import certificates
import environment
import older_kernel
import server_process
from environment import program, run

ALL_ON = {"unprivileged", "no_new_privileges", "no_core_dumps", "seccomp", "landlock"}
# Nothing of the machine's own is needed for the test: it only has to be there, and readable for everybody.
FOREIGN_FILE = "/etc/hostname"


@pytest.fixture(scope="module")
def place():
    """A folder that a server can still read once it is no longer root, with the trespasser as a model in it."""
    with tempfile.TemporaryDirectory(prefix="baton-process-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        version = folder / "models" / "trespasser" / "1"
        version.mkdir(parents=True)
        shutil.copy(environment.TRESPASSER, version / "model.so")
        (folder / "foreign").mkdir()
        (folder / "foreign" / "file").write_text("not for the server")
        yield folder


@contextlib.contextmanager
def trespassing(place, *flags, **options):
    with server_process.running("--models", place / "models", *server_process.PLENTY, *flags, **options) as server:
        yield server


def attempt(server, *what):
    """The error of each, by its name."""
    body = {"inputs": [{"name": "what", "shape": [len(what)], "datatype": "BYTES", "data": list(what)}]}
    reply = server.ask("POST", "/v2/models/trespasser/infer", body)
    assert reply.status == 200, reply
    return [errno.errorcode.get(number, number) for number in reply.json()["outputs"][0]["data"]]


def events(server, name):
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def protections(server):
    return {kind for kind in ALL_ON if server.metrics()("baton_process_protection", kind=kind) == 1}


def skip_without(*kinds):
    """What this kernel, or a build with sanitizers, does not have cannot be shown."""
    for kind in kinds:
        checked = run(program("baton-server"), "check", f"--{kind}", "required", expect=None)
        if checked.returncode != 0:
            pytest.skip(checked.stderr.strip())


def status_of(server):
    text = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def test_every_thread_is_restricted_and_the_log_and_the_metrics_say_so():
    skip_without("seccomp", "landlock")
    with server_process.running() as server:
        for task in pathlib.Path(f"/proc/{server.pid}/task").iterdir():
            status = (task / "status").read_text()
            assert "NoNewPrivs:\t1\n" in status and "Seccomp:\t2\n" in status, status
        limits = pathlib.Path(f"/proc/{server.pid}/limits").read_text()
        assert "Max core file size        0                    0" in limits
        assert status_of(server)["Umask"].strip() == "0077"
        assert protections(server) == ALL_ON
        (hardened,) = events(server, "hardened")
        assert all(hardened[kind] == "on" for kind in ALL_ON), hardened
        assert not events(server, "protection_missing")
        assert not events(server, "call_denied")


def test_a_plug_in_starts_and_traces_nothing_and_connects_nowhere(place):
    skip_without("seccomp")
    with trespassing(place) as server:
        found = attempt(server, "execute", "spawn", "trace", "connect", "netlink", "dumpable", "become root")
        assert found == ["EPERM"] * 7
        counted = {kind: server.metrics()("baton_denied_calls_total", kind=kind)
                   for kind in ("process", "trace", "network", "identity", "kernel")}
        # A new process is denied without being counted.
        assert counted == {"process": 1, "trace": 2, "network": 2, "identity": 1, "kernel": 0}
        server.metrics_when(lambda _: len(events(server, "call_denied")) >= 5)
        told = {(event["call"], event["kind"], event["times"]) for event in events(server, "call_denied")}
        assert told == {("execve", "process", 1), ("ptrace", "trace", 1), ("prctl", "trace", 1),
                        ("socket", "network", 2), ("setuid", "identity", 1)}


def test_a_plug_in_reaches_no_file_that_the_configuration_does_not_name(place):
    skip_without("landlock")
    model = place / "models" / "trespasser" / "1" / "model.so"
    with trespassing(place) as server:
        assert attempt(server, f"read {model}", f"read {FOREIGN_FILE}", f"read {place}/foreign/file",
                       f"read /proc/{os.getpid()}/environ", "write /tmp/baton-trespass", f"write {model}") == [
            0, "EACCES", "EACCES", "EACCES", "EACCES", "EACCES"]
        assert not pathlib.Path("/tmp/baton-trespass").exists()


def test_paths_that_are_given_are_reached(place):
    skip_without("landlock")
    with tempfile.TemporaryDirectory(prefix="baton-cache-") as cache:
        os.chmod(cache, 0o777)
        given = ("--readable-paths", f"{place}/foreign:/etc/hostname", "--writable-paths", cache)
        with trespassing(place, *given) as server:
            assert attempt(server, f"read {place}/foreign/file", f"read {FOREIGN_FILE}", f"write {cache}/new",
                           f"write {place}/foreign/new") == [0, 0, 0, "EACCES"]
        # Of what it makes, others get no part.
        assert (pathlib.Path(cache) / "new").stat().st_mode & 0o077 == 0


def test_outgoing_connections_can_be_allowed_and_other_families_cannot(place):
    skip_without("seccomp")
    with trespassing(place, "--outgoing-connections") as server:
        # glibc asks over netlink which addresses to try first, and does without: that is no trespass.
        assert attempt(server, "connect", "netlink", "crypto", "execute") == ["ECONNREFUSED", "EAFNOSUPPORT", "EPERM", "EPERM"]


def test_off_is_off(place):
    with trespassing(place, "--seccomp", "off", "--landlock", "off", "--core-dumps") as server:
        assert status_of(server)["Seccomp"].strip() == "0"
        assert protections(server) == ALL_ON - {"seccomp", "landlock", "no_core_dumps"}
        assert attempt(server, f"read {FOREIGN_FILE}", "dumpable", "connect") == [0, 0, "ECONNREFUSED"]
        assert not events(server, "protection_missing")  # somebody wanted it so


OLDER_KERNEL = (sys.executable, pathlib.Path(__file__).with_name("older_kernel.py"))
needs_filters = pytest.mark.skipif(not older_kernel.is_possible(), reason="not written down for this architecture")


@needs_filters
@pytest.mark.parametrize("kind", ["seccomp", "landlock"])
def test_what_is_required_and_cannot_be_had_ends_the_start(kind):
    for command in (["check"], server_process.ANY_PORT):
        ended = run(*OLDER_KERNEL, program("baton-server"), *command, f"--{kind}", "required", expect=1)
        assert f"process.{kind} is required and cannot be had: " in ended.stderr, ended.stderr
        assert "ready" not in ended.stdout


@needs_filters
def test_what_the_kernel_lacks_is_warned_of_and_the_rest_is_in_force():
    with server_process.running(through=OLDER_KERNEL) as server:
        assert protections(server) == ALL_ON - {"seccomp", "landlock"}
        missing = events(server, "protection_missing")
        assert [(event["level"], event["kind"]) for event in missing] == [("warning", "seccomp"), ("warning", "landlock")]
        assert server.ask("GET", "/hello").status == 200


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: shows what root stays")
def test_root_stays_root_only_when_told_to_and_is_warned_of_it(place):
    with trespassing(place, "--user", "root") as server:
        assert status_of(server)["Uid"].split() == ["0"] * 4
        assert "unprivileged" not in protections(server)
        (missing,) = [event for event in events(server, "protection_missing") if event["kind"] == "unprivileged"]
        assert (missing["level"], missing["reason"]) == ("warning", "it runs as root")


@pytest.mark.parametrize("flags, words", [
    (["--seccomp", "maybe"], ["--seccomp", "'maybe'", "auto, off, required"]),
    (["--landlock", "on"], ["--landlock", "'on'", "auto, off, required"]),
    (["--readable-paths", "/no/such/place"], ["process.readable_paths", "/no/such/place", "not there"]),
])
def test_nonsense_is_told_before_anything_starts(flags, words):
    refused = run(program("baton-server"), *flags, expect=2)
    assert all(word in refused.stderr for word in words), refused.stderr


def test_a_configuration_that_is_replaced_is_read_again():
    skip_without("landlock")
    with certificates.folder() as place:
        file = place / "baton.yaml"
        file.write_text("workers: 1\n")
        with server_process.running("--config", file, *server_process.PLENTY) as server:
            fresh = place / "fresh.yaml"
            fresh.write_text("workers: 2\n")
            fresh.rename(file)
            server.signal(signal.SIGHUP)
            scrape = server.metrics_when(lambda now: now("baton_config_reloads_total", outcome="applied") == 1)
            assert scrape("baton_config_reloads_total", outcome="applied") == 1


def test_a_certificate_behind_links_is_renewed():
    """As Let's Encrypt's client lays them out: live/ has links into archive/, which are turned to new files."""
    skip_without("landlock")
    with certificates.folder() as place:
        authority = certificates.Authority(place)
        (place / "live").mkdir()
        (place / "archive").mkdir()
        live = certificates.Identity(place / "live" / "tls.crt", place / "live" / "tls.key")

        def put(number):
            made = authority.issue(f"server{number}")
            stored = certificates.Identity(place / "archive" / f"{number}.crt", place / "archive" / f"{number}.key")
            certificates.put(made, stored)
            for link, target in ((live.key, stored.key), (live.certificate, stored.certificate)):
                fresh = link.with_suffix(".link")
                fresh.symlink_to(target)
                fresh.rename(link)

        put(1)
        with server_process.running(*certificates.flags("http", live)) as server:
            put(2)
            scrape = server.metrics_when(lambda now: now("baton_tls_reloads_total", listener="http", result="ok") >= 1)
            assert scrape("baton_tls_reloads_total", listener="http", result="ok") >= 1


@pytest.fixture
def unit(tmp_path):
    """The unit of deploy/, with the program that was built."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here to judge the unit")
    text = (environment.ROOT / "deploy" / "systemd" / "baton.service").read_text()
    path = tmp_path / "baton.service"
    path.write_text(text.replace("/usr/local/bin/baton-server", program("baton-server")))
    return path


def test_systemd_takes_the_unit_without_a_word(unit):
    judged = run("systemd-analyze", "verify", "--man=no", unit)
    assert judged.stdout + judged.stderr == ""


def test_systemd_finds_the_unit_little_exposed(unit):
    # In tenths: 14 as it is; 96 without any of its restrictions.
    run("systemd-analyze", "security", "--offline=true", "--threshold=15", unit)
