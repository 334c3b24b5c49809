"""What a page of the documentation asks its reader to do, in the order it asks.

    ```yaml title="prompts/ask.prompt.yaml"    the reader saves this
    ```console                                 types what stands behind `$ `, and sees the rest
    ```sh                                      types each line, and sees no error
    ```toml, yaml, json, jinja, text, …        only looks at it

Above a block may stand why it can't be followed, or what is typed instead:

    <!-- not followed: it needs a key -->
    <!-- followed as: export PYTHONPATH=$PWD -->

"the repository of [start.md](start.md)" says that the reader has been through that page before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TYPED = ("console", "sh")
SHOWN = ("csv", "jinja", "json", "lisp", "lua", "python", "text", "toml", "ts", "yaml")

_BLOCK = re.compile(
    r"(?ms)^(?:<!-- (?P<note>[^\n]*) -->\n)?^```(?P<language>[\w-]*)(?P<options>[^\n`]*)\n"
    r"(?P<body>.*?)^```$"
)
_TITLE = re.compile(r'title="([^"]+)"')
_BEFORE = re.compile(r"\bthe\s+repository\s+of\s+\[[^\]]*\]\(([^)\s]+\.md)\)", re.IGNORECASE)
_LEFT_OUT, _INSTEAD = "not followed: ", "followed as: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a page.

    Attributes:
        line: Of its first line within the fence, 1-based.
        start: Where its body begins in the text of the page, in characters.
        title: The path of the file that it is, or "".
        note: What the comment above it says, or "".
    """

    language: str
    body: str
    line: int
    start: int
    title: str
    note: str

    @property
    def left_out(self) -> str:
        """Why it can't be followed, or ""."""
        return self.note.removeprefix(_LEFT_OUT) if self.note.startswith(_LEFT_OUT) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a reader types.

    Attributes:
        shown: What the page says is printed, or None where it does not say.
        line: Where the page has it, 1-based.
        start: Where what is shown begins in the text of the page; it ends `shown` later.
    """

    text: str
    shown: str | None
    line: int
    start: int


def blocks(page: Path) -> Iterator[Block]:
    """All blocks of a page, in order."""
    text = page.read_text("utf-8")
    for found in _BLOCK.finditer(text):
        title = _TITLE.search(found["options"])
        yield Block(
            language=found["language"],
            body=found["body"],
            line=text.count("\n", 0, found.start("body")) + 1,
            start=found.start("body"),
            title=title[1] if title else "",
            note=found["note"] or "",
        )


def page_before(page: Path) -> Path | None:
    """The page whose repository this one goes on in."""
    found = _BEFORE.search(page.read_text("utf-8"))
    return page.parent / found[1] if found else None


def commands(block: Block) -> list[Command]:
    """What is typed for a block, a command that goes on after a backslash as one."""
    if block.note.startswith(_INSTEAD):
        text = block.note.removeprefix(_INSTEAD)
        return [Command(text=text, shown=None, line=block.line, start=block.start)]
    return list(_console(block) if block.language == "console" else _lines(block))


_COMMAND = re.compile(r"(?m)^\$ (?P<text>(?:.*\\\n)*.*)\n(?P<shown>(?:(?!\$ ).*\n)*)")
_HERE = r".*<<'?(?P<end>\w+)'?\n(?:.*\n)*?(?P=end)"
_LINE = re.compile(rf"(?m)^(?P<text>{_HERE}|(?:.*\\\n)*.+)$")


def _console(block: Block) -> Iterator[Command]:
    for found in _COMMAND.finditer(block.body):
        yield Command(
            text=found["text"],
            shown=found["shown"],
            line=block.line + block.body.count("\n", 0, found.start()),
            start=block.start + found.start("shown"),
        )


def _lines(block: Block) -> Iterator[Command]:
    for found in _LINE.finditer(block.body):
        line = block.line + block.body.count("\n", 0, found.start())
        yield Command(text=found["text"], shown=None, line=line, start=block.start)
