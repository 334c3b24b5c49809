"""TST002."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.json_pointer import tokens
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.passages import included_from_frames
from promptops.lint.subject import PromptFacts, RenderedCase
from promptops.lint.undefined import is_reported_elsewhere, undeclared
from promptops.lint.wrong_defaults import is_given, wrong_defaults
from promptops.model.place import Place
from promptops.model.prompt import Case, Prompt
from promptops.runtime.request.inputs import InputProblem
from promptops.runtime.request.render import Renderer
from promptops.suggestions import nearest_name


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
                reported = reported or _is_unrecorded(wrong, case, prompt)
                if not reported and not _is_default(wrong, case, prompt):
                    yield _wrong_input(case, wrong)
        for rendered in subject.renders:
            yield from _not_rendered(rendered, subject)


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


def _is_unrecorded(wrong: InputProblem, case: Case, prompt: Prompt) -> bool:
    """Whether the missing input is one that `evaluation.retrieve` returns.

    Its name may be misspelt there (TST009).
    """
    inputs = prompt.inputs.get("properties") or {}
    names = (name if name in inputs else nearest_name(name, inputs) for name in case.unrecorded)
    return wrong.message in {f"`{name}` is missing" for name in names}


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


def _not_rendered(rendered: RenderedCase, subject: PromptFacts) -> Iterator[Problem]:
    error = rendered.error
    if error is None or error.inputs or error.refused or error.place is None:
        return  # inputs are reported one by one; TPL005 reports refused constructs
    if not is_reported_elsewhere(error, error.place, subject):
        yield Problem(
            f"the case `{rendered.case.name}` does not render: {error.message}",
            at=error.place,
            related=tuple(included_from_frames(error.frame)) if error.frame else (),
            case=rendered.case.name,
        )
