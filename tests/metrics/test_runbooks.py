"""The check of the runbooks: it must find each fault that it is there for."""
import pathlib
import shutil
import tempfile
import unittest

import runbooks

PAGE = "docs/runbooks/BatonLateAnswers.md"


class RunbooksTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for name in ("deploy", "docs", "tests/metrics"):
            shutil.copytree(runbooks.ROOT / name, self.root / name)

    def assert_found(self, path, old, new, problem):
        file = self.root / path
        text = file.read_text(encoding="utf-8")
        self.assertIn(old, text)
        file.write_text(text.replace(old, new), encoding="utf-8")
        problems = runbooks.check(self.root)
        self.assertTrue(any(problem in one for one in problems), problems)
        file.write_text(text, encoding="utf-8")

    def test_the_committed_ones_have_no_problem(self):
        self.assertEqual(runbooks.check(self.root), [])

    def test_an_alert_without_a_page_and_a_page_without_an_alert_are_found(self):
        (self.root / PAGE).rename(self.root / "docs/runbooks/BatonEarlyAnswers.md")
        problems = runbooks.check(self.root)
        self.assertIn("BatonLateAnswers has no page in docs/runbooks", problems)
        self.assertIn("docs/runbooks/BatonEarlyAnswers.md is no alert's", problems)

    def test_what_a_page_names_and_is_not_there_is_found(self):
        self.assert_found(PAGE, "baton_late_answers_total", "baton_late_total", "baton_late_total, which is not")
        self.assert_found(PAGE, "*Timer lag, p99*", "*Timer lag, p98*", "the panel 'Timer lag, p98'")
        self.assert_found(PAGE, "# BatonLateAnswers", "# Late answers", "does not begin with its name")
        self.assert_found(PAGE, "## Prevent", "## Avoid", "has the sections")

    def test_commands_that_are_not_there_are_found_in_blocks_and_in_text(self):
        self.assert_found(PAGE, "$ batonctl describe pool", "$ batonctl describe queue", "there is not the command batonctl describe queue")
        self.assert_found(PAGE, "misses --limit 100", "misses --last 100", "there is not --last of batonctl misses")
        self.assert_found(PAGE, "`batonctl set pool size=3`", "`batonctl shrink pool`", "the command batonctl shrink")

    def test_alerts_that_lead_nowhere_are_found(self):
        rules = "deploy/prometheus/rules.yml"
        self.assert_found(rules, "docs/runbooks/BatonDown.md", "docs/runbooks/Down.md", "not to its page")
        self.assert_found(rules, "dashboard: baton-endpoints", "dashboard: baton-models", "which is not there")
        self.assert_found(rules, "severity: ticket", "severity: warning", "has the severity warning")

    def test_alerts_that_no_test_has_fire_or_silent_are_found(self):
        self.assert_found("tests/metrics/slo_rules_test.yml", 'window: "6h"', 'window: "8h"',
                          "no test has BatonMissBudgetBurnsFast fire (6h)")
        self.assert_found("tests/metrics/rules_test.yml", "{eval_time: 100m, alertname: BatonCertificateExpires}",
                          "{eval_time: 100m, alertname: BatonDown}", "no test has BatonCertificateExpires silent")


if __name__ == "__main__":
    unittest.main()
