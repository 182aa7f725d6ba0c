"""Prints this machine's own apt entry for Debian's main archive, with its suite replaced by another.

Usage: debian_source_entry.py CODENAME SUITE [APT_FOLDER]
Prints a deb822 stanza for apt's SourceParts; exits 1 when no entry for CODENAME is found.
"""

import pathlib
import re
import sys


def stanzas(text):
    """The deb822 stanzas of a .sources file, each a dict of lower-case field to value."""
    for block in re.split(r"\n\s*\n", text):
        fields, last = {}, None
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line[:1].isspace() and last:
                fields[last] += "\n" + line
            elif ":" in line:
                last, value = line.split(":", 1)
                last = last.strip().lower()
                fields[last] = value.strip()
        if fields:
            yield fields


def one_line_entries(text):
    """The `deb [options] URI suite component...` lines of a .list file, in the same form."""
    for line in text.splitlines():
        match = re.match(
            r"\s*deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<rest>[^#]+)",
            line,
        )
        if not match:
            continue
        fields = {
            "types": "deb",
            "uris": match["uri"],
            "suites": match["suite"],
            "components": match["rest"].strip(),
        }
        for option in (match["options"] or "").split():
            name, _, value = option.partition("=")
            if name == "signed-by":
                fields["signed-by"] = value
        yield fields


def entries(apt):
    for path in sorted(apt.glob("sources.list.d/*.sources")):
        yield from stanzas(path.read_text())
    for path in [apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))]:
        if path.exists():
            yield from one_line_entries(path.read_text())


def is_main_archive(fields, codename):
    return (
        "deb" in fields.get("types", "deb").split()
        and fields.get("enabled", "yes").lower() not in ("no", "false", "0")
        and codename in fields.get("suites", "").split()
        and "main" in fields.get("components", "").split()
    )


def find_entry(apt, codename, suite):
    """The stanza as text, or None. Other archives may use Debian's code names for their suites, so one
    whose address ends in /debian comes first."""
    found = [fields for fields in entries(apt) if is_main_archive(fields, codename)]
    found.sort(key=lambda fields: not fields["uris"].split()[0].rstrip("/").endswith("/debian"))
    if not found:
        return None
    lines = ["Types: deb", f"URIs: {found[0]['uris']}", f"Suites: {suite}", "Components: main"]
    if found[0].get("signed-by"):
        lines.append(f"Signed-By: {found[0]['signed-by']}")
    return "\n".join(lines) + "\n"


def main(arguments):
    apt = pathlib.Path(arguments[2] if len(arguments) > 2 else "/etc/apt")
    entry = find_entry(apt, arguments[0], arguments[1])
    if entry is None:
        print(
            f"no apt entry for the suite {arguments[0]} with the component main under {apt}",
            file=sys.stderr,
        )
        return 1
    print(entry, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
