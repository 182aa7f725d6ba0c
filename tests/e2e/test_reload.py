"""A configuration that is read again while the server runs."""

import contextlib
import fcntl
import json
import os
import pathlib
import signal

import pytest

import environment
import load
import reloads
from environment import run, tool


def settings_of(reloaded, endpoint):
    found = reloaded.get("endpoint", endpoint)
    return found["default_budget_ms"], found["max_workers"]


def test_a_hang_up_applies_what_the_file_says_now():
    with reloads.running("workers: 2\n") as reloaded:
        assert reloaded.says("workers: 3\nbudgets: {default: 70ms}\nendpoints: {tumour: {max_workers: 2}}\n"
                             "limits: {queued_requests: 77, pending_requests: 88}\n") == ["applied"]
        assert reloaded.get("pool")["size"] == 3
        assert settings_of(reloaded, "tumour") == (70, 2)
        assert settings_of(reloaded, "reverse") == (70, 0)
        scrape = reloaded.server.metrics()
        assert scrape("baton_queue_limit", endpoint="tumour") == 77
        assert scrape("baton_pending_responses_limit") == 88
        assert scrape("baton_config_last_reload_successful") == 1
        assert scrape("baton_config_generation") == 2
        assert reloaded.server.ask("POST", "/reverse", {"text": "ab"}, [("Baton-Budget-Ms", "8000")]).status == 200
        assert reloaded.says("workers: 2\n") == ["applied"]
        assert reloaded.get("pool")["size"] == 2 and settings_of(reloaded, "tumour") == (50, 0)
        assert reloaded.hang_up() == ["unchanged"]
        assert reloaded.server.metrics()("baton_config_generation") == 3


def test_what_needs_a_restart_is_named_and_not_applied():
    with reloads.running("workers: 2\n") as reloaded:
        assert reloaded.says("workers: 3\nbacklog: 99\nuser: www\n") == ["applied"]
        assert reloaded.get("pool")["size"] == 3
        waiting = {(line["key"], line["before"], line["after"]) for line in reloaded.log_of("config_needs_restart")}
        assert waiting == {("backlog", "4096", "99"), ("user", "nobody", "www")}
        applied = reloaded.log_of("config_applied")[0]
        assert applied["needs_restart"] == 2 and applied["who"] == "SIGHUP" and applied["generation"] == 2
        assert reloaded.hang_up() == ["unchanged"]
        assert len(reloaded.log_of("config_needs_restart")) == 4  # as long as the file says so


@contextlib.contextmanager
def slow_disk(path):
    """Whoever opens the file waits, by a lease of ours, until the `with` ends."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)  # somebody waits
    try:
        with path.open("r+b") as file:
            try:
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            except OSError:
                pytest.skip("this file system has no leases")
            yield
    finally:
        signal.signal(signal.SIGIO, before)


def test_a_reload_that_waits_for_its_disk_holds_up_no_update():
    with reloads.running("workers: 2\n") as reloaded:
        reloaded.file.write_text(reloaded.file.read_text() + "budgets: {default: 70ms}\n")
        with slow_disk(reloaded.file):
            reloaded.server.signal(signal.SIGHUP)
            reloaded.server.metrics_when(lambda _: "BREAKING" in pathlib.Path("/proc/locks").read_text())
            reloaded.server.batonctl("set", "limits", "idle_time=30s")
            assert not reloaded.log_of("config_applied")
        reloaded.server.metrics_when(lambda _: reloaded.log_of("config_applied"))
        limits = json.loads(reloaded.server.batonctl("get", "limits", "-o", "json").stdout)
        assert limits["values"]["idle_time"] == "30s" and settings_of(reloaded, "reverse") == (70, 0)


def in_force(reloaded):
    return (reloaded.get("pool")["size"], reloaded.get("endpoints"), json.loads(
        reloaded.server.batonctl("config", "get", "-o", "json").stdout))


def hundred_megabytes(reloaded):
    reloaded.file.touch()
    os.truncate(reloaded.file, 100_000_000)


def half_written(reloaded):
    text = reloads.LISTENERS + "workers: 3\nendpoints: {tumour: {max_workers: 2}}\n"
    reloaded.file.write_text(text[:-9])


REFUSED = {
    "100 MB": (hundred_megabytes, "is too large, expected at most 1MiB"),
    "half written": (half_written, "baton.yaml:"),
    "gone": (lambda reloaded: None, "is not there"),
    "a folder": (lambda reloaded: reloaded.file.mkdir(), "is not a file"),
    "a pipe": (lambda reloaded: os.mkfifo(reloaded.file), "is not a file"),
    "bytes": (lambda reloaded: reloaded.file.write_bytes(b"workers: 3\n\x00\xff"), "baton.yaml:"),
    "unknown key": (lambda reloaded: reloaded.write("workers: 3\nworker: 4\n"), "baton.yaml:3:1: worker: unknown key"),
    "no such endpoint": (
        lambda reloaded: reloaded.write("workers: 3\nendpoints: {nobody: {max_workers: 1}}\n"),
        "baton.yaml:3:35: endpoints.nobody: there is no such endpoint"),
    "no such fallback": (
        lambda reloaded: reloaded.write("workers: 3\nendpoints: {tumour: {fallback: {kind: model, model: x}}}\n"),
        "endpoints.tumour: fallback.model is 'x', expected another endpoint with a model"),
    "default above the maximum": (
        lambda reloaded: reloaded.write("workers: 3\nbudgets: {default: 20s}\n"), "budgets.default: is 20s"),
    "wrong where a restart is needed": (
        lambda reloaded: reloaded.write("workers: 3\nstatic_files: {/v2: /srv}\n"), "static_files./v2"),
}


def test_what_is_wrong_changes_nothing_and_is_said_in_the_log():
    with reloads.running("workers: 2\nendpoints: {tumour: {max_workers: 1}}\n") as reloaded:
        before = in_force(reloaded)
        for number, (name, (break_it, said)) in enumerate(REFUSED.items(), 1):
            break_it(reloaded)
            assert reloaded.hang_up() == ["refused"], name
            refused = reloaded.log_of("config_refused")
            assert len(refused) == number and said in refused[-1]["reason"], (name, refused[-1])
            assert in_force(reloaded) == before, name
            reloaded.remove()
        scrape = reloaded.server.metrics()
        assert scrape("baton_config_last_reload_successful") == 0
        assert scrape("baton_config_generation") == 1
        assert reloaded.says("workers: 2\nendpoints: {tumour: {max_workers: 1}}\n") == ["unchanged"]
        assert reloaded.server.metrics()("baton_config_last_reload_successful") == 1


def test_all_mistakes_are_said_at_once_to_whoever_asks():
    with reloads.running("workers: 2\n") as reloaded:
        reloaded.write("workers: many\nbacklog: 0\nlimits: {json_depth: 0}\n")
        done = reloaded.server.batonctl("config", "reload", expect=1)
        for part in ("baton.yaml:2:10: workers: ", "baton.yaml:3:10: backlog: ", "baton.yaml:4:22: limits.json_depth: "):
            assert part in done.stderr, done.stderr
        assert reloaded.counts()["refused"] == 1
        reloaded.write("".join(f"key{i}: 1\n" for i in range(5000)))
        done = reloaded.server.batonctl("config", "diff", expect=1)
        assert "baton.yaml:2:1: key0: unknown key" in done.stderr and " more\n" in done.stderr
        assert len(done.stderr) < 10_000
        assert reloaded.counts()["refused"] == 1  # a look is no reload


def test_a_dry_run_tells_what_a_reload_would_do():
    with reloads.running("workers: 2\n") as reloaded:
        assert reloaded.server.batonctl("config", "diff").stdout == "nothing differs\n"
        reloaded.write("workers: 3\nbacklog: 99\n")
        before = in_force(reloaded)
        looked = json.loads(reloaded.server.batonctl("config", "reload", "--dry-run", "-o", "json").stdout)
        assert reloaded.server.batonctl("config", "diff").stdout.splitlines()[0].split() == [
            "KEY", "BEFORE", "AFTER", "ON_RELOAD", "ORIGIN"]
        assert in_force(reloaded) == before and reloaded.counts() == {"applied": 0, "unchanged": 0, "refused": 0}
        done = json.loads(reloaded.server.batonctl("config", "reload", "-o", "json").stdout)
        assert done["differences"] == looked["differences"] == [
            {"key": "workers", "before": "2", "after": "3", "origin": f"{reloaded.file}:2:10", "needs_restart": False},
            {"key": "backlog", "before": "4096", "after": "99", "origin": f"{reloaded.file}:3:10",
             "needs_restart": True}]
        assert done["config"]["generation"] == "2" and done["config"]["hash"] != looked["config"]["hash"]
        assert reloaded.get("pool")["size"] == 3
        status = json.loads(reloaded.server.batonctl("status", "-o", "json").stdout)
        assert status["config_generation"] == "2" and status["config_hash"] == done["config"]["hash"]
        # A double holds 53 bits: the metric has 48 of them.
        assert reloaded.server.metrics()("baton_config_hash") == int(done["config"]["hash"][:12], 16)


def test_what_an_operator_has_set_stays_until_the_file_says_something_else():
    with reloads.running("workers: 2\n") as reloaded:
        etag = reloaded.get("endpoint", "tumour")["etag"]
        reloaded.server.batonctl("set", "pool", "size=5")
        reloaded.server.batonctl("set", "endpoint", "digits", "default_budget=33ms")
        reloaded.says("workers: 2\nendpoints: {tumour: {max_workers: 2}, digits: {max_workers: 1}}\n")
        assert reloaded.get("pool")["size"] == 5
        assert settings_of(reloaded, "digits") == (33, 1)
        reloaded.says("workers: 4\nbudgets: {default: 60ms}\n")
        assert reloaded.get("pool")["size"] == 4
        assert settings_of(reloaded, "digits") == (60, 0)
        # Whoever changes what a reload has changed since is told.
        stale = reloaded.server.batonctl(
            "set", "endpoint", "tumour", "max_workers=1", "--etag", etag, expect=5)
        assert "somebody else has changed it" in stale.stderr


def test_flags_and_the_environment_still_win_and_the_file_is_that_of_the_start():
    with reloads.running("workers: 2\n", "--workers", "3", through=("env", "BATON_BUDGETS_DEFAULT=80ms")) as reloaded:
        assert reloaded.says("workers: 4\nbudgets: {default: 20ms}\n") == ["unchanged"]
        assert reloaded.get("pool")["size"] == 3 and settings_of(reloaded, "reverse") == (80, 0)
        values = json.loads(reloaded.server.batonctl("config", "get", "-o", "json").stdout)
        assert values["file"] == str(reloaded.file)
        origins = {one["key"]: one["origin"] for one in values["values"]}
        assert origins["workers"] == "flag --workers" and origins["budgets.default"] == "env BATON_BUDGETS_DEFAULT"


def test_without_a_file_there_is_nothing_to_change():
    with reloads.server_process.running() as server:
        assert server.batonctl("config", "diff").stdout == "nothing differs\n"
        server.signal(signal.SIGHUP)
        server.metrics_when(lambda now: now("baton_config_reloads_total", outcome="unchanged") == 1)
        assert json.loads(server.batonctl("config", "get", "-o", "json").stdout)["file"] == ""


def test_connections_that_are_open_get_the_new_limits():
    with reloads.running("workers: 2\n") as reloaded, reloaded.server.connect() as connection:
        assert connection.ask("GET", "/hello").status == 200
        assert reloaded.says("workers: 2\nlimits: {idle_time: 50ms}\n") == ["applied"]
        assert connection.ask("GET", "/hello").status == 200
        scrape = reloaded.server.metrics_when(lambda now: now(
            "baton_connections_closed_total", listener="http", reason="idle_timeout") == 1)
        assert scrape("baton_connections_closed_total", listener="http", reason="idle_timeout") == 1


def test_the_log_gets_its_level():
    with reloads.running("workers: 2\n") as reloaded:
        assert reloaded.says("workers: 2\nlog: {level: error}\n") == ["applied"]
        assert reloaded.says("workers: 3\nlog: {level: error}\n") == ["applied"]
        assert len(reloaded.log_of("config_applied")) == 2, "who has changed what is told at every level"
        reloaded.server.stop()
        assert reloaded.log_of("stopped") == []


def test_other_clients_reload_as_well():
    with reloads.running("workers: 2\n") as reloaded:
        reloaded.write("workers: 3\n")

        def ask(method):
            method = f"baton.admin.v1.AdminService/{method}"
            return json.loads(run(tool("grpcurl"), "-plaintext", reloaded.server.admin, method).stdout)

        assert ask("GetConfig")["name"] == "config"
        assert ask("ReloadConfig")["differences"][0]["key"] == "workers"
        assert reloaded.get("pool")["size"] == 3


def test_reloads_under_load_lose_no_request():
    with reloads.running("workers: 2\nbudgets: {default: 8s}\n") as reloaded:
        reloaded.server.teach()
        with load.offering(reloaded.server, 200 / load.SLOW, 4, budget_ms=8000, run_ms=1) as running:
            for number in range(environment.fewer(50)):
                assert reloaded.says(
                    f"workers: {2 + number % 3}\nbudgets: {{default: {8 - number % 2}s}}\n"
                    f"endpoints: {{/test/sleep: {{max_workers: {number % 2}}}}}\n") == ["applied"]
            report = running.result()
        assert report["requests"] > 0 and report["good"] == report["requests"], json.dumps(report)
