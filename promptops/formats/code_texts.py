"""Which strings of source code are prompts: by their names, lengths and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from promptops.formats.document import Loss, SourceDocument, SourceMessage, TextContent
from promptops.formats.parts import TemplatePart, TextPart
from promptops.formats.plain_texts import role_in
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import replace

NAMED = lazy_pattern(r"(?i)prompt|template|system|instruction|message|persona")
"""Words in the names of prompts."""
SHORTEST_NAMED = 40
"""Characters of a string with such a name, at least."""
SHORTEST = 200
"""Characters of any other string, at least."""
_CERTAIN = lazy_pattern(r"(?i)prompt|instruction|persona")
"""Words that name a prompt also where a class or a function has them."""
_OF_PROGRAMS = lazy_pattern(
    r"(?i)error|err(?:or)?s?\b|warn|exception|fail|invalid|deprecat|usage|help(?!er)|expect"
)
"""Words in the names of what a program reports to its users."""
_OF_ERROR = lazy_pattern(r"(?:Error|Exception|Warning)\.[^.]+\Z")
"""An attribute of a class of errors."""
_OF_TEXTS = lazy_pattern(
    r"(?i)(?:docs?|docstrings?|doctests?|msgs?|description|licen[cs]e|copyright|html|css|sql|regex"
    r"|pattern|code|script|source|src|fmt|headers?|footer|examples?|command|cmd|output|log|data"
    r"|fixture|tests?|samples?|banner|epilog|config|yaml|json|xml|toml|csv|svg|diff|patch|stdout"
    r"|stderr|query|txt|ini|spec)\Z"
)
"""How the names of other long strings end."""
_MESSAGE = lazy_pattern(r"(?i)(?:message|msg)s?\Z")
"""A name that a program also gives to what it shows to its users."""
_WIDE = lazy_pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Characters of languages without blanks between words."""
_PLAIN_WORD = lazy_pattern(r"\W*[^\W\d_]+(?:['’-][^\W\d_]+)*\W*")
_ROLES = frozenset(("system", "developer", "user"))
"""Words for the assistant are also in many other names."""
_FEWEST_WORDS = 5
EXPRESSION = "\ue000"
"""Stands before and after each expression in a text."""
_FEWEST_PLAIN = 0.55
_MARKUP = lazy_pattern(
    r"\s*(?:(?i:<!doctype|<\?xml|<(?:div|html|head|body|svg|style|span|p|pre|table|t[dr]|script|button"
    r"|font)\b)|SELECT\b|select\s[\w*.,\s]+\sfrom\s|INSERT\b|UPDATE\s+\w+\s+SET|CREATE\s+(?:TABLE|INDEX)"
    r"|(?:query|mutation|fragment)\b[^.{}]*\{\s|[.#@]?[\w-]+\s*\{\s*[\w-]+\s*:\s|#!/|@echo|\^?\(\?)"
)
"""Languages by their first words."""
_CODE = lazy_pattern(
    r"(?m)^[ \t]*(?:>>> |import [\w.]+[ \t]*$|from [\w.]+ import |def \w+\(|class \w+.*:[ \t]*$"
    r"|#include\b|#!/|\(\?(?:[:=!]|P<)|Traceback \(|usage: |subroutine |function \w+\(|\w+ = \w+\()"
)
"""Lines of programs."""
APPENDED = "messages that the code appends to a list are not read"
SAVE_TO_FILE = "write the text to a file, and import that file"
_NAMED_SHORT = f"with under {SHORTEST_NAMED} characters or 5 words"
_UNNAMED_SHORT = f"with under {SHORTEST} characters and no word such as `prompt` in the name"
_OTHER_LANGUAGE = "in HTML, CSS, SQL or a programming language"
_REPORTED = "that the program raises, logs or prints"
_OTHER_NAME = "with a name of errors, documentation or data"
_ONLY_VALUES = "in messages with under 3 words of their own"


class CodeTexts:
    """The strings of one file: which are prompts, and how many are left out by which rule."""

    def __init__(self) -> None:
        self._left_out: list[tuple[str, str, Place]] = []

    def is_prompt(self, name: str, text: str, place: Place) -> bool:
        """Whether a string is a prompt.

        Args:
            text: With a `\ue000` before and after each expression in it.
        """
        named = _is_named(name)
        rule = _rule(name, text, named=named)
        if rule is not None and _is_likely(text, named=named):
            self._left_out.append((name, rule, place))
        return rule is None

    def is_report(self, name: str, text: str, place: Place) -> bool:
        """Whether a string that code raises, logs or prints is no prompt, by its name."""
        if _CERTAIN.search(name) or role_in(name.rpartition(".")[2]) is not None:
            return False
        if _is_likely(text, named=_is_named(name)):
            self._left_out.append((name, _REPORTED, place))
        return True

    def has_words(self, text: str, place: Place) -> bool:
        """Whether messages contain words and not only values; `text` is what is constant."""
        if _measured(text)[1] > _FEWEST_WORDS // 2:
            return True
        self._left_out.append(("", _ONLY_VALUES, place))
        return False

    @property
    def named_left_out(self) -> bool:
        """Whether a string with the name of a prompt was left out."""
        return any(rule == _NAMED_SHORT for _, rule, _ in self._left_out)

    def left_out(self, used: Collection[str] = ()) -> Loss | None:
        """A note on the strings that are left out; None without one.

        Args:
            used: Names of strings that are part of prompts, which are not left out.
        """
        found = [(rule, place) for name, rule, place in self._left_out if name not in used]
        if not found:
            return None
        rules = Counter(rule for rule, _ in found)
        listed = ", ".join(f"{count} {rule}" for rule, count in rules.items())
        message = f"{counted(len(found), 'string')} left out: {listed}"
        hint = "save a prompt among them to a text file, and import that file"
        return Loss(code="IMP315", message=message, place=found[0][1], hint=hint)


def _is_named(name: str) -> bool:
    """Whether a name is that of a prompt: `SYSTEM_PROMPT`, `Prompts.triage`, `user`."""
    own = name.rpartition(".")[2]
    if _OF_PROGRAMS.search(own) or _MESSAGE.fullmatch(own) or _OF_ERROR.search(name):
        return False
    return bool(_CERTAIN.search(name) or NAMED.search(own) or role_in(own) in _ROLES)


def _rule(name: str, text: str, *, named: bool) -> str | None:
    """The rule by which a string is no prompt; None for a prompt."""
    own = name.rpartition(".")[2]
    if _MARKUP.match(text) or (_CODE.match(text) if named else _CODE.search(text)):
        return _OTHER_LANGUAGE
    length, words = _measured(text)
    if named:
        short = length < SHORTEST_NAMED or words < _FEWEST_WORDS
        return _NAMED_SHORT if short else None
    if length < SHORTEST or words < _FEWEST_WORDS:
        return _UNNAMED_SHORT
    if _OF_PROGRAMS.search(own) or _OF_TEXTS.search(own):
        return _OTHER_NAME
    return None if _is_prose(text) else _OTHER_LANGUAGE


def _measured(text: str) -> tuple[int, int]:
    """The characters of a text, and its own words; a character that is a word counts as two."""
    own = "".join(text.split(EXPRESSION)[::2])
    wide = len(_WIDE.findall(own))
    words = sum(any(map(str.isalpha, word)) for word in own.split())
    return len(text) + wide, words + wide


def _is_prose(text: str) -> bool:
    """Whether most of a text is words."""
    words = text.split()
    plain = sum(_PLAIN_WORD.fullmatch(word) is not None for word in words)
    return plain >= len(words) * _FEWEST_PLAIN


def _is_likely(text: str, *, named: bool) -> bool:
    """Whether a string that is left out is worth a mention."""
    length, words = _measured(text)
    if named:
        return words > _FEWEST_WORDS // 2
    return words >= _FEWEST_WORDS and length >= SHORTEST_NAMED


def message_text(message: SourceMessage) -> str:
    """The text of a message, with its expressions marked."""
    parts = (part for one in message.content if isinstance(one, TextContent) for part in one.parts)
    return marked_text(parts)


def marked_text(parts: Iterable[TemplatePart]) -> str:
    """The text of a template, with its expressions marked."""
    return "".join(
        part.text
        if isinstance(part, TextPart)
        else f"{EXPRESSION}{getattr(part, 'source', '')}{EXPRESSION}"
        for part in parts
    )


def numbered(found: Iterable[SourceDocument]) -> Iterator[SourceDocument]:
    """The prompts of a file; of several with one name all but the first get a number."""
    taken: Counter[str] = Counter()
    for document in found:
        taken[document.id] += 1
        count = taken[document.id]
        yield document if count == 1 else replace(document, id=f"{document.id}-{count}")
