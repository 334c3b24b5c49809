"""TST002."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.uses import TemplateSpan, Use
from promptops.json_pointer import tokens
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.include_stack import included_from_frames
from promptops.lint.subject import PromptFacts, RenderedCase
from promptops.lint.undefined import named_by_messages, undeclared
from promptops.lint.wrong_defaults import is_given, wrong_defaults
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.runtime.request.inputs import InputProblem
from promptops.runtime.request.render import Renderer, RenderError


@rule("TST002", severity=Severity.ERROR)
def invalid_fixture(
    prompt: Prompt, subject: PromptFacts, cases: Sequence[Case]
) -> Iterator[Problem]:
    """Every test case has a unique name and valid inputs, and renders.

    A case with invalid inputs tests nothing, because it is refused before rendering. Two cases with
    the same name can't be distinguished in a report, and they share one recording. A case that
    fails to render would fail in the same way for a caller with these inputs. An input that
    `evaluation.retrieve` returns may be missing until it is recorded.

    Bad:
        inputs:
          required: [tone]
          properties:
            tone: {enum: [friendly, formal]}
        messages:
          - role: user
            content: "Say hello in a {{ tone }} tone."
        tests:
          - name: a greeting
            inputs: {tone: cheerful}
            rendered:
              - {type: contains, value: hello}

    Bad:
        messages:
          - role: user
            content: Say hello.
        tests:
          - name: a greeting
            rendered:
              - {type: contains, value: hello}
          - name: a greeting
            rendered:
              - {type: max-chars, value: 100}

    Good:
        inputs:
          required: [tone]
          properties:
            tone: {enum: [friendly, formal]}
        messages:
          - role: user
            content: "Say hello in a {{ tone }} tone."
        tests:
          - name: a formal greeting
            inputs: {tone: formal}
            rendered:
              - {type: contains, value: hello}
    """
    yield from _same_names(cases)
    if isinstance(subject.renderer, Renderer):
        for case in cases:
            found = subject.renderer.accept(case.inputs)[1]
            for wrong in found:
                reported = _is_reported_as_misspelt(wrong, found, prompt)
                reported = reported or _is_unrecorded(wrong, case)
                if not reported and not _is_default(wrong, case, prompt):
                    yield _wrong_input(case, wrong)
        for rendered in subject.renders:
            yield from _not_rendered(rendered, prompt, subject)


def _same_names(cases: Sequence[Case]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    for case in cases:
        place = case.locate(f"{case.at}/name", False)
        if case.name in first:
            yield Problem(
                f"two cases have the name `{case.name}`",
                at=place,
                hint="give each case a unique name",
                related=(Related(first[case.name], "the other one"),),
            )
        first.setdefault(case.name, place)


def _is_reported_as_misspelt(
    wrong: InputProblem, others: Sequence[InputProblem], prompt: Prompt
) -> bool:
    """Whether the missing input is only misspelt, or is not declared (SCH002)."""
    name, _, what = wrong.message.rpartition(" is ")
    misspelt = any(other.hint == f"did you mean {name}?" for other in others)
    return (what == "missing" and misspelt) or name.strip("`") in undeclared(prompt)


def _is_unrecorded(wrong: InputProblem, case: Case) -> bool:
    """Whether the missing input is one that `evaluation.retrieve` returns."""
    return wrong.message in {f"`{name}` is missing" for name in case.unrecorded}


def _is_default(wrong: InputProblem, case: Case, prompt: Prompt) -> bool:
    """Whether the wrong value is a default, which VAR013 reports."""
    if not wrong.pointer or is_given(case.inputs, wrong.pointer):
        return False
    return any(each.problem == wrong for each in wrong_defaults(prompt))


def _wrong_input(case: Case, wrong: InputProblem) -> Problem:
    place = case.locate(f"{case.at}/inputs{wrong.pointer}", wrong.key)
    if not wrong.pointer and not case.inputs:  # no place of its own: there may be no `inputs`
        inputs = case.locate(f"{case.at}/inputs", True)
        whole = case.locate(case.at, True)
        place = case.locate(f"{case.at}/name", False) if inputs == whole else place
    if any(name in case.retrieved for name in tokens(wrong.pointer)[:1]):
        return Problem(
            f"{wrong.message} in the recorded input of the case `{case.name}`",
            at=place,
            hint="promptops test --refresh",
        )
    hint = "quote it" if wrong.message.endswith(_UNQUOTED) else wrong.hint
    return Problem(f"{wrong.message} in the case `{case.name}`", at=place, hint=hint)


_UNQUOTED = (" must be a string, not a number", " must be a string, not true or false")


def _not_rendered(
    rendered: RenderedCase, prompt: Prompt, subject: PromptFacts
) -> Iterator[Problem]:
    error = rendered.error
    if error is None or error.inputs or error.refused or error.place is None:
        return  # inputs are reported one by one; TPL005 reports refused constructs
    if _is_lost_media(error, prompt):
        return
    if not _is_reported_elsewhere(error, error.place, subject):
        yield Problem(
            f"the case `{rendered.case.name}` does not render: {error.message}",
            at=error.place,
            related=tuple(included_from_frames(error.frame)) if error.frame else (),
            case=rendered.case.name,
        )


def _is_reported_elsewhere(error: RenderError, place: Place, subject: PromptFacts) -> bool:
    """Whether a rule that checks the template reports the same problem."""
    if not subject.catalog.files.is_file(place.path):
        return True  # a missing media file: REP005 or TPL003
    if error.message.startswith(("there is no template", "there is no filter", "there is no test")):
        return True  # TPL003, TPL002
    if "must be a literal, not computed" in error.message:
        return True  # TPL004
    if " is undefined" in error.message or " has no `" in error.message:
        return _is_undefined(place, subject) or _is_refused(place, subject)
    return _is_syntax(place, subject)


def _is_lost_media(error: RenderError, prompt: Prompt) -> bool:
    """Whether a media part names an input that does not exist: VAR001."""
    inputs = prompt.inputs.get("properties") or {}
    names = (name for name, _ in named_by_messages(prompt) if name not in inputs)
    return error.message in {f"`{name}` has no value" for name in names}


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
