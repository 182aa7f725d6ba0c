#!/usr/bin/env python3
"""Checks that what the documents refer to is there and is as they say: links, flags and their defaults, routes,
limits, causes, statuses, metrics. Usage: references.py BIN; exits 1 and lists what is not."""

import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
import markdown  # noqa: E402
from project_files import project_files  # noqa: E402

COMMANDS = (
    "baton-server", "baton-server check", "baton-server config", "baton-server config dump",
    "baton-server config schema", "baton-server config example", "baton-server config reference",
    "baton-server token", "baton-server token new", "baton-client", "baton-client infer", "baton-client load", "baton-client demo overload",
    "batonctl", "batonctl status", "batonctl get pool", "batonctl get endpoints", "batonctl get endpoint",
    "batonctl get models", "batonctl get model", "batonctl set pool", "batonctl set endpoint", "batonctl reset estimator",
    "batonctl load", "batonctl unload", "batonctl reload", "batonctl wait",
    "batonctl get operations", "batonctl get operation", "batonctl config get", "batonctl config diff",
    "batonctl config reload", "batonctl misses", "batonctl describe pool",
    "batonctl describe endpoint", "batonctl describe model", "batonctl top", "batonctl watch", "batonctl explain",
    "batonctl context list", "batonctl context show", "batonctl context use", "batonctl context set",
    "batonctl context delete", "batonctl completion",
)
# Not the names of the interface of plug-ins.
METRIC = re.compile(r"\b(?!baton_plugin)(?:baton|process)_[a-z][a-z_]*(?<!_)(?![a-z_]*\()")


def check_links(path, text, root=ROOT):
    found = []
    for line, target in markdown.links(text):
        if re.match(r"[a-z]+:", target):
            continue  # elsewhere
        name, _, anchor = target.partition("#")
        file = (root / path).parent / name if name else root / path
        if not file.exists():
            found.append(f"{path}:{line}: links to {target}, which is not there")
        elif anchor and file.suffix == ".md" and anchor not in markdown.anchors(file.read_text()):
            found.append(f"{path}:{line}: links to {target}, and {file.name} has no such heading")
    return found


def catalogue(text):
    """The metrics in the tables of docs/metrics.md."""
    names = set()
    for _, lines in markdown.sections(text):
        for row in markdown.table_rows(lines):
            names.update(re.findall(r"`((?:baton|process)_\w+)`", row[0]))
    return names


def check_metrics(path, text, known):
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for match in METRIC.finditer(line):
            name, rest = match[0], line[match.end():]
            if rest.startswith("_*"):
                is_there = any(one.startswith(name + "_") for one in known)
            else:
                is_there = name in known or re.sub(r"_(bucket|sum|count)$", "", name) in known
            if not is_there:
                found.append(f"{path}:{number}: names {name}, which docs/metrics.md does not have")
    return found


def flags_in_help(text):
    """The flags of a --help, each with the default that it states, or None."""
    flags = {}
    last = None
    for line in text.splitlines():
        match = re.match(r"^  (?:-\w,)?--([\w-]+)(.*)$", line)
        if match:
            last = match[1]
            kind = re.match(r"^(?: \S.*?)?(?=  |$)", match[2])[0]
            default = re.search(r"=([^\s={}]+)(?=\s|$)", kind)
            flags[last] = default[1] if default else None
        elif not line.startswith("   "):
            last = None
        stated = re.search(r"\(default ([^\s)]+?)(?:\)|:? )", line)
        if last and stated:
            flags[last] = stated[1]
    return flags


def flags_in_document(text):
    """For each command the flags that sections of its name list, each with its default."""
    commands = {}
    for heading, lines in markdown.sections(text):
        rows = [row for row in markdown.table_rows(lines) if row[0].startswith("`--")]
        for command in re.findall(r"`([^`]+)`", heading):
            for row in rows:
                commands.setdefault(command, {})[re.match(r"`--([\w-]+)", row[0])[1]] = row[1].strip("`")
    return commands


def compare_flags(command, documented, helped):
    here = "docs/configuration.md"
    found = [f"{command} --{flag} is in --help and not in {here}" for flag in helped.keys() - documented]
    found += [f"{command} --{flag} is in {here} and not in --help" for flag in documented.keys() - helped]
    for flag in documented.keys() & helped.keys():
        if helped[flag] is not None and helped[flag] != documented[flag]:
            found.append(f"{command} --{flag}: the default is {helped[flag]}, {here} says {documented[flag]}")
    return sorted(found)


def help_of(bin_folder, command):
    program, *words = command.split()
    done = subprocess.run(
        [bin_folder / program, *words, "--help"], capture_output=True, text=True, check=True, timeout=60,
    )
    return done.stdout


def check_flags(bin_folder, text):
    found, documented = [], flags_in_document(text)
    for command in COMMANDS:
        helped = flags_in_help(help_of(bin_folder, command))
        if " " in command:
            helped.pop("help")  # every command has it
        expected = documented.get(command, {})
        found += compare_flags(command, expected, helped)
    unknown = documented.keys() - set(COMMANDS)
    return found + [f"docs/configuration.md has a section for {name}, which is no command" for name in sorted(unknown)]


def limits_in_help(text):
    """The names of --limit, each with its default and its range."""
    row = r"^  (\w+)=(?:SIZE|DURATION|N) .*\(default (\w+), (\w+ to \w+)\)$"
    return {name: (default, extent) for name, default, extent in re.findall(row, text, re.MULTILINE)}


def check_limits(path, text, limits):
    """Each limit has a row in a section `Limits`, with its default and, where the table has it, its range."""
    rows = {}
    for heading, lines in markdown.sections(text):
        if heading == "Limits":
            rows = {row[0].strip("`"): [cell.strip("`") for cell in row[1:]] for row in markdown.table_rows(lines)}
    found = [f"{path} lacks the limit {name}" for name in limits.keys() - rows.keys()]
    found += [f"{path} has the limit {name}, and --limit does not" for name in rows.keys() - limits.keys()]
    for name in limits.keys() & rows.keys():
        default, extent = limits[name]
        if rows[name][0] != default:
            found.append(f"{path}: the default of {name} is {default}, not {rows[name][0]}")
        if " to " in rows[name][1] and rows[name][1][0].isdigit() and rows[name][1] != extent:
            found.append(f"{path}: {name} may be {extent}, not {rows[name][1]}")
    return sorted(found)


def check_routes(text, table):
    served = set(re.findall(r'RouteText\{Method::k\w+, *"([^"]+)"', table))
    documented = set()
    for heading, lines in markdown.sections(text):
        if heading == "Endpoints":
            for row in markdown.table_rows(lines):
                documented.update(re.findall(r"`(/[^`]*)`", row[0]))
    return [f"docs/endpoints.md lacks the route {route}" for route in sorted(served - documented)] + [
        f"docs/endpoints.md has the route {route}, which is not served" for route in sorted(documented - served)
    ]


def check_named(path, text, names, what):
    """Each of `names` stands in the document as code, or as a table's cell."""
    return [f"{path}: lacks the {what} {name}" for name in sorted(names) if not re.search(rf"[`| ]{name}[`| ]", text)]


def read(path):
    return (ROOT / path).read_text()


def main(arguments):
    documents = {str(path): read(path) for path in project_files() if path.suffix == ".md"}
    known = catalogue(documents["docs/metrics.md"])
    found = []
    for path, text in documents.items():
        found += check_links(path, text) + check_metrics(path, text, known)
    statuses = documents["docs/headers-and-statuses.md"]
    found += check_flags(pathlib.Path(arguments[0]), documents["docs/configuration.md"])
    found += check_routes(documents["docs/endpoints.md"], read("server/api/route_table.cc"))
    limits = limits_in_help(help_of(pathlib.Path(arguments[0]), "baton-server"))
    for path in ("docs/configuration.md", "docs/headers-and-statuses.md"):
        found += check_limits(path, documents[path], limits)
    causes = set(re.findall(r'return "([a-z_]+)"', read("server/serve/answer.cc")))
    found += check_named("docs/headers-and-statuses.md", statuses, causes, "answer or cause")
    refusals = read("server/http/refusal_kind.cc").partition("kStatuses")[2].partition(";")[0]
    found += check_named("docs/headers-and-statuses.md", statuses, set(re.findall(r"\b[45]\d\d\b", refusals)), "status")
    print("\n".join(found) if found else f"{len(documents)} documents refer to what is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
