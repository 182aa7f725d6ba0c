"""Starts and stops a baton-server of the test's own, on free ports."""

import contextlib
import os
import pathlib
import selectors
import signal
import subprocess
import tempfile
import time
import urllib.request

import environment
import http_raw
from exposition import Exposition, broken_laws

ANY_TCP = ("--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--pages", "127.0.0.1:0")
# Tests run side by side: none of them takes the machine's socket.
ANY_PORT = (*ANY_TCP, "--admin-socket", "off")
# Where a test is about something else than budgets, none may run out on a busy machine.
PLENTY = ("--default-budget", "8s", "--max-budget", "10s")


class ServerProcess:
    """A running baton-server. `http`, `grpc`, `admin` and `pages` are its addresses. `through`: the words of a command
    that becomes the server, such as prlimit(1) or env(1). `pages_tls`: the ssl.SSLContext to read its pages with, where
    they speak TLS."""

    def __init__(self, *flags, test_endpoints=True, listeners=ANY_PORT, through=(), pages_tls=None):
        self.pages_tls = pages_tls
        self.through = [str(word) for word in through]
        self.flags = [*listeners, *(["--test-endpoints"] if test_endpoints else []), *map(str, flags)]
        self.folder = tempfile.TemporaryDirectory(prefix="baton-e2e-")
        self.log_path = pathlib.Path(self.folder.name) / "server.log"
        self.process = None
        self.http = self.grpc = self.admin = self.pages = None
        self.open_at_start = None

    def start(self):
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*self.through, environment.program("baton-server"), *self.flags],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
            )
        line = self._first_line(environment.patience(30))
        words = line.split()
        assert words and words[0] == "ready", f"expected `ready ...`, got {line!r}; its log:\n{self.log()}"
        addresses = dict(word.split("=", 1) for word in words[1:])
        assert list(addresses) == ["http", "grpc", "admin", "pages"], line
        self.http, self.grpc = addresses["http"], addresses["grpc"]
        self.admin, self.pages = addresses["admin"], addresses["pages"]
        if self.pages != "off":
            # `ready` is said just before the last of its own descriptors is opened.
            self.metrics_when(lambda _: "anon_inode:[signalfd]" in self.open_files())
            self.open_at_start = self.metrics()("process_open_fds")
        return self

    def open_files(self):
        """What its descriptors lead to, by the kernel's names."""
        folder = pathlib.Path(f"/proc/{self.pid}/fd")
        names = []
        for entry in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                names.append(os.readlink(folder / entry))
        return names

    def _first_line(self, seconds):
        deadline = time.monotonic() + seconds
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n") and time.monotonic() < deadline:
                if selector.select(deadline - time.monotonic()):
                    data = os.read(self.process.stdout.fileno(), 1024)
                    if not data:
                        break
                    line += data
        return line.decode()

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    def log_when(self, text, seconds=20):
        """Its log, once it says that."""
        deadline = time.monotonic() + environment.patience(seconds)
        while text not in self.log() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert text in self.log(), self.log()
        return self.log()

    def metrics(self):
        url = f"{'https' if self.pages_tls else 'http'}://{self.pages}/metrics"
        with urllib.request.urlopen(url, timeout=environment.patience(10), context=self.pages_tls) as answer:
            return Exposition(answer.read().decode())

    def metrics_when(self, condition, seconds=20):
        """The first scrape for which `condition` holds, or the last one when none did in time: soon enough for whoever asks
        to say what is wrong before its test is ended."""
        deadline = time.monotonic() + min(environment.patience(seconds), max(seconds, 60))
        scrape = self.metrics()
        while not condition(scrape) and time.monotonic() < deadline:
            time.sleep(0.02)
            scrape = self.metrics()
        return scrape

    def metrics_when_idle(self):
        """A scrape with nothing under way, all of it counted: work whose answer has left included."""
        scrape = self.metrics_when(lambda now: now.is_idle() and not now("baton_pool_workers", state="busy"))
        assert scrape.is_idle(), "requests are still open:\n" + scrape.text
        return self.metrics()  # families that were read before the last request was counted are whole now

    def check_laws(self, late_answers=None):
        """What has to hold once all clients have gone. `late_answers`: how many there may be at most."""
        def has_settled(scrape):
            # One scrape reads its families one after the other: a connection may close between two of them.
            is_back = scrape("process_open_fds") <= self.open_at_start
            is_empty = scrape("baton_connections", listener="http") == 0
            return scrape.is_idle() and is_back and is_empty and not broken_laws(scrape)

        scrape = self.metrics_when(has_settled)
        assert scrape.is_idle(), "requests are still open:\n" + scrape.text
        assert scrape("baton_connections", listener="http") == 0
        assert scrape("process_open_fds") == self.open_at_start, f"descriptors are left over: {self.open_files()}"
        assert broken_laws(scrape) == []
        if late_answers is not None:
            assert scrape("baton_late_answers_total") <= late_answers
        return scrape

    def ask(self, method, path, body=None, headers=()):
        return http_raw.ask(self.http, method, path, body, headers)

    def teach(self, path="/test/sleep", body=None, times=20):
        """Lets the server learn how long these requests take, one after the other: nobody may wait for a worker
        whose times it does not know."""
        before = self.metrics_when_idle()("baton_inferences_total", endpoint=path)
        with self.connect() as connection:
            learned = 0
            while learned < times:
                reply = connection.ask("POST", path, body or {"ms": 1}, [("Baton-Budget-Ms", "8000")])
                # The worker that gave the last answer may not be back from that yet.
                assert reply.status == 200 or reply.header("Baton-Cause") == "no_time", reply
                learned += reply.status == 200
        after = self.metrics_when_idle()("baton_inferences_total", endpoint=path)
        assert after == before + times

    def hold(self, stack, workers, milliseconds, **more):
        """Requests that hold so many workers for so long, and longer in a slow build; their connections, which `stack`
        closes."""
        held = [stack.enter_context(self.connect()) for _ in range(workers)]
        budget = [("Baton-Budget-Ms", "10000")]
        for number, connection in enumerate(held, 1):
            connection.send(http_raw.request("POST", "/test/sleep", {"ms": environment.meanwhile(milliseconds), **more}, budget))
            scrape = self.metrics_when(lambda now, least=number: now("baton_pool_workers", state="busy") >= least)
            assert scrape("baton_pool_workers", state="busy") >= number, "the workers could not be held"
        return held

    def connect(self, **options):
        return http_raw.Connection(self.http, **options)

    def batonctl(self, *words, **options):
        return environment.run(environment.program("batonctl"), "--server", self.admin, *words, **options)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=30):
        """The exit code."""
        try:
            return self.process.wait(environment.patience(seconds))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the server does not end; its log:\n{self.log()}") from None

    def stop(self, seconds=30):
        """SIGTERM, and the exit code has to be 0."""
        self.signal(signal.SIGTERM)
        code = self.wait(seconds)
        assert code == 0, f"the server ended with {code}; its log:\n{self.log()}"

    def clean_up(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
        self.folder.cleanup()


@contextlib.contextmanager
def running(*flags, late_answers=None, laws=True, **options):
    """A server for the time of a `with`; at its end the laws are checked and it has to stop with 0."""
    server = ServerProcess(*flags, **options)
    try:
        server.start()
        yield server
        if server.process.poll() is None:
            if laws:
                server.check_laws(late_answers)
            server.stop()
        else:
            assert server.process.returncode == 0, f"the server died:\n{server.log()}"
    except BaseException:
        if server.process is not None and server.log_path.exists():
            print(f"--- the server's log\n{server.log()[-6000:]}---")
        raise
    finally:
        server.clean_up()
