#!/usr/bin/env python3
"""Tests of what the benchmarks compute and write: sections, time to normal, quantiles, the report and the picture."""

import pathlib
import sys
import unittest
import xml.etree.ElementTree as xml

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import overload_report as report  # noqa: E402
import overload_runs as runs  # noqa: E402
import sections  # noqa: E402


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


if __name__ == "__main__":
    unittest.main()
