"""batonctl as an operator has it in hand: exit codes, terminals, contexts, completion in real shells, manuals."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import termios
import time

import pytest

import environment
import server_process

PROGRAMS = {"batonctl": 1, "baton-server": 8, "baton-client": 1}
LEAVES_SCREEN = b"\x1b[?1049l"
# A name of a terminal that knows colours, and nothing of the one that runs the tests.
TERMINAL = {"TERM": "xterm-256color", "COLUMNS": "", "NO_COLOR": ""}


def batonctl(*words, expect=0, **variables):
    variables.setdefault("BATON_ADMIN", "")
    return environment.run(environment.program("batonctl"), *words, expect=expect, env={**os.environ, **variables})


@pytest.fixture
def contexts(tmp_path):
    """The variable that names a file of contexts of the test's own."""
    return {"BATON_CONTEXTS": str(tmp_path / "contexts.yaml")}


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *words, columns=80, lines=24, **variables):
        self.master, self.slave = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self.slave)
        self.text = b""
        self.process = subprocess.Popen(
            [environment.program("batonctl"), *map(str, words)], stdin=self.slave, stdout=self.slave, stderr=self.slave,
            env={**os.environ, **TERMINAL, **variables}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def resize(self, columns, lines):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def press(self, keys):
        os.write(self.master, keys)

    def read_until(self, condition, seconds=30):
        end = time.monotonic() + environment.patience(seconds)
        while not condition(self.text) and time.monotonic() < end:
            if select.select([self.master], [], [], 0.05)[0]:
                self.text += os.read(self.master, 65536)
        assert condition(self.text), self.text.decode(errors="replace")

    def end(self):
        """The exit code, with all that was printed in `text`."""
        code = self.process.wait(environment.patience(30))
        while select.select([self.master], [], [], 0.05)[0]:
            self.text += os.read(self.master, 65536)
        return code

    def is_as_before(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@contextlib.contextmanager
def terminal(*words, **options):
    opened = Terminal(*words, **options)
    try:
        yield opened
    finally:
        opened.close()


def in_terminal(*words, **options):
    """What a command that ends by itself prints on a terminal."""
    with terminal(*words, **options) as opened:
        code = opened.end()
        text = opened.text.decode().replace("\r\n", "\n")
        assert code == 0, text
        return text


def listeners_of(server):
    """For a server in its place. Who waits for that one is connected before it has counted its descriptors at the
    start, so that the law about these cannot be asked of it."""
    return [word for name in ("http", "grpc", "admin", "pages") for word in (f"--{name}", getattr(server, name))]


# Exit codes: 1 to 7 and 0, as the manual says.


def test_every_exit_code_means_what_the_manual_says(server):
    admin = ("--server", server.admin)
    assert batonctl("get", "pool", *admin, expect=0).stdout
    assert "expected 1 to 1024" in batonctl("set", "pool", "size=0", *admin, expect=1).stderr
    assert "unknown command" in batonctl("frob", *admin, expect=2).stderr
    assert "cannot reach" in batonctl("status", "--server", "127.0.0.1:1", expect=3).stderr
    missing = batonctl("get", "endpoint", "tumor", *admin, expect=4).stderr
    assert missing.endswith("did you mean tumour?\n")
    assert "etag" in batonctl("set", "pool", "size=2", "--etag", "999", *admin, expect=5).stderr
    frozen = server_process.ServerProcess(*server_process.PLENTY)
    try:
        frozen.start()
        frozen.signal(signal.SIGSTOP)
        assert "no answer" in batonctl("status", "--server", frozen.admin, "--timeout", "200ms", expect=6).stderr
    finally:
        frozen.clean_up()
    codes = re.findall(r"^\| `(\d)` \|", batonctl("manual", "markdown").stdout, re.MULTILINE)
    assert codes == list("01234567")


def test_a_server_that_is_not_ready_is_unhealthy():
    with server_process.running(*server_process.PLENTY) as server:
        with server.connect() as held:
            held.send(b"POST /test/sleep HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n"
                      b"Baton-Budget-Ms: 9000\r\n\r\n{\"ms\": 3000}")
            server.metrics_when(lambda now: now("baton_pool_workers", state="busy") == 1)
            server.signal(signal.SIGTERM)
            server.metrics_when(lambda now: now("baton_draining") == 1)
            status = batonctl("status", "--server", server.admin, expect=7)
            assert "draining" in status.stdout
            assert held.read().status == 200
        assert server.wait() == 0


def test_status_waits_for_a_server_that_is_not_there_yet():
    with server_process.running(*server_process.PLENTY) as server:
        address, listeners = server.admin, listeners_of(server)
    assert "cannot reach" in batonctl("status", "--wait", "--server", address, "--timeout", "200ms", expect=3).stderr
    waiting = subprocess.Popen([environment.program("batonctl"), "status", "--wait", "--server", address],
                               stdout=subprocess.PIPE, text=True)
    with server_process.running(*server_process.PLENTY, listeners=listeners, laws=False):
        shown, _ = waiting.communicate(timeout=environment.patience(60))
        assert waiting.returncode == 0 and re.search(r"^state +ready$", shown, re.MULTILINE), shown


# Forms of output.


@pytest.mark.parametrize("words", [
    ("get", "pool"), ("get", "endpoints"), ("get", "endpoint", "tumour"), ("get", "models"), ("get", "model", "tumour"),
    ("describe", "pool"), ("describe", "endpoint", "tumour"), ("describe", "model", "tumour")])
def test_every_form_of_what_is_shown(server, words):
    admin = ("--server", server.admin)
    assert batonctl(*words, *admin).stdout
    assert batonctl(*words, *admin, "-o", "wide").stdout
    as_json = json.loads(batonctl(*words, *admin, "-o", "json").stdout)
    names = batonctl(*words, *admin, "-o", "name").stdout.split()
    assert all(re.fullmatch(r"pool|(endpoints|models)/.+", name) for name in names) and names
    as_yaml = batonctl(*words, *admin, "-o", "yaml").stdout
    for key in as_json:
        assert re.search(rf"^{key}:", as_yaml, re.MULTILINE), as_yaml


def test_tables_fit_the_terminal_and_are_whole_in_a_pipe(server):
    admin = ("--server", server.admin)
    whole = batonctl("get", "models", *admin).stdout
    assert "onnxruntime_onnx" in whole and "…" not in whole
    for columns in (40, 60, 80, 200):
        text = re.sub(r"\x1b\[\d+m", "", in_terminal("get", "models", *admin, columns=columns))
        assert max(map(len, text.splitlines())) <= columns
        assert ("…" in text) == (columns < max(map(len, whole.splitlines())))
        assert columns == 40 or "tumour_logistic" in text
    narrow = in_terminal("get", "models", *admin, columns=200, COLUMNS="50", NO_COLOR="1")
    assert max(map(len, narrow.splitlines())) <= 50
    assert "…" not in in_terminal("get", "models", *admin, "-o", "wide", columns=40)


def test_states_have_colours_on_a_terminal_only_and_never_against_the_operators_will(server):
    models = ("get", "models", "--server", server.admin)
    green = "\x1b[32mready\x1b[0m"
    assert green in in_terminal(*models)
    assert "\x1b" not in in_terminal(*models, NO_COLOR="1")
    assert "\x1b" not in in_terminal(*models, TERM="dumb")
    assert "\x1b" not in in_terminal(*models, "--color", "never")
    assert green in in_terminal(*models, "--color", "always", NO_COLOR="1")
    assert "\x1b" not in batonctl(*models).stdout
    assert green in batonctl(*models, "--color", "always").stdout


def test_watching_prints_again_what_has_changed():
    with server_process.running("--workers", 2, *server_process.PLENTY) as server:
        watching = environment.start(environment.program("batonctl"), "get", "pool", "-o", "name", "--watch",
                                     "--server", server.admin, "--interval", "100ms")
        table = environment.start(environment.program("batonctl"), "get", "pool", "--watch",
                                  "--server", server.admin, "--interval", "100ms")
        try:
            assert watching.stdout.readline() == b"pool\n"
            lines = [table.stdout.readline() for _ in range(2)]
            assert lines[1].startswith(b"2 ")
            server.batonctl("set", "pool", "size=3")
            assert table.stdout.readline() == b"\n"
            assert table.stdout.readline().startswith(b"SIZE ")
            assert table.stdout.readline().startswith(b"3 ")
        finally:
            for process in (watching, table):
                process.kill()
                process.wait()
                process.stdout.close()


# top


def pictures(text):
    return text.decode(errors="replace").split("\x1b[H")[1:]


def test_top_draws_at_80_by_24_and_gives_the_terminal_back(server):
    with terminal("top", "--server", server.admin, "--interval", "100ms") as top:
        top.read_until(lambda text: len(pictures(text)) > 3)
        assert not top.is_as_before()
        picture = re.sub(r"\x1b\[[?\d]*[a-zA-Z]|\r", "", pictures(top.text)[1])
        lines = picture.split("\n")
        assert len(lines) <= 24 and max(map(len, lines)) <= 80, picture
        for word in ("goodput", "offered", "queue", "pool", "causes", "ENDPOINT", "tumour", "q quits"):
            assert word in picture
        top.press(b"q")
        assert top.end() == 0
        assert top.is_as_before()
        assert top.text.endswith(LEAVES_SCREEN)


@pytest.mark.parametrize("way", ["control-c", "SIGTERM", "SIGHUP"])
def test_top_gives_the_terminal_back_however_it_ends(server, way):
    with terminal("top", "--server", server.admin) as top:
        top.read_until(lambda text: b"q quits" in text)
        if way == "control-c":
            top.press(b"\x03")
        else:
            top.process.send_signal(getattr(signal, way))
        assert top.end() == 0
        assert top.is_as_before() and top.text.endswith(LEAVES_SCREEN)


def test_top_follows_the_size_of_the_terminal(server):
    with terminal("top", "--server", server.admin, "--interval", "10s") as top:
        top.read_until(lambda text: b"q quits" in text)
        top.resize(44, 9)
        top.process.send_signal(signal.SIGWINCH)  # as the kernel would, for a terminal in the foreground
        top.read_until(lambda text: len(pictures(text)) > 1 and "q quits" in pictures(text)[-1])
        picture = re.sub(r"\x1b\[[?\d]*[a-zA-Z]|\r", "", pictures(top.text)[-1]).split("\n")
        assert len(picture) <= 9 and max(map(len, picture)) <= 44, picture
        top.press(b"q")
        assert top.end() == 0


def test_top_shows_that_a_server_has_gone_and_sees_it_come_back():
    with server_process.running(*server_process.PLENTY) as server:
        with terminal("top", "--server", server.admin, "--interval", "100ms") as top:
            top.read_until(lambda text: b"q quits" in text)
            server.stop()
            top.read_until(lambda text: b"cannot reach" in text)
            with server_process.running(*server_process.PLENTY, listeners=listeners_of(server), laws=False):
                top.read_until(lambda text: "q quits" in pictures(text)[-1])
                top.press(b"q")
                assert top.end() == 0


def test_top_and_watch_show_the_load(server):
    admin = ("--server", server.admin)
    watching = environment.start(environment.program("batonctl"), "watch", *admin, "--interval", "200ms", "-o", "json")
    try:
        goodput = 0
        end = time.monotonic() + environment.patience(20)
        while goodput <= 0 and time.monotonic() < end:
            assert server.ask("POST", "/reverse", {"data": "x"}).status == 200
            if select.select([watching.stdout], [], [], 0)[0]:
                goodput = json.loads(watching.stdout.readline())["goodput_per_second"]
        assert goodput > 0
    finally:
        watching.kill()
        watching.wait()
        watching.stdout.close()
    once = batonctl("top", "--once", *admin, "--interval", "100ms").stdout
    assert re.search(r"^pool     \[[#.]{20}\] \d+ of \d+ busy", once, re.MULTILINE), once


# Contexts.


def test_contexts_are_kept_used_and_forgotten(server, contexts):
    file = contexts["BATON_CONTEXTS"]
    assert batonctl("context", "list", **contexts).stdout == "NAME  SERVER  CURRENT\n"
    batonctl("context", "set", "here", "--server", server.admin, **contexts)
    batonctl("context", "set", "gone", "--server", "127.0.0.1:1", **contexts)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    assert batonctl("context", "list", "-o", "name", **contexts).stdout == "gone\nhere\n"
    batonctl("context", "use", "gone", **contexts)
    # --server, then --context, then BATON_ADMIN, then the current context.
    batonctl("get", "pool", expect=3, **contexts)
    batonctl("get", "pool", BATON_ADMIN=server.admin, **contexts)
    batonctl("get", "pool", "--context", "gone", expect=3, BATON_ADMIN=server.admin, **contexts)
    batonctl("get", "pool", "--context", "here", **contexts)
    batonctl("get", "pool", "--context", "gone", "--server", server.admin, **contexts)
    batonctl("context", "use", "here", **contexts)
    batonctl("get", "pool", **contexts)
    assert json.loads(batonctl("context", "show", "-o", "json", **contexts).stdout) == {
        "current": "here", "contexts": {"here": {"server": server.admin}}}
    wrong = batonctl("context", "use", "her", expect=4, **contexts).stderr
    assert wrong == 'batonctl: no context "her"; did you mean here?\n'
    assert "did you mean gone?" in batonctl("status", "--context", "gonne", expect=4, **contexts).stderr
    assert "no current one" in batonctl("context", "delete", "here", **contexts).stdout
    assert batonctl("context", "list", "-o", "name", **contexts).stdout == "gone\n"


def test_a_file_of_contexts_that_is_wrong_is_refused_whole_and_left_as_it_is(server, contexts):
    file = contexts["BATON_CONTEXTS"]
    text = "contexts:\n  lab:\n    sever: a:1\n    token_fle: /etc/token\n"
    with open(file, "w", encoding="utf-8") as out:
        out.write(text)
    refused = batonctl("status", expect=2, **contexts).stderr
    assert f"{file}:3:5: contexts.lab.sever: unknown key" in refused and "did you mean server?" in refused
    assert f"{file}:4:5: contexts.lab.token_fle: unknown key" in refused and "did you mean token_file?" in refused
    batonctl("context", "set", "new", "--server", "h:1", expect=2, **contexts)
    with open(file, encoding="utf-8") as unchanged:
        assert unchanged.read() == text
    batonctl("get", "pool", "--server", server.admin, **contexts)


def test_where_contexts_are_kept(tmp_path):
    words = ("context", "set", "lab", "--server", "h:1")
    batonctl(*words, BATON_CONTEXTS="", XDG_CONFIG_HOME=str(tmp_path / "xdg"))
    assert (tmp_path / "xdg" / "baton" / "contexts.yaml").exists()
    batonctl(*words, BATON_CONTEXTS="", XDG_CONFIG_HOME="", HOME=str(tmp_path))
    assert (tmp_path / ".config" / "baton" / "contexts.yaml").exists()
    nowhere = batonctl(*words, expect=5, BATON_CONTEXTS="", XDG_CONFIG_HOME="", HOME="").stderr
    assert "set HOME, XDG_CONFIG_HOME or BATON_CONTEXTS" in nowhere


# explain


def test_explain_knows_all_that_the_documents_and_schemas_know():
    keys = json.loads(environment.run(environment.program("baton-server"), "config", "dump", "-o", "json", "--origin",
                                      env={**os.environ, "BATON_CONFIG": ""}).stdout)
    named = [entry["key"] for entry in keys if "." in entry["key"]]
    assert len(named) > 30
    metrics = re.findall(r"^\| `((?:baton|process)_\w+)`", (environment.ROOT / "docs/metrics.md").read_text(), re.MULTILINE)
    known = set(batonctl("explain", "-o", "name").stdout.split("\n"))
    assert set(named) <= known and set(metrics) <= known
    for proto in (environment.ROOT / "proto/baton/admin/v1").glob("*.proto"):
        message = None
        for line in proto.read_text().splitlines():
            found = re.match(r"(message|extend) ([\w.]+)", line)
            if found:
                message = found[2] if found[1] == "message" else None
            field = re.match(r"  (?:repeated |optional )?[\w.]+ (\w+) = \d+;", line)
            if field and message:
                assert f"{message}.{field[1]}" in known
            call = re.match(r"  rpc (\w+)", line)
            assert not call or call[1] in known
    for word in ("no_time", "503", "UNAVAILABLE", "--workers", "BATON_LIMITS_BODY_BYTES", "slack", "exit 7"):
        assert batonctl("explain", "--", *word.split()).stdout
    assert "did you mean baton_queue_depth" in batonctl("explain", "queue_dept", expect=4).stderr
    groups = batonctl("explain").stdout
    assert "setting" in groups and "metric" in groups


# Completion, in the shells themselves.


def complete_in_bash(line, tmp_path, **variables):
    script = tmp_path / "complete.bash"
    script.write_text(batonctl("completion", "bash").stdout + """
COMP_LINE=$1 COMP_POINT=${#1}
_batonctl
printf '%s\\n' "${COMPREPLY[@]}"
""")
    return environment.run("bash", "--norc", script, line, env={**os.environ, **variables}).stdout.split()


def test_bash_completes_commands_options_values_and_names(server, tmp_path, contexts):
    program = environment.program("batonctl")
    at = {"BATON_ADMIN": server.admin, **contexts}
    assert complete_in_bash(f"{program} des", tmp_path, **at) == ["describe"]
    assert complete_in_bash(f"{program} get ", tmp_path, **at) == [
        "pool", "endpoints", "endpoint", "models", "model", "operations", "operation", "limits", "admission", "logging",
        "listeners", "connections"]
    assert complete_in_bash(f"{program} get endpoint tum", tmp_path, **at) == ["tumour", "tumour_logistic"]
    assert "endpoints" in complete_in_bash(f"{program} get endp", tmp_path, **at)
    assert complete_in_bash(f"{program} get pool --out", tmp_path, **at) == ["--output"]
    assert complete_in_bash(f"{program} get pool -o y", tmp_path, **at) == ["yaml"]
    # What stands behind a '=' is a word of its own to bash.
    assert complete_in_bash(f"{program} get pool --output=y", tmp_path, **at) == ["yaml"]
    assert complete_in_bash(f"{program} set endpoint tumour criticality=s", tmp_path, **at) == ["sheddable"]
    assert complete_in_bash(f"{program} set endpoint tumour max_b", tmp_path, **at) == ["max_budget="]
    assert complete_in_bash(f"{program} get endpoint d", tmp_path, BATON_ADMIN="127.0.0.1:1") == []


def test_bash_registers_the_completion(tmp_path):
    script = tmp_path / "registers.bash"
    script.write_text('source <("$1" completion bash); complete -p batonctl\n')
    shown = environment.run("bash", "--norc", script, environment.program("batonctl")).stdout
    assert shown == "complete -F _batonctl batonctl\n"


def test_fish_completes(server, tmp_path):
    folder = os.path.dirname(environment.program("batonctl"))
    variables = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "BATON_ADMIN": server.admin,
                 "PATH": folder + ":" + os.environ["PATH"]}

    def completed(line):
        script = f"batonctl completion fish | source; complete -C '{line}'"
        return environment.run(environment.tool("fish"), "--no-config", "-c", script, env=variables).stdout.splitlines()

    assert [line.split("\t")[0] for line in completed("batonctl get end")] == ["endpoint", "endpoints"]
    assert completed("batonctl get pool --outp") == ["--output\tHow to print the result"]
    assert completed("batonctl get endpoint dig") == ["digits"]


def test_zsh_completes(server, tmp_path):
    folder = os.path.dirname(environment.program("batonctl"))
    master, slave = pty.openpty()
    shell = subprocess.Popen(
        [environment.tool("zsh"), "-f", "-i"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**os.environ, "HOME": str(tmp_path), "TERM": "dumb", "PS1": "> ", "BATON_ADMIN": server.admin,
             "PATH": folder + ":" + os.environ["PATH"]},
    )
    text = b""

    def until(what, seconds=30):
        nonlocal text
        end = time.monotonic() + environment.patience(seconds)
        while what not in text and time.monotonic() < end:
            if select.select([master], [], [], 0.05)[0]:
                text += os.read(master, 65536)
        assert what in text, text.decode(errors="replace")
        text = text[text.index(what) + len(what):]

    try:
        os.write(master, b"unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -D; "
                         b"source <(batonctl completion zsh); echo is-$((40+2))-ready\n")
        until(b"is-42-ready")
        os.write(master, b"batonctl descr\t")
        until(b"ibe ")
        os.write(master, b"endpoint dig\t")
        until(b"its ")
        os.write(master, b"-o ya\t")
        until(b"ml ")
    finally:
        shell.kill()
        shell.wait()
        os.close(master)
        os.close(slave)


# Manuals.


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_manual_page_is_clean(program, tmp_path):
    page = tmp_path / f"{program}.{PROGRAMS[program]}"
    page.write_text(environment.run(environment.program(program), "manual", "man").stdout)
    lint = environment.run(environment.tool("mandoc"), "-Tlint", "-Wwarning", page, expect=None)
    assert (lint.returncode, lint.stdout) == (0, "")
    shown = environment.run(environment.tool("man"), "--warnings", "-E", "UTF-8", "-l", page,
                            env={**os.environ, "MANWIDTH": "80", "MAN_KEEP_FORMATTING": "", "PAGER": "cat"})
    assert shown.stderr == ""
    assert f"{program.upper()}({PROGRAMS[program]})" in shown.stdout and "EXIT STATUS" in shown.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_reference_is_what_the_program_says(program):
    text = environment.run(environment.program(program), "manual", "markdown").stdout
    kept = (environment.ROOT / "docs" / "reference" / f"{program}.md").read_text()
    assert kept == text, f"write it anew: {program} manual markdown > docs/reference/{program}.md"


@pytest.mark.parametrize("reference", ["admin-api", "errors"])
def test_the_references_of_api_and_errors_are_what_the_program_says(reference):
    kept = (environment.ROOT / "docs" / "reference" / f"{reference}.md").read_text()
    assert kept == batonctl("manual", reference).stdout, (
        f"write it anew: batonctl manual {reference} > docs/reference/{reference}.md")


def test_every_command_has_a_help_of_its_own():
    reference = batonctl("manual", "markdown").stdout
    commands = re.findall(r"^## `batonctl ([\w ]+)`$", reference, re.MULTILINE)
    assert len(commands) > 20
    for command in commands:
        assert "Usage:" in batonctl(*command.split(), "--help").stdout
