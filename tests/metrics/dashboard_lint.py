#!/usr/bin/env python3
"""Checks dashboards: that they are complete, laid out, and ask only for what the catalogue promises."""
import argparse
import json
import pathlib
import re
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


def lint_table(panel):
    """Each query is a column of its own, joined by what it is grouped by."""
    where = f"panel '{panel['title']}'"
    kinds = [one["id"] for one in panel.get("transformations", [])]
    if kinds != ["merge", "organize"]:
        return [f"{where} has the transformations {kinds}, not merge and organize"]
    renamed = panel["transformations"][1]["options"]["renameByName"]
    values = {f"Value #{target['refId']}" for target in panel["targets"]}
    problems = [f"{where} has no title for {name}" for name in sorted(values - renamed.keys())]
    keys = ", ".join(name for name in renamed if name not in values)
    problems += [f"{where} groups by something else than {keys}: {target['expr']}" for target in panel["targets"]
                 if f"by ({keys})" not in target["expr"] and f"by (le, {keys})" not in target["expr"]]
    problems += [f"{where}: {target['refId']} is no table of one moment" for target in panel["targets"]
                 if target["format"] != "table" or not target["instant"]]
    return problems


def lint_query(where, expr, entries, records=frozenset()):
    problems = [f"{where} asks for {name}, which is not in the catalogue"
                for name in promql.unknown_metrics(expr, entries)]
    problems += [f"{where} asks for {name}, which no rule records"
                 for name in sorted(promql.recorded_in(expr) - records)]
    for name, braces in promql.selectors(expr):
        problems += [f"{where} selects {name} without {label}" for label in ("job", "instance")
                     if f'{label}=~"${label}"' not in braces]
    ranges = {"rate(": ["$__rate_interval"], "changes(": ["$__rate_interval"],
              "increase(": ["$__rate_interval", "$__range"]}
    problems += [f"{where} looks back by {by}, not by $__rate_interval" for by in re.findall(r"offset (\S+?)\)?(?=\s|$)", expr)
                 if by != "$__rate_interval"]
    for function, allowed in ranges.items():
        for piece in expr.split(function)[1:]:
            if piece[piece.find("[") + 1:piece.find("]")] not in allowed:
                problems.append(f"{where} takes {function[:-1]} over a range that is none of {allowed}")
    return problems


def lint(dashboard, entries, records=frozenset()):
    problems = lint_frame(dashboard) + lint_layout(dashboard["panels"])
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            problems += lint_panel(panel)
        if panel["type"] == "table":
            problems += lint_table(panel)
    for where, expr in queries(dashboard):
        problems += lint_query(where, expr, entries, records)
    return problems


def lint_together(dashboards):
    """What holds of all boards: each is another one, and one finds the way from each to the others."""
    problems = []
    for key in ("uid", "title"):
        values = [board[key] for board in dashboards.values()]
        problems += [f"{path}: the {key} {board[key]} is another board's, too" for path, board in dashboards.items()
                     if values.count(board[key]) > 1]
    for path, board in dashboards.items():
        if pathlib.Path(path).stem != board["uid"]:
            problems.append(f"{path}: its uid is {board['uid']}")
        if not any(link["type"] == "dashboards" and set(link["tags"]) & set(board["tags"]) and link["includeVars"]
                   for link in board.get("links", [])):
            problems.append(f"{path}: has no link to the other boards")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--catalogue", required=True, help="docs/metrics.md; its example queries are checked too")
    parser.add_argument("--rules", required=True, help="the rules that record what dashboards may use besides")
    parser.add_argument("--promtool", default="promtool")
    parser.add_argument("dashboards", nargs="+")
    arguments = parser.parse_args()
    document = pathlib.Path(arguments.catalogue).read_text(encoding="utf-8")
    entries = read_catalogue(document)
    records = promql.records(pathlib.Path(arguments.rules).read_text(encoding="utf-8"))
    exprs = promql.in_markdown(document)
    problems = [f"{arguments.catalogue}: an example asks for {name}, which has no row"
                for expr in exprs for name in promql.unknown_metrics(expr, entries)]
    dashboards = {path: json.loads(pathlib.Path(path).read_text(encoding="utf-8")) for path in arguments.dashboards}
    problems += lint_together(dashboards)
    for path, dashboard in dashboards.items():
        problems += [f"{path}: {problem}" for problem in lint(dashboard, entries, records)]
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
