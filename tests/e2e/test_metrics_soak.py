"""Ten minutes of mixed load with faults: the metrics' identities hold at every scrape, and over restarts."""

import os
import random

from metrics_soak import soak

SECONDS = float(os.environ.get("BATON_SOAK_SECONDS", 600))
LIVES = 5


def test_the_identities_hold_at_every_scrape_for_ten_minutes_and_over_restarts():
    seed = int(os.environ.get("BATON_SOAK_SEED", random.SystemRandom().randrange(1_000_000)))
    scrapes = soak(LIVES, SECONDS / LIVES, scrape_every_s=1, seed=seed)
    print(f"{scrapes} scrapes")
    assert scrapes > SECONDS / 4
