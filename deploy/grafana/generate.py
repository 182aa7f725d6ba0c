#!/usr/bin/env python3
"""Writes the Grafana dashboards out of the boards beside it; --check only compares them with the committed files."""
import argparse
import json
import pathlib
import sys

import capacity
import endpoints
import slo
from annotations import ANNOTATIONS

BOARDS = (slo.BOARD, capacity.BOARD, endpoints.BOARD)
FOLDER = pathlib.Path(__file__).parent / "dashboards"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SELECTOR = 'job=~"$job",instance=~"$instance"'
HEIGHTS = {"stat": 4, "timeseries": 8, "heatmap": 8, "table": 9}
AT_ONE_TIME = ("stat", "table")  # panels that show one moment
TOTAL_WIDTH = 24


def expand(expr):
    return (expr.replace("@E", SELECTOR + ',endpoint=~"$endpoint"').replace("@S", SELECTOR)
            .replace("@R", "$__rate_interval"))


def target(query, index, panel):
    kind = panel.kind
    made = {"datasource": DATASOURCE, "editorMode": "code", "expr": expand(query.expr),
            "legendFormat": query.legend or "__auto", "range": kind not in AT_ONE_TIME,
            "instant": kind in AT_ONE_TIME, "refId": chr(ord("A") + index)}
    if kind in ("heatmap", "table"):
        made["format"] = kind
    if panel.exemplars:
        made["exemplar"] = True
    return made


def thresholds(panel):
    if panel.red_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.red_below}]
    elif panel.lines:
        steps = [{"color": "transparent", "value": None}]
        steps += [{"color": colour, "value": value} for value, colour in panel.lines]
    elif panel.red_from is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.red_from}]
    else:
        steps = [{"color": "text" if panel.kind == "stat" else "green", "value": None}]
    return {"mode": "absolute", "steps": steps}


def overrides(panel):
    dash = {"id": "custom.lineStyle", "value": {"dash": [10, 10], "fill": "dash"}}
    apart = {"id": "custom.stacking", "value": {"mode": "none"}}
    bare = {"id": "custom.fillOpacity", "value": 0}
    return [{"matcher": {"id": "byRegexp", "options": f"/^{legend}$/"}, "properties": [dash, apart, bare]}
            for legend in panel.dashed] + [column_override(column) for column in panel.columns]


def column_override(column):
    properties = [{"id": "unit", "value": column.unit}]
    if column.decimals is not None:
        properties.append({"id": "decimals", "value": column.decimals})
    if column.red_from is not None:
        steps = [{"color": "text", "value": None}, {"color": "red", "value": column.red_from}]
        properties += [{"id": "thresholds", "value": {"mode": "absolute", "steps": steps}},
                       {"id": "custom.cellOptions", "value": {"type": "color-text"}}]
    if column.words:
        words = {str(value): {"text": text, "color": colour, "index": index}
                 for index, (value, (text, colour)) in enumerate(column.words.items())}
        properties += [{"id": "mappings", "value": [{"type": "value", "options": words}]},
                       {"id": "custom.cellOptions", "value": {"type": "color-text"}}]
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}


def field_config(panel):
    defaults = {"unit": panel.unit, "thresholds": thresholds(panel)}
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    if panel.kind == "timeseries":
        defaults["color"] = {"mode": "palette-classic"}
        defaults["min"] = 0
        defaults["custom"] = {
            "drawStyle": "line", "fillOpacity": 40 if panel.stack else 8, "lineWidth": 1, "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stack else "none"},
            "thresholdsStyle": {"mode": "line" if panel.lines or panel.red_from is not None else "off"}}
    elif panel.kind == "stat":
        defaults["color"] = {"mode": "thresholds"}
    return {"defaults": defaults, "overrides": overrides(panel)}


def options(panel):
    if panel.kind == "stat":
        return {"colorMode": "value", "graphMode": "none", "justifyMode": "auto", "textMode": "value",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    if panel.kind == "heatmap":
        return {"calculate": False, "cellGap": 1, "legend": {"show": True},
                "color": {"mode": "scheme", "scheme": "Turbo", "steps": 64, "exponent": 0.5, "scale": "exponential"},
                "yAxis": {"axisPlacement": "left", "unit": panel.unit}, "rowsFrame": {"layout": "le"},
                "cellValues": {"unit": "reqps"}, "tooltip": {"mode": "single", "yHistogram": True}}
    if panel.kind == "table":
        return {"showHeader": True, "cellHeight": "sm", "footer": {"show": False, "reducer": ["sum"]},
                "sortBy": [{"displayName": title, "desc": False} for title in list(panel.keys.values())[:1]]}
    return {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"}}


def transformations(panel):
    """One row for each combination of the keys, one column for each query."""
    titles = {**panel.keys, **{value_field(i): column.title for i, column in enumerate(panel.columns)}}
    organized = {"excludeByName": {"Time": True}, "indexByName": {name: i for i, name in enumerate(titles)},
                 "renameByName": titles}
    return [{"id": "merge", "options": {}}, {"id": "organize", "options": organized}]


def value_field(index):
    return f"Value #{chr(ord('A') + index)}"


def panel_json(panel, panel_id, x, y):
    made = panel_frame(panel, panel_id, x, y)
    return {**made, "transformations": transformations(panel)} if panel.kind == "table" else made


def panel_frame(panel, panel_id, x, y):
    return {"id": panel_id, "type": panel.kind, "title": panel.title, "description": panel.description,
            "datasource": DATASOURCE, "gridPos": {"x": x, "y": y, "w": panel.width, "h": HEIGHTS[panel.kind]},
            "fieldConfig": field_config(panel), "options": options(panel),
            "targets": [target(query, i, panel) for i, query in enumerate(panel.queries)]}


def layout(sections):
    """Rows and panels, each panel right of the one before it, or below when it does not fit."""
    out, y = [], 0
    for section in sections:
        out.append({"id": len(out) + 1, "type": "row", "title": section.title, "collapsed": False, "panels": [],
                    "gridPos": {"x": 0, "y": y, "w": TOTAL_WIDTH, "h": 1}})
        x, y, line_height = 0, y + 1, 0
        for panel in section.panels:
            if x + panel.width > TOTAL_WIDTH:
                x, y, line_height = 0, y + line_height, 0
            out.append(panel_json(panel, len(out) + 1, x, y))
            x, line_height = x + panel.width, max(line_height, HEIGHTS[panel.kind])
        y += line_height
    return out


def variable(name, label, query):
    return {"type": "query", "name": name, "label": label, "datasource": DATASOURCE, "definition": query,
            "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
            "includeAll": True, "multi": True, "allValue": ".+", "refresh": 2, "sort": 1,
            "current": {"selected": True, "text": ["All"], "value": ["$__all"]}}


def variables():
    return [
        {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "refresh": 1},
        variable("job", "Job", "label_values(baton_build_info, job)"),
        variable("instance", "Instance", 'label_values(baton_build_info{job=~"$job"}, instance)'),
        variable("endpoint", "Endpoint", f"label_values(baton_requests_received_total{{{SELECTOR}}}, endpoint)"),
    ]


def annotations():
    return [{"name": name, "datasource": DATASOURCE, "enable": True, "iconColor": colour, "expr": expand(expr),
             "titleFormat": "{{instance}} " + text, "step": "10s"} for name, colour, expr, text in ANNOTATIONS]


def links():
    """The other boards, with the same time and variables."""
    return [{"type": "dashboards", "title": "Baton", "tags": ["baton"], "asDropdown": False, "includeVars": True,
             "keepTime": True, "targetBlank": False, "icon": "external link", "tooltip": "", "url": ""}]


def dashboard(board):
    return {"uid": board.uid, "title": board.title, "tags": ["baton"], "schemaVersion": 39,
            "description": board.description, "links": links(),
            "editable": True, "graphTooltip": 1, "refresh": "10s", "time": {"from": "now-1h", "to": "now"},
            "timezone": "browser", "annotations": {"list": annotations()}, "templating": {"list": variables()},
            "panels": layout(board.sections)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    arguments = parser.parse_args()
    files = {f"{board.uid}.json": json.dumps(dashboard(board), indent=2, ensure_ascii=False) + "\n" for board in BOARDS}
    if not arguments.check:
        for name, text in files.items():
            (FOLDER / name).write_text(text, encoding="utf-8")
        return 0
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    stale = sorted(name for name in files.keys() | there.keys() if files.get(name) != there.get(name))
    for name in stale:
        print(f"{name} is not what generate.py writes: run deploy/grafana/generate.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
