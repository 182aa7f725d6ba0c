"""What is scraped: its forms, its exemplars, and the laws that hold over a mixed run."""

import contextlib
import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import environment
import metrics_reference
import server_process
from exposition import Exposition, broken_laws
from prometheus_process import prometheus

OPEN_METRICS = "application/openmetrics-text"
# As a Prometheus of version 2 asks.
PROMETHEUS_ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
WITH_EXEMPLARS = {"baton_request_duration_seconds", "baton_request_budget_used_ratio"}


@pytest.fixture
def server():
    with server_process.running("--workers", 2, *server_process.PLENTY) as started:
        yield started


def curl(server, *options):
    done = subprocess.run(
        [environment.tool("curl"), "-sS", "--fail", *options, f"http://{server.pages}/metrics"],
        capture_output=True, check=True, timeout=60,
    )
    return done.stdout


def open_metrics(server):
    text = curl(server, "-H", f"Accept: {PROMETHEUS_ACCEPT}").decode()
    return text, {family.name: family for family in text_string_to_metric_families(text)}


def mixed_run(server):
    """Requests of every kind of answer but errors of models, which need a model for it."""
    with server.connect() as connection:
        for i in range(12):
            connection.ask("POST", "/reverse", {"data": "x" * i})
            connection.ask("POST", "/reverse", "no json")
            connection.ask("POST", "/reverse", {"data": "x"}, [("Baton-Budget-Ms", "0")])
            connection.ask("POST", "/test/sleep", {"ms": 300}, [("Baton-Budget-Ms", "20")])
            connection.ask("GET", "/nothing")


# The forms.


def test_the_parser_of_prometheus_own_client_reads_every_line(server):
    mixed_run(server)
    text, families = open_metrics(server)
    assert text.endswith("# EOF\n")
    assert families["baton_requests"].type == "counter"
    assert families["baton_request_duration_seconds"].unit == "seconds"
    assert families["baton_request_budget_used_ratio"].unit == "ratio"
    assert families["baton_http_held_bytes"].unit == "bytes"
    exemplars = {}
    for family in families.values():
        for sample in family.samples:
            if sample.exemplar:
                exemplars.setdefault(family.name, []).append((sample, sample.exemplar))
    assert set(exemplars) == WITH_EXEMPLARS
    now = time.time()
    for sample, exemplar in (pair for pairs in exemplars.values() for pair in pairs):
        assert re.fullmatch("[0-9a-f]{32}", exemplar.labels["trace_id"])
        assert exemplar.value <= float(sample.labels["le"])
        assert now - 60 < float(exemplar.timestamp) < now + 1
        assert sample.value > 0


def samples_of(text):
    """Without what changes by itself from one scrape to the next."""
    return {
        line for line in text.splitlines()
        if not line.startswith(("#", "process_", "baton_connection", "baton_http_", "baton_scrape", "baton_tls"))
        and "conductor" not in line
    }


def test_both_forms_say_the_same_of_the_same_series(server):
    mixed_run(server)
    server.metrics_when_idle()
    plain = samples_of(curl(server).decode())
    text, _ = open_metrics(server)
    assert {re.sub(r" # \{.*$", "", line) for line in samples_of(text)} == plain
    assert len(plain) > 500


def test_the_form_is_what_the_client_asks_for(server):
    for accept, expected in ((None, "text/plain; version=0.0.4"), ("*/*", "text/plain; version=0.0.4"),
                             (PROMETHEUS_ACCEPT, "application/openmetrics-text; version=1.0.0"),
                             ("text/plain,application/openmetrics-text;q=0.5", "text/plain; version=0.0.4")):
        headers = {"Accept": accept} if accept else {}
        request = urllib.request.Request(f"http://{server.pages}/metrics", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.headers["Content-Type"] == f"{expected}; charset=utf-8", accept
            assert answer.headers["Vary"] == "Accept, Accept-Encoding"
            assert answer.read().endswith(b"# EOF\n") == (OPEN_METRICS in expected)


def test_a_scrape_is_compressed_for_who_takes_that(server):
    packed = curl(server, "-H", "Accept-Encoding: gzip")
    plain = curl(server)
    assert packed[:2] == b"\x1f\x8b"
    assert len(packed) < len(plain) / 4
    assert samples_of(curl(server, "--compressed").decode()) == samples_of(plain.decode())


def test_the_tables_of_the_document_are_what_the_server_says():
    document = metrics_reference.DOCUMENT.read_text(encoding="utf-8")
    written = metrics_reference.rewritten(document, metrics_reference.whole_scrape())
    assert written.splitlines() == document.splitlines(), "scripts/metrics-reference writes them anew"


# The figures.


def test_the_laws_hold_at_every_scrape_of_a_mixed_run_that_has_come_to_rest(server):
    for _ in range(3):
        mixed_run(server)
        assert broken_laws(server.metrics_when_idle()) == []
    scrape = server.metrics()
    assert set(scrape.answers("reverse")) == {"prediction", "timeout", "invalid"}
    assert set(scrape.answers("_unknown_")) == {"invalid"}
    assert sum(scrape.answers("/test/sleep").values()) == sum(scrape.causes("/test/sleep").values()) == 36


def test_stages_sum_to_the_whole_and_batches_to_the_runs(server):
    mixed_run(server)
    scrape = server.metrics_when_idle()
    for endpoint in ("reverse", "/test/sleep"):
        stages = scrape("baton_stage_duration_seconds_sum", endpoint=endpoint)
        whole = scrape("baton_request_duration_seconds_sum", endpoint=endpoint)
        assert stages == pytest.approx(whole, rel=0.01, abs=1e-4), endpoint
        runs = scrape("baton_batches_total", endpoint=endpoint)
        assert scrape("baton_batch_size_count", endpoint=endpoint) == runs
        assert scrape("baton_batch_size_sum", endpoint=endpoint) == scrape("baton_inferences_total", endpoint=endpoint)
        written = scrape("baton_requests_total", endpoint=endpoint)
        for stage in scrape.values_of("baton_stage_duration_seconds_count", "stage"):
            assert scrape("baton_stage_duration_seconds_count", endpoint=endpoint, stage=stage) == written


# Prometheus itself.


def exemplars_of(address, expression):
    parameters = urllib.parse.urlencode({"query": expression, "start": time.time() - 600, "end": time.time() + 60})
    with urllib.request.urlopen(f"http://{address}/api/v1/query_exemplars?{parameters}", timeout=30) as answer:
        return json.load(answer)["data"]


def test_a_real_prometheus_keeps_the_exemplars(server, tmp_path):
    mixed_run(server)
    _, families = open_metrics(server)
    ours = {
        sample.exemplar.labels["trace_id"]
        for name in WITH_EXEMPLARS for sample in families[name].samples if sample.exemplar
    }
    assert ours
    with prometheus(server, tmp_path, "--enable-feature=exemplar-storage") as (address, process):
        deadline = time.monotonic() + environment.patience(60)
        found = {}
        while set(found) != WITH_EXEMPLARS and time.monotonic() < deadline:
            assert process.poll() is None, "Prometheus ended"
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                for series in exemplars_of(address, '{__name__=~"baton_request_.+_bucket"}'):
                    name = series["seriesLabels"]["__name__"].removesuffix("_bucket")
                    found.setdefault(name, set()).update(one["labels"]["trace_id"] for one in series["exemplars"])
            time.sleep(0.2)
    assert set(found) == WITH_EXEMPLARS
    for traces in found.values():
        assert traces <= ours
