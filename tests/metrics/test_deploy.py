"""What lies in deploy/ fits together, and does what it says: the real Alertmanager routes and holds back alerts. There is
no container engine in the tests: of the compose file only what it refers to is checked."""
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

import yaml

import promql
import runbooks
from catalogue import read_catalogue

DEPLOY = runbooks.ROOT / "deploy"
ALERTMANAGER = DEPLOY / "alertmanager/alertmanager.yml"
PATIENCE_S = 60


def load(path):
    return yaml.safe_load((DEPLOY / path).read_text(encoding="utf-8"))


def tool(name):
    found = shutil.which(name)
    assert found, f"{name} is missing; install what the tests need: scripts/install-dependencies test"
    return found


class ComposeTest(unittest.TestCase):
    def setUp(self):
        self.services = load("docker-compose.yaml")["services"]

    def mounts(self):
        for name, service in self.services.items():
            for mount in service["volumes"]:
                source, target = mount.split(":")[:2]
                yield name, source, target

    def test_every_image_has_a_version(self):
        for name, service in self.services.items():
            self.assertRegex(service["image"], r"^[a-z]+/[a-z]+:v?\d+\.\d+\.\d+$", name)

    def test_what_is_mounted_is_there_and_volumes_are_declared(self):
        volumes = load("docker-compose.yaml")["volumes"]
        for name, source, _ in self.mounts():
            there = (DEPLOY / source).is_dir() if source.startswith(".") else source in volumes
            self.assertTrue(there, f"{name} mounts {source}")

    def test_files_are_where_the_programs_look_for_them(self):
        targets = {(name, target): DEPLOY / source for name, source, target in self.mounts()}
        for name in ("prometheus", "alertmanager"):
            (config,) = [word.split("=")[1] for word in self.services[name]["command"] if "--config.file=" in word]
            folder = targets[name, str(pathlib.PurePosixPath(config).parent)]
            self.assertTrue((folder / pathlib.PurePosixPath(config).name).is_file(), config)
        boards = load("grafana/provisioning/dashboards/baton.yml")["providers"][0]["options"]["path"]
        home = pathlib.PurePosixPath(self.services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
        self.assertEqual(str(home.parent), boards)
        self.assertTrue((targets["grafana", boards] / home.name).is_file())

    def test_they_find_each_other_and_nobody_else_finds_them(self):
        addresses = {}
        for name in ("prometheus", "alertmanager"):
            (address,) = [word.split("=")[1] for word in self.services[name]["command"] if "--web.listen-address" in word]
            addresses[name] = address.replace("127.0.0.1", "localhost")
            self.assertTrue(address.startswith("127.0.0.1:"), address)
        self.assertEqual(self.services["grafana"]["environment"]["GF_SERVER_HTTP_ADDR"], "127.0.0.1")
        self.assertEqual({service["network_mode"] for service in self.services.values()}, {"host"})
        (source,) = load("grafana/provisioning/datasources/prometheus.yml")["datasources"]
        self.assertEqual(source["url"], f"http://{addresses['prometheus']}")
        prometheus = load("prometheus/prometheus.yml")
        targets = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
        self.assertEqual(targets, [addresses["alertmanager"]])
        self.assertEqual(source["jsonData"]["timeInterval"], prometheus["global"]["scrape_interval"])


class SlothTest(unittest.TestCase):
    """Sloth itself is not to be had here: the fields are those of its documentation, the queries are Prometheus'."""

    def test_its_fields_are_sloths_and_its_queries_fit_the_catalogue(self):
        spec = load("sloth/baton.yaml")
        self.assertLessEqual(spec.keys(), {"version", "service", "labels", "slos"})
        self.assertEqual(spec["version"], "prometheus/v1")
        entries = read_catalogue((runbooks.ROOT / "docs/metrics.md").read_text(encoding="utf-8"))
        for slo in spec["slos"]:
            self.assertEqual(slo.keys(), {"name", "objective", "description", "sli", "alerting"})
            self.assertEqual(slo["alerting"].keys(), {"name", "annotations", "page_alert", "ticket_alert"})
            self.assertEqual(slo["sli"]["events"].keys(), {"error_query", "total_query"})
            self.assertTrue((runbooks.ROOT / slo["alerting"]["annotations"]["runbook_url"]).is_file())
            queries = list(slo["sli"]["events"].values())
            self.assertEqual([query.count("[{{.window}}]") for query in queries], [1, 1])
            self.assertEqual([promql.unknown_metrics(query, entries) for query in queries], [[], []])
            self.assertEqual(promql.refused_by(tool("promtool"), [q.replace("{{.window}}", "5m") for q in queries]), "")


@contextlib.contextmanager
def alertmanager(folder):
    """The real one with our configuration; yields its address. Whom it would tell is not there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with open(folder / "log", "wb") as log:
        process = subprocess.Popen(
            [tool("prometheus-alertmanager"), f"--config.file={ALERTMANAGER}", f"--storage.path={folder}/data",
             f"--web.listen-address={address}", "--cluster.listen-address="], stdout=log, stderr=log)
    try:
        until = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/-/ready", timeout=5):
                break
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"Alertmanager did not start:\n{(folder / 'log').read_text(errors='replace')}")
            time.sleep(0.05)
        yield address
    finally:
        process.kill()
        process.wait()


class AlertmanagerTest(unittest.TestCase):
    def amtool(self, *words):
        return subprocess.run([tool("amtool"), *words], capture_output=True, text=True, check=False)

    def test_amtool_finds_nothing_wrong(self):
        done = self.amtool("check-config", str(ALERTMANAGER))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_pages_and_tickets_reach_different_people(self):
        rules = runbooks.alerts_in(load("prometheus/rules.yml"))
        receivers = set()
        for rule in rules:
            severity = rule["labels"]["severity"]
            done = self.amtool("config", "routes", "test", f"--config.file={ALERTMANAGER}",
                               f"--verify.receivers={severity}s", f"severity={severity}", f"alertname={rule['alert']}")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            receivers.add(done.stdout.strip())
        self.assertEqual(receivers, {"pages", "tickets"})

    def held_back(self, *alerts):
        """Which of the alerts, given as labels, are not told because of another one of them."""
        with tempfile.TemporaryDirectory() as folder, alertmanager(pathlib.Path(folder)) as address:
            body = json.dumps([{"labels": {"job": "baton", **labels}} for labels in alerts]).encode()
            post = urllib.request.Request(f"http://{address}/api/v2/alerts", body, {"Content-Type": "application/json"})
            urllib.request.urlopen(post, timeout=PATIENCE_S).close()
            until = time.monotonic() + PATIENCE_S
            while True:
                with urllib.request.urlopen(f"http://{address}/api/v2/alerts", timeout=PATIENCE_S) as answer:
                    shown = json.load(answer)
                if len(shown) == len(alerts) and all(one["status"]["state"] != "unprocessed" for one in shown):
                    break
                self.assertLess(time.monotonic(), until, shown)
                time.sleep(0.05)
        def name(labels):
            return " ".join(labels[key] for key in ("alertname", "instance", "endpoint", "window") if key in labels)
        return {name(one["labels"]) for one in shown if one["status"]["inhibitedBy"]}

    def test_who_was_told_of_the_cause_is_not_told_of_what_follows(self):
        def burns(how, endpoint, window):
            return {"alertname": f"BatonMissBudgetBurns{how}", "endpoint": endpoint, "window": window}
        on_a, on_b = {"instance": "a"}, {"instance": "b"}
        held_back = self.held_back(
            {"alertname": "BatonDown", **on_a}, {"alertname": "BatonNearCapacity", "resource": "queue", **on_a},
            {"alertname": "BatonConductorStalled", **on_b}, {"alertname": "BatonBacklogDrops", **on_b},
            {"alertname": "BatonConfigurationRefused", **on_b},
            burns("Fast", "tumour", "1h"), burns("Fast", "tumour", "6h"), burns("Slowly", "tumour", "1d"),
            burns("Fast", "digits", "6h"), burns("Slowly", "digits", "1d"),
            burns("Slowly", "reverse", "1d"), burns("Slowly", "reverse", "3d"))
        self.assertEqual(held_back, {
            "BatonNearCapacity a", "BatonBacklogDrops b",
            "BatonMissBudgetBurnsFast tumour 6h", "BatonMissBudgetBurnsSlowly tumour 1d",
            "BatonMissBudgetBurnsSlowly digits 1d", "BatonMissBudgetBurnsSlowly reverse 3d"})


if __name__ == "__main__":
    unittest.main()
