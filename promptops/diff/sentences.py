"""Splits a prompt's text into sentences, and detects those that oblige or forbid.

List items are joined with the list's introduction.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path

from promptops.patterns import lazy_pattern
from promptops.records import record

LONG_LINE = 50
"""In characters: a line this long may be wrapped; a shorter line ends its sentence."""
LONG_INTRO = 200
"""In characters: a longer text is not the introduction of a list."""


@record(frozen=True, slots=True)
class Sentence:
    """A sentence.

    Attributes:
        words: Normalised for the comparison.
        lines: The words by line, if the lines may be sentences without full stops.
        intro: For a list item, the phrases that introduce its list (`Never:`), if they oblige; then
            the first of `words` shows whether they forbid.
    """

    text: str
    words: Words
    lines: tuple[Words, ...]
    intro: Marks = ()

    @property
    def force(self) -> Force:
        """How strongly it obliges or forbids."""
        return force_of(self.words[1:] if self.intro else self.words, self.intro)


ITEM = lazy_pattern(
    r"(?:[*_]{0,3}(?:[-*+•‣◦▪●–—·>|]+\s+|\[[ xX]\]\s*|[✓✔✅☑]\s*"
    r"|\(?(?:\d{1,3}(?:\.\d{1,3}){0,3}|[a-zA-Z]|[ivxIVX]{2,4})[.)]\s+"
    r"|(?i:rule|step|regel|schritt|règle|étape|regla|paso|regola|passo|regra)"
    r"\s+\d{1,3}\s*[:.)-]\s*))+"
)
HEADING = lazy_pattern(r"#+\s+")
_TAGS = lazy_pattern(
    r"<([A-Za-z][\w.-]{0,60})(?:\s[^<>]{0,200})?>(?:(.*)</\1>)?|</[A-Za-z][\w.-]{0,60}>"
)
_NAMED = lazy_pattern(r"(?:system|user|assistant)\s*:|[*_]{0,2}[^\W\d_a-z][\w /-]{0,30}[*_]{0,2}:")
_END = lazy_pattern(r"[.!?;…][.!?;…\"'”’»)\]*_`]{0,6}(?:\s[.!?;…]{1,6}){0,6}(?=\s)|[。！？；]")


@lru_cache(maxsize=16)
def sentences(text: str) -> tuple[Sentence, ...]:
    """The sentences of a text, in order. Cached: the cases of a prompt share most texts."""
    found: list[Sentence] = []
    above: list[tuple[int, Sentence, Marks]] = []
    for block, depth in _blocks(text):
        while above and depth <= above[-1][0]:
            above.pop()
        block_sentences = [_sentence(part) for part in sentence_parts(block)]
        block_sentences = [sentence for sentence in block_sentences if sentence.words]
        found += (
            [_item(sentence, *above[-1][1:]) for sentence in block_sentences]
            if above
            else block_sentences
        )
        if block_sentences and _introduces(block, block_sentences[-1]):
            above.append((depth, block_sentences[-1], phrases_in(block_sentences[-1].words)[0]))
    return tuple(found)


def _introduces(block: str, last: Sentence) -> bool:
    """`Never:` and `You must:` oblige each item below; headings only if they forbid."""
    if len(block) > LONG_INTRO:
        return False
    if block.rstrip("*_ ").endswith(":"):
        return last.force.strength > 0
    return bool(HEADING.match(block)) and forbids(last.force.kinds)


def _item(sentence: Sentence, intro: Sentence, marks: Marks) -> Sentence:
    """A list item as a sentence; below `Never:` it differs from one below `Always:`."""
    first = "never:" if forbids(frozenset(kind for _, kind in marks)) else "must:"
    return Sentence(
        f"{intro.text} {sentence.text}",
        (first, *sentence.words),
        tuple((first, *words) for words in sentence.lines),
        marks,
    )


def _blocks(text: str) -> Iterator[tuple[str, int]]:
    """Paragraphs, headings and list items without bullets, each with its depth: 0 for non-items.

    A newline remains in a block where a line's end may be the end of a sentence.
    """
    parts: list[str] = []
    depth = length = 0
    for raw in text.splitlines():
        line, item, begins = bare_line(raw)
        joint = "" if begins else line_joint(line, length)
        if parts and not joint:
            yield "".join(parts), depth
            parts = []
        if not joint:
            depth = 1 + len(raw) - len(raw.lstrip()) if item else 0
        parts += (joint, line) if line else ()
        length = 0 if HEADING.match(line) or line.endswith(":") else len(line)
    if parts:
        yield "".join(parts), depth


def bare_line(raw: str) -> tuple[str, bool, bool]:
    """A line without bullet, number and tags; whether it is an item; whether a block begins."""
    line = " ".join(raw.split())
    tags = _TAGS.fullmatch(line) if line.startswith("<") else None
    line = (tags[2] or "") if tags else line
    item = ITEM.match(line)
    begins = item or tags or not line or HEADING.match(line) or _NAMED.match(line)
    return line[item.end() :] if item else line, bool(item), bool(begins)


def line_joint(line: str, length: int) -> str:
    """The separator that joins a line to the previous one; "" if a new block begins."""
    if length and (line[0].islower() or line[0] in "(,&"):
        return " "
    return "\n" if length >= LONG_LINE else ""


def sentence_parts(block: str) -> Iterator[str]:
    """The sentences of a block of text, in order; an abbreviation does not end one."""
    start = 0
    for end in _END.finditer(block):
        if end[0][0] != "." or not _is_abbreviated(block, start, end):
            yield block[start : end.end()]
            start = end.end()
    yield block[start:]


def _is_abbreviated(block: str, start: int, end: re.Match[str]) -> bool:
    """Whether the text ends with `e.g.`, `Dr.`, or a short word before a lower-case one."""
    word = block[max(start, end.start() - 12) : end.start()].split()[-1:]
    last = "".join(word).lstrip("(").lower()
    follows = block[end.end() + 1 : end.end() + 2]
    return last in _words("abbreviations") or "." in last or (len(last) <= 3 and follows.islower())


def _sentence(text: str) -> Sentence:
    lines = tuple(words for line in text.split("\n") if (words := plain_words(line)))
    return Sentence(" ".join(text.split()), tuple(chain(*lines)), lines)


# Detects words that oblige or forbid, in six languages.

Words = tuple[str, ...]
Marks = tuple[tuple[Words, str], ...]
"""Phrases, each with its kind: the tables of obligation_words.toml."""


@record(frozen=True, slots=True)
class Force:
    """How strongly a sentence obliges or forbids.

    Attributes:
        strength: 3 for must and never, 2 for should not and avoid, 0 without a demand.
        kinds: The kinds of its phrases, as named in obligation_words.toml.
        softeners: The phrases that allow exceptions.
        content: The first letters of its other words.
    """

    strength: int
    kinds: frozenset[str]
    softeners: frozenset[Words]
    content: Words


_STRENGTH = {"demand": 3, "ban": 3, "deny": 3, "most": 3, "least": 3, "mild": 2, "shun": 2}
_TURNS = frozenset(("ban", "mild", "not", "no")), frozenset(("deny", "shun")), frozenset(("lack",))


@cache
def _data() -> dict[str, dict[str, str]]:
    return tomllib.loads(Path(__file__).with_name("obligation_words.toml").read_text("utf-8"))


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(_data()["words"][name].split())


@cache
def _table() -> dict[str, list[tuple[Words, str]]]:
    """The phrases by their first word, longest first."""
    table: dict[str, list[tuple[Words, str]]] = defaultdict(list)
    for kind, phrases in _data()["phrases"].items():
        for phrase in phrases.split(","):
            words = plain_words(" ".join(phrase.split()))
            table[words[0]].append((words, kind))
    return {first: sorted(found, key=lambda f: -len(f[0])) for first, found in table.items()}


def force_of(words: Words, intro: Marks = ()) -> Force:
    """How strongly a sentence obliges; `intro` are the phrases that introduce its list."""
    found, content = phrases_in(words)
    kinds = frozenset(kind for _, kind in found + intro)
    strength = max((_STRENGTH.get(kind, 0) for kind in kinds), default=0)
    if "no" in kinds and (
        words[:1] in (("no",), ("non",)) or not _words("romance").isdisjoint(words)
    ):
        strength = 3
    # `may not`, `darfst das nicht` and `no puedes` forbid: there, `may` is not an exception.
    soft = ("soft",) if kinds & _TURNS[0] else ("soft", "permit")
    softeners = frozenset(words for words, kind in found if kind in soft)
    return Force(strength, kinds, softeners, content)


def phrases_in(words: Words) -> tuple[Marks, Words]:
    """The phrases of the table, and the first letters of the other words, without fillers."""
    found: list[tuple[Words, str]] = []
    content: list[str] = []
    fillers = _words("fillers")
    at = 0
    while at < len(words):
        choices = _table().get(words[at], ())
        phrase = next(
            (option for option in choices if words[at : at + len(option[0])] == option[0]), None
        )
        if phrase is not None:
            found.append(phrase)
        elif words[at] not in fillers:
            content.append(words[at][:4])
        at += len(phrase[0]) if phrase is not None else 1
    return tuple(found), tuple(content)


def forbids(kinds: frozenset[str]) -> bool:
    """Whether phrases of these kinds forbid rather than demand; a double negation demands."""
    return sum(bool(kinds & turning) for turning in _TURNS) % 2 == 1


_LABEL = lazy_pattern(
    r"\A[\W_]*(?:important|note|remember|reminder|warning|caution|critical|wichtig|achtung|attention"
    r"|importante?|atenci[óo]n|attenzione|atenção)[*_]*[:!–—][\W_]*(?=\w)",
    re.IGNORECASE,
)
_WORD = lazy_pattern(r"(?<!\w)-?\d+(?:[.,]\d+)*|[^\W_]+|[<>=≤≥≠%$€£+❌🚫⛔]")
_NOT = lazy_pattern(
    r"\b(?:(can)(?=not\b)|(ca|do|does|did|is|are|was|should|must|wo|would|could|has|have)n'?t\b)"
)
_BARE = {"ca": "can", "wo": "will"}
_NUMBERS = dict(
    zip(str.split("two three four five six seven eight nine ten"), "23456789", strict=False)
)
_NOTHING = frozenset(("a", "an", "the", "please"))


def plain_words(line: str) -> Words:
    """The significant parts of a line: words in lower case, numbers, and comparison signs."""
    line = unicodedata.normalize("NFC", _LABEL.sub("", line, count=1)).casefold()
    line = line.replace("’", "'").replace("'re ", " are ").replace("'ll ", " will ")
    line = _NOT.sub(_with_not, line)
    return tuple(_number(word) for word in _WORD.findall(line) if word not in _NOTHING)


def _with_not(found: re.Match[str]) -> str:
    if found[1]:
        return "can "
    return f"{_BARE.get(found[2], found[2])} not"


def _number(word: str) -> str:
    if word[-1].isdigit():
        grouped = re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", word)
        return (word.replace(",", "") if grouped else word).removesuffix(".0")
    return _NUMBERS.get(word, word)
