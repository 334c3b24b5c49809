"""The tags of Handlebars and Mustache, and the text between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.patterns import lazy_pattern
from promptops.records import record

_OPENING = lazy_pattern(r"\\*\{\{")
_STOP = lazy_pattern(r"[\"'}]")
_WORD = lazy_pattern(
    r"""\s*(?:(?P<string>"[^"]*"|'[^']*')|(?P<number>-?\d+(?:\.\d+)?)(?![\w.])|(?P<open>\()
    |(?P<close>\))|(?P<key>[A-Za-z_]\w*)=|(?P<params>\|[^|]*\|)|(?P<path>(?:\[[^\]]*\]|[^\s()=|])+))""",
    64,  # re.VERBOSE
)
_SIGILS = "#^/>!&="
_STANDALONE = frozenset("#/^>!=")
_BLANK = " \t"

Word = tuple[str, str]
"""Kind and text: string, number, open, close, key, params, path."""


@record(frozen=True, slots=True)
class Token:
    """A tag or a text.

    Attributes:
        sigil: "text" for a text, "" for an expression.
        start: Its offset in the template.
        alone: It had a line of its own, which is in no text.
        indent: The blanks before a tag that is alone.
    """

    sigil: str
    inner: str
    start: int
    end: int
    left: bool = False
    right: bool = False
    alone: bool = False
    indent: str = ""


def tokens(source: str, escapes: str) -> Iterator[Token]:
    """Texts and tags, after the white space rules of tags alone on a line, and of `~`.

    `escapes` is the character before `{{` that makes it text, or "". From a tag that is not closed
    on, everything is text.
    """
    yield from _without_lines(list(_raw(source, escapes)), source)


def words(inner: str) -> list[Word]:
    """The words of a tag."""
    found, position = [], 0
    while position < len(inner):
        match = _WORD.match(inner, position)
        if match is None:
            break
        kind = match.lastgroup or "path"
        found.append((kind, match[kind]))
        position = match.end()
    return found


def closing(found: Sequence[Word], opening: int) -> int:
    """The index of the bracket that closes another one."""
    depth = 0
    for index in range(opening, len(found)):
        depth += (found[index][0] == "open") - (found[index][0] == "close")
        if depth == 0:
            return index
    return len(found)


def depth_of(found: Sequence[Word]) -> int:
    """How deep the brackets are nested."""
    depth = deepest = 0
    for kind, _ in found:
        depth += (kind == "open") - (kind == "close")
        deepest = max(deepest, depth)
    return deepest


def _raw(source: str, escapes: str) -> Iterator[Token]:
    """Tags, and before, between and after them texts, which may be empty."""
    position, started, text = 0, 0, ""
    while (match := _OPENING.search(source, position)) is not None:
        slashes = len(match[0]) - 2
        start = match.end() - 2
        if escapes and slashes % 2 == 1:
            text += source[position : start - 1] + "{{"
            position = match.end()
            continue
        tag = _tag(source, start)
        if tag is None:
            break
        kept = slashes - (slashes // 2 if escapes else 0)
        text += source[position : match.start()] + "\\" * kept
        yield Token("text", text, started, start)
        yield tag
        position = started = tag.end
        text = ""
    yield Token("text", text + source[position:], started, len(source))


def _tag(source: str, start: int) -> Token | None:
    """The tag whose braces begin at `start`; None if nothing closes it."""
    at = start + 2
    if source.startswith(("!--", "~!--"), at):
        return _long_comment(source, start)
    left = source.startswith("~", at)
    at += left
    triple = source.startswith("{", at)
    at += triple
    end = _end(source, at)
    if end < 0:
        return None
    inner = source[at:end].strip()
    end += 2
    if triple and source.startswith("}", end):
        end += 1
    right = inner.endswith("~")
    inner = inner.removesuffix("~").rstrip()
    sigil = inner[:1] if inner[:1] and inner[0] in _SIGILS else ""
    inner = inner[len(sigil) :].strip()
    return Token("" if sigil == "&" else sigil, inner, start, end, left, right)


def _long_comment(source: str, start: int) -> Token | None:
    end = source.find("--", start + 5)
    while end >= 0 and not source.startswith(("}}", "~}}"), end + 2):
        end = source.find("--", end + 1)
    if end < 0:
        return None
    right = source.startswith("~", end + 2)
    inner = source[source.index("--", start) + 2 : end].strip()
    return Token("!", inner, start, end + 4 + right, source[start + 2] == "~", right)


def _end(source: str, at: int) -> int:
    """The offset of `}}` outside of quotes; -1 without it."""
    if source.startswith("!", at):
        return source.find("}}", at)
    while (match := _STOP.search(source, at)) is not None:
        if match[0] == "}":
            if source.startswith("}}", match.start()):
                return match.start()
            at = match.end()
            continue
        close = source.find(match[0], match.end())
        at = match.end() if close < 0 else close + 1
    return -1


def _without_lines(raw: Sequence[Token], source: str) -> Iterator[Token]:
    texts = [token.inner for token in raw]
    alone = [_is_alone(token, source) for token in raw]
    chained = frozenset(_ends_of_chains(raw))
    indents = [""] * len(raw)
    for index, token in enumerate(raw):
        if token.sigil == "text":
            continue
        before, after = index - 1, index + 1
        if alone[index]:
            kept = texts[before] if index in chained else texts[before].rstrip(_BLANK)
            indents[index] = texts[before][len(kept) :]
            texts[before] = kept
            texts[after] = texts[after].lstrip(_BLANK).removeprefix("\n")
        if token.left:
            texts[before] = texts[before].rstrip()
        if token.right:
            texts[after] = texts[after].lstrip()
    for index, token in enumerate(raw):
        if token.sigil != "text":
            yield Token(
                token.sigil, token.inner, token.start, token.end, False, False, alone[index],
                indents[index],
            )  # fmt: skip
        elif texts[index]:
            yield Token("text", texts[index], token.start, token.end)


def _ends_of_chains(raw: Sequence[Token]) -> Iterator[int]:
    """The indexes of tags that close an `else if`: the blanks before them stay in the text."""
    chained: list[bool] = []
    for index, token in enumerate(raw):
        if token.sigil in ("#", "^") and token.inner:
            chained.append(False)
        elif token.sigil == "" and token.inner.startswith("else ") and chained:
            chained[-1] = True
        elif token.sigil == "/" and chained and chained.pop():
            yield index


def _is_alone(token: Token, source: str) -> bool:
    """Whether a block tag, a comment or a partial has a line of its own."""
    is_else = token.inner == "else" or token.inner.startswith("else ")
    if token.sigil not in _STANDALONE and not (token.sigil == "" and is_else):
        return False
    before, after = token.start - 1, token.end
    while before >= 0 and source[before] in _BLANK:
        before -= 1
    while after < len(source) and source[after] in _BLANK:
        after += 1
    starts = before < 0 or source[before] == "\n"
    return starts and (after == len(source) or source[after] == "\n")
