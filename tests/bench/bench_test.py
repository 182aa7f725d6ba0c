#!/usr/bin/env python3
"""Tests of what the benchmarks compute and write: sections, time to normal, quantiles, the reports and the picture.

With --smoke BIN instead: a short run of the speed benchmark with the programs in BIN and the peers that need no build.
"""

import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import admin_under_load  # noqa: E402
import hot_paths  # noqa: E402
import models_report  # noqa: E402
import models_servers  # noqa: E402
import overload_report as report  # noqa: E402
import overload_runs as runs  # noqa: E402
import sections  # noqa: E402
import speed  # noqa: E402
import speed_report  # noqa: E402
import speed_runs  # noqa: E402
import speed_servers  # noqa: E402
import tls_cost  # noqa: E402


class SectionsTest(unittest.TestCase):
    def test_a_new_section_comes_last(self):
        document = sections.replaced("# Benchmarks\n", "a.py", "one")
        document = sections.replaced(document, "b.py", "two")
        self.assertEqual(document, f"# Benchmarks\n\n{sections.marker('begin', 'a.py')}\n\none\n\n"
                         f"{sections.marker('end', 'a.py')}\n\n{sections.marker('begin', 'b.py')}\n\ntwo\n\n"
                         f"{sections.marker('end', 'b.py')}\n")

    def test_a_section_is_replaced_and_the_others_stay_as_they_are(self):
        document = sections.replaced(sections.replaced("", "a.py", "one"), "b.py", "two")
        again = sections.replaced(document, "a.py", "three")
        self.assertEqual(again, document.replace("one", "three"))
        self.assertEqual(sections.replaced(again, "b.py", "two"), again)

    def test_a_section_without_an_end_is_an_error_and_not_the_end_of_the_rest(self):
        with self.assertRaises(ValueError):
            sections.replaced(sections.marker("begin", "a.py") + "\nrest\n", "a.py", "one")


class NormalAgainTest(unittest.TestCase):
    def test_normal_begins_with_the_first_second_that_is_good_throughout(self):
        pace = runs.PROBES_PER_SECOND
        results = [(i / pace, i not in (3, 10)) for i in range(3 * pace)]
        self.assertEqual(runs.first_good_second(results), 11 / pace)
        self.assertEqual(runs.first_good_second(results[11:]), 11 / pace)

    def test_less_than_a_good_second_is_not_normal(self):
        self.assertIsNone(runs.first_good_second([(i, True) for i in range(runs.PROBES_PER_SECOND - 1)]))


class MetricsTest(unittest.TestCase):
    def test_a_sum_takes_the_children_of_one_family_only(self):
        text = '# HELP a_total x\na_total{e="1"} 2\na_total{e="2"} 3\na_total_more 7\n'
        self.assertEqual((runs.sum_of(text, "a_total"), runs.sum_of(text, "a_total", 'e="2"')), (5, 3))

    def test_a_quantile_is_of_what_came_between_two_scrapes(self):
        def text(*counts):
            return "".join(f'h_bucket{{e="1",le="{bound}"}} {count}\n' for bound, count in zip((0.001, 0.01, "+Inf"), counts))
        self.assertEqual(runs.quantile_of(text(50, 50, 50), text(50, 149, 150), "h", 0.99), 0.01)
        self.assertIsNone(runs.quantile_of(text(1, 1, 1), text(1, 1, 1), "h", 0.99))


def step(goodput, in_budget=1.0):
    return {"goodput": goodput, "in_budget": in_budget, "refused": 1, "refuse_p99_ms": 1.5, "late_by_server": 0,
            "generator": {"lag_p99_ms": 0.1}}


def results(**subjects):
    made = {"commit": "c", "machine": "m", "quick": False, "repeats": 1, "step_s": 5, "busy_before": 0,
            "models": {"mlp5": {"layers": 400, "ms": 5}}}
    return {"made": made, "subjects": subjects, "skipped": {}}


def row(*goodputs):
    return {"capacity": {"per_second": 390}, "curve": dict(zip(report.FACTORS, map(step, goodputs)))}


class ReportTest(unittest.TestCase):
    def test_shares_are_of_the_best_of_the_capacity_and_any_step(self):
        shares = report.shares([row(200, 380, 400, 392, 360, 300)])
        self.assertEqual([shares["0.5"], shares["1.5"], shares["10"]], [0.5, 1, 0.75])

    def test_a_target_is_met_or_not_by_the_median_of_the_repeats(self):
        text = report.text(results(baton=[row(200, 380, 400, goodput, 360, 300) for goodput in (396, 300, 392)]))
        self.assertIn("| goodput at 2x, of the peak | Baton | >= 97 % | 98.0 % (75.0 % to 99.0 %) | yes |", text)
        self.assertIn("| goodput at 10x, of the peak | Baton | >= 85 % | 75.0 % | **no** |", text)

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        data = row(200, 380, 400, 392, 360, 300)
        data["curve"]["2"]["refuse_p99_ms"] = None
        self.assertIn("| p99 time to refuse at 2x | Baton | <= 2 ms | – | not measured |",
                      report.text(results(baton=[data])))

    def test_late_answers_count_in_the_worst_repeat(self):
        good, bad = row(*[390] * 6), row(*[390] * 6)
        bad["curve"]["5"]["late_by_server"] = 2
        self.assertIn("| 2 (0 to 2) | **no** |", report.text(results(baton=[good, good, bad])))

    def test_a_server_that_never_came_back_is_reported_so(self):
        data = {"capacity": {"per_second": 390}, "drop": {"2": 0.1, "10": None}}
        text = report.text(results(baton=[data]))
        self.assertIn("| normal again after 2x | Baton | < 1 s | 0.10 s | yes |", text)
        self.assertIn("| normal again after 10x | Baton | < 1 s | over 11 s | **no** |", text)


class PictureTest(unittest.TestCase):
    def test_the_picture_is_xml_with_a_curve_for_each_and_no_script(self):
        picture = report.svg(results(baton=[row(*[390] * 6)], fifo=[row(200, 300, 1, 0, 0, 0)]))
        names = [element.tag.split("}")[1] for element in xml.fromstring(picture).iter()]
        self.assertEqual(names.count("circle"), 2 * len(report.FACTORS))
        self.assertNotIn("script", names)

    def test_labels_keep_apart_in_their_order_and_inside(self):
        places = report.spread_out([100, 100, 10, 104], 18, 110)
        self.assertEqual(sorted(places), [places[2], *sorted(places[:2]), places[3]])
        self.assertTrue(all(b - a >= 18 for a, b in zip(sorted(places), sorted(places)[1:])))
        self.assertLessEqual(max(places), 110)


def figure(run, rate, **others):
    return {"run": run, "rate": rate, "cpu_us": 5.0, "kernel_us": 4.0, "p50_ms": 0.3, "p99_ms": 1.0, "failed": 0, **others}


def speeds(rows, **made):
    titles = {workload.name: workload.title for workload in speed_runs.workloads()}
    return {"made": {"commit": "c", "machine": "m", "quick": False, "runs": 3, "seconds": 1, "busy_before": 0,
                     "with_triton": False, "titles": titles, **made}, "rows": rows, "stages": {}, "skipped": {}}


class SpeedReportTest(unittest.TestCase):
    def test_ratios_are_formed_within_a_run_and_their_median_decides(self):
        bare = [figure(0, 100), figure(1, 200), figure(2, 100)]
        baton = [figure(0, 90), figure(1, 182), figure(2, 50)]
        text = speed_report.text(speeds({"hello-64": {"bare": bare, "baton": baton}}))
        self.assertIn("| `GET /hello`, 64 connections | >= 0.90 of the bare loop | 0.90 (0.50 to 0.91) | yes |", text)

    def test_a_target_is_missed_where_the_median_is(self):
        rows = {"reverse-1000": {"bare": [figure(0, 100)], "baton": [figure(0, 80, p99_ms=3)], "nginx": [figure(0, 70, p99_ms=2)]}}
        text = speed_report.text(speeds(rows))
        self.assertIn("| >= 0.90 of the bare loop | 0.80 | **no** |", text)
        self.assertIn("| the same, p99 of nginx's | < 1 | 1.50 | **no** |", text)

    def test_runs_that_one_of_the_two_lacks_are_left_out(self):
        rows = {"pipelined": {"bare": [figure(0, 100)], "baton": [figure(0, 60), figure(1, 1)]}}
        self.assertIn("| 16 requests pipelined, `POST /reverse` | >= 0.50 of the bare loop | 0.60 | yes |", speed_report.text(speeds(rows)))

    def test_what_was_not_measured_is_neither_met_nor_missed(self):
        text = speed_report.text(speeds({}))
        self.assertNotIn("**no**", text)
        self.assertNotIn("| yes |", text)
        self.assertIn("| 16 requests pipelined, `POST /reverse` | >= 0.50 of the bare loop | – | not measured |", text)

    def test_a_classifier_is_fast_enough_by_itself_and_not_by_tritons_slow_backend(self):
        rows = {"tumour": {"baton": [figure(0, 60_000)]}}
        self.assertIn("| 60 k/s | **no** |", speed_report.text(speeds(rows)))
        rows["tumour"]["triton"] = [figure(0, 20_000)]
        self.assertIn("| 60 k/s; 3.00 times Triton with its Python backend | **no** |", speed_report.text(speeds(rows)))

    def test_two_conductors_are_held_against_what_the_generator_leaves(self):
        def rows(rate):
            return {"conductors-1": {"baton": [figure(0, 100, cpu_us=3.0)]},
                    "conductors-2": {"baton-2": [figure(0, rate, generator_us=1.0)]}}
        self.assertIn("| 1.30 (the", speed_report.text(speeds(rows(130))).replace("; the", " (the"))
        self.assertIn("leaves room for 1.50 | yes |", speed_report.text(speeds(rows(130))))
        self.assertIn("leaves room for 1.50 | **no** |", speed_report.text(speeds(rows(120))))

    def test_growth_is_judged_from_16_connections_on(self):
        rows = {f"growth-{n}": {"baton": [figure(0, 100)]} for n in speed_runs.GROWTH}
        rows.update({"reverse-64": {"baton": [figure(0, 81)]}, "reverse-1": {"baton": [figure(0, 10)]}})
        self.assertIn("least of most | >= 0.80 | 0.81 | yes |", speed_report.text(speeds(rows)))

    def test_idle_connections_have_a_table_of_their_own(self):
        row = {"run": 0, "idle": 10_000, "kib": 0.8, "p99_alone_ms": 1.0, "p99_beside_ms": 1.1, "failed": 0}
        text = speed_report.text(speeds({"idle": {"baton": [row]}}))
        self.assertIn("| 10,000 idle connections, memory of each | < 1 KiB | 0.80 KiB | yes |", text)
        self.assertIn("| Baton | 0.80 KiB | 1.00 ms | 1.10 ms |", text)

    def test_who_is_missing_is_named_with_the_reason(self):
        results = speeds({})
        results["skipped"]["axum"] = "cargo is not installed"
        self.assertIn("- axum (Rust): cargo is not installed.", speed_report.text(results))


class SpeedTest(unittest.TestCase):
    def test_a_server_that_fails_is_given_up_and_the_others_go_on(self):
        class Failing:
            def start(self, subject, cores):
                raise RuntimeError("it broke\nin two lines")
        measuring = speed.Measuring(speed_runs.Bench(pathlib.Path("."), 1), speed_args(), [])
        measuring.fleet = Failing()
        with contextlib.redirect_stderr(io.StringIO()):
            measuring.measure(0, speed_runs.workloads()[0], "nginx")
        self.assertEqual(measuring.results["skipped"], {"nginx": "hello-64: it broke"})

    def test_what_is_not_built_is_missing_with_the_way_to_build_it(self):
        with tempfile.TemporaryDirectory() as folder:
            fleet = speed_servers.Fleet(pathlib.Path(folder))
            fleet.build(["bare", "baton"])
        self.assertIn("--target bare_loop", fleet.missing["bare"])
        self.assertIn("--target baton-server", fleet.missing["baton"])

    def test_requests_without_a_prediction_have_failed(self):
        self.assertEqual(speed_runs.failed({"requests": 10, "answers": {"ok": 1, "prediction": 6, "refused": 2}}), 3)

    def test_every_workload_has_a_name_of_its_own_and_known_subjects(self):
        workloads = speed_runs.workloads()
        self.assertEqual(len({workload.name for workload in workloads}), len(workloads))
        for workload in workloads:
            self.assertLessEqual(set(workload.subjects), set(speed_servers.LABELS))


def speed_args():
    class Args:
        bin, runs, quick, with_triton = pathlib.Path("."), 1, True, False
    return Args()


def model_rows(**changed):
    load = {"rate": 90_000.0, "p99_ms": 1.0, "failed": 0, "cpu_us": 12.0, "kernel_us": 4.0}
    rows = {
        "classifier": {"http": load, "json": load, "grpc": load, "empty": {**load, "cpu_us": 10.0}},
        "triton": {**load, "rate": 10_000.0}, "slow": {**load, "rate": 390.0, "bare": 400.0, "bare_us": 5000.0},
        "batched": {**load, "rate": 950.0, "bare": 1000.0, "bare_alone": 400.0, "rows": 8, "budget_ms": 100},
        "wide": {"own_us": 20.0, "http": {**load, "cpu_us": 110.0}, "grpc": {**load, "cpu_us": 115.0}, "empty": load},
        "neighbours": {"alone_ms": 1.0, "beside_ms": 1.1, "beside_other_ms": 1.2, "loads": 7, "failed": 0},
        "memory": {"loads": 1000, "early_mib": 50.0, "late_mib": 51.0}, "start": {"first_ms": 90.0, "idle_mib": 50.0}}
    made = {"commit": "c", "machine": "m", "quick": False, "runs": 1, "seconds": 2, "with_triton": True, "busy_before": 0}
    return {"made": made, "skipped": {}, "rows": {name: [{"run": 0, **row, **changed.get(name, {})}] for name, row in rows.items()}}


class ModelsTest(unittest.TestCase):
    def test_each_figure_meets_its_target_or_does_not(self):
        self.assertNotIn("**no**", models_report.text(model_rows()))
        for part, worse in (("triton", {"rate": 31_000.0}), ("slow", {"rate": 380.0}), ("batched", {"rate": 890.0}),
                            ("batched", {"p99_ms": 101.0}), ("wide", {"own_us": 5.0}), ("neighbours", {"beside_ms": 1.3}),
                            ("neighbours", {"failed": 1}), ("memory", {"late_mib": 53.0}), ("start", {"first_ms": 160.0}),
                            ("start", {"idle_mib": 61.0})):
            self.assertIn("**no**", models_report.text(model_rows(**{part: worse})), (part, worse))

    def test_what_was_not_measured_is_said_and_meets_nothing(self):
        results = model_rows()
        del results["rows"]["wide"]
        results["skipped"]["wide"] = "it broke"
        text = models_report.text(results)
        self.assertIn("| 150,528 floats raw over HTTP, CPU beyond the model's own | < 100 us | – | not measured |", text)
        self.assertIn("- 150,528 floats: it broke.", text)

    def test_a_raw_body_says_where_its_elements_begin_and_they_are_aligned(self):
        body, header = models_servers.raw_body(2, 3)
        head = int(header.removeprefix("Inference-Header-Content-Length: "))
        self.assertEqual((len(body) - head, head % 8), (24, 0))
        self.assertEqual(json.loads(body[:head])["inputs"][0]["parameters"]["binary_data_size"], 24)


class TlsCostTest(unittest.TestCase):
    FIGURES = {"plain": [{"rate": 100, "cpu_us": 10}, {"rate": 200, "cpu_us": 8}, {"rate": 100, "cpu_us": 10}],
               "tls": [{"rate": 90, "cpu_us": 12}, {"rate": 120, "cpu_us": 12}, {"rate": 80, "cpu_us": 11}]}

    def test_ratios_are_formed_between_neighbouring_loads(self):
        self.assertEqual(tls_cost.ratios(self.FIGURES, "rate"), [0.9, 0.6, 0.8])
        self.assertEqual(tls_cost.ratios(self.FIGURES, "cpu_us"), [1.2, 1.5, 1.1])

    def test_the_report_says_whether_the_target_is_met(self):
        self.assertIn("**not met**", "\n".join(tls_cost.report({"baton": self.FIGURES})))
        fast = {**self.FIGURES, "tls": self.FIGURES["plain"]}
        self.assertNotIn("**not met**", "\n".join(tls_cost.report({"baton": fast})))
        self.assertIn("| 80.0 % (60.0 % to 90.0 %) |", "\n".join(tls_cost.report({"baton": self.FIGURES})))


class AdminUnderLoadTest(unittest.TestCase):
    def test_a_name_is_the_first_field_of_a_request(self):
        self.assertEqual(admin_under_load.named("pool"), b"\x0a\x04pool")
        self.assertEqual(admin_under_load.named(""), b"")

    def test_a_row_has_the_slowest_of_each_way(self):
        took = {("GetPool", "gRPC"): [1.0, 3.0, 2.0], ("GetPool", "HTTP"): [4.0, 9.0, 5.0]}
        self.assertEqual(admin_under_load.rows(took), [["`GetPool`", "3", "2.0 ms", "3.0 ms", "3.0 ms", "5.0 ms", "9.0 ms", "9.0 ms"]])


class HotPathsTest(unittest.TestCase):
    SCRIPT = """conductor
\tffff1 tcp_sendmsg ([kernel.kallsyms])
\tffff2 __x64_sys_sendto ([kernel.kallsyms])
\t 7f03 __send (/usr/lib/libc.so.6)

worker 1
\t 5501 baton::(anonymous namespace)::Find<int, void (*)()>(char const*) const (/x/bin/baton-server)
"""

    def test_samples_are_read_with_their_thread_and_stack(self):
        first, second = hot_paths.parsed(self.SCRIPT)
        self.assertEqual(first[0], "conductor")
        self.assertEqual(first[1][0], ("tcp_sendmsg", "[kernel.kallsyms]"))
        self.assertEqual(second[1], [("baton::Find", "baton-server")])

    def test_a_sample_counts_as_its_system_call_or_its_file(self):
        first, second = hot_paths.parsed(self.SCRIPT)
        self.assertEqual([hot_paths.part(first[1]), hot_paths.part(second[1])], ["kernel: sending", "baton-server"])


def smoke(binaries):
    """One short run with what is there: every server answers, nothing fails, the report is written."""
    with tempfile.TemporaryDirectory() as folder:
        figures = pathlib.Path(folder) / "speed.json"
        subprocess.run([sys.executable, "-B", str(pathlib.Path(speed.__file__)), "--bin", binaries, "--quick", "--seconds", "0.2",
                        "--subjects", "bare,baton,baton-2,nginx", "--json", str(figures), "--only",
                        "hello-64,reverse-1,pipelined,new-connections,conductors-2,tumour,idle"],
                       check=True, stdout=subprocess.DEVNULL)
        measured = json.loads(figures.read_text())
    expected = {"hello-64", "reverse-1", "pipelined", "new-connections", "conductors-2", "tumour", "idle"}
    if set(measured["rows"]) != expected or "baton" in measured["skipped"] or "bare" in measured["skipped"]:
        sys.exit(f"expected figures of {sorted(expected)}, got {sorted(measured['rows'])}; left out: {measured['skipped']}")
    lost = {name: row["failed"] for name, subjects in measured["rows"].items() for row in subjects.get("baton", []) if row["failed"]}
    if lost:
        sys.exit(f"expected no failed request of Baton, got {lost}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--smoke"]:
        smoke(sys.argv[2])
    else:
        unittest.main()
