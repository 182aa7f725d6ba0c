#!/usr/bin/env python3
"""Writes the Grafana dashboard out of panels.py; --check only compares it with the committed file."""
import argparse
import json
import pathlib
import sys

from panels import ANNOTATIONS, SECTIONS

OUTPUT = pathlib.Path(__file__).parent / "dashboards" / "baton-slo.json"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SELECTOR = 'job=~"$job",instance=~"$instance"'
HEIGHTS = {"stat": 4, "timeseries": 8, "heatmap": 8}
TOTAL_WIDTH = 24


def expand(expr):
    return (expr.replace("@E", SELECTOR + ',endpoint=~"$endpoint"').replace("@S", SELECTOR)
            .replace("@R", "$__rate_interval"))


def target(query, index, kind):
    made = {"datasource": DATASOURCE, "editorMode": "code", "expr": expand(query.expr),
            "legendFormat": query.legend or "__auto", "range": kind != "stat", "instant": kind == "stat",
            "refId": chr(ord("A") + index)}
    if kind == "heatmap":
        made["format"] = "heatmap"
    return made


def thresholds(panel):
    if panel.red_below is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.red_below}]
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
            for legend in panel.dashed]


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
            "thresholdsStyle": {"mode": "line" if panel.red_from is not None else "off"}}
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
                "cellValues": {"unit": "reqps"}, "tooltip": {"show": True, "yHistogram": True}}
    return {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"}}


def panel_json(panel, panel_id, x, y):
    return {"id": panel_id, "type": panel.kind, "title": panel.title, "description": panel.description,
            "datasource": DATASOURCE, "gridPos": {"x": x, "y": y, "w": panel.width, "h": HEIGHTS[panel.kind]},
            "fieldConfig": field_config(panel), "options": options(panel),
            "targets": [target(query, i, panel.kind) for i, query in enumerate(panel.queries)]}


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


def dashboard():
    return {"uid": "baton-slo", "title": "Baton: the promise", "tags": ["baton"], "schemaVersion": 39,
            "description": "Whether answers leave inside their budgets, why not, and what is getting tight.",
            "editable": True, "graphTooltip": 1, "refresh": "10s", "time": {"from": "now-1h", "to": "now"},
            "timezone": "browser", "annotations": {"list": annotations()}, "templating": {"list": variables()},
            "panels": layout(SECTIONS)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the file is out of date")
    arguments = parser.parse_args()
    text = json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"
    if not arguments.check:
        OUTPUT.write_text(text, encoding="utf-8")
        return 0
    if OUTPUT.exists() and OUTPUT.read_text(encoding="utf-8") == text:
        return 0
    print(f"{OUTPUT.name} is not what generate.py writes: run deploy/grafana/generate.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
