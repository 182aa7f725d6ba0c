"""The servers of the overload benchmark: how each is started, found ready, watched and ended."""
import atexit
import ctypes
import os
import pathlib
import re
import selectors
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request

from sections import ROOT

BENCH = ROOT / "build/bench"
VENV = ROOT / "build/deps/bench-venv"
PEERS = ROOT / "tests/bench/peers"
LIFETIME_S = 900  # no server outlives this, whatever its run does
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def site_packages():
    return next(VENV.glob("lib/python3*/site-packages"))


def shared_regions():
    """What Triton's Python backend leaves behind where it does not end by itself."""
    return set(pathlib.Path("/dev/shm").glob("triton_python_backend_shm_region_*"))


class Server:
    """A running server, in a process group of its own; `port` is its HTTP port, `pages` its metrics port or None."""

    def __init__(self, name, command, port=None, environment=None):
        self.name, self.pages, self.regions_before = name, None, shared_regions()
        BENCH.mkdir(parents=True, exist_ok=True)
        self.log = BENCH / f"{name}.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log if port else subprocess.PIPE, stderr=log,
                start_new_session=True, preexec_fn=die_with_parent, env={**os.environ, **(environment or {})})
        atexit.register(self.kill)
        self.watchdog = threading.Timer(LIFETIME_S, self.kill)
        self.watchdog.daemon = True
        self.watchdog.start()
        self.port = port
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
        http, pages = re.search(r"http=\S*:(\d+)", line), re.search(r"pages=\S*:(\d+)", line)
        if not http or not pages:
            self.fail(f"was expected to print `ready http=... pages=...` within 60 s, printed {line!r}")
        self.port, self.pages = int(http.group(1)), int(pages.group(1))

    def wait_until_ready(self):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v2/health/ready", timeout=1) as answer:
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

    def cpu_seconds(self):
        total = 0
        for pid in self.pids():
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return total / os.sysconf("SC_CLK_TCK")

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


def start_baton(folder, models, name, *flags):
    return Server(name, [str(folder / "baton-server"), "--http", "127.0.0.1:0", "--admin", "off", "--pages", "127.0.0.1:0",
                         "--workers", "2", "--models", str(models), "--test-endpoints", "--log-level", "error", *flags])


def start_fastapi(models):
    port = free_port()
    command = [str(VENV / "bin/uvicorn"), "fastapi_app:app", "--app-dir", str(PEERS), "--host", "127.0.0.1", "--port",
               str(port), "--workers", "2", "--backlog", "4096", "--no-access-log", "--log-level", "warning"]
    return Server("fastapi", command, port, {"MODELS": str(models), "PYTHONDONTWRITEBYTECODE": "1"})


TRITON_MODEL = """backend: "python"
max_batch_size: {batch}
input [ {{ name: "input" data_type: TYPE_FP32 dims: [ {dims}16 ] }} ]
output [ {{ name: "output" data_type: TYPE_FP32 dims: [ {dims}1 ] }} ]
instance_group [ {{ kind: KIND_CPU count: {instances} }} ]
"""
TRITON_QUEUE = """dynamic_batching { default_queue_policy {
  timeout_action: REJECT default_timeout_microseconds: 40000 allow_timeout_override: false } }
"""


def triton_repository(models, has_timeout):
    """`models` as Triton wants them: a folder each with its configuration."""
    folder = BENCH / ("triton-timeout" if has_timeout else "triton")
    shutil.rmtree(folder, ignore_errors=True)
    for model in models.glob("*/1/model.onnx"):
        name = model.parts[-3]
        (folder / name / "1").mkdir(parents=True)
        shutil.copy(model, folder / name / "1/model.onnx")
        shutil.copy(PEERS / "triton_model.py", folder / name / "1/model.py")
        config = TRITON_MODEL.format(batch=1 if has_timeout else 0, dims="" if has_timeout else "-1, ",
                                     instances=2 if name == "mlp5" else 1)
        (folder / name / "config.pbtxt").write_text(config + (TRITON_QUEUE if has_timeout else ""))
    return folder


def start_triton(models, has_timeout=False):
    """The tritonserver of the wheel nvidia-pytriton. It has one backend, the Python one."""
    root = site_packages() / "pytriton/tritonserver"
    version = site_packages().parent.name.removeprefix("python")
    stub = root / "backends/python/triton_python_backend_stub"
    stub.unlink(missing_ok=True)
    shutil.copy(root / f"python_backend_stubs/{version}/triton_python_backend_stub", stub)
    for program in (stub, root / "bin/tritonserver"):
        program.chmod(0o755)
    port, repository = free_port(), triton_repository(models, has_timeout)
    command = [str(root / "bin/tritonserver"), f"--model-repository={repository}", f"--backend-directory={root}/backends",
               "--http-address=127.0.0.1", f"--http-port={port}", "--allow-grpc=false", "--allow-metrics=false",
               "--exit-timeout-secs=10"]
    return Server("triton-timeout" if has_timeout else "triton", command, port, {
        "PATH": f"{VENV}/bin:{os.environ['PATH']}", "PYTHONPATH": str(site_packages()), "PYTHONDONTWRITEBYTECODE": "1"})
