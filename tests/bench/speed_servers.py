"""The servers of the speed benchmark: how each is built and started, and why one is missing."""
import functools
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.request

import overload_servers
from overload_servers import PEERS, VENV
from sections import ROOT
from server import BENCH, Server, free_port

LABELS = {
    "bare": "bare epoll loop, constant answer", "sum": "bare epoll loop that parses and sums", "baton": "Baton",
    "baton-2": "Baton, 2 conductors on 2 cores", "nginx": "nginx", "axum": "axum (Rust)", "go": "Go net/http",
    "baton-wide": "Baton", "triton": "Triton, Python backend",
}
REVERSE = '{"data":["Hello, World"]}'
REVERSED = {"data": ["dlroW ,olleH"]}
WIDE_FEATURES = 150_528
WIDE_MODELS = BENCH / "wide-models"
BODY = {"Content-Type": "application/json"}


class Missing(Exception):
    """Why a server cannot be measured here."""


@functools.cache
def wide_body():
    """An image of 3 x 224 x 224 as the Open Inference Protocol has it in JSON."""
    data = ",".join(f"0.{i * 7919 % 999_983:06}" for i in range(WIDE_FEATURES))
    return f'{{"inputs":[{{"name":"input","shape":[1,{WIDE_FEATURES}],"datatype":"FP32","data":[{data}]}}]}}'


def sample(model):
    """The held-out row of a bundled model."""
    return (ROOT / f"server/models/bundled/{model}.sample.json").read_text()


def made_by(command, folder, result, needs):
    """Runs a build of a peer, bounded in time."""
    if not shutil.which(needs):
        raise Missing(f"{needs} is not installed")
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=900, stdin=subprocess.DEVNULL,
                       env={**os.environ, "CGO_ENABLED": "0"})
    except subprocess.TimeoutExpired:
        raise Missing(f"`{command[0]} build` took more than 900 s") from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Missing(f"`{command[0]} build` failed: {last}") from None
    return result


def build_axum():
    # A copy, because cargo keeps its lock file beside the sources, and that names the registry.
    folder = BENCH / "axum-source"
    shutil.copytree(PEERS / "axum", folder, dirs_exist_ok=True)
    target = BENCH / "axum"
    return made_by(["cargo", "build", "--release", "--quiet", "--target-dir", str(target)], folder,
                   target / "release/axum-peer", "cargo")


def build_go():
    return made_by(["go", "build", "-o", str(BENCH / "go_http"), "."], PEERS / "go_http", BENCH / "go_http", "go")


def build_nginx():
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not program:
        raise Missing("nginx is not installed")
    return pathlib.Path(program)


def build_wide_models():
    """The model of 150,528 inputs; it is made with the Python environment of the overload benchmark."""
    if not (VENV / "bin/python").exists():
        raise Missing("its model is made in build/deps/bench-venv: run scripts/install-dependencies bench")
    subprocess.run([str(VENV / "bin/python"), str(ROOT / "tests/bench/wide_model.py"), str(WIDE_MODELS), str(WIDE_FEATURES)],
                   check=True, capture_output=True, text=True, timeout=120)


def own(folder, name):
    if not (folder / name).exists():
        raise Missing(f"{folder / name} is not built: cmake --preset release && cmake --build --preset release --target {name}")
    return folder / name


TRITON_MODEL = """backend: "python"
max_batch_size: 0
input [ { name: "input" data_type: TYPE_FP32 dims: [ -1, 30 ] } ]
output [ { name: "output" data_type: TYPE_INT64 dims: [ -1 ] } ]
instance_group [ { kind: KIND_CPU count: 2 } ]
"""


def triton_repository():
    """The bundled classifier as Triton wants it; of its outputs the label."""
    folder = BENCH / "triton-tumour"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "tumour/1").mkdir(parents=True)
    shutil.copy(ROOT / "server/models/bundled/tumour.onnx", folder / "tumour/1/model.onnx")
    shutil.copy(PEERS / "triton_model.py", folder / "tumour/1/model.py")
    (folder / "tumour/config.pbtxt").write_text(TRITON_MODEL)
    return folder


class Fleet:
    """Builds what is measured, once, and starts it as often as it is asked for."""

    BUILDS = {"axum": build_axum, "go": build_go, "nginx": build_nginx}

    def __init__(self, binaries):
        self.binaries, self.programs, self.missing = binaries, {}, {}

    def build(self, subjects):
        for subject in subjects:
            try:
                if subject in self.BUILDS:
                    self.programs[subject] = self.BUILDS[subject]()
                elif subject in ("bare", "sum"):
                    own(self.binaries, "bare_loop")
                elif subject.startswith("baton"):
                    own(self.binaries, "baton-server")
                if subject == "baton-wide":
                    build_wide_models()
                if subject == "triton" and not VENV.exists():
                    raise Missing("run scripts/install-dependencies bench")
            except (Missing, OSError, subprocess.SubprocessError) as error:
                self.missing[subject] = str(error).splitlines()[0]

    def start(self, subject, cores):
        """`cores`: a list for taskset, such as "0", or None for all of them. Raises RuntimeError or OSError."""
        pin = ["taskset", "-c", cores] if cores and (os.cpu_count() or 1) > 1 else []
        threads = len(cores.split(",")) if cores else os.cpu_count() or 1
        name = f"speed-{subject}-{cores or 'all'}"
        if subject in ("bare", "sum"):
            return Server(name, pin + [str(self.binaries / "bare_loop")] + (["--sum"] if subject == "sum" else []))
        if subject.startswith("baton"):
            return self.start_baton(name, pin, threads, 2 if subject == "baton-2" else 1, subject == "baton-wide")
        if subject == "nginx":
            return Nginx(name, pin, self.programs["nginx"], threads)
        if subject == "axum":
            return Server(name, pin + [str(self.programs["axum"]), str(threads)])
        if subject == "go":
            return Server(name, pin + [str(self.programs["go"])])
        return overload_servers.run_triton(name, triton_repository())

    def start_baton(self, name, pin, workers, conductors, is_wide):
        # The largest budget: a moment in which the machine does something else must not turn into refusals.
        command = [str(self.binaries / "baton-server"), "--http", "127.0.0.1:0", "--grpc", "off", "--admin", "off", "--pages", "127.0.0.1:0",
                   "--workers", str(workers), "--conductors", str(conductors), "--default-budget", "10s", "--log-level", "error"]
        return Server(name, pin + command + (["--models", str(WIDE_MODELS)] if is_wide else []))


class Nginx(Server):
    """nginx with a file at /hello and a constant at /reverse."""

    CONFIG = """
worker_processes {threads}; pid {folder}/pid; error_log {folder}/error.log; daemon off; worker_rlimit_nofile 20000;
events {{ worker_connections 19000; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s; sendfile on; tcp_nopush on;
  open_file_cache max=10; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port} backlog=4096; default_type application/json;
    location /hello {{ root {folder}/www; }}
    location /reverse {{ return 200 '{{"data":["dlroW ,olleH"]}}'; }} }} }}
"""

    def __init__(self, name, pin, program, threads):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="baton-bench-nginx-"))
        (self.folder / "www").mkdir()
        self.folder.chmod(0o755)
        (self.folder / "www/hello").write_text('{"message":"Hello from nginx"}')
        port = free_port()
        config = self.folder / "nginx.conf"
        config.write_text(self.CONFIG.format(folder=self.folder, port=port, threads=threads))
        super().__init__(name, pin + [str(program), "-c", str(config)], port, ready_path="/hello")

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def ask(server, method, path, body=None):
    """The body of one answer of 200; raises RuntimeError for anything else."""
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", method=method, headers=BODY if body else {},
                                     data=body.encode() if body else None)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def check(server, method, path, body=None):
    """Refuses to measure a server that does not do what it is measured for."""
    answer = ask(server, method, path, body)
    if path == "/reverse" and json.loads(answer) != REVERSED:
        raise RuntimeError(f"{server.name} was expected to answer {json.dumps(REVERSED)}, answered {answer[:100]!r}")
