"""Sections of docs/benchmarks.md: each program writes its own between two markers and leaves the others alone."""
import os
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/benchmarks.md"
TITLE = "# Benchmarks\n"


def marker(edge, owner):
    return f"<!-- {edge} of what {owner} writes -->"


def replaced(document, owner, text):
    """`document` with the section of `owner` being `text`; a new section comes last."""
    begin, end = marker("begin", owner), marker("end", owner)
    section = f"{begin}\n\n{text.strip()}\n\n{end}\n"
    if begin not in document:
        return (document or TITLE).rstrip("\n") + "\n\n" + section
    before, rest = document.split(begin, 1)
    if end not in rest:
        raise ValueError(f"expected {end!r} after {begin!r} in the document, found none")
    after = rest.split(end, 1)[1].strip("\n")
    return before + section + (f"\n{after}\n" if after else "")


def write(owner, text):
    document = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    DOCUMENT.write_text(replaced(document, owner, text))


def commit():
    return subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True,
                          text=True, check=False).stdout.strip()


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "?")
    release = re.match(r"[\d.]*\d", platform.release())
    return f"{cpu}, {os.cpu_count()} cores, Linux {release.group() if release else '?'}"
