"""Tools that people use: ab, wrk, baton-client, promtool, Prometheus."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

import api_keys
import certificates
import certificates
import environment
import server_process
from environment import ROOT, fewer, run, tool
from prometheus_process import prometheus

BODY = '{"data": "abcdefghij"}'


@pytest.fixture
def body_file(tmp_path):
    path = tmp_path / "body.json"
    path.write_text(BODY)
    return path


def figure(pattern, text):
    """A number out of a tool's report."""
    match = re.search(pattern, text)
    assert match, f"{pattern!r} is not in:\n{text}"
    return float(match[1])


def ab(server, body_file, *options):
    return run(
        tool("ab"), "-q", "-s", 60, *options, "-p", body_file, "-T", "application/json",
        f"http://{server.http}/reverse", timeout=120,
    ).stdout


@pytest.mark.parametrize("options, count", [
    (("-c", 500), fewer(5000)),
    (("-k", "-c", 100), fewer(20000)),
    (("-k", "-c", 1), fewer(1000)),
], ids=["500 connections", "keep-alive", "one by one"])
def test_ab_finishes_without_a_failed_request(server, body_file, options, count):
    before = server.metrics_when_idle().answers("reverse").get("prediction", 0)
    count = max(count, 500)  # ab wants as many requests as connections
    report = ab(server, body_file, "-n", count, *options)
    assert figure(r"Complete requests:\s+(\d+)", report) == count
    assert figure(r"Failed requests:\s+(\d+)", report) == 0
    assert "Non-2xx responses" not in report
    assert server.metrics_when_idle().answers("reverse")["prediction"] == before + count


def test_ab_c_500_on_a_fresh_server_loses_nothing(body_file):
    with server_process.running(*server_process.PLENTY, late_answers=0) as fresh:
        count = max(500, fewer(5000))
        report = ab(fresh, body_file, "-n", count, "-c", 500)
        assert figure(r"Complete requests:\s+(\d+)", report) == count
        assert figure(r"Failed requests:\s+(\d+)", report) == 0
        assert "Non-2xx responses" not in report
        assert fresh.metrics_when_idle().answers("reverse") == {"prediction": count}


def test_wrk_with_1000_connections_finishes_without_a_failed_request(tmp_path):
    script = tmp_path / "post.lua"
    script.write_text(
        'wrk.method = "POST"\n'
        f"wrk.body = '{BODY}'\n"
        'wrk.headers["Content-Type"] = "application/json"\n'
    )
    with server_process.running(*server_process.PLENTY, late_answers=0) as server:
        report = run(
            tool("wrk"), "-t4", f"-c{fewer(1000)}", "-d10s", "--timeout", "60s", "-s", script,
            f"http://{server.http}/reverse", timeout=120,
        ).stdout
        finished = figure(r"(\d+) requests in", report)
        assert finished >= 1000
        assert "Socket errors" not in report, report
        assert "Non-2xx" not in report, report
        # wrk leaves while its last requests are under way: nobody is there to take those answers.
        answers = server.metrics_when_idle().answers("reverse")
        assert set(answers) <= {"prediction", "none"}
        assert answers["prediction"] >= finished


def client(server, *words, **options):
    command, *rest = words
    return run(environment.program("baton-client"), command, "--server", server.http, *rest, **options)


def test_baton_client_infer_shows_a_prediction(server):
    shown = client(server, "infer", "--model", "tumour", "--sample", "--explain").stdout
    assert shown.startswith("prediction 200 in ")
    assert "stages: read" in shown
    assert '"label"' in shown
    answer = json.loads(client(server, "infer", "--model", "digits", "--sample", "--budget", "5s", "-o", "json").stdout)
    assert (answer["answer"], answer["status"], answer["budget_ms"]) == ("prediction", 200, 5000)
    assert {output["name"] for output in answer["body"]["outputs"]} == {"label", "probabilities"}


def test_baton_client_says_by_its_exit_code_what_became_of_a_request(server):
    missed = client(server, "infer", "--path", "/test/sleep", "--data", '{"ms": 300}', "--budget", "30ms", expect=1)
    assert missed.stdout.startswith("timeout 504")
    assert "expired_running" in missed.stdout
    assert client(server, "infer", "--path", "/reverse", "--data", "no json", expect=1).stdout.startswith("invalid 400")
    client(server, "infer", "--model", "nosuch", "--data", "{}", expect=4)
    client(server, "infer", "--nonsense", expect=2)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        run(environment.program("baton-client"), "infer", "--server", address, "--path", "/hello", expect=3)


@pytest.mark.parametrize("how", [["--rate", fewer(1000), "--schedule", "fixed"], ["--rate", fewer(1000)], ["--closed"]],
                         ids=["fixed", "poisson", "closed"])
def test_baton_client_load_reports_what_it_offered(server, how):
    before = server.metrics_when_idle().answers("tumour").get("prediction", 0)
    options = ["--duration", "2s", "--warmup", "0s", "--connections", 16, "--budget", "8s", "--grace", "20s"]
    report = json.loads(client(server, "load", "--model", "tumour", "--sample", *options, *how, "-o", "json").stdout)
    text = json.dumps(report)
    answered = server.metrics_when_idle().answers("tumour")["prediction"] - before
    assert report["answers"] == {"prediction": report["requests"]}, text
    assert answered >= report["requests"] > 0  # those that a closed loop cuts off at its end are not in its report
    quantiles = report["latency_ms"]
    assert 0 < quantiles["p50"] <= quantiles["p90"] <= quantiles["p99"] <= quantiles["max"], text


def test_promtool_accepts_the_metrics(server):
    server.ask("POST", "/reverse", {"data": "x"})
    text = server.metrics().text
    checked = subprocess.run(
        [tool("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=60
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout + checked.stderr == ""


def test_the_metrics_are_those_of_the_catalogue(tmp_path):
    scrape = tmp_path / "scrape.txt"
    with certificates.folder() as folder:
        identity = certificates.Authority(folder).issue("server")
        keys = api_keys.KeyFile(folder / "api-keys.yaml")
        keys.new("shop")
        with server_process.running(*certificates.flags("http", identity), "--api-keys", keys.path) as server:
            server.batonctl("status")  # so that the admin rows are there
            scrape.write_text(server.metrics().text)
    run(sys.executable, "-B", ROOT / "tests" / "metrics" / "catalogue.py", ROOT / "docs" / "metrics.md", scrape)


def test_the_pages_listener_answers_what_else_is_asked_of_it(server):
    with urllib.request.urlopen(f"http://{server.pages}/metrics", timeout=30) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"http://{server.pages}/nothing", timeout=30)
    with missing.value as answer:
        assert answer.code == 404
        assert json.loads(answer.read())["error"]
    wrong = urllib.request.Request(f"http://{server.pages}/metrics", method="DELETE")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(wrong, timeout=30)
    with refused.value as answer:
        assert answer.code == 405
        assert "GET" in answer.headers["Allow"]


def query(address, expression):
    """The samples that Prometheus has for an expression: [(labels, value)]."""
    url = f"http://{address}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(url, timeout=30) as answer:
        found = json.load(answer)
    assert found["status"] == "success"
    return [(sample["metric"], float(sample["value"][1])) for sample in found["data"]["result"]]


def wait_for(address, process, expression, value):
    deadline = time.monotonic() + environment.patience(60)
    found = None
    while time.monotonic() < deadline:
        assert process.poll() is None, "Prometheus ended"
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            found = query(address, expression)
            if found and found[0][1] == value:
                return found
        time.sleep(0.2)
    raise AssertionError(f"{expression} is {found}, expected {value}")


def test_a_real_prometheus_scrapes_the_server_and_finds_the_laws_kept(server, tmp_path):
    for _ in range(7):
        server.ask("POST", "/v2/models/tumour/infer", {"inputs": []})
        server.ask("POST", "/reverse", {"data": "x"}, [("Baton-Budget-Ms", "0")])
    expected = server.metrics_when_idle()("baton_requests_total")
    with prometheus(server, tmp_path) as (address, process):
        wait_for(address, process, "sum(baton_requests_total)", expected)
        assert [value for _, value in query(address, 'up{job="baton"}')] == [1]
        documentation = (ROOT / "docs" / "metrics.md").read_text()
        laws = re.findall(r"```promql\n(.*?)```", documentation.split("Each of these gives 0")[1].split("\n## ")[0], re.S)
        assert len(laws) >= 4
        for law in laws:
            found = query(address, law)
            assert found, f"no sample for {law}"
            # The connection that carries the scrape is open while it is counted.
            assert all(value == 0 for _, value in found), (law, found)
        process.send_signal(signal.SIGTERM)
        assert process.wait(environment.patience(30)) == 0
