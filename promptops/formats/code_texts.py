"""Which strings of source code are prompts: by their names, lengths and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from promptops.formats.document import Loss, SourceDocument, SourceMessage, TextContent
from promptops.formats.parts import TextPart
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import replace

NAMED = lazy_pattern(r"(?i)prompt|template|system|instruction|message|persona")
"""Names of prompts."""
SHORTEST_NAMED = 40
"""Characters of a string with such a name, at least."""
SHORTEST = 200
"""Characters of any other string, at least."""
_FEWEST_BLANKS = 4
_MARKUP = lazy_pattern(
    r"(?i)\s*(?:<!doctype|<\?xml|<(?:div|html|svg|style|span|p|table|script|button)\b|SELECT\b"
    r"|INSERT\b|UPDATE\s+\w+\s+SET|CREATE\s+(?:TABLE|INDEX)|(?:query|mutation|fragment)\b[^.]*\{"
    r"|[.#@]?[\w-]+\s*\{)"
)
_NAMED_SHORT = f"with under {SHORTEST_NAMED} characters or 5 words"
_UNNAMED_SHORT = f"with under {SHORTEST} characters and no word such as `prompt` in the name"
_IN_OTHER_LANGUAGES = "in HTML, CSS, SQL or GraphQL"
_ONLY_VALUES = "in messages with under 3 words of their own"


class CodeTexts:
    """The strings of one file: which are prompts, and how many are left out by which rule."""

    def __init__(self) -> None:
        self._left_out: list[tuple[str, str, Place]] = []

    def is_prompt(self, name: str, text: str, place: Place) -> bool:
        """Whether a string is a prompt; `text` is what is constant of it."""
        blanks = text.count(" ")
        named = NAMED.search(name) is not None
        if _MARKUP.match(text):
            likely, rule = blanks >= _FEWEST_BLANKS, _IN_OTHER_LANGUAGES
        elif blanks >= _FEWEST_BLANKS and len(text) >= (SHORTEST_NAMED if named else SHORTEST):
            return True
        elif named:
            likely, rule = blanks >= _FEWEST_BLANKS // 2, _NAMED_SHORT
        else:
            likely, rule = blanks >= _FEWEST_BLANKS and len(text) >= SHORTEST_NAMED, _UNNAMED_SHORT
        if likely:
            self._left_out.append((name, rule, place))
        return False

    def has_words(self, text: str, place: Place) -> bool:
        """Whether messages contain words and not only values; `text` is what is constant."""
        if len(text.split()) > _FEWEST_BLANKS // 2:
            return True
        self._left_out.append(("", _ONLY_VALUES, place))
        return False

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


def constant_text(message: SourceMessage) -> str:
    """The text of a message without its values."""
    parts = (part for one in message.content if isinstance(one, TextContent) for part in one.parts)
    return "".join(part.text for part in parts if isinstance(part, TextPart))


def numbered(found: Iterable[SourceDocument]) -> Iterator[SourceDocument]:
    """The prompts of a file; of several with one name all but the first get a number."""
    taken: Counter[str] = Counter()
    for document in found:
        taken[document.id] += 1
        count = taken[document.id]
        yield document if count == 1 else replace(document, id=f"{document.id}-{count}")
