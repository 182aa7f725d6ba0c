#!/usr/bin/env python3
"""Compares what a server exposes with the catalogue in docs/metrics.md, both ways.

    catalogue.py docs/metrics.md http://localhost:8082/metrics
    catalogue.py docs/metrics.md scrape.txt

Exit codes: 0 they agree, 1 they do not (each difference is a line), 2 one of them cannot be read.
"""
import argparse
import dataclasses
import re
import sys
import urllib.request

ROW = re.compile(r"^\| `(?P<name>[a-z_]+)` \| (?P<type>counter|gauge|histogram)(?: \w+)? \| (?P<labels>[^|]*) \|")
LABEL = re.compile(r"`(?P<name>\w+)`(?: \((?P<values>[^)]*)\))?")
SAMPLE = re.compile(r"^(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
HISTOGRAM_SUFFIXES = ("_bucket", "_sum", "_count")


@dataclasses.dataclass
class Entry:
    """A metric of the catalogue: its labels, with the values of those that are closed sets."""
    name: str
    type: str
    labels: dict  # name -> set of values, or None when the set is open


@dataclasses.dataclass
class Family:
    """A metric of an exposition: each child's labels, without le."""
    type: str
    children: list


def read_catalogue(text):
    entries = {}
    for line in text.splitlines():
        row = ROW.match(line)
        if not row:
            continue
        labels = {}
        for label in LABEL.finditer(re.sub(r"^–$", "", row["labels"])):
            values = label["values"]
            labels[label["name"]] = set(re.findall(r"`([\w.]+)`", values)) if values else None
        if row["name"] in entries:
            raise ValueError(f"{row['name']} stands twice in the catalogue")
        entries[row["name"]] = Entry(row["name"], row["type"], labels)
    if not entries:
        raise ValueError("there is no table of metrics in the catalogue")
    return entries


def family_of(sample, families):
    if sample in families:
        return sample
    for suffix in HISTOGRAM_SUFFIXES:
        base = sample.removesuffix(suffix)
        if base != sample and base in families and families[base].type == "histogram":
            return base
    raise ValueError(f"sample {sample} has no # TYPE line before it")


def read_exposition(text):
    families = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            families[name] = Family(kind, [])
        elif line and not line.startswith("#"):
            sample = SAMPLE.match(line)
            if not sample:
                raise ValueError(f"line {number} of the exposition is no sample: {line}")
            labels = dict(PAIR.findall(sample["labels"] or ""))
            labels.pop("le", None)
            family = families[family_of(sample["name"], families)]
            if labels not in family.children[-1:]:
                family.children.append(labels)
    return families


def missing_values(entry, children):
    """For each closed label: the values that should stand beside the other labels' values, and do not."""
    out = []
    for label, values in entry.labels.items():
        if values is None:
            continue
        seen = {}
        for child in children:
            rest = tuple(sorted((k, v) for k, v in child.items() if k != label))
            seen.setdefault(rest, set()).add(child[label])
        for rest, found in sorted(seen.items()):
            place = ", ".join(f"{k}={v}" for k, v in rest)
            out += [f"{entry.name}{{{place}}} has no child with {label}={v}" for v in sorted(values - found)]
            out += [f"{entry.name}: {label}={v} is not in the catalogue" for v in sorted(found - values)]
    return out


def compare_family(entry, family):
    if family.type != entry.type:
        return [f"{entry.name} is a {family.type}, the catalogue says {entry.type}"]
    for child in family.children:
        if set(child) != set(entry.labels):
            return [f"{entry.name} has the labels {sorted(child)}, the catalogue says {sorted(entry.labels)}"]
    return missing_values(entry, family.children)


def compare(entries, families):
    """All differences, as sentences."""
    differences = [f"{name} is not in the catalogue" for name in families if name not in entries]
    for name, entry in entries.items():
        if name not in families:
            differences.append(f"{name} is in the catalogue and not exposed")
        else:
            differences += compare_family(entry, families[name])
    return differences


def fetch(source):
    if source.startswith(("http://", "https://")):
        with urllib.request.urlopen(source, timeout=10) as answer:
            return answer.read().decode("utf-8")
    with open(source, encoding="utf-8") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", help="the document with the tables")
    parser.add_argument("exposition", help="a URL or a file")
    arguments = parser.parse_args()
    try:
        differences = compare(read_catalogue(fetch(arguments.catalogue)),
                              read_exposition(fetch(arguments.exposition)))
    except (OSError, ValueError) as error:
        print(f"catalogue.py: {error}", file=sys.stderr)
        return 2
    for difference in differences:
        print(difference)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
