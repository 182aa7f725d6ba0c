"""Files of hashed tokens, as an operator makes them."""

import hashlib
import os
import pathlib
import pwd
import time

import environment


class KeyFile:
    """A file of keys that a server can still read once it is no longer root. It changes all at once, like one that
    is moved over another."""

    def __init__(self, path):
        self.path = pathlib.Path(path)

    def new(self, name, *flags):
        """A new token, whose entry is in the file from now on."""
        made = environment.run(environment.program("baton-server"), "token", "new", "--name", name, "--file", self.path,
                               *flags)
        assert made.stderr == ""
        self._own(self.path)
        return made.stdout.strip()

    def write(self, data, mode=0o600):
        beside = self.path.with_suffix(".next")
        beside.write_bytes(data if isinstance(data, bytes) else data.encode())
        self.put(beside, mode)

    def put(self, beside, mode=0o600):
        self._own(beside)
        os.chmod(beside, mode)
        os.replace(beside, self.path)

    def text(self):
        return self.path.read_text()

    @staticmethod
    def _own(path):
        nobody = pwd.getpwnam("nobody")
        if os.geteuid() == 0 and os.stat(path).st_uid != nobody.pw_uid:  # or it would count as a change
            os.chown(path, nobody.pw_uid, nobody.pw_gid)


def entry(name, token, **more):
    lines = [f"- name: {name}", *(f"  {key}: {value}" for key, value in more.items())]
    return "\n".join([*lines, f"  sha256: {hashlib.sha256(token.encode()).hexdigest()}"]) + "\n"


def when(condition, seconds=30):
    """Whether `condition()` comes true in time."""
    deadline = time.monotonic() + environment.patience(seconds)
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True
