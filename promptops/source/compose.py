"""YAML text becomes PyYAML's nodes, or problems with places."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from promptops.model.finding import Problem
from promptops.patterns import lazy_pattern
from promptops.source.lines import Lines
from promptops.source.nodes import Node, scalar_nodes

MAX_DEPTH = 50

MISREAD = "\x85\u2028\u2029\ufeff"
"""Line breaks in YAML 1.1 and so in PyYAML, and a mark that libyaml skips at the beginning of
a line; plain characters for YAML 1.2."""

_DIRECTIVE = lazy_pattern(r"(?:[ ]*(?:#[^\n]*)?\n)*(%[^\n]*)")


class TooDeepError(Exception):
    """Lists and mappings are nested deeper than the limit."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class _PlainComposer:
    """The methods that PyYAML's composers call: no types, only a depth limit."""

    depth = 0

    def resolve(self, _kind: Any, _value: Any, implicit: Any) -> str:
        """ "plain" for unquoted scalars, lists and mappings."""
        return "plain" if implicit is True or (implicit and implicit[0]) else "quoted"

    def descend_resolver(self, parent: Node | None, _index: Any) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH + 1:
            raise TooDeepError(parent.start_mark.index if parent is not None else 0)

    def ascend_resolver(self) -> None:
        self.depth -= 1


@lru_cache(maxsize=1)
def loader() -> Any:
    """The composer: libyaml if PyYAML was built with it, else the one in Python."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return python_loader()
    parser: Any = CParser
    return type("CLoader", (_PlainComposer, parser), {"__init__": parser.__init__})


@lru_cache(maxsize=1)
def python_loader() -> Any:
    """The composer without libyaml: same nodes, fifteen times slower."""
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class PythonLoader(_PlainComposer, Reader, Scanner, Parser, Composer):
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)

    return PythonLoader


def compose(lines: Lines, load: Any = None) -> Node | Problem:
    """The root node of a text without forbidden characters, or its syntax error."""
    directive = _DIRECTIVE.match(lines.text)
    if directive:
        at = lines.place(directive.start(1), directive.end(1))
        return Problem("a YAML directive", at=at, hint="remove the line", code="SCH001")
    load = load or loader()
    text, restore = without_surprises(lines.text, load)
    root = _nodes(text, load, lines)
    if root is None:
        from promptops.source.yaml_errors import problem_at

        return problem_at(lines, 0, "the file is empty")
    if restore and not isinstance(root, Problem):
        _restore(root, restore)
    return root


def _nodes(text: str, load: Any, lines: Lines) -> Node | Problem | None:
    from yaml.error import YAMLError

    try:
        root = load(text).get_single_node()
    except (TooDeepError, YAMLError, ValueError, OverflowError) as error:
        return _unread(error, lines)
    half = _half_pair(root) if root and load is python_loader() and "\\" in text else None
    return root if half is None else _no_character(lines, half.start_mark.index)


def _unread(error: Exception, lines: Lines) -> Problem:
    from yaml.error import MarkedYAMLError, YAMLError

    from promptops.source.yaml_errors import problem_at, syntax_problem

    if isinstance(error, TooDeepError):
        return problem_at(lines, error.offset, f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(error, MarkedYAMLError):
        return syntax_problem(error, lines)
    if isinstance(error, YAMLError):
        offset = getattr(error, "position", 0)
        return problem_at(lines, offset, str(getattr(error, "reason", error)))
    return _no_character(lines, 0)  # from the Python scanner, for an escape beyond Unicode


def _no_character(lines: Lines, offset: int) -> Problem:
    from promptops.source.yaml_errors import NO_CHARACTER, problem_at

    return problem_at(lines, offset, NO_CHARACTER)


def without_surprises(text: str, load: Any) -> tuple[str, dict[int, str]]:
    """The text with unused characters in place of those that PyYAML treats specially."""
    found = [] if text.isascii() else [char for char in MISREAD if char in text]
    question = "?" in text and load is python_loader()
    if not found and not question:
        return text, {}
    unused = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in text)
    spare = dict(zip([*found, "?"], unused, strict=False))
    if question:  # in brackets, the scanner in Python ends a text at any `?`; libyaml doesn't
        text = re.sub(r"(?<=[^\s,\[{])\?", spare["?"], text)
    for char in found:
        text = text.replace(char, spare[char])
    return text, {ord(stand_in): char for char, stand_in in spare.items()}


def _half_pair(root: Node) -> Node | None:
    """A scalar with an escape that is half a surrogate pair; libyaml refuses it itself."""
    return next(
        (node for node in scalar_nodes(root) if any("\ud800" <= c <= "\udfff" for c in node.value)),
        None,
    )


def _restore(root: Node, restore: dict[int, str]) -> None:
    for node in scalar_nodes(root):
        node.value = node.value.translate(restore)
