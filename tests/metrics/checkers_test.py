"""The checkers themselves: each must find the fault that it is there for."""
import copy
import json
import pathlib
import unittest

import catalogue
import dashboard_lint
import promql

ROOT = pathlib.Path(__file__).resolve().parents[2]
TABLE = """
| metric | type | labels | meaning |
|---|---|---|---|
| `baton_a_total` | counter | `endpoint`, `answer` (`yes`, `no`) | a |
| `baton_b_seconds` | histogram LAT | – | b |
"""
SCRAPE = """# HELP baton_a_total A.
# TYPE baton_a_total counter
baton_a_total{endpoint="x",answer="yes"} 1
baton_a_total{endpoint="x",answer="no"} 0
# TYPE baton_b_seconds histogram
baton_b_seconds_count 1
baton_b_seconds_sum 2
baton_b_seconds_bucket{le="+Inf"} 1
"""


class CatalogueTest(unittest.TestCase):
    def differences(self, scrape, table=TABLE):
        return catalogue.compare(catalogue.read_catalogue(table), catalogue.read_exposition(scrape))

    def test_what_agrees_has_no_differences(self):
        self.assertEqual(self.differences(SCRAPE), [])

    def test_a_metric_on_one_side_only_is_found(self):
        extra = SCRAPE + "# TYPE baton_c gauge\nbaton_c 1\n"
        self.assertEqual(self.differences(extra), ["baton_c is not in the catalogue"])
        without = SCRAPE[:SCRAPE.index("# TYPE baton_b")]
        self.assertEqual(self.differences(without), ["baton_b_seconds is in the catalogue and not exposed"])

    def test_another_type_is_found(self):
        self.assertEqual(self.differences(SCRAPE.replace("total counter", "total gauge")),
                         ["baton_a_total is a gauge, the catalogue says counter"])

    def test_another_label_name_is_found(self):
        self.assertIn("has the labels ['answer', 'model']",
                      self.differences(SCRAPE.replace("endpoint=", "model="))[0])

    def test_a_value_outside_its_closed_set_is_found(self):
        self.assertIn("baton_a_total: answer=maybe is not in the catalogue",
                      self.differences(SCRAPE.replace('"no"', '"maybe"')))

    def test_a_value_of_a_closed_set_that_is_not_exported_is_found(self):
        scrape = SCRAPE.replace('baton_a_total{endpoint="x",answer="no"} 0\n', "")
        self.assertEqual(self.differences(scrape), ["baton_a_total{endpoint=x} has no child with answer=no"])

    def test_what_is_no_exposition_is_an_error(self):
        for text in ("<html>", "baton_a_total 1\n"):
            with self.assertRaises(ValueError):
                catalogue.read_exposition(text)

    def test_a_document_without_a_table_or_with_a_double_row_is_an_error(self):
        for text in ("# Metrics\n", TABLE + TABLE):
            with self.assertRaises(ValueError):
                catalogue.read_catalogue(text)

    def test_the_document_lists_every_metric_it_mentions(self):
        text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
        entries = catalogue.read_catalogue(text)
        rows = [line for line in text.splitlines() if line.startswith(("| `baton_", "| `process_"))]
        self.assertEqual(len(entries), len(rows))
        self.assertEqual(promql.unknown_metrics(text.replace('"', ""), entries), [])


class DashboardLintTest(unittest.TestCase):
    def setUp(self):
        self.entries = catalogue.read_catalogue((ROOT / "docs/metrics.md").read_text(encoding="utf-8"))
        self.records = promql.records((ROOT / "deploy/prometheus/rules.yml").read_text(encoding="utf-8"))
        self.dashboard = self.read("baton-slo")
        self.panels = [panel for panel in self.dashboard["panels"] if panel["type"] != "row"]
        self.rate = next(panel for panel in self.panels if "[$__rate_interval]" in panel["targets"][0]["expr"])

    def read(self, name):
        return json.loads((ROOT / f"deploy/grafana/dashboards/{name}.json").read_text(encoding="utf-8"))

    def lint(self):
        return dashboard_lint.lint(self.dashboard, self.entries, self.records)

    def assert_found(self, part):
        problems = self.lint()
        self.assertTrue(any(part in problem for problem in problems), problems)

    def replace_in_query(self, old, new):
        target = self.rate["targets"][0]
        self.assertIn(old, target["expr"])
        target["expr"] = target["expr"].replace(old, new)

    def test_the_committed_dashboard_has_no_problem(self):
        self.assertEqual(self.lint(), [])

    def test_a_panel_without_description_or_unit_is_found(self):
        self.panels[0]["description"] = ""
        self.assert_found("has no description")
        del self.panels[1]["fieldConfig"]["defaults"]["unit"]
        self.assert_found("has no unit")

    def test_panels_over_each_other_or_off_the_grid_are_found(self):
        self.panels[1]["gridPos"] = copy.copy(self.panels[0]["gridPos"])
        self.assert_found("overlaps")
        self.panels[2]["gridPos"]["x"] = 20
        self.assert_found("leaves the grid")

    def test_ids_and_titles_used_twice_are_found(self):
        self.panels[1]["id"] = self.panels[0]["id"]
        self.assert_found("is used twice")
        self.panels[3]["title"] = self.panels[2]["title"]
        self.assert_found("title")

    def test_a_query_without_job_or_instance_is_found(self):
        self.replace_in_query('job=~"$job",', "")
        self.assert_found("without job")

    def test_a_rate_over_a_fixed_range_is_found(self):
        self.replace_in_query("[$__rate_interval]", "[5m]")
        self.assert_found("takes rate over a range")

    def test_a_metric_outside_the_catalogue_is_found(self):
        self.replace_in_query("baton_", "baton_former_")
        self.assert_found("not in the catalogue")

    def test_a_name_that_no_rule_records_is_found(self):
        self.records.remove("baton:misses:rate30d")
        self.assert_found("no rule records")

    def test_looking_back_by_a_fixed_time_is_found(self):
        self.dashboard["annotations"]["list"][-1]["expr"] = self.dashboard["annotations"]["list"][-1]["expr"].replace(
            "offset $__rate_interval", "offset 5m")
        self.assert_found("looks back by 5m")

    def test_a_table_whose_columns_do_not_fit_together_is_found(self):
        self.dashboard = self.read("baton-endpoints")
        table = next(panel for panel in self.dashboard["panels"] if panel["type"] == "table")
        self.assertEqual(self.lint(), [])
        table["targets"][1]["expr"] = table["targets"][1]["expr"].replace("by (endpoint)", "by (instance)")
        self.assert_found("groups by something else")
        table["targets"].append({**table["targets"][0], "refId": "Z"})
        self.assert_found("has no title for Value #Z")

    def test_two_boards_of_one_name_and_one_without_a_way_to_the_others_are_found(self):
        boards = {f"{name}.json": self.read(name) for name in ("baton-slo", "baton-capacity")}
        self.assertEqual(dashboard_lint.lint_together(boards), [])
        boards["baton-capacity.json"].update(uid="baton-slo", links=[])
        problems = dashboard_lint.lint_together(boards)
        self.assertEqual(sum("is another board's" in problem for problem in problems), 2)
        self.assertIn("baton-capacity.json: has no link to the other boards", problems)

    def test_a_fixed_data_source_is_found(self):
        self.panels[0]["datasource"] = {"type": "prometheus", "uid": "mine"}
        self.assert_found("data source")

    def test_a_missing_variable_is_found(self):
        self.dashboard["templating"]["list"].pop()
        self.assert_found("variables")


if __name__ == "__main__":
    unittest.main()
