"""A thousand reloads under load lose no request and leave nothing behind."""

import json

import environment
import load
import reloads

MODEL = environment.ROOT / "server" / "models" / "bundled" / "tumour.onnx"


def reload_often(reloaded, times):
    for number in range(times):
        watch = "true" if number % 2 else "false"
        assert reloaded.says(
            f"workers: {2 + number % 3}\nbudgets: {{default: {8 - number % 2}s}}\nmodels: {{watch: {watch}}}\n"
            f"endpoints: {{/test/sleep: {{max_workers: {number % 2}}}}}\n") == ["applied"]


def test_a_thousand_reloads_under_load_lose_no_request_and_leak_nothing():
    with reloads.running("workers: 2\nbudgets: {default: 8s}\n", model=MODEL) as reloaded:
        reloaded.server.teach()
        times = environment.fewer(1000)
        with load.offering(reloaded.server, 200 / load.SLOW, 45, budget_ms=8000, run_ms=1) as running:
            reload_often(reloaded, times // 5)
            early = reloads.resident_kib(reloaded.server)
            reload_often(reloaded, times - times // 5)
            late = reloads.resident_kib(reloaded.server)
            report = running.result()
        assert report["requests"] > 0 and report["good"] == report["requests"], json.dumps(report)
        assert reloaded.counts()["applied"] == times
        if environment.SLOW_FACTOR == 1:  # sanitizers keep what was freed
            assert late <= 1.05 * early, f"{early} KiB after {times // 5} reloads, {late} KiB after {times}"
        # check_laws, at the end: the descriptors are those of the start.
        reloaded.says("workers: 2\nbudgets: {default: 8s}\n")
