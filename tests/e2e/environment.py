"""Where the programs, the tools and the project are, and how slow this build is."""

import os
import pathlib
import re
import resource
import shutil
import subprocess

ROOT = pathlib.Path(os.environ.get("BATON_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BIN = pathlib.Path(os.environ.get("BATON_BIN", ROOT / "build" / "bin"))
TOOLS = pathlib.Path(os.environ.get("BATON_TOOLS", ROOT / "build" / "deps" / "tools"))
DEPS = TOOLS.parent  # what scripts/install-dependencies fetched besides
FAULT_SHIM = pathlib.Path(os.environ.get("BATON_FAULT_SHIM", ROOT / "build/release/test-bin/fault_shim.so"))
TRESPASSER = pathlib.Path(os.environ.get("BATON_TRESPASSER", ROOT / "build/release/test-bin/trespasser.so"))
# 1 for an optimised build; more under a sanitizer: fewer requests, more patience.
SLOW_FACTOR = float(os.environ.get("BATON_SLOW_FACTOR", "1"))

# A thousand connections are more than the usual soft limit of a shell allows.
_, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))


def fewer(count):
    """`count` requests or connections for an optimised build; as many as a slow one can bear."""
    return max(1, int(count / SLOW_FACTOR))


def patience(seconds):
    return seconds * max(1.0, SLOW_FACTOR)


def meanwhile(milliseconds):
    """How long a run takes beside which something else is to be seen: up to four times as long in a slow build, but no more
    than 6 s for it, so that budgets of 8 s are enough."""
    return min(max(milliseconds, 6000), int(milliseconds * min(4, max(1, SLOW_FACTOR))))


def program(name):
    """One of the project's own programs."""
    path = BIN / name
    assert path.exists(), f"{path} is missing: build it, or set BATON_BIN to the folder that holds it"
    return str(path)


def tool(name):
    """A tool that the tests need. A missing one is a failure: ./test installs them all."""
    for path in (TOOLS / name, shutil.which(name)):
        if path and os.path.exists(path):
            return str(path)
    raise AssertionError(f"{name} is missing; install what the tests need: scripts/install-dependencies test")


def run(*command, expect=0, timeout=60, **options):
    """Runs a command to its end and returns its outcome. `expect`: its exit code, None for any."""
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=patience(timeout),
        check=False,
        stdin=subprocess.DEVNULL if "input" not in options else None,
        **options,
    )
    if expect is not None:
        assert done.returncode == expect, f"{command} gave {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done


def start(*command):
    """Starts a command that goes on meanwhile; its standard output can be read."""
    return subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def project_version():
    """The version that the programs have to name."""
    text = (ROOT / "CMakeLists.txt").read_text()
    return re.search(r"project\(baton VERSION (\S+)", text).group(1)
