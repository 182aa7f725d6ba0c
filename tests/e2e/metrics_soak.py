"""Mixed load with faults, over several lives of a server, while its metrics are read: what they say has to hold at every
scrape, and what a real Prometheus makes of them over the restarts has to be right."""

import contextlib
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import environment
import mid_flight
import reloads
import small_models
from environment import ROOT, patience, program, tool
from http_raw import request
from wanderers import Wanderer

sys.path.insert(0, str(ROOT / "tests" / "metrics"))
import dashboard_queries  # noqa: E402

RULES = ROOT / "deploy" / "prometheus" / "rules.yml"
WANDERERS = 3
ROUND = 150  # requests of a wanderer at a time
CONFIGURATION = """
budgets: {default: %s, max: 10s}
workers: 2
endpoints:
  tumour: {batch: {max_size: 8, max_delay: 2ms}}
  digits: {fallback: {kind: constant, constant: '{"label": -1}'}}
"""


class Ended(Exception):
    """A life that is ended by SIGKILL."""


class Worker(threading.Thread):
    """Does something again and again until `stop` is set; its first problem is kept."""

    def __init__(self, name, stop, pause_s, step):
        super().__init__(name=name)
        self.stop, self.pause_s, self.step = stop, pause_s, step
        self.times, self.problem = 0, None

    def run(self):
        while not self.stop.wait(self.pause_s):
            try:
                self.step(self.times)
                self.times += 1
            except Exception as problem:  # shown by the test
                self.problem = f"{self.name}: {type(problem).__name__}: {problem}"
                return


class Scraper:
    """Reads the metrics and holds each scrape against the two before it."""

    def __init__(self, server):
        self.server, self.last, self.found, self.count = server, [], [], 0

    def step(self, _):
        self.last = [*self.last[-2:], self.server.metrics()]
        self.count += 1
        if len(self.last) == 3:
            self.found += mid_flight.broken(*self.last)
        assert len(self.found) < 20, "enough is known"


class Faults:
    """What goes wrong, and what operators do, while the load goes on."""

    def __init__(self, reloaded, models, chance):
        self.reloaded, self.server, self.models, self.chance = reloaded, reloaded.server, models, chance

    def wander(self, number):
        wanderer = Wanderer(self.server.http, f"w{number}", self.chance.randrange(1 << 30), ROUND, may_be_cut_off=True)
        wanderer.run()
        assert wanderer.problem is None, wanderer.problem

    def stick(self, _):
        """A model that goes on beyond its budget, and one whose client leaves."""
        with self.server.connect() as connection, self.server.connect() as leaver:
            leaver.send(request("POST", "/test/sleep", {"ms": 700}, [("Baton-Budget-Ms", "9000")]))
            connection.ask("POST", "/test/sleep", {"ms": 900}, [("Baton-Budget-Ms", "150")])
            leaver.reset()

    def kill_clients(self, _):
        client = environment.start(program("baton-client"), "load", "--server", self.server.http, "--path", "/test/spin",
                                   "--data", '{"ms": 2}', "--rate", 300, "--budget", "30ms", "--duration", "60s")
        time.sleep(0.8)
        client.kill()
        client.communicate(timeout=patience(30))

    def hang_up(self, times):
        texts = (CONFIGURATION % "60ms", CONFIGURATION % "50ms", "nothing: like this\n")
        self.reloaded.write(texts[times % len(texts)])
        self.server.signal(signal.SIGHUP)

    def load_models(self, times):
        if times == 1:
            (self.models / "plus" / "2").mkdir()
            (self.models / "plus" / "2" / "model.onnx").write_bytes(b"no model")
        self.server.batonctl(("load", "unload")[times % 2], "plus", expect=None)

    def ask_what_may_be_away(self, _):
        tensor = {"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}
        reply = self.server.ask("POST", "/v2/models/plus/infer", {"inputs": [tensor]})
        assert reply.status in (200, 503, 504), reply
        self.server.ask("POST", "/v2/models/digits/infer", {"inputs": []}, [("Baton-Budget-Ms", "0")])

    def resize(self, _):
        self.server.batonctl("set", "pool", f"size={self.chance.randint(1, 4)}")


def workers_of(faults, scraper, stop, scrape_every_s):
    return [Worker("scraper", stop, scrape_every_s, scraper.step)] + [
        Worker(f"wanderer {number}", stop, 0.3, faults.wander) for number in range(WANDERERS)] + [
        Worker(name, stop, pause_s, step) for name, pause_s, step in (
            ("stuck models", 1, faults.stick), ("killed clients", 2, faults.kill_clients), ("reloads", 0.7, faults.hang_up),
            ("models", 0.5, faults.load_models), ("asker", 0.1, faults.ask_what_may_be_away), ("resizer", 1.1, faults.resize))]


class Prometheus:
    """A real one that follows a server through its lives, which have one name and different ports."""

    def __init__(self, stack, scrape_interval):
        self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="baton-soak-")))
        self.targets = self.folder / "targets.json"
        self.follow(None)
        scrape_config = {"file_sd_configs": [{"files": [str(self.targets)], "refresh_interval": "1s"}]}
        self.began = time.time()
        self.url = stack.enter_context(
            dashboard_queries.prometheus(tool("prometheus"), scrape_config, RULES, scrape_interval=scrape_interval))

    def follow(self, address):
        targets = [{"targets": [address], "labels": {"instance": "a"}}] if address else []
        fresh = self.targets.with_suffix(".new")
        fresh.write_text(json.dumps(targets))
        fresh.rename(self.targets)

    def ask(self, expr):
        query = urllib.parse.urlencode({"query": expr})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=patience(30)) as answer:
            return [(one["metric"], float(one["value"][1])) for one in json.load(answer)["data"]["result"]]

    def until(self, expr, value):
        end = time.monotonic() + patience(60)
        while (found := self.ask(expr)) == [] or abs(found[0][1] - value) > 1e-3:
            assert time.monotonic() < end, f"{expr} is {found}, not {value}"
            time.sleep(0.1)

    def range(self):
        return f"{int((time.time() - self.began) * 1000) + 1000}ms"


def live(reloaded, models, prometheus, chance, seconds, scrape_every_s):
    """One life under load. What is wrong with its metrics, how often they were read, and its last scrape."""
    server = reloaded.server
    prometheus.follow(server.pages)
    prometheus.until("process_start_time_seconds", server.metrics()("process_start_time_seconds"))
    stop, scraper = threading.Event(), Scraper(server)
    workers = workers_of(Faults(reloaded, models, chance), scraper, stop, scrape_every_s)
    for worker in workers:
        worker.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and not any(worker.problem for worker in workers):
        time.sleep(0.1)
    stop.set()
    for worker in workers:
        worker.join()
    found = [worker.problem for worker in workers if worker.problem] + scraper.found
    found += [f"{worker.name} did nothing" for worker in workers if worker.times == 0]

    def has_settled(scrape):
        return scrape.is_idle() and scrape("baton_connections", listener="http") == 0 and not mid_flight.unequal(scrape)

    last = server.metrics_when(has_settled)
    found += [f"idle: {one}" for one in mid_flight.unequal(last)]
    if not last.is_idle():
        found.append("requests are still open")
    prometheus.until("sum(baton_requests_total)", last("baton_requests_total"))
    return found, scraper.count, last


def one_life(prometheus, chance, seconds, scrape_every_s, is_killed):
    with tempfile.TemporaryDirectory(prefix="baton-soak-") as name, contextlib.suppress(Ended):
        os.chmod(name, 0o755)
        models = pathlib.Path(name) / "models"
        small_models.add_bundled(models)
        small_models.save_plus(models / "plus" / "1" / "model.onnx", 1)
        with reloads.running(CONFIGURATION % "50ms", "--models", models, "--admin-socket", "off", laws=False) as reloaded:
            result = live(reloaded, models, prometheus, chance, seconds, scrape_every_s)
            if is_killed:
                reloaded.server.process.kill()
                reloaded.server.process.wait()
                raise Ended
    return result


def soak(lives, seconds, scrape_every_s, seed):
    """Runs so many lives of so many seconds each; asserts what has to hold."""
    print(f"seed {seed}: BATON_SOAK_SEED={seed}")
    chance, found, truth, scrapes = random.Random(seed), [], [], 0
    with contextlib.ExitStack() as stack:
        prometheus = Prometheus(stack, "500ms" if environment.SLOW_FACTOR == 1 else "2s")
        for number in range(lives):
            wrong, count, last = one_life(prometheus, chance, seconds, scrape_every_s, is_killed=number % 2 == 0)
            found += [f"life {number}: {one}" for one in wrong]
            truth.append(last)
            scrapes += count
            print(f"life {number}: {count} scrapes, {last('baton_requests_total'):g} requests, "
                  f"{last('baton_late_answers_total'):g} late", flush=True)
        assert found == [], found
        check_rates(prometheus, truth)
    return scrapes


def check_rates(prometheus, lives):
    """Over restarts: what Prometheus says has grown is the sum of what each life came to."""
    over = prometheus.range()
    assert prometheus.ask(f"changes(process_start_time_seconds[{over}])")[0][1] == len(lives) - 1
    for name, by in (("baton_requests_received_total", "endpoint"), ("baton_requests_total", "answer"),
                     ("baton_deadline_misses_total", "cause"), ("baton_request_duration_seconds_count", "answer")):
        said = {labels[by]: value for labels, value in prometheus.ask(f"sum by ({by}) (increase({name}[{over}]))")}
        for value in lives[0].values_of(name, by):
            true = sum(life(name, **{by: value}) for life in lives)
            # It reckons with what may have come before the first scrape and after the last, and so is a little above.
            assert abs(said[value] - true) <= 0.2 * true + 0.5, f"{name} by {by}={value}: {said[value]:g}, not {true:g}"
    resets = prometheus.ask(f'resets(baton_requests_received_total{{endpoint="reverse"}}[{over}])')
    assert resets[0][1] == len(lives) - 1
