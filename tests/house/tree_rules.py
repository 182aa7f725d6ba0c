#!/usr/bin/env python3
"""Checks what holds for every file of the tree: its size, the hosts it may not name, locks that are
not the project's own, tests that are switched off or that nobody runs. Usage: tree_rules.py [ROOT]; exits 1 and lists.
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from project_files import project_files  # noqa: E402

CODE = (".h", ".cc", ".py", ".sh", ".proto", ".cmake", "")
MAX_LINES = 600
# The clients of the registries are used as each machine has them set up.
REGISTRY_HOST = re.compile(
    r"pypi[.]org|pythonhosted[.]org|proxy[.]golang[.]org|sum[.]golang[.]org|crates[.]io|registry[.]npmjs[.]org"
    r"|repo1?[.]maven[.]|(deb|security|snapshot|ftp)[.][a-z.]*debian[.]org"
)
DISABLED = re.compile(r"\bDISABLED_\w*")
DISABLED_WITH_ISSUE = re.compile(r"_Issue\d+")
STANDARD_LOCK = re.compile(
    r"\bstd::(recursive_|shared_|timed_)?mutex\b|\bstd::condition_variable(_any)?\b"
)
# The annotated wrappers stand on the standard ones.
LOCK_HOME = "server/base/"


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


LOG_MODULES = re.compile(r"kModuleNames = \{(.*?)\};", re.DOTALL)


def room_of(path):
    """Whose lines a source file writes: "net", or "admin"."""
    parts = pathlib.PurePosixPath(path).parts
    return {"server": parts[1] if len(parts) > 2 else "", "admin": "admin"}.get(parts[0], "")


def check_log_modules(sources):
    """`sources`: texts by path, with server/base/log.cc. What a level can be given to is who writes lines."""
    named = set(re.findall(r'"(\w+)"', LOG_MODULES.search(sources["server/base/log.cc"])[1]))
    writing = {"base"} | {room_of(path) for path, text in sources.items() if re.search(r"\bLog(Always)?\(", text)}
    return [f"server/base/log.cc: a module for {room} is missing" for room in sorted(writing - named)] + [
        f"server/base/log.cc: {room} writes no line" for room in sorted(named - writing)
    ]


TEST_FILE = re.compile(r"(.+/)(?:test_(\w+)\.py|(\w+_test)\.(?:cc|py))")


def check_tests_are_run(texts):
    """`texts`: by path. A file of tests that its folder's CMakeLists.txt does not name passes for ever."""
    found = []
    for path in sorted(texts):
        test = TEST_FILE.fullmatch(path)
        if not test:
            continue
        name = test[2] or test[3]
        listing = re.sub("#[^\n]*", "", texts.get(f"{test[1]}CMakeLists.txt", ""))
        before = r"baton_e2e_test\(" if test[1] == "tests/e2e/" else r"(?<!\w)"
        if not re.search(rf"{before}{name}(?!\w)", listing):
            found.append(f"{path}: nobody runs it; {test[1]}CMakeLists.txt has to name {name}")
    return found


def check_file(path, text):
    """What is wrong with one file, a sentence each."""
    found = []
    name = pathlib.PurePosixPath(path)
    lines = text.count("\n")
    if name.suffix in CODE and lines > MAX_LINES:
        found.append(f"{path}: {lines} lines, at most {MAX_LINES}; this is two ideas in one file")
    host = REGISTRY_HOST.search(text)
    if host:
        found.append(
            f"{path}: names {host[0]}; use the registry's client as the machine has it set up"
        )
    if name.suffix in (".h", ".cc"):
        for test in DISABLED.findall(text):
            if not DISABLED_WITH_ISSUE.search(test):
                found.append(
                    f"{path}: {test} is switched off without an issue's number at its end (_Issue123)"
                )
        if name.parts[0] in ("server", "admin", "client") and not path.startswith(LOCK_HOME):
            lock = STANDARD_LOCK.search(without_comments(text))
            if lock:
                found.append(
                    f"{path}: uses {lock[0]}; the compiler checks only the project's own (server/base/mutex.h)"
                )
    return found


def check(root):
    found = []
    sources = {}
    tests = {}
    for path in map(str, project_files(root)):
        try:
            text = (root / path).read_text()
        except UnicodeDecodeError:
            continue  # a model or a picture
        found += check_file(path, text)
        if room_of(path) and path.endswith((".h", ".cc")):
            sources[path] = text
        if path.startswith("tests/"):
            tests[path] = text
    return found + check_log_modules(sources) + check_tests_are_run(tests)


def main(arguments):
    found = check(pathlib.Path(arguments[0]) if arguments else ROOT)
    print("\n".join(found) if found else "every file is as the tree's rules say")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
