"""Which strings of source code are prompts: by their names, lengths and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from promptops.formats.document import Loss, SourceDocument, SourceMessage, TextContent
from promptops.formats.instructing_texts import addresses_a_model, is_in_other_language
from promptops.formats.parts import TemplatePart, TextPart
from promptops.formats.plain_texts import role_in
from promptops.formats.prompt_names import (
    CERTAIN,
    is_certain,
    is_of_other_text,
    is_of_prompt,
    is_of_role,
)
from promptops.formats.script_texts import has_script, is_documentation
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import replace

SHORTEST_NAMED = 40
"""Characters of a string with such a name, at least."""
SHORTEST = 200
"""Characters of any other string, at least."""
_QUESTION = lazy_pattern(
    r"(?i)\A\s*(?:are you sure|do you (?:really )?(?:want|wish)|would you like"
    r"|(?:press|hit|enter) )|[\[(]y(?:es)?\s?/\s?n(?:o)?[\])]"
)
"""What a program asks its users."""
_WIDE = lazy_pattern(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Characters of languages without blanks between words."""
_PLAIN_WORD = lazy_pattern(r"\W*[^\W\d_]+(?:['’-][^\W\d_]+)*\W*")
_FEWEST_WORDS = 5
FEWEST_WORDS_SENT = 3
"""Words of its own that a text needs which code sends to a model, at least."""
EXPRESSION = "\ue000"
"""Stands before and after each expression in a text."""
_FEWEST_PLAIN = 0.55
_MARKUP = lazy_pattern(
    r"\s*(?:(?i:<!doctype|<\?xml|<(?:div|html|head|body|svg|style|span|p|pre|table|t[dr]|script|button"
    r"|font)\b)|SELECT\b|select\s[\w*.,\s]+\sfrom\s|INSERT\b|UPDATE\s+\w+\s+SET"
    r"|CREATE\s+(?:OR\s|TABLE|INDEX|TRIGGER|FUNCTION|VIEW)"
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
_NOT_ADDRESSED = "without a command such as `Answer` and without `You are`"
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
        named = is_of_prompt(name)
        rule = _rule(name, text, named=named)
        if rule is not None and _is_likely(text, named=named):
            self._left_out.append((name, rule, place))
        return rule is None

    @staticmethod
    def is_sent(text: str) -> bool:
        """Whether a string is a prompt, if code sends it to a model: it has words of its own."""
        return _measured(text)[1] >= FEWEST_WORDS_SENT and not _is_program(text, named=True)

    def is_report(self, name: str, text: str, place: Place) -> bool:
        """Whether a string that code raises, logs or prints is no prompt, by its name."""
        if CERTAIN.search(name) or role_in(name.rpartition(".")[2]) is not None:
            return False
        if _is_likely(text, named=is_of_prompt(name)):
            self._left_out.append((name, _REPORTED, place))
        return True

    def has_words(self, text: str, place: Place) -> bool:
        """Whether messages contain words and not only values; `text` is what is constant."""
        if _measured(text)[1] >= FEWEST_WORDS_SENT:
            return True
        self._left_out.append(("", _ONLY_VALUES, place))
        return False

    @property
    def named_left_out(self) -> bool:
        """Whether a string with the name of a prompt was left out."""
        return any(
            rule == _NAMED_SHORT or (rule == _NOT_ADDRESSED and is_of_role(name))
            for name, rule, _ in self._left_out
        )

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


def _rule(name: str, text: str, *, named: bool) -> str | None:
    """The rule by which a string is no prompt; None for a prompt."""
    if _is_program(text, named=named):
        return _OTHER_LANGUAGE
    length, words = _measured(text)
    if named:
        short = length < SHORTEST_NAMED or words < _FEWEST_WORDS
        return _NAMED_SHORT if short else _rule_of_named(name, text)
    if length < SHORTEST or words < _FEWEST_WORDS:
        return _UNNAMED_SHORT
    if is_of_other_text(name):
        return _OTHER_NAME
    prose = _is_prose(text) and not has_script(text) and not is_documentation(text)
    if not prose:
        return _OTHER_LANGUAGE
    return None if addresses_a_model(text[:SHORTEST]) else _NOT_ADDRESSED


def _rule_of_named(name: str, text: str) -> str | None:
    if is_certain(name) and not _QUESTION.search(text):
        return None
    if is_documentation(text):
        return _OTHER_LANGUAGE
    return None if addresses_a_model(text) or is_in_other_language(text) else _NOT_ADDRESSED


def _is_program(text: str, *, named: bool) -> bool:
    """Whether a text is in HTML, CSS, SQL or a programming language."""
    if _MARKUP.match(text):
        return True
    if not named:
        return _CODE.search(text) is not None
    return _CODE.match(text) is not None or (has_script(text) and not addresses_a_model(text))


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
        return words >= FEWEST_WORDS_SENT
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
