"""Finds undefined names, and prompts that define them: for VAR001 and REP004."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from weakref import WeakKeyDictionary

from promptops.analysis.uses import TemplateSpan, Use
from promptops.catalog.catalog import Catalog
from promptops.lint.subject import PromptFacts, TemplateScope, messages
from promptops.model.place import Place
from promptops.model.prompt import ConversationHistory, ForEach, MediaPart, Prompt
from promptops.runtime.request.render import RenderError
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


# Whether another rule already reports why a prompt does not render.


def is_reported_elsewhere(error: RenderError, place: Place, subject: PromptFacts) -> bool:
    """Whether a rule that checks the template reports the same problem."""
    if subject.prompt is not None and _is_lost_media(error, subject.prompt):
        return True
    if not subject.catalog.files.is_file(place.path):
        return True  # a missing media file: REP005 or TPL003
    if error.message.startswith(("there is no template", "there is no filter", "there is no test")):
        return True  # TPL003, TPL002
    if "must be a literal, not computed" in error.message:
        return True  # TPL004
    if " is undefined" in error.message or " has no `" in error.message:
        return _is_undefined(place, subject) or _is_refused(place, subject)
    return any(
        isinstance(problem.at, Place) and problem.at == place
        for scope in subject.scopes
        for problem in scope.scope.problems
    )


def _is_refused(place: Place, subject: PromptFacts) -> bool:
    """Whether it is an attribute that begins with `_`, or a method: TPL005."""
    for scope in subject.scopes:
        sites = [each.site for each in scope.scope.private]
        sites += [call.site for call in scope.scope.calls]
        if any(_begins(site, place) for site in sites):
            return True
    return False


def _is_undefined(place: Place, subject: PromptFacts) -> bool:
    """An undefined name (VAR001, VAR004) or a key that its schema names (VAR003, VAR004)."""
    for scope in subject.scopes:
        for use in scope.scope.uses:
            for steps, site in enumerate((use.site, *use.path_sites)):
                if _begins(site, place) and use.required[steps]:
                    return _is_declared(use, steps, subject)
    return False


def _is_declared(use: Use, steps: int, subject: PromptFacts) -> bool:
    assert subject.prompt is not None
    if not steps and use.name not in (subject.prompt.inputs.get("properties") or ()):
        return True
    shape = subject.input_schemas.at(use.name, use.path[:steps])
    return shape is None or shape.optional


def _begins(site: TemplateSpan, place: Place) -> bool:
    return site.text.path == place.path and site.text.locate(site.start) == (
        place.line,
        place.column,
    )


def _is_lost_media(error: RenderError, prompt: Prompt) -> bool:
    """Whether a media part names an input that does not exist: VAR001."""
    inputs = prompt.inputs.get("properties") or {}
    names = (name for name, _ in named_by_messages(prompt) if name not in inputs)
    return error.message in {f"`{name}` has no value" for name in names}
