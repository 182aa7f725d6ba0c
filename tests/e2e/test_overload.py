"""baton-client demo overload against real servers, with steps too short to say anything about them."""

import json
import xml.etree.ElementTree

import pytest

import environment
import server_process
from environment import run

QUICK = ("--factors", "0.5,2", "--seconds", 0.5, "--warmup", "200ms", "--capacity", 100)
SVG = "{http://www.w3.org/2000/svg}"


def overload(server, *flags, **options):
    return run(
        environment.program("baton-client"), "demo", "overload", "--server", server.http, *flags, timeout=120, **options
    )


@pytest.fixture(scope="module")
def server():
    """With test endpoints, and room for what a step leaves behind."""
    with server_process.running() as started:
        yield started


def test_one_server_is_measured_and_drawn(server, tmp_path):
    svg, figures = tmp_path / "curve.svg", tmp_path / "curve.json"
    done = overload(server, *QUICK, "--svg", svg, "--json", figures)
    assert "POST /test/spin, budget 50ms" in done.stdout
    assert "\n  0.5x " in done.stdout and "\n    2x " in done.stdout
    assert done.stderr == ""
    report = json.loads(figures.read_text())
    assert report["capacity_per_second"] == 100
    (curve,) = report["curves"]
    assert [step["factor"] for step in curve["steps"]] == [0.5, 2]
    for step in curve["steps"]:
        missed = sum(step["misses_per_second"].values())
        assert step["goodput_per_second"]["median"] + missed == pytest.approx(step["offered_per_second"]["median"])
    assert len(curve["back_to_normal_ms"]) == 1
    root = xml.etree.ElementTree.parse(svg).getroot()
    assert root.tag == SVG + "svg"
    assert [line.get("class") for line in root.iter(SVG + "polyline")] == ["ideal", "line line0"]
    assert len(list(root.iter(SVG + "circle"))) == 2


def test_two_servers_get_the_same_steps(server, tmp_path):
    svg = tmp_path / "both.svg"
    with server_process.running() as other:
        done = overload(
            server, *QUICK, "--beside", other.http, "--names", "baton,<b> & co", "--repeat", 2, "--svg", svg, "-o", "json"
        )
    report = json.loads(done.stdout)
    assert [(curve["name"], curve["server"]) for curve in report["curves"]] == [
        ("baton", server.http), ("<b> & co", other.http)
    ]
    first, second = ([step["offered_per_second"] for step in curve["steps"]] for curve in report["curves"])
    assert first == second  # the same seed makes the same load
    assert all(len(curve["back_to_normal_ms"]) == 2 for curve in report["curves"])
    texts = ["".join(text.itertext()) for text in xml.etree.ElementTree.parse(svg).getroot().iter(SVG + "text")]
    assert any(text.startswith("baton ") for text in texts), texts
    assert any(text.startswith("<b> & co ") for text in texts), texts


def test_capacity_is_measured_by_a_closed_loop(server):
    done = overload(
        server, "--path", "/test/sleep", "--data", '{"ms": 1}', "--budget", "8s", "--factors", 0.1, "--seconds", 0.3,
        "--warmup", "0s", "-o", "json", "--progress",
    )
    report = json.loads(done.stdout)
    assert report["capacity_per_second"] > 0
    assert report["capacity_source"].startswith("the most of a closed loop over 1 to ")
    assert "capacity: 1 connections, closed loop: good " in done.stderr
    assert report["curves"][0]["back_to_normal_ms"] == []  # nothing to recover from


def test_a_server_without_test_endpoints_says_how_to_get_them():
    with server_process.running(test_endpoints=False) as plain:
        done = overload(plain, *QUICK, expect=4)
    assert "does not serve POST /test/spin" in done.stderr
    assert "--test-endpoints" in done.stderr
    assert done.stdout == ""


def test_a_model_is_asked_by_its_name(server):
    done = overload(server, *QUICK, "--model", "tumour", "--sample", "-o", "json")
    assert json.loads(done.stdout)["target"] == "POST /v2/models/tumour/infer"
