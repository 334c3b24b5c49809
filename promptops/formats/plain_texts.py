"""Texts of sources that are no more than texts: their language, their role, their id."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from promptops.formats.document import Loss, SourceMessage, TemplatePart, TextContent
from promptops.formats.languages.by_syntax import TRANSLATIONS, guessed_syntax, has_bracketed_names
from promptops.formats.languages.mustache import mustache_with
from promptops.formats.registry import ReadOptions
from promptops.formats.translation import InputNames, Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern
from promptops.records import replace

ROLES = ("system", "developer", "user", "assistant", "tool")
_ROLE_WORDS = {
    "system": "system",
    "sys": "system",
    "instructions": "system",
    "persona": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "developer": "developer",
}
_WRITTEN = {
    "jinja": "in Jinja",
    "double": "`{{x}}`",
    "single": "`{x}`",
    "format": "`{x}`, with `{{` for one brace",
    "dollar": "`${x}`",
    "mustache": "in Mustache",
    "nunjucks": "in Nunjucks",
}
"""How each syntax writes a variable, for people."""
_NOT_IN_IDS = lazy_pattern(r"[^a-z0-9_]+")
_WORDS = lazy_pattern(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")


def translated(
    text: Text, options: ReadOptions, names: InputNames, syntax: str | None = None
) -> Translation:
    """The text as parts, in the language of the options, of `syntax`, or the guessed one.

    A guess is an IMP309, words such as `[NAME]` are an IMP308.
    """
    chosen = options.syntax or syntax
    losses: list[Loss] = []
    if chosen is None:
        chosen = guessed_syntax(text.value)
        if chosen != "none":
            losses.append(guess_note(chosen, text))
        elif has_bracketed_names(text.value):
            message = "words such as `[NAME]` stay as text"
            hint = "if they are variables, write them as `{{ name }}`"
            losses.append(Loss(code="IMP308", message=message, place=text.place(0), hint=hint))
    language = mustache_with(options.sample) if chosen == "mustache" else TRANSLATIONS[chosen]
    found = language(text, names)
    return replace(found, losses=(*losses, *found.losses))


def guess_note(syntax: str, text: Text) -> Loss:
    """An IMP309: how the variables of a text are assumed to be written."""
    message = f"variables are assumed to be written as {_WRITTEN[syntax]}"
    hint = "if they are not: --syntax"
    return Loss(code="IMP309", message=message, place=text.place(0), hint=hint)


def role_in(name: str) -> str | None:
    """The role that a name contains as a word, such as `triage.system` or `SYSTEM_PROMPT`."""
    for word in _WORDS.findall(PurePosixPath(name).name):
        if word.lower() in _ROLE_WORDS:
            return _ROLE_WORDS[word.lower()]
    return None


def text_message(role: str, found: Translation) -> SourceMessage:
    """A message of one text."""
    return parts_message(role, found.parts)


def parts_message(role: str, parts: tuple[TemplatePart, ...]) -> SourceMessage:
    """A message of one text as its parts."""
    return SourceMessage(role=role, content=(TextContent(parts=parts),))


def identity(*steps: str) -> str:
    """An id from the folders and names of a source: lower case, `-` for any other character."""
    return "/".join(written for step in steps if (written := id_step(step))) or "prompt"


def id_step(text: str) -> str:
    """A text as a step of an id; "" if it has no letter, digit or `_` that an id can have."""
    return _NOT_IN_IDS.sub("-", text.lower()).strip("-")


def stem_steps(path: str) -> Sequence[str]:
    """The folders of a path, and the name of its file without all endings."""
    *folders, name = path.split("/")
    return [*folders, name.split(".")[0] or name.strip(".")]
