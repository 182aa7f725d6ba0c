"""Draws boards as SVG out of what Prometheus answers to their queries. Not what Grafana would draw: the same panels in the
same places with the same numbers, plainly."""

import html
import json
import math
import re
import sys

from environment import ROOT

sys.path.insert(0, str(ROOT / "tests" / "metrics"))
import promql  # noqa: E402

COLUMN, ROW, GAP, HEAD = 50, 26, 6, 50  # pixels: of Grafana's grid, and above it
COLOURS = ("#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a", "#66a61e", "#a6761d", "#e6ab02", "#666666", "#17becf")
RATE_INTERVAL = "4s"
SERIES = 10  # that a panel shows at most
UNITS = {"s": ((1e-6, 1e6, " us"), (1e-3, 1e3, " ms"), (1, 1, " s")), "reqps": ((0, 1, "/s"),), "ops": ((0, 1, "/s"),),
         "cps": ((0, 1, "/s"),), "short": ((0, 1, ""), (1e3, 1e-3, " k"), (1e6, 1e-6, " M")),
         "bytes": ((0, 1, " B"), (1024, 1 / 1024, " KiB"), (1 << 20, 2**-20, " MiB"), (1 << 30, 2**-30, " GiB")),
         "percentunit": ((0, 100, " %"),)}
STYLE = """
text { font: 11px sans-serif; fill: #333 } .title { font-weight: bold } .big { font-size: 20px } .small { font-size: 9px }
.row { font-size: 14px; font-weight: bold } .panel { fill: #fff; stroke: #ccc } .axis { stroke: #ddd } .line { fill: none }
"""


def shown(value, unit):
    steps = UNITS.get(unit, UNITS["bytes"] if unit == "Bps" else UNITS["short"])
    factor, word = next(((f, w) for least, f, w in reversed(steps) if abs(value) >= least), steps[0][1:])
    number = value * factor
    number = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
    return f"{number}{word}{'/s' if unit == 'Bps' else ''}"


def text(x, y, words, style="", anchor="start"):
    return f'<text x="{x:.0f}" y="{y:.0f}" class="{style}" text-anchor="{anchor}">{html.escape(str(words))}</text>'


def legend(target, labels):
    if target["legendFormat"] == "__auto":
        return ""
    return re.sub(r"\{\{(\w+)\}\}", lambda name: labels.get(name[1], ""), target["legendFormat"])


class Place:
    """A panel's rectangle, and of that the part for its picture."""

    def __init__(self, grid):
        self.x, self.y = grid["x"] * COLUMN + GAP, grid["y"] * ROW + HEAD
        self.width, self.height = grid["w"] * COLUMN - GAP, grid["h"] * ROW - GAP
        self.left, self.right = self.x + 52, self.x + self.width - 8
        self.top, self.bottom = self.y + 26, self.y + self.height - 30


def series_of(seen, target):
    """[(legend, [(time, value)])], the largest first."""
    found = [(legend(target, labels), [(at, value) for at, value in values if math.isfinite(value)])
             for labels, values in seen.over_time(filled(target))]
    return sorted((one for one in found if one[1]), key=lambda one: -max(value for _, value in one[1]))


def filled(target):
    return promql.fill_in(target["expr"], {"$__range": "2m", "$__rate_interval": RATE_INTERVAL})


def draw_lines(seen, panel, place, begin, end):
    defaults = panel["fieldConfig"]["defaults"]
    limits = [step["value"] for step in defaults["thresholds"]["steps"] if step["value"] is not None]
    limits = limits if defaults["custom"]["thresholdsStyle"]["mode"] == "line" else []
    dashed = [re.compile(one["matcher"]["options"].strip("/")) for one in panel["fieldConfig"]["overrides"]]
    found = [one for target in panel["targets"] for one in series_of(seen, target)]
    found = sorted(found, key=lambda one: any(limit.match(one[0]) for limit in dashed))[:SERIES]
    highest = max([value for name, values in found for _, value in values
                   if not any(one.match(name) for one in dashed)] + [1e-9]) * 1.15
    highest = max([highest, *(limit * 1.05 for limit in limits if limit < 4 * highest)])

    def at(when, value):
        x = place.left + min(1, (when - begin) / (end - begin)) * (place.right - place.left)
        return f"{x:.1f},{place.bottom - min(1, value / highest) * (place.bottom - place.top):.1f}"

    out = [f'<line class="axis" x1="{place.left}" x2="{place.right}" y1="{y:.0f}" y2="{y:.0f}"/>' + text(
        place.left - 4, y + 4, shown(highest * part, defaults["unit"]), "small", "end")
        for part in (0, 0.5, 1) for y in [place.bottom - part * (place.bottom - place.top)]]
    out += [f'<polyline class="line" stroke="#d62728" points="{at(begin, limit)} {at(end, limit)}"/>'
            for limit in limits if limit <= highest]
    x = place.left
    for number, (name, values) in enumerate(found):
        colour, dash = COLOURS[number % len(COLOURS)], any(one.match(name) for one in dashed)
        points = " ".join(at(when, value) for when, value in values)
        dashes = 'stroke-dasharray="5 4" ' if dash else ""
        out.append(f'<polyline class="line" stroke="{colour}" {dashes}points="{points}"/>')
        if name and x + 6 * len(name) + 14 < place.right:
            out.append(f'<rect x="{x}" y="{place.bottom + 12}" width="8" height="8" fill="{colour}"/>')
            out.append(text(x + 11, place.bottom + 20, name, "small"))
            x += 5.2 * len(name) + 22
    return out


def draw_heat(seen, panel, place, begin, end):
    found = sorted((float(name), dict(values)) for name, values in series_of(seen, panel["targets"][0]))
    if not found:
        return []
    times = sorted({at for _, values in found for at in values})
    height, width = (place.bottom - place.top) / len(found), (place.right - place.left) / max(1, len(times))
    cells = [(number, column, found[number][1].get(at, 0) - (found[number - 1][1].get(at, 0) if number else 0))
             for number in range(len(found)) for column, at in enumerate(times)]
    most = max(count for _, _, count in cells) or 1
    out = [f'<rect x="{place.left + column * width:.1f}" y="{place.bottom - (number + 1) * height:.1f}" '
           f'width="{width:.1f}" height="{height:.1f}" fill="#b2182b" fill-opacity="{math.sqrt(count / most):.2f}"/>'
           for number, column, count in cells if count > 1e-9]
    for number, (bound, _) in enumerate(found):
        y = place.bottom - (number + 1) * height
        out.append(text(place.left - 4, y + 4, f"{bound:g}".replace("inf", "more"), "small", "end"))
        if bound == 1 and panel["fieldConfig"]["defaults"]["unit"] == "percentunit":
            out.append(f'<line x1="{place.left}" x2="{place.right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#000"/>')
    return out


def draw_stat(seen, panel, place):
    found = seen.now(filled(panel["targets"][0]))
    defaults = panel["fieldConfig"]["defaults"]
    values = [round(value) if defaults.get("decimals") == 0 else value for _, value in found]
    words = ", ".join(" ".join(filter(None, (legend(panel["targets"][0], labels), shown(value, defaults["unit"]))))
                      for (labels, _), value in zip(found, values)) or "no data"
    return [text(place.x + place.width / 2, place.y + place.height / 2 + 18, words, "big", "middle")]


def draw_table(seen, panel, place):
    titles = panel["transformations"][1]["options"]["renameByName"]
    units = {one["matcher"]["options"]: {each["id"]: each["value"] for each in one["properties"]}
             for one in panel["fieldConfig"]["overrides"]}
    keys = [name for name in titles if not name.startswith("Value #")]
    rows = {}
    for target in panel["targets"]:
        for labels, value in seen.now(filled(target)):
            row = rows.setdefault(tuple(labels[key] for key in keys), {})
            title = titles[f"Value #{target['refId']}"]
            words = {k: v["text"] for one in units[title].get("mappings", []) for k, v in one["options"].items()}
            row[title] = words.get(f"{value:g}", shown(value, units[title]["unit"]))
    columns = list(titles.values())
    step = (place.width - 20) / len(columns)
    out = [text(place.x + 10 + step * n, place.top + 8, title, "title") for n, title in enumerate(columns)]
    for line, (key, row) in enumerate(sorted(rows.items()), 1):
        cells = [*key, *(row.get(title, "-") for title in columns[len(keys):])]
        if place.top + 8 + 20 * line < place.y + place.height:
            out += [text(place.x + 10 + step * n, place.top + 8 + 20 * line, cell) for n, cell in enumerate(cells)]
    return out


def draw_panel(seen, panel, begin, end):
    place = Place(panel["gridPos"])
    if panel["type"] == "row":
        return [text(place.x, place.y + 16, panel["title"], "row")]
    frame = [f'<rect class="panel" x="{place.x}" y="{place.y}" width="{place.width}" height="{place.height}"/>',
             text(place.x + 8, place.y + 16, panel["title"], "title")]
    if panel["type"] == "stat":
        return frame + draw_stat(seen, panel, place)
    if panel["type"] == "table":
        return frame + draw_table(seen, panel, place)
    draw_one = draw_heat if panel["type"] == "heatmap" else draw_lines
    return frame + draw_one(seen, panel, place, begin, end)


def draw(seen, boards, folder):
    """Writes NAME.svg for each board. `seen`: has over_time(expr) and now(expr), and when it `began` and `ended`."""
    for path in boards:
        board = json.loads(path.read_text())
        drawn = [part for panel in board["panels"] for part in draw_panel(seen, panel, seen.began, seen.ended)]
        width = 24 * COLUMN + GAP
        height = max(one["gridPos"]["y"] + one["gridPos"]["h"] for one in board["panels"]) * ROW + HEAD
        title = f"{board['title']}: drawn from Prometheus' answers to the board's queries, not a picture of Grafana"
        (folder / f"{path.stem}.svg").write_text("\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
            f"<style>{STYLE}</style>", f'<rect width="{width}" height="{height}" fill="#f4f5f7"/>',
            text(GAP, 22, title, "row"), text(GAP, 40, board["description"]), *drawn, "</svg>", ""]))
