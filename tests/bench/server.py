"""A server under measurement: how it is started, found ready, watched and ended; and the machine's own load."""
import atexit
import ctypes
import os
import pathlib
import re
import selectors
import signal
import socket
import subprocess
import threading
import time
import urllib.request

from sections import ROOT

BENCH = ROOT / "build/bench"
LIFETIME_S = 900  # no server outlives this, whatever its run does
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def shared_regions():
    """What Triton's Python backend leaves behind where it does not end by itself."""
    return set(pathlib.Path("/dev/shm").glob("triton_python_backend_shm_region_*"))


def busy_share(seconds=2):
    """The share of all cores that is taken right now, by others."""
    def read():
        ticks = [int(text) for text in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
        return sum(ticks), ticks[3] + ticks[4]
    total, idle = read()
    time.sleep(seconds)
    total_then, idle_then = read()
    return 1 - (idle_then - idle) / max(1, total_then - total)


class Server:
    """A running server, in a process group of its own; `port` is its HTTP port, `pages` its metrics port or None, and
    so are `grpc` and `admin`.

    With a `port` it is ready when it answers `ready_path`; without one it says so itself, in a line with its ports.

    Where Linux shares the cores out between sessions first (sched(7), "The autogroup feature"), how nice its threads are
    counts among themselves only, unless it is `in_our_session`: then it counts beside us and the load, too."""

    def __init__(self, name, command, port=None, environment=None, ready_path="/v2/health/ready", in_our_session=False):
        self.name, self.regions_before = name, shared_regions()
        self.pages = self.grpc = self.admin = None
        BENCH.mkdir(parents=True, exist_ok=True)
        self.log = BENCH / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log if port else subprocess.PIPE, stderr=log,
                start_new_session=not in_our_session, process_group=0 if in_our_session else None, preexec_fn=die_with_parent, env={**os.environ, **(environment or {})})
        atexit.register(self.kill)
        self.watchdog = threading.Timer(LIFETIME_S, self.kill)
        self.watchdog.daemon = True
        self.watchdog.start()
        self.port, self.ready_path = port, ready_path
        try:
            if port:
                self.wait_until_ready()
            else:
                self.read_ready_line()
        except BaseException:
            self.stop()
            raise

    def fail(self, what):
        end = self.log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{self.name} {what}\nIts log {self.log} ends:\n{end}")

    def read_ready_line(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            line = self.process.stdout.readline().decode() if selector.select(60) else ""
        ports = {name: int(port) for name, port in re.findall(r"(\w+)=\S*:(\d+)", line)}
        if not ports:
            self.fail(f"was expected to print `ready http=...` within 60 s, printed {line!r}")
        self.port, self.grpc = ports.get("http"), ports.get("grpc")
        self.admin, self.pages = ports.get("admin"), ports.get("pages")

    def wait_until_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{self.ready_path}", timeout=1) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.1)
        self.fail("was expected to be ready within 60 s, and is not")

    def pids(self):
        """The process and all below it."""
        found, left = [], [self.process.pid]
        while left:
            pid = left.pop()
            found.append(pid)
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    left += map(int, children.read_text().split())
                except OSError:
                    pass  # that thread has ended
        return found

    def cpu_times(self):
        """Processor time in user code and in the kernel, in seconds."""
        user = kernel = 0
        for pid in self.pids():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue  # it has ended
            user, kernel = user + int(fields[11]), kernel + int(fields[12])
        ticks = os.sysconf("SC_CLK_TCK")
        return user / ticks, kernel / ticks

    def cpu_seconds(self):
        return sum(self.cpu_times())

    def resident_mib(self):
        total = 0
        for pid in self.pids():
            try:
                match = re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
                total += int(match.group(1)) if match else 0
            except OSError:
                pass
        return total / 1024

    def metrics(self):
        """Baton's metrics as text, empty for the others."""
        if not self.pages:
            return ""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.pages}/metrics", timeout=10) as answer:
            return answer.read().decode()

    def settle(self, patience=20):
        """Waits until what was left behind is worked off. Returns whether it was."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            before = self.cpu_seconds()
            time.sleep(0.3)
            is_busy = re.search(r'^baton_pool_workers\{state="busy"\} [1-9]', self.metrics(), re.MULTILINE)
            if self.cpu_seconds() - before <= 0.03 and not is_busy:
                return True
        return False

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def stop(self):
        self.watchdog.cancel()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
        self.process.wait()
        for region in shared_regions() - self.regions_before:
            region.unlink(missing_ok=True)
        atexit.unregister(self.kill)
