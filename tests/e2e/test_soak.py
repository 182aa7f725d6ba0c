"""100,000 requests with random budgets, pipelining, departures and pool resizes: nothing is lost, mixed up,
answered twice or left over. BATON_SOAK_SEED repeats a run."""

import os
import random
import threading

import environment
import server_process
from wanderers import THREADS, wander

REQUESTS = environment.fewer(100_000)
MIB = 1024 * 1024


def resize_until(stop, server, chance, sizes):
    while not stop.is_set():
        size = chance.randint(1, 8)
        server.batonctl("set", "pool", f"size={size}")
        sizes.append(size)
        stop.wait(0.2)


def test_nothing_is_lost_mixed_up_answered_twice_or_left_over():
    seed = int(os.environ.get("BATON_SOAK_SEED", random.SystemRandom().randrange(1_000_000)))
    print(f"seed {seed}: BATON_SOAK_SEED={seed}")
    with server_process.running("--workers", 2) as server:
        sizes, stop = [], threading.Event()
        resizer = threading.Thread(target=resize_until, args=(stop, server, random.Random(seed), sizes))
        resizer.start()
        try:
            warm = wander(server, seed + 1, max(THREADS, REQUESTS // 10))
            memory_before = server.metrics()("process_resident_memory_bytes")
            wanderers = warm + wander(server, seed, REQUESTS)
            while len(sizes) < 2 and resizer.is_alive():  # a quick machine is through before
                wanderers += wander(server, seed + 2, max(THREADS, REQUESTS // 10))
        finally:
            stop.set()
            resizer.join()
        scrape = server.check_laws()
        assert len(sizes) >= 2, "the pool was to be resized meanwhile"

        sent = sum(wanderer.sent for wanderer in wanderers)
        answered = sum(wanderer.answered for wanderer in wanderers)
        abandoned = sum(wanderer.abandoned for wanderer in wanderers)
        assert sent == answered + abandoned >= REQUESTS
        print(f"{sent} requests, {answered} answered, {abandoned} abandoned, pool sizes {sizes}")
        # /hello is no endpoint: it is answered, and counted nowhere.
        received = scrape("baton_requests_received_total")
        assert received == scrape("baton_requests_total")
        assert received <= sent
        predictions = sum(wanderer.predictions for wanderer in wanderers)
        assert scrape("baton_requests_total", answer="prediction") >= predictions > REQUESTS / 4
        assert scrape("baton_requests_total", answer="error") == 0
        assert scrape("baton_pending_responses") == 0

        grown = scrape("process_resident_memory_bytes") - memory_before
        assert grown < 48 * MIB * max(1, environment.SLOW_FACTOR), f"memory has grown by {grown / MIB:.1f} MiB"
