"""A server with a configuration file that a test rewrites, and reloads of it."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import tempfile

import server_process

LISTENERS = "listeners: {http: '127.0.0.1:0', grpc: '127.0.0.1:0', admin: '127.0.0.1:0', pages: '127.0.0.1:0'}\n"
OUTCOMES = ("applied", "unchanged", "refused")


class Reloaded:
    """The server, and its file, which is replaced whole as an operator should."""

    def __init__(self, server, file):
        self.server = server
        self.file = file

    def write(self, text):
        fresh = self.file.with_suffix(".new")
        fresh.write_text(LISTENERS + text)
        fresh.chmod(0o644)
        fresh.rename(self.file)

    def remove(self):
        if self.file.is_dir():
            self.file.rmdir()
        else:
            self.file.unlink(missing_ok=True)

    def counts(self, scrape=None):
        scrape = scrape or self.server.metrics()
        return {outcome: int(scrape("baton_config_reloads_total", outcome=outcome)) for outcome in OUTCOMES}

    def hang_up(self):
        """SIGHUP, waited for. What became of it."""
        before = self.counts()
        self.server.signal(signal.SIGHUP)
        after = self.counts(self.server.metrics_when(lambda now: self.counts(now) != before))
        return [outcome for outcome in OUTCOMES if after[outcome] == before[outcome] + 1]

    def says(self, text):
        self.write(text)
        return self.hang_up()

    def get(self, *words):
        return json.loads(self.server.batonctl("get", *words, "-o", "json").stdout)

    def log_of(self, event):
        """Its lines, as they are there after the reload that was waited for."""
        lines = [json.loads(line) for line in self.server.log().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]


def with_model(folder, model):
    """The flags of a server that serves this model as `m` out of a folder of its own."""
    models = folder / "models"
    (models / "m" / "1").mkdir(parents=True)
    shutil.copy(model, models / "m" / "1" / "model.onnx")
    return "--models", models


@contextlib.contextmanager
def running(text, *flags, model=None, **options):
    # Readable by whomever root becomes: pytest's own folders are not.
    with tempfile.TemporaryDirectory(prefix="baton-reload-") as name:
        os.chmod(name, 0o755)
        file = pathlib.Path(name) / "baton.yaml"
        if model:
            flags = (*flags, *with_model(file.parent, model))
        file.write_text(LISTENERS + text)
        file.chmod(0o644)
        with server_process.running("--config", file, *flags, listeners=(), **options) as server:
            yield Reloaded(server, file)


def resident_kib(server):
    lines = pathlib.Path(f"/proc/{server.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
