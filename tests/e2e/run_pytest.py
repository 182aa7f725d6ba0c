#!/usr/bin/env python3
"""Runs one test file with the tests' own Python environment; says so when that is not there.

Usage: run_pytest.py ENVIRONMENT FILE [PYTEST OPTION...]
"""

import os
import pathlib
import sys


# Of one test: before the file is ended without a word. All of them have two minutes at least.
SAYS_WHERE_AFTER_S = 100


def main():
    environment, file, options = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    python = environment / "bin" / "python"
    if not python.exists():
        print(f"{python} is missing; install what the tests need: scripts/install-dependencies test")
        return 1
    command = [str(python), "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rs", "--tb=short",
               "-o", f"faulthandler_timeout={SAYS_WHERE_AFTER_S}", file, *options]
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main())
