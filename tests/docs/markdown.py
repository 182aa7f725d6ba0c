"""Reads what the checks need of a Markdown document: fenced blocks with the comments that mark them, tables,
headings and links."""

import dataclasses
import re

FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)\s*$")
COMMENT = re.compile(r"^<!--\s*(.*?)\s*-->$")
HEADING = re.compile(r"^(#+)\s+(.*)$")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


@dataclasses.dataclass
class Block:
    """A fenced block. `mark`: the comment in the line before it, if there is one."""

    language: str
    mark: str
    lines: list
    line: int  # where its fence opens, from 1


@dataclasses.dataclass
class Comment:
    """A comment on a line of its own that marks no block."""

    text: str
    line: int


def parts(text):
    """Blocks and comments, in the order of the document. Raises ValueError for a fence that stays open."""
    found, mark, block = [], None, None
    for number, line in enumerate(text.splitlines(), 1):
        fence = FENCE.match(line)
        if block is not None:
            if fence and not fence["language"]:
                found.append(block)
                block = None
            else:
                block.lines.append(line)
        elif fence:
            block = Block(fence["language"], mark.text if mark else "", [], number)
            mark = None
        else:
            if mark:
                found.append(mark)
            comment = COMMENT.match(line)
            mark = Comment(comment[1], number) if comment else None
    if block is not None:
        raise ValueError(f"line {block.line}: the fence is not closed")
    return found + ([mark] if mark else [])


def without_blocks(text):
    """The text with the insides of fenced blocks emptied; line numbers stay."""
    lines, inside = [], False
    for line in text.splitlines():
        is_fence = FENCE.match(line) is not None
        lines.append("" if inside or is_fence else line)
        inside ^= is_fence
    return "\n".join(lines)


def sections(text):
    """(heading, the lines up to the next heading) for every heading; inside fences there is none."""
    found = [("", [])]
    for line in without_blocks(text).splitlines():
        heading = HEADING.match(line)
        if heading:
            found.append((heading[2], []))
        else:
            found[-1][1].append(line)
    return found


def table_rows(lines):
    """The cells of every row below a table's `|---|` line."""
    rows, inside = [], False
    for line in lines:
        if not line.startswith("|"):
            inside = False
        elif re.match(r"^\|[-| :]+\|$", line):
            inside = True
        elif inside:
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return rows


def slug(heading):
    """The anchor that a heading gets."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


def anchors(text):
    return {slug(heading) for heading, _ in sections(text) if heading}


def links(text):
    """(line, target) of every link outside fenced blocks and inline code."""
    found = []
    for number, line in enumerate(without_blocks(text).splitlines(), 1):
        found += [(number, target) for target in LINK.findall(line)]
    return found
