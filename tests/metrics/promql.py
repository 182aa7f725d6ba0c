"""Finds PromQL in the repository's files and has promtool judge it."""
import json
import pathlib
import re
import subprocess
import tempfile

METRIC = re.compile(r"\b(?:baton|process)_[a-z0-9_]+\b")
# What the recording rules make of them.
RECORDED = re.compile(r"\bbaton:[a-z_]+:[a-z0-9_]+\b")
SELECTED = re.compile(r"\b((?:baton|process)_[a-z0-9_]+|baton:[a-z_]+:[a-z0-9_]+|up)\b(\{[^}]*\})?")
# What Grafana would put in.
VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$job": ".+", "$instance": ".+", "$endpoint": ".+"}


def fill_in(expr, values=None):
    for name, value in {**VARIABLES, **(values or {})}.items():
        expr = expr.replace(name, value)
    return expr


def in_markdown(text):
    return re.findall(r"^```promql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def metrics_in(expr, entries):
    """The metrics of an expression, histograms' samples under the name of the histogram."""
    without_labels = re.sub(r'"[^"]*"', '""', expr)
    names = set()
    for name in METRIC.findall(without_labels):
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        names.add(base if base in entries and entries[base].type == "histogram" else name)
    return names


def unknown_metrics(expr, entries):
    return sorted(name for name in metrics_in(expr, entries) if name not in entries)


def recorded_in(expr):
    return set(RECORDED.findall(expr))


def records(rules_text):
    """The names that a file of rules records."""
    return set(re.findall(r"^ +- record: (\S+)$", rules_text, re.MULTILINE))


def selectors(expr):
    """Each metric that the expression selects, with its braces or an empty text."""
    return [(name, braces or "") for name, braces in SELECTED.findall(expr)]


def refused_by(promtool, exprs):
    """What promtool says against the expressions, "" when nothing."""
    rules = [{"record": f"checked:query:{i}", "expr": fill_in(expr)} for i, expr in enumerate(exprs)]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "rules.json"
        file.write_text(json.dumps({"groups": [{"name": "checked", "rules": rules}]}), encoding="utf-8")
        done = subprocess.run([promtool, "check", "rules", str(file)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr
