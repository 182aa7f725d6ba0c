"""What an answer tells a load balancer, when it is asked to: read with protobuf itself, over HTTP by curl, and gRPC."""

import base64
import json
import re
import subprocess

import pytest
from tritonclient.grpc import service_pb2 as oip_pb2
from xds.data.orca.v3.orca_load_report_pb2 import OrcaLoadReport

import environment
import server_process
from oip_grpc import stub_of

ASK = "endpoint-load-metrics-format"
REPORT = "endpoint-load-metrics"
OWN = {"waiting_requests", "predicted_wait_seconds"}


@pytest.fixture(scope="module")
def server():
    with server_process.running("--workers", 2, *server_process.PLENTY) as started:
        started.teach()
        yield started


def headers_of(server, *headers, path="/test/sleep", body='{"ms": 1}'):
    options = [word for header in headers for word in ("-H", header)]
    done = subprocess.run(
        [environment.tool("curl"), "-sS", "-o", "/dev/null", "-D", "-", "--data", body, *options, f"http://{server.http}{path}"],
        capture_output=True, text=True, check=True, timeout=60,
    )
    return {name.lower(): value for name, value in re.findall(r"^([\w-]+): (.*?)\r?$", done.stdout, re.M)}


def read_text(value):
    """As Envoy reads it: a list of pairs, of names that it knows."""
    assert value.startswith("TEXT ")
    report = OrcaLoadReport()
    for pair in value.removeprefix("TEXT ").split(","):
        name, number = pair.strip().split("=")
        if name.startswith("named_metrics."):
            report.named_metrics[name.removeprefix("named_metrics.")] = float(number)
        else:
            setattr(report, name, float(number))
    return report


def read_json(value):
    assert value.startswith("JSON ")
    fields = json.loads(value.removeprefix("JSON "))
    return OrcaLoadReport(**fields)


def read_binary(value):
    assert value.startswith("BIN ")
    return OrcaLoadReport.FromString(base64.b64decode(value.removeprefix("BIN "), validate=True))


READERS = {"text": read_text, "json": read_json, "bin": read_binary}


@pytest.mark.parametrize("form", READERS)
def test_an_answer_reports_the_load_in_the_form_that_was_asked_for(server, form):
    report = READERS[form](headers_of(server, f"{ASK}: {form}")[REPORT])
    assert set(report.named_metrics) == OWN
    assert report.named_metrics["predicted_wait_seconds"] >= 0
    assert 0 <= report.cpu_utilization <= 1.5
    assert 0 <= report.application_utilization <= 1.5


def test_nobody_is_told_who_has_not_asked(server):
    for asked in ((), (f"{ASK}: xml",), ("Baton-Explain: 0",)):
        told = headers_of(server, *asked)
        assert REPORT not in told and "baton-predicted-wait-ms" not in told


def test_the_predicted_wait_is_a_header_for_whoever_wants_an_explanation(server):
    told = headers_of(server, "Baton-Explain: 1")
    assert float(told["baton-predicted-wait-ms"]) >= 0
    assert REPORT not in told


def test_misses_tell_it_too(server):
    told = headers_of(server, f"{ASK}: text", "Baton-Budget-Ms: 20", body='{"ms": 2000}')
    assert told["baton-answer"] in ("timeout", "refused")
    assert "waiting_requests" in read_text(told[REPORT]).named_metrics


def test_rates_follow_what_the_server_does(server):
    """A second of requests, half of them refused for their budget: shown in the next second's report."""
    def rates_show(_):
        for _ in range(20):
            server.ask("POST", "/reverse", {"data": "x"})
            server.ask("POST", "/reverse", {"data": "x"}, [("Baton-Budget-Ms", "0")])
        report = read_text(headers_of(server, f"{ASK}: text")[REPORT])
        return report.rps_fractional > report.eps > 0 and report.cpu_utilization > 0

    assert rates_show(server.metrics_when(rates_show))


def row_of(server):
    shown = server.ask("GET", "/v2/models/tumour").json()["inputs"][0]
    return {"name": shown["name"], "datatype": shown["datatype"], "shape": [1, shown["shape"][-1]]}, shown["shape"][-1]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_call_gets_it_as_trailing_metadata(server, form):
    tensor, columns = row_of(server)
    request = oip_pb2.ModelInferRequest(model_name="tumour")
    request.inputs.add(**tensor).contents.fp32_contents.extend([0.5] * columns)
    with stub_of(server) as stub:
        _, call = stub.ModelInfer.with_call(request, metadata=[(ASK, form)])
        trailers = dict(call.trailing_metadata())
        assert set(READERS[form](trailers[REPORT]).named_metrics) == OWN
        assert float(trailers["baton-predicted-wait-ms"]) >= 0
        _, plain = stub.ModelInfer.with_call(request)
        assert not {name for name, _ in plain.trailing_metadata() if name.startswith(REPORT)}


def test_a_call_gets_the_binary_report_where_grpc_has_it(server):
    """By grpcurl: the C core keeps it from the application, for its own balancers."""
    tensor, columns = row_of(server)
    request = {"model_name": "tumour", "inputs": [{**tensor, "contents": {"fp32_contents": [0.5] * columns}}]}
    shown = environment.run(environment.tool("grpcurl"), "-plaintext", "-v", "-H", f"{ASK}: bin", "-d", json.dumps(request),
                            server.grpc, "inference.GRPCInferenceService/ModelInfer").stdout
    value = re.search(rf"^{REPORT}-bin: (\S+)$", shown, re.M)[1]
    assert set(OrcaLoadReport.FromString(base64.b64decode(value + "==")).named_metrics) == OWN
