#!/usr/bin/env python3
"""Runs the examples of the documents and compares what they show with what comes.

    examples.py BIN PYTHON [DOCUMENT...]

BIN: the folder of the programs. PYTHON: runs the Python examples. In a document `<!-- server: FLAGS -->` starts a
server, `<!-- run -->` or `<!-- run exit=N -->` before a block runs it, `<!-- output -->` marks what a Python example
prints. The default ports stand for those of the server that was started. Each document has a working folder of its
own that looks like the root of the project, with the server's log in server.log.
"""

import contextlib
import os
import pathlib
import re
import selectors
import shlex
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import markdown  # noqa: E402
import transcript  # noqa: E402
from project_files import project_files  # noqa: E402

RUN = re.compile(r"run(?: exit=(\d+))?")
PORTS = {"http": 8080, "grpc": 9000, "admin": 8081, "pages": 8082}
SECONDS = 60
# A machine that is too busy for a budget of 50 ms says nothing about a document.
TRIES = 5
TOO_SLOW = re.compile(r"the budget ran out while the request (ran|waited)|Baton-Answer: timeout")
END = "\x01end of command\x01"


class Failed(Exception):
    """An example did not do what its document shows."""


class Server:
    """A baton-server on free ports, with its log in `folder`."""

    def __init__(self, program, flags, folder):
        listeners = [word for name in PORTS for word in (f"--{name}", "127.0.0.1:0")]
        with open(folder / "server.log", "wb") as log:
            self.process = subprocess.Popen(
                [program, *listeners, *flags], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            )
        line = self.first_line()
        if not line.startswith("ready "):
            self.stop()
            raise Failed(f"the server with {flags} does not come up:\n{(folder / 'server.log').read_text()}")
        self.addresses = dict(word.split("=", 1) for word in line.split()[1:])

    def first_line(self):
        line, end = b"", time.monotonic() + SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n") and selector.select(max(0, end - time.monotonic())):
                data = os.read(self.process.stdout.fileno(), 4096)
                if not data:
                    break
                line += data
        return line.decode()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def with_its_ports(self, text):
        for name, port in PORTS.items():
            text = re.sub(rf"\b(127\.0\.0\.1|localhost):{port}\b", self.addresses[name], text)
        # The client knows no variable for its default.
        return re.sub(r"\bbaton-client (infer|load|demo overload)\b", rf"baton-client \1 --server {self.addresses['http']}", text)

    def with_default_ports(self, text):
        for name, port in PORTS.items():
            text = text.replace(self.addresses[name], f"127.0.0.1:{port}")
        return text


class Document:
    """One document while its examples run."""

    def __init__(self, path, bin_folder, python, folder):
        self.path, self.bin, self.python, self.folder = path, bin_folder, python, folder
        self.server = None
        self.count = 0
        folder.chmod(0o755)  # for a server that was root, and loads models as nobody
        for entry in ROOT.iterdir():
            if entry.name not in ("build", ".git"):
                (folder / entry.name).symlink_to(entry)
        (folder / "build").mkdir()
        (folder / "build" / "bin").symlink_to(bin_folder)

    def run(self):
        waiting = None  # a Python example whose output comes next
        try:
            for part in markdown.parts((ROOT / self.path).read_text()):
                if isinstance(part, markdown.Comment):
                    self.obey(part)
                elif part.mark == "output":
                    self.check_python(waiting, part)
                    waiting = None
                elif part.language == "python" and RUN.fullmatch(part.mark):
                    waiting = part
                elif RUN.fullmatch(part.mark):
                    self.check_console(part, int(RUN.fullmatch(part.mark)[1] or 0))
                elif part.mark.startswith("run"):
                    raise Failed(f"{self.path}:{part.line}: expected `run` or `run exit=N`, got: {part.mark}")
            if waiting is not None:
                raise Failed(f"{self.path}:{waiting.line}: no block marked `output` follows the example")
        finally:
            self.stop_server()

    def obey(self, comment):
        if not comment.text.startswith("server:"):
            return
        self.stop_server()
        self.server = Server(self.bin / "baton-server", shlex.split(comment.text.removeprefix("server:")), self.folder)

    def stop_server(self):
        if self.server is not None:
            self.server.stop()
        self.server = None

    def check_console(self, block, expected_code):
        steps = transcript.steps(block.lines)
        # One shell for the block: variables live as long as it.
        script = "\n".join(f"{step.command}\ncode=$?; printf '\\n{END}%d\\n' $code" for step in steps)
        for attempt in range(TRIES):
            outcomes = self.shell(script)
            if len(outcomes) != len(steps):
                raise Failed(f"{self.path}:{block.line}: {len(outcomes)} of {len(steps)} commands ended")
            wrong = [
                (step, output, code)
                for step, (output, code) in zip(steps, outcomes)
                if code != expected_code or not transcript.matches(step.expected, output.splitlines())
            ]
            if not wrong:
                self.count += len(steps)
                return
            if not self.was_too_slow("\n".join(output for _, output, _ in wrong), block, attempt):
                break
        step, output, code = wrong[0]
        raise Failed(
            f"{self.path}:{block.line}: $ {step.command}\n--- the document shows\n" + "\n".join(step.expected) +
            f"\n--- what came (exit code {code}, expected {expected_code})\n{output}"
        )

    def check_python(self, example, shown):
        if example is None:
            raise Failed(f"{self.path}:{shown.line}: an output without an example before it")
        for attempt in range(TRIES):
            done = self.execute([self.python, "-c", self.adapted("\n".join(example.lines))])
            if done.returncode == 0 and transcript.matches(shown.lines, done.stdout.splitlines()):
                self.count += 1
                return
            if not self.was_too_slow(done.stdout, example, attempt):
                break
        raise Failed(f"{self.path}:{example.line}: exit code {done.returncode}, it printed\n{done.stdout}")

    def was_too_slow(self, output, block, attempt):
        if not TOO_SLOW.search(output) or attempt + 1 == TRIES:
            return False
        print(f"{self.path}:{block.line}: the machine was too busy for the budget, once more", flush=True)
        return True

    def adapted(self, text):
        return self.server.with_its_ports(text) if self.server else text

    def shell(self, script):
        """(output, exit code) of each command."""
        done = self.execute(["bash", "-c", self.adapted(script)])
        output = self.server.with_default_ports(done.stdout) if self.server else done.stdout
        pieces = re.split(rf"\n{END}(\d+)\n", output)
        return [(pieces[i], int(pieces[i + 1])) for i in range(0, len(pieces) - 1, 2)]

    def execute(self, command):
        environment = dict(os.environ, LC_ALL="C.UTF-8")
        if self.server:
            environment["BATON_ADMIN"] = self.server.addresses["admin"]
        tools = os.environ.get("BATON_TOOLS", str(ROOT / "build" / "deps" / "tools"))
        environment["PATH"] = f"{tools}:{environment['PATH']}"
        return subprocess.run(
            command, cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False,
        )


def has_examples(path):
    parts = markdown.parts((ROOT / path).read_text())
    return any(isinstance(part, markdown.Block) and part.mark.startswith("run") for part in parts)


def main(arguments):
    bin_folder, python, *paths = arguments
    if not paths:
        paths = [str(path) for path in project_files() if path.suffix == ".md" and has_examples(path)]
    failures = 0
    for path in paths:
        with tempfile.TemporaryDirectory(prefix="baton-docs-") as folder, contextlib.ExitStack() as stack:
            stack.callback(sys.stdout.flush)
            document = Document(path, pathlib.Path(bin_folder).resolve(), python, pathlib.Path(folder))
            try:
                document.run()
                print(f"{path}: {document.count} examples do what it shows")
            except (Failed, ValueError, OSError, subprocess.TimeoutExpired) as failure:
                failures += 1
                print(f"{path}: {failure}" if path not in str(failure) else failure)
    return 1 if failures or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
