"""Reads what /metrics says, and checks the laws that can be read off it."""

import math
import re

SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
MISS_ANSWERS = ("fallback", "refused", "timeout", "error")


class Exposition:
    """All samples of one scrape."""

    def __init__(self, text):
        self.text = text
        self.samples = {}  # name -> [(labels, value)]
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            name, labels, value = SAMPLE.match(line).groups()
            self.samples.setdefault(name, []).append((dict(PAIR.findall(labels or "")), float(value)))

    def __call__(self, name, **labels):
        """The sum over every sample of this name with these labels, and perhaps others."""
        assert name in self.samples, f"there is no metric {name}"
        return sum(
            value for have, value in self.samples[name] if all(have.get(k) == v for k, v in labels.items())
        )

    def values_of(self, name, label):
        return sorted({labels[label] for labels, _ in self.samples[name]})

    def answers(self, endpoint):
        """Requests by answer, without those at 0."""
        return {
            labels["answer"]: int(value)
            for labels, value in self.samples["baton_requests_total"]
            if labels["endpoint"] == endpoint and value
        }

    def causes(self, endpoint):
        """Misses by cause, without those at 0."""
        return {
            labels["cause"]: int(value)
            for labels, value in self.samples["baton_deadline_misses_total"]
            if labels["endpoint"] == endpoint and value
        }

    def is_idle(self):
        open_requests = self("baton_requests_in_flight") or self("baton_pending_responses")
        return not open_requests and not self("baton_queue_depth")


def broken_laws(scrape):
    """A sentence for each law that an idle server breaks; late answers are judged by the tests."""
    found = []

    def equal(what, left, right):
        if not math.isclose(left, right):
            found.append(f"{what}: {left:g} and {right:g}")

    for endpoint in scrape.values_of("baton_requests_total", "endpoint"):
        at = {"endpoint": endpoint}
        equal(f"{endpoint}: received, sum over answers", scrape("baton_requests_received_total", **at),
              scrape("baton_requests_total", **at))
        missed = sum(scrape("baton_requests_total", answer=answer, **at) for answer in MISS_ANSWERS)
        equal(f"{endpoint}: misses by cause, by answer", scrape("baton_deadline_misses_total", **at), missed)
        for answer in scrape.values_of("baton_requests_total", "answer"):
            equal(f"{endpoint}: durations, requests answered {answer}",
                  scrape("baton_request_duration_seconds_count", answer=answer, **at),
                  scrape("baton_requests_total", answer=answer, **at))
    for listener in scrape.values_of("baton_connections", "listener"):
        at = {"listener": listener}
        equal(f"{listener}: connections accepted, closed and open",
              scrape("baton_connections_accepted_total", **at),
              scrape("baton_connections_closed_total", **at) + scrape("baton_connections", **at))
    return found
