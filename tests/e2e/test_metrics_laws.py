"""Mixed load with faults, for seconds: the metrics' identities hold at every scrape, and over a restart."""

import os
import random

import environment
import mid_flight
from exposition import Exposition
from metrics_soak import soak


def test_the_identities_hold_at_every_scrape_and_over_a_restart():
    seed = int(os.environ.get("BATON_SOAK_SEED", random.SystemRandom().randrange(1_000_000)))
    seconds = 5 if environment.SLOW_FACTOR == 1 else 20
    assert soak(lives=2, seconds=seconds, scrape_every_s=0.1, seed=seed) > 10


def scrape(received=5, answered=3, in_flight=2, misses=1, buckets=(1, 3)):
    lines = [
        "# TYPE baton_requests_received_total counter", f'baton_requests_received_total{{endpoint="x"}} {received}',
        "# TYPE baton_requests_total counter", f'baton_requests_total{{endpoint="x",answer="refused"}} {answered}',
        *(f'baton_requests_total{{endpoint="x",answer="{a}"}} 0' for a in ("fallback", "timeout", "error", "none")),
        "# TYPE baton_deadline_misses_total counter", f'baton_deadline_misses_total{{endpoint="x",cause="no_time"}} {misses}',
        "# TYPE baton_request_duration_seconds histogram",
        *(f'baton_request_duration_seconds_count{{endpoint="x",answer="{a}"}} 0' for a in ("fallback", "timeout", "error", "none")),
        f'baton_request_duration_seconds_bucket{{endpoint="x",answer="refused",le="1"}} {buckets[0]}',
        f'baton_request_duration_seconds_bucket{{endpoint="x",answer="refused",le="+Inf"}} {buckets[1]}',
        f'baton_request_duration_seconds_count{{endpoint="x",answer="refused"}} {answered}',
        f'baton_refusal_duration_seconds_count{{endpoint="x"}} {answered}',
        *(f'baton_stage_duration_seconds_count{{endpoint="x",stage="{s}"}} {answered}' for s in mid_flight.STAGES),
        *(f'{name}{{endpoint="x"}} 0' for name in (
            "baton_request_budget_seconds_count", "baton_request_budget_used_ratio_count", "baton_batches_total",
            "baton_batch_size_count", "baton_inferences_total", "baton_batch_size_sum", "baton_queue_depth",
            "baton_queue_limit", "baton_connections_accepted_total", "baton_connections_closed_total")),
        f'baton_requests_in_flight{{endpoint="x"}} {in_flight}',
        *(f'{name}{{listener="x"}} 0' for name in (
            "baton_connections_accepted_total", "baton_connections_closed_total", "baton_connections")),
        "baton_pending_responses 0", "baton_pending_responses_limit 9",
    ]
    return Exposition("\n".join(lines))


def test_the_check_finds_what_is_wrong():
    good = scrape(misses=3)
    assert mid_flight.broken(good, good, good) == []
    later = scrape(received=9, answered=7, misses=7, buckets=(1, 7))
    assert mid_flight.broken(good, later, later) == []

    def found(first, second, third, words):
        problems = mid_flight.broken(first, second, third)
        assert any(words in problem for problem in problems), problems

    found(good, later, good, "was 9 and is 5")
    found(good, scrape(misses=2), scrape(misses=2), "misses by cause, by answer: 3 and 3, then 2 and 3")
    found(scrape(misses=4), good, good, "misses by cause, by answer: 4 and 3, then 3 and 3")
    found(good, scrape(misses=3, in_flight=1), good, "x: requests: 5 came and 3 had gone, then 1 were inside")
    found(good, scrape(misses=3, in_flight=3), good, "x: requests: 5 came and 3 had gone, then 3 were inside")
    found(good, good, scrape(misses=3, buckets=(4, 3)), "buckets [4.0, 3.0] of 3")
    found(good, good, scrape(misses=3, in_flight=-1), "-1 inside")
