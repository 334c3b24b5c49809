"""Whether another rule already reports why a prompt does not render."""

from __future__ import annotations

from promptops.analysis.uses import TemplateSpan, Use
from promptops.lint.subject import PromptFacts
from promptops.lint.undefined import named_by_messages
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.runtime.request.render import RenderError


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
    return _is_syntax(place, subject)


def _is_syntax(place: Place, subject: PromptFacts) -> bool:
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
