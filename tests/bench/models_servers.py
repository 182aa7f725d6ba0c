"""The servers of the models benchmark, the folder that they serve, and the programs that load them."""
import json
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile

import speed_servers
from overload_servers import VENV
from sections import ROOT
from server import Server, die_with_parent
from speed_servers import Missing

CLIENTS = ROOT / "build/deps/venv/bin/python"  # with grpc
BUNDLED = ROOT / "server/models/bundled"
WIDE = speed_servers.WIDE_FEATURES
THREADS = os.cpu_count() or 1


class Folder:
    """A model folder that whom root becomes can read: `tumour`, `small` and, where they can be made, `mlp5` and `wide`."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="baton-bench-models-"))
        self.path.chmod(0o755)
        for name, model in (("tumour", "tumour"), ("small", "tumour_logistic")):
            (self.path / name / "1").mkdir(parents=True)
            shutil.copy(BUNDLED / f"{model}.onnx", self.path / name / "1/model.onnx")

    def make_others(self):
        """Raises Missing, or what the program that makes them raises."""
        if not (VENV / "bin/python").exists():
            raise Missing("its model is made in build/deps/bench-venv: run scripts/install-dependencies bench")
        for script in (["mlp_model.py", str(self.path)], ["wide_model.py", str(self.path), str(WIDE)]):
            told([str(VENV / "bin/python"), str(ROOT / "tests/bench" / script[0]), *script[1:]], 120)
        shutil.rmtree(self.path / "mlp200", ignore_errors=True)

    def version(self, name):
        return self.path / name / "1"

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def told(command, seconds):
    """What a program printed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL, check=True,
                              preexec_fn=die_with_parent)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{' '.join(command)[:200]}: {error.stderr.strip()[-300:]}") from None
    return done.stdout


def start_baton(binaries, name, *flags, in_our_session=False):
    # The largest budget: a moment in which the machine does something else must not turn into refusals.
    return Server(name, [str(binaries / "baton-server"), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0",
                         "--pages", "127.0.0.1:0", "--default-budget", "10s", "--log-level", "error", *flags], in_our_session=in_our_session)


def raw_body(count, width):
    """An infer request over HTTP of `count` rows as raw bytes, with raw answers, and the header that it needs."""
    head = json.dumps({"inputs": [{"name": "input", "shape": [count, width], "datatype": "FP32",
                                   "parameters": {"binary_data_size": 4 * count * width}}],
                       "parameters": {"binary_data_output": True}})
    head += " " * (-len(head) % 8)  # elements may be read where they are
    body = head.encode() + struct.pack("<f", 0.5) * (count * width)
    return body, f"Inference-Header-Content-Length: {len(head)}"
