"""The servers of the overload benchmark, and how each is started."""
import os
import shutil

from sections import ROOT
from server import BENCH, Server, free_port

VENV = ROOT / "build/deps/bench-venv"
PEERS = ROOT / "tests/bench/peers"


def site_packages():
    return next(VENV.glob("lib/python3*/site-packages"))


def start_baton(folder, models, name, *flags):
    return Server(name, [str(folder / "baton-server"), "--http", "127.0.0.1:0", "--grpc", "off", "--admin", "off", "--pages", "127.0.0.1:0",
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
    return run_triton("triton-timeout" if has_timeout else "triton", triton_repository(models, has_timeout))


def run_triton(name, repository):
    """The tritonserver of the wheel nvidia-pytriton. It has one backend, the Python one."""
    root = site_packages() / "pytriton/tritonserver"
    version = site_packages().parent.name.removeprefix("python")
    stub = root / "backends/python/triton_python_backend_stub"
    stub.unlink(missing_ok=True)
    shutil.copy(root / f"python_backend_stubs/{version}/triton_python_backend_stub", stub)
    for program in (stub, root / "bin/tritonserver"):
        program.chmod(0o755)
    port = free_port()
    command = [str(root / "bin/tritonserver"), f"--model-repository={repository}", f"--backend-directory={root}/backends",
               "--http-address=127.0.0.1", f"--http-port={port}", "--allow-grpc=false", "--allow-metrics=false",
               "--exit-timeout-secs=10"]
    return Server(name, command, port, {
        "PATH": f"{VENV}/bin:{os.environ['PATH']}", "PYTHONPATH": str(site_packages()), "PYTHONDONTWRITEBYTECODE": "1"})
