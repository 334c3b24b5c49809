"""Finds undefined names, and prompts that define them: for VAR001 and REP004."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from promptops.analysis.uses import Use
from promptops.catalog.catalog import Catalog
from promptops.lint.subject import PromptFacts, TemplateScope, messages
from promptops.model.prompt import ConversationHistory, ForEach, MediaPart, Prompt
from promptops.suggestions import nearest_names

_GIVEN: WeakKeyDictionary[Catalog, dict[tuple[str, str], bool]] = WeakKeyDictionary()


def undefined(prompt: Prompt, scopes: Iterable[TemplateScope]) -> Iterator[tuple[Use, bool]]:
    """Each read of a required name that is not defined, and whether it is in a partial."""
    inputs = prompt.inputs.get("properties") or {}
    for scope in scopes:
        for use in scope.scope.uses:
            lost = use.name not in inputs or use.origin in ("isolated", "unset")
            if lost and use.required[0]:
                yield use, use.site.text.path not in (scope.text.path, prompt.path)


def named_by_messages(prompt: Prompt) -> Iterator[tuple[str, str]]:
    """The inputs that messages name outside their templates, and the pointer of each name."""
    for turn in prompt.messages:
        if isinstance(turn, ForEach):
            yield turn.source, f"{turn.at}/for_each"
        elif isinstance(turn, ConversationHistory):
            yield turn.source, f"{turn.at}/history"
    for message, _ in messages(prompt):
        for part in message.parts:
            if isinstance(part, MediaPart) and part.origin == "input":
                yield part.value, f"{part.at}/{part.kind}/input"


def undeclared(prompt: Prompt) -> dict[str, str]:
    """The inputs that are required but not declared, each with its pointer: SCH002 reports them."""
    inputs = prompt.inputs
    if _OPENING & inputs.keys() or inputs.get("additionalProperties") is not False:
        return {}
    declared, required = inputs.get("properties") or {}, inputs.get("required") or ()
    return {n: f"/inputs/required/{i}" for i, n in enumerate(required) if n not in declared}


_OPENING = frozenset(("allOf", "anyOf", "oneOf", "$ref", "if", "patternProperties"))


def misspelt(prompt: Prompt, scopes: Iterable[TemplateScope]) -> set[str]:
    """The inputs that an undefined name probably misspells."""
    inputs = prompt.inputs.get("properties") or {}
    names = {use.name for use, _ in undefined(prompt, scopes)}
    names |= {name for name, _ in named_by_messages(prompt)}
    return {*nearest_names(sorted(names - {*inputs}), inputs).values()}


def is_given_to_partial(use: Use, subject: PromptFacts) -> bool:
    """Whether any prompt defines the name that a partial needs.

    Reads the other prompts that include the partial, so call it only if one prompt lacks the name.
    """
    if use.origin not in ("input", "branch"):
        return False
    known = _GIVEN.setdefault(subject.catalog, {})
    key = use.site.text.path, use.name
    includers = subject.surroundings.includers(use.site.text.path)
    if key not in known:
        known[key] = any(_gives(path, use, subject) for path in includers)
    return known[key]


def _gives(path: str, use: Use, subject: PromptFacts) -> bool:
    """Whether a prompt that uses a partial defines the name that is read there."""
    loaded = subject.catalog.loaded(path)
    if loaded.prompt is None or not _speaks_of(loaded.prompt, use, subject.catalog):
        return False
    other = PromptFacts(subject.catalog, loaded, subject.today)
    return not any(
        (lost.name, lost.site.place) == (use.name, use.site.place)
        for lost, _ in undefined(loaded.prompt, other.scopes)
    )


def _speaks_of(prompt: Prompt, use: Use, catalog: Catalog) -> bool:
    """Whether a prompt may define a name outside of the partial: a cheap check."""
    if use.name in (prompt.inputs.get("properties") or {}):
        return True
    if use.name.encode() in (catalog.files.data(prompt.path) or b""):
        return True
    others = (text for text in catalog.reached(prompt) if text.path != use.site.text.path)
    return any(use.name in text.value for text in others)
