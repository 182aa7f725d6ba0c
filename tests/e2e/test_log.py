"""The log: where its lines go, what becomes of them when they cannot go there, and which requests have one."""

import contextlib
import fcntl
import getpass
import grp
import json
import os
import pathlib
import re
import signal
import tempfile
import threading
import time

import environment
import http_raw
import pytest
import reloads
import server_process

HURRIED = [("Baton-Budget-Ms", "1")]  # for a request that takes longer
SLEEP = {"ms": 30}
EVERY_MISS = ("--log-misses-per-second", "1000000")
FIELDS = ["ts", "level", "event", "endpoint", "trace_id", "request_id", "status", "answer", "cause", "criticality",
          "version", "budget_ms", "spent_ms", "read_ms", "queue_ms", "batch_ms", "run_ms", "write_ms"]


def read_lines(*paths):
    """Every line has to be whole, and JSON."""
    return [json.loads(line) for path in paths if path.exists() for line in path.read_bytes().splitlines()]


def of_event(lines, event):
    return [line for line in lines if line["event"] == event]


def missed(server):
    reply = server.ask("POST", "/test/sleep", SLEEP, HURRIED)
    assert reply.status in (503, 504), reply
    return reply


def all_lines(scrape):
    """How many there have to be where they go."""
    written = sum(scrape("baton_log_messages_total", level=level) for level in ("debug", "info", "warning", "error"))
    return written - scrape("baton_log_messages_dropped_total")


def wait_until(condition, what, seconds=30):
    deadline = time.monotonic() + environment.patience(seconds)
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


@pytest.fixture
def folder():
    """Open to whomever root becomes: pytest's own folders are not."""
    with tempfile.TemporaryDirectory(prefix="baton-log-") as name:
        os.chmod(name, 0o755)
        own = pathlib.Path(name) / "log"
        own.mkdir()
        own.chmod(0o777)
        yield own


@contextlib.contextmanager
def missing_under_load(server, clients=4):
    """Misses, one after the other, from several clients, for the time of a `with`. Gives what counts them."""
    stop = threading.Event()
    counts = [0] * clients

    def ask(number):
        with server.connect() as connection:
            while not stop.is_set():
                assert connection.ask("POST", "/test/sleep", SLEEP, HURRIED).status in (503, 504)
                counts[number] += 1

    threads = [threading.Thread(target=ask, args=[number]) for number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield lambda: sum(counts)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_miss_has_a_line_and_others_have_one_when_they_are_sampled():
    with server_process.running(*server_process.PLENTY) as server:
        missed(server)
        assert server.ask("POST", "/reverse", {"data": ["a"]}).status == 200
        server.batonctl("set", "logging", "sampling=100%")
        assert server.ask("POST", "/reverse", {"data": ["a"]}).status == 200
        assert server.ask("POST", "/reverse", b"{").status == 400
        server.metrics_when_idle()
        server.batonctl("set", "logging", "sampling=0%")
        assert server.ask("POST", "/reverse", {"data": ["a"]}).status == 200
        server.metrics_when_idle()
        server.stop()
        requests = of_event(read_lines(server.log_path), "request")
    assert [(line["level"], line["endpoint"], line["status"], line["answer"]) for line in requests] == [
        ("warning", "/test/sleep", requests[0]["status"], requests[0]["answer"]),
        ("info", "reverse", 200, "prediction"),
        ("info", "reverse", 400, "invalid"),
    ]
    assert requests[0]["answer"] in ("refused", "timeout") and requests[0]["cause"] != "none"
    for line in requests:
        assert list(line) == FIELDS
        assert re.fullmatch("[0-9a-f]{32}", line["trace_id"]) and line["trace_id"] != "0" * 32
        stages = sum(line[f"{stage}_ms"] for stage in ("read", "queue", "batch", "run", "write"))
        assert stages == pytest.approx(line["spent_ms"], abs=0.01)


def test_a_model_s_version_is_said(bundled):
    with server_process.running(*server_process.PLENTY, "--log-sampling", "100%") as server:
        body = {"instances": [bundled("digits")[0]["features"]]}
        assert server.ask("POST", "/v1/models/digits:predict", body).status == 200
        server.metrics_when_idle()
        server.stop()
        line, = of_event(read_lines(server.log_path), "request")
    assert (line["endpoint"], line["version"]) == ("digits", "1")


def test_misses_beyond_the_rate_are_counted_in_the_log():
    with server_process.running(*server_process.PLENTY, "--log-misses-per-second", "3") as server:
        with missing_under_load(server) as count:
            wait_until(lambda: count() > 50, "misses")
        misses = server.metrics_when_idle()("baton_deadline_misses_total")
        server.stop()
        lines = read_lines(server.log_path)
    told = sum(line["count"] for line in of_event(lines, "misses_not_logged"))
    assert told > 0
    assert len(of_event(lines, "request")) + told == misses


def test_levels_of_modules_are_set_while_it_runs():
    with server_process.running(*server_process.PLENTY, "--log-levels", "models=error") as server:
        assert server.batonctl("log-level").stdout == "info\nmodels error\n"
        said = server.batonctl("log-level", "rpc", "debug").stdout
        assert said == "logging levels.rpc: - -> debug\n"
        assert server.batonctl("log-level", "rpc").stdout == "debug\n"
        server.batonctl("log-level", "models", "inherit")
        assert server.batonctl("log-level", "models").stdout == "info\n"
        said = server.batonctl("log-level", "modles", "debug", expect=1).stderr
        assert "levels.base, levels.net" in said and "did you mean levels.models?" in said
        assert "did you mean debug?" in server.batonctl("log-level", "net", "debugg", expect=1).stderr
        server.batonctl("log-level", "app", "error")
        missed(server)
        server.batonctl("log-level", "app", "inherit")
        missed(server)
        server.metrics_when_idle()
        server.stop()
        lines = read_lines(server.log_path)
    assert len(of_event(lines, "request")) == 1


def test_a_module_that_is_not_there_is_refused_at_the_start():
    done = environment.run(environment.program("baton-server"), "--log-levels", "nett=debug", expect=2)
    assert "did you mean net?" in done.stderr and "base, net, access" in done.stderr
    done = environment.run(environment.program("baton-server"), "--log-sampling", "0.5", expect=2)
    assert "expected a percentage from 0% to 100%, got '0.5'" in done.stderr


def test_a_reload_changes_levels_and_the_sample():
    with reloads.running("") as reloaded:
        server = reloaded.server
        assert reloaded.says("log: {sampling: 100%, levels: {admin: debug}}\n") == ["applied"]
        assert server.batonctl("log-level").stdout == "info\nadmin debug\n"
        assert server.ask("POST", "/reverse", {"data": ["a"]}).status == 200
        server.metrics_when_idle()
        wait_until(lambda: of_event(read_lines(server.log_path), "request"), "a line")
        assert reloaded.says("log: {levels: {admin: loud}}\n") == ["refused"]


def test_a_full_device_costs_lines_and_nothing_else():
    with server_process.running(*server_process.PLENTY, "--log-file", "/dev/full") as server:
        for _ in range(5):
            missed(server)
        lost = server.metrics_when(lambda now: all_lines(now) == 0)
        assert lost("baton_log_messages_dropped_total") >= 5 and all_lines(lost) == 0
        assert server.ask("POST", "/reverse", {"data": ["a"]}).status == 200
        assert server.log() == ""


def test_a_full_disk_is_told_of_once_there_is_room_again(folder):
    """A file that may not grow stands for the disk, another one for the room."""
    file, full = folder / "baton.log", folder / "full.log"
    flags = ("--log-file", file, *EVERY_MISS)
    with server_process.running(*server_process.PLENTY, *flags, through=["prlimit", "--fsize=16384"]) as server:
        with missing_under_load(server):
            scrape = server.metrics_when(lambda now: now("baton_log_messages_dropped_total") > 20)
            assert scrape("baton_log_messages_dropped_total") > 20
        assert server.ask("POST", "/reverse", {"data": ["a"]}).status == 200
        file.rename(full)
        server.signal(signal.SIGUSR1)
        wait_until(lambda: of_event(read_lines(file), "log_reopened"), "the new file")
        lost = server.metrics()("baton_log_messages_dropped_total")

        def told():
            return sum(line["count"] for line in of_event(read_lines(full, file), "log_lines_lost"))

        for _ in range(20):  # it is said with a line, once a second; and there is not room for many
            if told() < lost:
                time.sleep(0.5)
                missed(server)
        assert told() == lost
        scrape = server.metrics_when(lambda now: len(read_lines(full, file)) == all_lines(now))
        assert len(read_lines(full, file)) == all_lines(scrape)
        assert scrape("baton_log_messages_dropped_total") == lost


@contextlib.contextmanager
def logging_into_a_pipe(folder, *flags):
    """A server, and the reading end of the smallest pipe there is, which its lines go into."""
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, 4096)
    words = ["sh", "-c", f'exec 2>{pipe}; exec "$@"', "sh"]
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: [os.close(one) for one in ends])
        ends = [end]
        yield stack.enter_context(server_process.running(*server_process.PLENTY, *flags, through=words)), ends


def test_a_closed_pipe_costs_lines_and_nothing_else(folder):
    with logging_into_a_pipe(folder) as (server, ends):
        assert os.read(ends[0], 100).startswith(b'{"ts"')
        os.close(ends.pop())
        before = server.metrics()("baton_log_messages_dropped_total")
        for _ in range(3):
            missed(server)
        scrape = server.metrics_when(lambda now: now("baton_log_messages_dropped_total") >= before + 3)
        assert scrape("baton_log_messages_dropped_total") >= before + 3
        assert server.ask("POST", "/reverse", {"data": ["a"]}).status == 200


def test_a_pipe_that_nobody_reads_holds_up_neither_answers_nor_the_end(folder):
    with logging_into_a_pipe(folder, *EVERY_MISS) as (server, _):
        with missing_under_load(server) as count:
            wait_until(lambda: count() > 300, "misses")  # several times what the pipe holds
        assert server.ask("POST", "/reverse", {"data": ["a"]}).status == 200
        server.stop()


def test_without_standard_error_no_client_gets_lines_of_the_log():
    with server_process.running(*server_process.PLENTY, through=["sh", "-c", 'exec 2>&-; exec "$@"', "sh"]) as server:
        assert os.readlink(f"/proc/{server.pid}/fd/2") == "/dev/null"
        missed(server)


@pytest.mark.parametrize(("file", "reason"), [("/nowhere/baton.log", "No such file"), ("/tmp", "Is a directory")])
def test_a_file_that_cannot_be_written_is_said_at_the_start(file, reason):
    for command in ([], ["check"]):
        done = environment.run(environment.program("baton-server"), *command, "--log-file", file, expect=1)
        assert f"cannot write the log to '{file}'" in done.stderr and reason in done.stderr


def rotate(folder, server):
    """What logrotate does with our example, as who runs the test, for files of this folder."""
    user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
    example = (environment.ROOT / "deploy" / "logrotate" / "baton").read_text()
    for given, ours in (("/var/log/baton/", f"{folder}/"), ("baton baton", f"{user} {group}"), (" 0640 ", " 0666 "),
                        ("systemctl kill --kill-whom=main --signal=SIGUSR1 baton.service",
                         f"kill -USR1 {server.pid}")):
        assert given in example
        example = example.replace(given, ours)
    configuration = folder.parent / "logrotate.conf"
    configuration.write_text(example)
    configuration.chmod(0o644)
    environment.run(environment.tool("logrotate"), "--force", "--state", folder.parent / "state", configuration)


def test_a_rotation_under_load_loses_and_splits_no_line(folder):
    file = folder / "baton.log"
    file.touch()
    file.chmod(0o666)
    rotations = 3
    with server_process.running(*server_process.PLENTY, "--log-file", file, *EVERY_MISS) as server:
        with missing_under_load(server) as count:
            for number in range(1, rotations + 1):
                before = count()
                wait_until(lambda: count() > before + 20, "misses")
                rotate(folder, server)
                wait_until(lambda: of_event(read_lines(file), "log_reopened"), f"rotation {number}")
        misses = server.metrics_when_idle()("baton_deadline_misses_total")
        assert server.metrics()("baton_log_messages_dropped_total") == 0
        server.stop()
        environment.run("gunzip", *folder.glob("*.gz"))
        files = sorted(folder.iterdir())
        lines = read_lines(*files)
    assert len(files) == rotations + 1
    assert len(of_event(lines, "request")) == misses
    assert len(of_event(lines, "log_reopened")) == rotations
    assert of_event(lines, "stopped")


def test_sigusr1_without_a_file_is_said_and_harmless():
    with server_process.running(*server_process.PLENTY) as server:
        server.signal(signal.SIGUSR1)
        wait_until(lambda: of_event(read_lines(server.log_path), "log_not_reopened"), "a line")
        assert server.ask("POST", "/reverse", {"data": ["a"]}).status == 200


def test_no_client_forges_or_breaks_a_line(folder):
    flags = ("--log-level", "debug", "--log-sampling", "100%")
    with server_process.running(*server_process.PLENTY, *flags) as server:
        forged = b'\xff\xfe"}{\\u001b[2J%0a{"event":"forged"}'
        for path in (b"/v2/models/" + forged + b"/infer", b"/reverse?" + forged):
            with server.connect() as connection:
                connection.send(b"POST " + path + b" HTTP/1.1\r\nHost: " + forged + b"\r\nX-Request-Id: " + forged
                                + b"\r\nContent-Length: 2\r\n\r\n{}")
                with contextlib.suppress(http_raw.EndOfConnection):
                    connection.read()
        server.metrics_when_idle()
        server.stop()
        lines = read_lines(server.log_path)
    assert of_event(lines, "request") and not of_event(lines, "forged")
    assert b"\x1b" not in b"".join(json.dumps(line, ensure_ascii=False).encode() for line in lines)
