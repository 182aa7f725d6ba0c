"""Fixtures: one server a test file, with room in its budgets, checked against the laws at the end."""

import json
import sys

import pytest

sys.dont_write_bytecode = True

import environment  # noqa: E402
import server_process  # noqa: E402


@pytest.fixture(scope="module")
def server():
    with server_process.running(*server_process.PLENTY) as started:
        yield started


@pytest.fixture(scope="session")
def bundled():
    """The held-out rows of a bundled model: features, label and probabilities of each."""
    def load(model):
        path = environment.ROOT / "server" / "models" / "bundled" / f"{model}.rows.json"
        return json.loads(path.read_text())["rows"]

    return load


@pytest.fixture(scope="session")
def models_folder(tmp_path_factory):
    """The small models and the bundled ones, as a folder to serve."""
    import small_models  # only a few test files have use for what it needs

    return small_models.make_folder(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def chromium():
    """A real browser."""
    import browser  # only a few test files have use for what it needs

    with browser.open_browser() as opened:
        yield opened
