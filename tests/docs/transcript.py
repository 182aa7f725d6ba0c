"""Reads console transcripts and compares what they show with what a command printed."""

import dataclasses
import re

ELISION = "..."


@dataclasses.dataclass
class Step:
    """A command and what the document shows of its output."""

    command: str
    expected: list


def steps(lines):
    """The commands of a console block; one goes on in the next line behind a backslash."""
    found = []
    is_open = False  # the command goes on
    for line in lines:
        if is_open:
            found[-1].command += "\n" + line
        elif line.startswith("$ "):
            found.append(Step(line[2:], []))
        elif found:
            found[-1].expected.append(line)
            continue
        else:
            raise ValueError(f"a transcript begins with '$ ', got: {line}")
        is_open = found[-1].command.endswith("\\")
    return found


def line_matches(expected, actual):
    pattern = ".*".join(re.escape(piece) for piece in expected.rstrip().split(ELISION))
    return re.fullmatch(pattern, actual.rstrip()) is not None


def matches(expected, actual):
    """Whether the lines `actual` are what `expected` shows; there `...` stands for any text, and alone on a line
    for any lines, or none. Empty lines at the end do not count."""
    while actual and not actual[-1].strip():
        actual = actual[:-1]
    while expected and not expected[-1].strip():
        expected = expected[:-1]
    # reachable[i]: the expected lines so far can end just before actual[i].
    reachable = [True] + [False] * len(actual)
    for line in expected:
        if line.strip() == ELISION:
            first = reachable.index(True) if True in reachable else len(reachable)
            reachable = [index >= first for index in range(len(reachable))]
        else:
            reachable = [False] + [
                was and line_matches(line, here) for was, here in zip(reachable, actual)
            ]
    return reachable[len(actual)]
