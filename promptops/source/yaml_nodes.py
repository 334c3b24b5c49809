"""YAML text as PyYAML's nodes, found by JSON pointer, with the place of each character."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from promptops.json_pointer import escaped, tokens
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.source.lines import Lines, starts_of

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
        for node in scalar_nodes(root):
            node.value = node.value.translate(restore)
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


# Walks PyYAML's nodes by JSON pointer, and computes their spans.

Node = Any
"""A yaml.Node: `id` is "scalar", "sequence" or "mapping"; marks hold offsets in characters."""

_TAGS_AND_ANCHORS = lazy_pattern(r"(?:[&!][^\s,\[\]{}]*[ \t]*)+")


@record(frozen=True, slots=True)
class FoundNode:
    """The node at a JSON pointer.

    Attributes:
        key: The node of its key; None for an item of a list and for the root.
        exact: False if there is no node at the pointer, and this is the nearest ancestor.
    """

    node: Node
    key: Node | None
    exact: bool


def find(root: Node, pointer: str) -> FoundNode:
    """The node at a JSON pointer, or its nearest ancestor."""
    node, key = root, None
    for token in tokens(pointer):
        step = _child(node, token)
        if step is None:
            return FoundNode(node, key, False)
        key, node = step
    return FoundNode(node, key, True)


def walk(node: Node, pointer: str = "") -> Iterator[tuple[str, Node | None, Node]]:
    """Each node below with its pointer and the node of its key, in the order of the file."""
    if node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar":  # a pointer can't name another kind of key
                below = f"{pointer}/{escaped(key.value)}"
                yield below, key, value
                yield from walk(value, below)
    elif node.id == "sequence":
        for index, item in enumerate(node.value):
            below = f"{pointer}/{index}"
            yield below, None, item
            yield from walk(item, below)


def scalar_nodes(root: Node) -> Iterator[Node]:
    """Each scalar, keys included, in the order of the file."""
    if root.id == "scalar":
        yield root
    elif root.id == "mapping":
        for key, value in root.value:
            yield from scalar_nodes(key)
            yield from scalar_nodes(value)
    else:
        for item in root.value:
            yield from scalar_nodes(item)


def span(found: FoundNode, lines: Lines, *, key: bool = False) -> Place:
    """A scalar as written, or a list or mapping up to the end of its first line."""
    node = found.key if key and found.key is not None and found.exact else found.node
    start, end = bounds(node, lines)
    if start == end and found.key is not None:  # an empty value: its key has a place
        start, end = bounds(found.key, lines)
    return lines.place(start, end)


def bounds(node: Node, lines: Lines) -> tuple[int, int]:
    """Offsets of a node without its tag and anchor and without trailing white space."""
    start, end = node.start_mark.index, node.end_mark.index
    properties = _TAGS_AND_ANCHORS.match(lines.text, start, end)
    if properties:
        start = properties.end()
    if node.id != "scalar":
        end = min(end, lines.line_end(start))
    return start, start + len(lines.text[start:end].rstrip())


def end_of(node: Node, text: str) -> int:
    """The offset after the last character of a node, of whatever kind."""
    if node.id == "scalar" or node.flow_style or not node.value:
        start, end = int(node.start_mark.index), int(node.end_mark.index)
        return start + len(text[start:end].rstrip())
    children = node.value[-1] if node.id == "mapping" else (node.value[-1],)
    return max(end_of(child, text) for child in children)


_INDEXED = 32
"""A mapping with more keys gets an index: the places of all keys take one pass."""


def _index(node: Node) -> dict[str, tuple[Node, Node]]:
    """The key and value of each scalar key, the first of equal ones; kept at the node."""
    found: dict[str, tuple[Node, Node]] | None = getattr(node, "index", None)
    if found is None:
        found = {
            key.value: (key, value) for key, value in reversed(node.value) if key.id == "scalar"
        }
        node.index = found
    return found


def _child(node: Node, token: str) -> tuple[Node | None, Node] | None:
    if node.id == "mapping" and len(node.value) > _INDEXED:
        return _index(node).get(token)
    if node.id == "mapping":
        for key, value in node.value:
            if key.id == "scalar" and key.value == token:
                return key, value
    elif node.id == "sequence" and token.isdecimal() and int(token) < len(node.value):
        return None, node.value[int(token)]
    return None


# The place of each character of a scalar in its file.

Locate = Callable[[int], tuple[int, int]]
Unit = tuple[str, int]
"""A character of the value, and its offset in the file."""

STYLES = {"|": "literal", ">": "folded", "'": "single", '"': "double"}

_BY_LETTER = dict(
    zip("0abtnvfre N_LP\t", "\0\a\b\t\n\v\f\r\x1b \x85\xa0\u2028\u2029\t", strict=True)
)
_ESCAPE = lazy_pattern(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\n[ \t]*)|(.))",
    re.DOTALL,
)


def unescaped(raw: str, style: str) -> str:
    """What the text between single or double quotes means; of other styles, the text itself.

    Line breaks stay, without the blanks around them.
    """
    if style == "single" and ("'" in raw or "\n" in raw):
        return "".join(char for char, _ in _joined(_single, raw, (0, len(raw)), "'"))
    if style == "double" and ("\\" in raw or "\n" in raw):
        return "".join(char for char, _ in _joined(_double, raw, (0, len(raw)), '"'))
    return raw


def locator(node: Node, lines: Lines) -> Locate:
    """From an offset in a scalar's value to its line and column; computed on first use.

    Exact for plain, quoted and `|` scalars; for `>` scalars except for spaces removed by folding.
    """
    if node.style == "|":
        return _literal(node, lines)
    offsets: list[int] = []

    def locate(offset: int) -> tuple[int, int]:
        if not offsets:
            offsets.extend(_offsets(node, lines))
        return lines.position(offsets[min(offset, len(offsets) - 1)])

    return locate


def _literal(node: Node, lines: Lines) -> Locate:
    """Each line of the value is the end of a line of the file, after the indentation."""
    rows = node.value.split("\n")
    if len(rows) > 1 and not rows[-1]:
        rows.pop()
    lengths = list(map(len, rows))
    starts = starts_of(rows)
    first = lines.position(node.start_mark.index)[0] + 1
    columns: list[int] = []

    def locate(offset: int) -> tuple[int, int]:
        if not columns:
            columns.extend(_first_columns(lengths, lines, first))
        index = bisect_right(starts, offset) - 1
        column = columns[index] + min(offset - starts[index], lengths[index])
        return first + index, max(column, 0) + 1

    return locate


def _first_columns(lengths: list[int], lines: Lines, first: int) -> Iterator[int]:
    """The 0-based columns where rows of these lengths begin, which are lines from `first` on."""
    for line, length in enumerate(lengths, first):
        start, end = lines.row(line)
        yield end - start - length


def _offsets(node: Node, lines: Lines) -> list[int]:
    start, end = bounds(node, lines)
    if node.style == ">":
        return [*_aligned(node.value, list(_folded(node, lines, end))), end]
    quoted = node.style in ("'", '"') or (node.style == "csv" and lines.text[start:end][:1] == '"')
    inside = (start + 1, end - 1) if quoted else (start, end)
    if not quoted and "\n" not in lines.text[start:end]:
        return list(range(start, end + 1))
    if node.style == "csv":
        return [*_table_field(lines.text, *inside), inside[1]]
    units = _joined(_double if node.style == '"' else _single, lines.text, inside, node.style)
    return [*_aligned(node.value, units), inside[1]]


def _joined(
    read: Callable[[str, int, str], tuple[str, int]], text: str, inside: tuple[int, int], style: str
) -> list[Unit]:
    """The units of a flow scalar: blanks around its newlines are dropped."""
    units: list[Unit] = []
    offset, end = inside
    protected = 0  # escaped units, which a line break must not remove
    while offset < end:
        if text[offset] == "\n":
            while len(units) > protected and units[-1][0] in " \t":
                units.pop()
            units.append(("\n", offset))
            offset = _after_blanks(text, offset + 1, end)
            continue
        char, after = read(text, offset, style)
        if char:
            units.append((char, offset))
        if text[offset] == "\\":
            protected = len(units)
        offset = after
    return units


def _after_blanks(text: str, offset: int, end: int) -> int:
    while offset < end and text[offset] in " \t":
        offset += 1
    return offset


def _single(text: str, offset: int, style: str) -> tuple[str, int]:
    char = text[offset]
    return char, offset + (2 if style == "'" and char == "'" else 1)


def _double(text: str, offset: int, _style: str) -> tuple[str, int]:
    match = _ESCAPE.match(text, offset) if text[offset] == "\\" else None
    if match is None:
        return text[offset], offset + 1
    pair, byte, short, long, newline, named = match.groups()
    if newline:
        return "", match.end()
    if named:
        return _BY_LETTER.get(named, named), match.end()
    if pair:
        high, low = int(pair[:4], 16), int(pair[6:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)), match.end()
    return chr(min(int(byte or short or long, 16), 0x10FFFF)), match.end()


def _table_field(text: str, offset: int, end: int) -> Iterator[int]:
    while offset < end:
        yield offset
        offset += 2 if text.startswith('""', offset) else 1


def _folded(node: Node, lines: Lines, end: int) -> Iterator[Unit]:
    offset = lines.line_end(node.start_mark.index) + 1
    indent = _indentation(node.value, lines.text[offset:end])
    while offset < end:
        line_end = lines.line_end(offset)
        first = min(offset + indent, line_end)
        yield from ((lines.text[at], at) for at in range(first, line_end))
        yield "\n", line_end
        offset = line_end + 1


def _indentation(value: str, raw: str) -> int:
    def blanks(text: str) -> int:
        first = next((line for line in text.split("\n") if line.strip()), "")
        return len(first) - len(first.lstrip(" "))

    return max(blanks(raw) - blanks(value), 0)


def _aligned(value: str, units: list[Unit]) -> Iterator[int]:
    """Offsets of a folded value's characters: newlines may have become a blank, or nothing."""
    index, last = 0, len(units) - 1
    for char in value:
        while index < last and units[index][0] == "\n" and char not in " \n":
            index += 1
        yield units[min(index, last)][1] if units else 0
        index += 1
