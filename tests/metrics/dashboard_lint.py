#!/usr/bin/env python3
"""Checks dashboards: that they are complete, laid out, and ask only for what the catalogue promises."""
import argparse
import json
import pathlib
import sys

import promql
from catalogue import read_catalogue

VARIABLES = ["datasource", "job", "instance", "endpoint"]
DATASOURCE = "${datasource}"


def queries(dashboard):
    """All queries of panels and annotations, as (where, expression)."""
    found = [(f"panel '{panel.get('title', '')}'", target.get("expr", ""))
             for panel in dashboard["panels"] for target in panel.get("targets", [])]
    return found + [(f"annotation '{one['name']}'", one["expr"]) for one in dashboard["annotations"]["list"]]


def lint_frame(dashboard):
    problems = []
    if dashboard.get("schemaVersion") != 39:
        problems.append("schemaVersion is not 39")
    names = [variable["name"] for variable in dashboard["templating"]["list"]]
    if names != VARIABLES:
        problems.append(f"the variables are {names}, not {VARIABLES}")
    ids = [panel["id"] for panel in dashboard["panels"]]
    problems += [f"id {one} is used twice" for one in sorted({i for i in ids if ids.count(i) > 1})]
    titles = [panel.get("title") for panel in dashboard["panels"]]
    problems += [f"title '{one}' is used twice" for one in sorted({t for t in titles if t and titles.count(t) > 1})]
    return problems


def lint_panel(panel):
    where = f"panel '{panel.get('title') or panel['id']}'"
    problems = [f"{where} has no {key}" for key in ("title", "description", "targets") if not panel.get(key)]
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        problems.append(f"{where} has no unit")
    targets = panel.get("targets", [])
    if len({target.get("refId") for target in targets}) != len(targets):
        problems.append(f"{where} uses a refId twice")
    if any(one.get("datasource", {}).get("uid") != DATASOURCE for one in [panel, *targets]):
        problems.append(f"{where} does not use the variable of the data source")
    return problems


def lint_layout(panels):
    problems, taken = [], {}
    for panel in panels:
        place = panel["gridPos"]
        if place["x"] < 0 or place["w"] < 1 or place["h"] < 1 or place["x"] + place["w"] > 24:
            problems.append(f"panel '{panel['title']}' leaves the grid")
        cells = [(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])]
        under = {taken[cell] for cell in cells if cell in taken}
        problems += [f"panel '{panel['title']}' overlaps '{other}'" for other in sorted(under)]
        taken.update((cell, panel["title"]) for cell in cells)
    return problems


def lint_query(where, expr, entries):
    problems = [f"{where} asks for {name}, which is not in the catalogue"
                for name in promql.unknown_metrics(expr, entries)]
    for name, braces in promql.selectors(expr):
        problems += [f"{where} selects {name} without {label}" for label in ("job", "instance")
                     if f'{label}=~"${label}"' not in braces]
    ranges = {"rate(": ["$__rate_interval"], "changes(": ["$__rate_interval"],
              "increase(": ["$__rate_interval", "$__range"]}
    for function, allowed in ranges.items():
        for piece in expr.split(function)[1:]:
            if piece[piece.find("[") + 1:piece.find("]")] not in allowed:
                problems.append(f"{where} takes {function[:-1]} over a range that is none of {allowed}")
    return problems


def lint(dashboard, entries):
    problems = lint_frame(dashboard) + lint_layout(dashboard["panels"])
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            problems += lint_panel(panel)
    for where, expr in queries(dashboard):
        problems += lint_query(where, expr, entries)
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", required=True, help="docs/metrics.md; its example queries are checked too")
    parser.add_argument("--promtool", default="promtool")
    parser.add_argument("dashboards", nargs="+")
    arguments = parser.parse_args()
    document = pathlib.Path(arguments.catalogue).read_text(encoding="utf-8")
    entries = read_catalogue(document)
    exprs = promql.in_markdown(document)
    problems = [f"{arguments.catalogue}: an example asks for {name}, which has no row"
                for expr in exprs for name in promql.unknown_metrics(expr, entries)]
    for path in arguments.dashboards:
        dashboard = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
        problems += [f"{path}: {problem}" for problem in lint(dashboard, entries)]
        exprs += [expr for _, expr in queries(dashboard)]
    refused = promql.refused_by(arguments.promtool, exprs)
    if refused:
        problems.append(refused)
    for problem in problems:
        print(problem)
    print(f"{len(exprs)} queries, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
