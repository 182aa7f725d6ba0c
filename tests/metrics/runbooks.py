#!/usr/bin/env python3
"""Checks the alerts and what stands beside them: each has a page of its name that names what there is, annotations that
lead there, and tests that it fires and that it does not.

    runbooks.py [ROOT]

Exit code 1 when something is wrong; each problem is a line.
"""
import json
import pathlib
import re
import sys

import yaml

import promql
from catalogue import read_catalogue

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADINGS = ["Symptom", "Look", "Do", "Prevent"]
BOARDS_PANELS = re.compile(r"`(baton-[a-z]+)`: ((?:\*[^*]+\*(?: \([^)]*\))?(?:,\s+| and\s+)?)+)")
COMMAND = re.compile(r"`(batonctl [^`]+)`|^\$ (batonctl .+)$", re.MULTILINE)


def alerts_in(rules):
    return [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]


def commands_in_reference(text):
    """`batonctl get pool` -> its options; those of every command under `batonctl` alone."""
    commands, current = {"batonctl": set()}, "batonctl"
    for line in text.splitlines():
        heading = re.match(r"^## `(batonctl[^`]*)`$", line)
        current = heading[1] if heading else current
        commands.setdefault(current, set())
        if line.startswith("| `-"):
            commands[current].update(re.findall(r"--?[a-z][a-z-]*", line.split("|")[1]))
    return commands


def unknown_in_command(command, commands):
    """What of a command line the reference does not have, or ""."""
    words = command.split()
    known, place = set(commands["batonctl"]), 1
    while place < len(words) and words[place].startswith("--") and words[place] in known:
        place += 2  # an option of all commands, and its value
    name = "batonctl"
    while place < len(words) and f"{name} {words[place]}" in commands:
        name, place = f"{name} {words[place]}", place + 1
    if name == "batonctl":
        return f"the command {' '.join(words[:2])}"
    if any(one.startswith(name + " ") for one in commands):
        return f"the command {' '.join([name, *words[place:place + 1]])}"
    options = known | commands[name]
    unknown = [word.split("=")[0] for word in words[place:] if word.startswith("-") and word.split("=")[0] not in options]
    return f"{unknown[0]} of {name}" if unknown else ""


def panels_in(dashboards):
    return {board["uid"]: {panel["title"] for panel in board["panels"] if panel["type"] != "row"} for board in dashboards}


def check_page(name, text, entries, commands, panels, records):
    problems = []
    lines = text.splitlines()
    if not lines or lines[0] != f"# {name}":
        problems.append(f"{name}.md does not begin with its name")
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    if headings != HEADINGS:
        problems.append(f"{name}.md has the sections {headings}, not {HEADINGS}")
    metrics = promql.METRIC.findall(text)
    problems += [f"{name}.md names {metric}, which is not in the catalogue"
                 for metric in sorted(set(metrics)) if metric not in entries]
    problems += [f"{name}.md names {record}, which no rule records"
                 for record in sorted(promql.recorded_in(text) - records)]
    if not metrics and "`up`" not in text:
        problems.append(f"{name}.md names no metric")
    named = BOARDS_PANELS.findall(text)
    for board, titles in named:
        problems += [f"{name}.md names the panel '{title}', which {board} does not have"
                     for title in re.findall(r"\*([^*]+)\*", titles) if title not in panels.get(board, set())]
    if not named:
        problems.append(f"{name}.md names no panel")
    all_titles = set().union(*panels.values())
    problems += [f"{name}.md names '{title}', which is no panel" for title in re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", text)
                 if " ".join(title.split()) not in all_titles]
    said = [(inline or block).replace("\n", " ") for inline, block in COMMAND.findall(text)]
    if not said:
        problems.append(f"{name}.md names no command")
    for command in said:
        unknown = unknown_in_command(command, commands)
        if unknown:
            problems.append(f"{name}.md: there is not {unknown}: {command}")
    return problems


def check_annotations(alert, panels):
    name, annotations = alert["alert"], alert["annotations"]
    problems = [f"{name} has no {key}" for key in ("summary", "description") if not annotations.get(key)]
    if annotations.get("runbook_url") != f"docs/runbooks/{name}.md":
        problems.append(f"{name} leads to {annotations.get('runbook_url')}, not to its page")
    if annotations.get("dashboard") not in panels:
        problems.append(f"{name} leads to the board {annotations.get('dashboard')}, which is not there")
    if alert["labels"].get("severity") not in ("page", "ticket"):
        problems.append(f"{name} has the severity {alert['labels'].get('severity')}")
    return problems


def check_tests(alerts, tests):
    """Each alert, and each window of one, is shown to fire and to be silent."""
    fired, silent = set(), set()
    for one in (check for file in tests for test in file["tests"] for check in test.get("alert_rule_test", [])):
        expected = one.get("exp_alerts", [])
        fired.update((one["alertname"], alert["exp_labels"].get("window")) for alert in expected)
        if not expected:
            silent.add(one["alertname"])
    problems = [f"no test has {alert['alert']} fire ({alert['labels'].get('window', 'always')})" for alert in alerts
                if (alert["alert"], alert["labels"].get("window")) not in fired]
    return problems + [f"no test has {name} silent" for name in sorted({alert["alert"] for alert in alerts} - silent)]


def check(root):
    def read(path):
        return (root / path).read_text(encoding="utf-8")

    rules = read("deploy/prometheus/rules.yml")
    alerts = alerts_in(yaml.safe_load(rules))
    dashboards = [json.loads(path.read_text(encoding="utf-8"))
                  for path in sorted((root / "deploy/grafana/dashboards").glob("*.json"))]
    panels = panels_in(dashboards)
    entries = read_catalogue(read("docs/metrics.md"))
    commands = commands_in_reference(read("docs/reference/batonctl.md"))
    names, records = sorted({alert["alert"] for alert in alerts}), promql.records(rules)
    pages = {path.stem: path for path in (root / "docs/runbooks").glob("*.md")}
    problems = [f"{name} has no page in docs/runbooks" for name in names if name not in pages]
    problems += [f"docs/runbooks/{name}.md is no alert's" for name in sorted(pages.keys() - set(names))]
    for name in sorted(pages):
        problems += check_page(name, pages[name].read_text(encoding="utf-8"), entries, commands, panels, records)
    for alert in alerts:
        problems += check_annotations(alert, panels)
    tests = [yaml.safe_load(path.read_text(encoding="utf-8"))
             for path in sorted((root / "tests/metrics").glob("*rules_test.yml"))]
    return problems + check_tests(alerts, tests)


def main():
    problems = check(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT)
    print("\n".join(problems) or "every alert has its page and its tests")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
