"""A real Prometheus beside a server of the tests."""

import contextlib
import re
import socket
import subprocess

from environment import ROOT, tool


@contextlib.contextmanager
def prometheus(server, folder, *flags):
    """With the project's own configuration, adapted to the ports and in more of a hurry."""
    deployed = ROOT / "deploy" / "prometheus"
    text = (deployed / "prometheus.yml").read_text()
    assert "localhost:8082" in text
    text = re.sub(r"(scrape|evaluation)_interval: \w+", r"\1_interval: 1s", text)
    text = text.replace("localhost:9093", "127.0.0.1:1")  # nobody is to be alerted
    (folder / "prometheus.yml").write_text(text.replace("localhost:8082", server.pages))
    (folder / "rules.yml").write_text((deployed / "rules.yml").read_text())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [tool("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address={address}", *flags],
            stdout=log, stderr=log,
        )
    try:
        yield address, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
