#!/usr/bin/env python3
"""Tests of the documents' checks themselves: each finds what it is for, and leaves alone what is right."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import examples  # noqa: E402
import markdown  # noqa: E402
import references  # noqa: E402
import transcript  # noqa: E402

DOCUMENT = """# Title
<!-- server: --workers 2 -->

<!-- run -->
```console
$ echo '# no heading'
# no heading
```

<!-- a remark -->
Text with [a link](other.md#a-part).

## A `part`, really

| name | default |
|---|---|
| `--one` | `1` |
"""


class MarkdownTest(unittest.TestCase):
    def test_blocks_carry_the_comment_before_them_and_other_comments_stand_alone(self):
        server, block, remark = markdown.parts(DOCUMENT)
        self.assertEqual(server.text, "server: --workers 2")
        self.assertEqual((block.mark, block.language, block.line), ("run", "console", 5))
        self.assertEqual(block.lines, ["$ echo '# no heading'", "# no heading"])
        self.assertEqual(remark.text, "a remark")

    def test_a_fence_that_stays_open_is_an_error(self):
        with self.assertRaises(ValueError):
            markdown.parts("```console\n$ true\n")

    def test_headings_rows_and_links_are_those_outside_of_blocks(self):
        self.assertEqual([heading for heading, _ in markdown.sections(DOCUMENT)], ["", "Title", "A `part`, really"])
        self.assertEqual(markdown.table_rows(DOCUMENT.splitlines()), [["`--one`", "`1`"]])
        self.assertEqual(markdown.links(DOCUMENT), [(11, "other.md#a-part")])
        self.assertEqual(markdown.anchors(DOCUMENT), {"title", "a-part-really"})


class TranscriptTest(unittest.TestCase):
    def test_commands_go_on_behind_a_backslash_and_own_the_lines_after_them(self):
        first, second = transcript.steps(["$ one \\", "    -d two", "out", "", "$ three"])
        self.assertEqual((first.command, first.expected), ("one \\\n    -d two", ["out", ""]))
        self.assertEqual((second.command, second.expected), ("three", []))

    def test_a_transcript_begins_with_a_command(self):
        with self.assertRaises(ValueError):
            transcript.steps(["out"])

    def test_output_matches_itself_and_nothing_else(self):
        self.assertTrue(transcript.matches(["a", "b"], ["a", "b", ""]))
        for other in (["a"], ["a", "b", "c"], ["a", "x"], ["b", "a"], []):
            self.assertFalse(transcript.matches(["a", "b"], other), other)

    def test_nothing_shown_means_nothing_printed(self):
        self.assertTrue(transcript.matches([], []))
        self.assertFalse(transcript.matches([], ["a"]))

    def test_three_dots_stand_for_text_in_a_line(self):
        self.assertTrue(transcript.matches(["took ... ms (...)"], ["took 1.5 ms (x)"]))
        self.assertFalse(transcript.matches(["took ... ms"], ["took 1.5 s"]))

    def test_three_dots_alone_stand_for_any_lines(self):
        for actual in (["a", "z"], ["a", "b", "z"], ["a", "z", "z"]):
            self.assertTrue(transcript.matches(["a", "...", "z"], actual), actual)
        for actual in (["a", "b"], ["b", "z"], ["a", "z", "b"]):
            self.assertFalse(transcript.matches(["a", "...", "z"], actual), actual)


class ReferencesTest(unittest.TestCase):
    def test_links_to_what_is_not_there_are_found(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "docs").mkdir()
            (root / "docs" / "other.md").write_text("# A part\n")
            right = "[a](docs/other.md#a-part) [b](docs/) [c](https://x.example)"
            text = right + " [d](docs/gone.md) [e](docs/other.md#gone)"
            (root / "README.md").write_text(text)
            found = references.check_links("README.md", text, root)
        self.assertEqual(len(found), 2, found)
        self.assertIn("docs/gone.md", found[0])
        self.assertIn("docs/other.md#gone", found[1])

    def test_metrics_that_the_catalogue_lacks_are_found(self):
        known = references.catalogue("| metric | type |\n|---|---|\n| `baton_a_seconds`, `process_b` | x |\n")
        self.assertEqual(known, {"baton_a_seconds", "process_b"})
        right = "baton_a_seconds_bucket process_b baton_a_* baton_room(net) rate(baton_a_seconds_sum[5m])"
        self.assertEqual(references.check_metrics("x.md", right, known), [])
        self.assertEqual(len(references.check_metrics("x.md", "`baton_c_total` and baton_c_*", known)), 2)

    def test_flags_and_defaults_are_read_from_help(self):
        text = (
            "Options:\n"
            "  -h,--help                   Print this\n"
            "  --http ADDR:PORT            Data plane (default 0.0.0.0:8080)\n"
            "  --timeout DURATION=30s      How long\n"
            "  --schedule TEXT:{fixed,poisson}=poisson Excludes: --closed\n"
            "                              Spacing, unlike --nothing\n"
            "  --log-format FORMAT:value in {auto->0} OR {0}\n"
            "                              auto or text (default auto: text on a terminal)\n"
            "  --workers N                 Threads (default: one a core)\n"
            "Subcommands:\n"
        )
        self.assertEqual(references.flags_in_help(text), {
            "help": None, "http": "0.0.0.0:8080", "timeout": "30s", "schedule": "poisson", "log-format": "auto",
            "workers": None,
        })

    def test_flags_that_differ_from_help_are_found(self):
        document = "## `p` and `q`\n| flag | default |\n|---|---|\n| `--a` | `1` |\n| `--b`, `-b` | – |\n"
        documented = references.flags_in_document(document)
        self.assertEqual(documented, {"p": {"a": "1", "b": "–"}, "q": {"a": "1", "b": "–"}})
        self.assertEqual(references.compare_flags("p", documented["p"], {"a": "1", "b": None}), [])
        self.assertEqual(len(references.compare_flags("p", documented["p"], {"a": "2", "c": None})), 3)

    def test_limits_that_differ_from_help_are_found(self):
        helped = (
            "  --limit LIMIT               names below\n"
            "  body_bytes=SIZE             a body: 413 (default 8MiB, 1B to 1GiB)\n"
            "  json_depth=N                levels (of JSON): 400 (default 64, 1 to 256)\n"
        )
        limits = references.limits_in_help(helped)
        self.assertEqual(limits, {"body_bytes": ("8MiB", "1B to 1GiB"), "json_depth": ("64", "1 to 256")})
        document = (
            "# Limits\n| limit | default | range |\n|---|---|---|\n| `body_bytes` | `8MiB` | 1B to 1GiB |\n"
            "| `json_depth` | 64 | time to nest |\n"
        )
        self.assertEqual(references.check_limits("x.md", document, limits), [])
        for right, wrong, count in (
            ("8MiB", "9MiB", 1), ("1GiB", "2GiB", 1), ("json_depth", "depth", 2), ("# Limits", "# Others", 2),
        ):
            self.assertEqual(len(references.check_limits("x.md", document.replace(right, wrong), limits)), count)

    def test_routes_and_names_that_are_missing_are_found(self):
        document = "# Endpoints\n| route |\n|---|\n| [`/a`](#a), `/b` |\n"
        served = 'RouteText{Method::kGet, "/a", x}, RouteText{Method::kPost, "/b", y}'
        self.assertEqual(references.check_routes(document, served), [])
        self.assertEqual(len(references.check_routes(document, served.replace("/b", "/c"))), 2)
        self.assertEqual(references.check_named("x.md", "| 400 | `no_time` |", {"400", "no_time"}, "name"), [])
        self.assertEqual(len(references.check_named("x.md", "| 400 | `no_time_left` |", {"404", "no_time"}, "name")), 2)


class ExamplesTest(unittest.TestCase):
    """Documents without a server: what a shell prints is compared with what is shown."""

    def run_document(self, text):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "document.md"
            path.write_text(text)
            work = pathlib.Path(folder) / "work"
            work.mkdir()
            document = examples.Document(str(path), pathlib.Path("/nonexistent"), sys.executable, work)
            document.run()
            return document.count

    def test_what_comes_as_shown_passes(self):
        shown = "<!-- run -->\n```console\n$ word=hello\n$ echo $word; echo again\nhello\n...\n```\n"
        python = "<!-- run -->\n```python\nprint(2 * 21)\n```\n<!-- output -->\n```text\n42\n```\n"
        self.assertEqual(self.run_document(shown + python), 3)

    def test_blocks_without_the_mark_are_not_run(self):
        self.assertEqual(self.run_document("```console\n$ false\n```\n"), 0)

    def test_what_comes_otherwise_fails(self):
        for text in (
            "<!-- run -->\n```console\n$ echo hello\ngoodbye\n```\n",
            "<!-- run -->\n```console\n$ false\n```\n",
            "<!-- run exit=3 -->\n```console\n$ (exit 4)\n```\n",
            "<!-- run -->\n```console\n$ exit 0\n```\n",
            "<!-- run twice -->\n```console\n$ true\n```\n",
            "<!-- run -->\n```python\nprint(1)\n```\n<!-- output -->\n```text\n2\n```\n",
            "<!-- run -->\n```python\nprint(1)\n```\n",
            "<!-- output -->\n```text\n2\n```\n",
        ):
            with self.assertRaises(examples.Failed, msg=text):
                self.run_document(text)

    def test_an_expected_exit_code_is_none_of_its_failures(self):
        self.assertEqual(self.run_document("<!-- run exit=3 -->\n```console\n$ (exit 3)\n```\n"), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
