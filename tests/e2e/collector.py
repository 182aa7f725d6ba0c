"""A collector of traces as a test needs one: it answers as told, and checks strictly what it is sent against the
OpenTelemetry protocol's JSON form and its own schema."""

import base64
import copy
import http.server
import json
import re
import ssl
import threading
import time

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

import environment

TAKEN = (200, {}, b"{}")
HEX = re.compile(r"[0-9a-f]+")
NANOSECONDS = re.compile(r"[1-9][0-9]{18}")  # from 2001 to 2286
INTERNAL, SERVER = 1, 2
ERROR = 2


class Span:
    """One span; `at` and `until` in nanoseconds."""

    def __init__(self, said):
        self.trace, self.id, self.parent = said["traceId"], said["spanId"], said.get("parentSpanId")
        self.state, self.name, self.kind = said.get("traceState"), said["name"], said["kind"]
        self.at, self.until = int(said["startTimeUnixNano"]), int(said["endTimeUnixNano"])
        self.status = said.get("status", {})
        self.attributes = {one["key"]: value_of(one["value"]) for one in said.get("attributes", [])}

    @property
    def took(self):
        return self.until - self.at

    def __repr__(self):
        return f"{self.name} {self.trace}/{self.id} below {self.parent}: {self.took} ns {self.attributes}"


def value_of(said):
    (kind, value), = said.items()
    if kind == "intValue":
        assert isinstance(value, str), "64-bit integers are strings"
        return int(value)
    assert kind in ("stringValue", "doubleValue"), said
    return value


def is_id(text, digits):
    return isinstance(text, str) and len(text) == digits and HEX.fullmatch(text) and set(text) != {"0"}


def check_span(said):
    assert is_id(said["traceId"], 32) and is_id(said["spanId"], 16), said
    assert "parentSpanId" not in said or is_id(said["parentSpanId"], 16), said
    assert type(said["kind"]) is int and type(said["flags"]) is int, "enums and flags are numbers"
    for key in ("startTimeUnixNano", "endTimeUnixNano"):
        assert isinstance(said[key], str) and NANOSECONDS.fullmatch(said[key]), said
    assert int(said["startTimeUnixNano"]) <= int(said["endTimeUnixNano"]), said
    assert abs(int(said["endTimeUnixNano"]) / 1e9 - time.time()) < 600, said


def check_schema(message):
    """The schema of the protocol reads it, every field of it; but for ids, which OTLP writes as hexadecimal digits
    where protocol buffers write base64."""
    message = copy.deepcopy(message)
    for resource in message["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    return json_format.ParseDict(message, trace_service_pb2.ExportTraceServiceRequest(), ignore_unknown_fields=False)


def spans_of(body):
    """The resource's attributes, and the spans, of a message that is as it has to be."""
    message = json.loads(body)
    check_schema(message)
    (resource,) = message["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    assert scope["scope"]["name"] == "baton"
    for span in scope["spans"]:
        check_span(span)
    attributes = {one["key"]: value_of(one["value"]) for one in resource["resource"]["attributes"]}
    return attributes, [Span(span) for span in scope["spans"]]


class Collector:
    """Listens at `url` for the time of a `with`. `answers`: (status, headers, body), or "hang", "endless" or "reset",
    for one message after the other, the last one for all that follow. `identity`: the certificate (certificates.py) that
    it shows, which makes its address one with https:."""

    def __init__(self, answers=(TAKEN,), port=0, identity=None):
        self.answers = list(answers)
        self.requests = []  # (path, headers, body) as they come
        self.changed = threading.Condition()
        self.is_over = threading.Event()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                collector.answer(self)

            def log_message(self, *words):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *words):  # whoever is told that it takes too long hangs up
                pass

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http{'s' if identity else ''}://localhost:{self.port}/v1/traces"
        if identity:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(identity.certificate, identity.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)

    def __enter__(self):
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        with self.changed:
            self.requests.append((request.path, dict(request.headers), body))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            self.changed.notify_all()
        if answer == "hang":
            self.is_over.wait()
        elif answer == "endless":
            request.send_response(200)
            request.end_headers()
            while not self.is_over.is_set():
                request.wfile.write(b"x" * 4096)
        elif answer != "reset":
            status, headers, text = answer
            request.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(text)

    def wait_for(self, count):
        """The first so many messages."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.requests) >= count, environment.patience(30)), self.requests
            return self.requests[:count]

    def bodies(self):
        with self.changed:
            return [body for _, _, body in self.requests]

    def spans(self):
        """All of them so far, each message checked."""
        return [span for body in self.bodies() for span in spans_of(body)[1]]

    def trace(self, trace, count=1):
        """The spans of a trace with so many requests, once they are there."""
        deadline = time.monotonic() + environment.patience(30)
        while True:
            found = [span for span in self.spans() if span.trace == trace]
            if len([span for span in found if span.kind == SERVER]) >= count:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    def request(self, trace):
        """The one request of a trace, and its stages by name."""
        spans = self.trace(trace)
        (root,) = [span for span in spans if span.kind == SERVER]
        stages = [span for span in spans if span is not root]
        assert all(span.parent == root.id and span.kind == INTERNAL for span in stages), spans
        return root, {span.name: span for span in stages}
