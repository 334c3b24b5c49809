"""TPL005."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from promptops.analysis.input_schemas import InputSchemas
from promptops.analysis.uses import Call
from promptops.catalog.catalog import Catalog
from promptops.lint import Problem, Severity, rule
from promptops.lint.passages import included_from, included_from_frames
from promptops.lint.subject import PromptFacts, RenderedCase, TemplateScope
from promptops.model.place import Place, Text
from promptops.model.prompt import Prompt
from promptops.runtime.request.render import BudgetSpent
from promptops.runtime.template import nodes

_INSTEAD = {
    "capitalize": "`| capitalize`",
    "format": '`"…" | format(…)`',
    "get": '`["key"] | default(…)`',
    "items": "`| items`",
    "join": "`list | join(…)`",
    "lower": "`| lower`",
    "replace": "`| replace(…)`",
    "splitlines": "a list as the input",
    "split": "a list as the input",
    "startswith": "`value[:3] == …`",
    "strip": "`| trim`",
    "title": "`| title`",
    "upper": "`| upper`",
    "append": "`list + [item]`",
    "keys": "a loop over the value itself",
    "values": "`| items`",
}


@rule("TPL005", severity=Severity.ERROR)
def unsafe_construct(prompt: Prompt, subject: PromptFacts, catalog: Catalog) -> Iterator[Problem]:
    """A template uses no construct that the renderer refuses.

    Templates work on data: values have keys but no methods, and names that begin with `_` are not
    accessible. The work of one rendering is limited, so that a prompt from a pull request can't
    read private data and can't block the machine that checks it. The same constructs are refused in
    production.

    Bad:
        inputs:
          required: [name]
          properties:
            name: {type: string, maxLength: 80}
        messages:
          - role: user
            content: "Write a greeting for {{ name.upper() }}."

    Bad:
        messages:
          - role: user
            content: "{% for i in range(1000000) %}{{ i }}{% endfor %}"

    Good:
        inputs:
          required: [name]
          properties:
            name: {type: string, maxLength: 80}
        messages:
          - role: user
            content: "Write a greeting for {{ name | upper }}."
    """
    reported: set[tuple[str, int]] = set()
    for problem in _static_problems(prompt, subject, catalog):
        if isinstance(problem.at, Place):
            reported.add((problem.at.path, problem.at.line))
        yield problem
    circles = any(p.code == "REP002" for scope in subject.scopes for p in scope.scope.problems)
    for problem in () if circles else _render_problems(subject.renders):
        if isinstance(problem.at, Place) and (problem.at.path, problem.at.line) not in reported:
            yield problem


def _static_problems(prompt: Prompt, subject: PromptFacts, catalog: Catalog) -> Iterator[Problem]:
    inputs = prompt.inputs.get("properties") or {}
    for scope in subject.scopes:
        yield from (problem for problem in scope.scope.problems if problem.code == "TPL005")
        yield from _private(scope, subject.input_schemas)
        yield from _calls(scope, inputs)
    for text in _texts(subject.scopes, catalog):
        yield from _not_buildable(text)


def _private(scope: TemplateScope, schemas: InputSchemas) -> Iterator[Problem]:
    """Names that begin with `_`, except keys of data that a schema declares."""
    declared = {
        site
        for use in (scope.scope.uses if scope.scope.private else ())
        for index, site in enumerate(use.path_sites)
        if (shape := schemas.at(use.name, use.path[: index + 1])) and shape.declared
    }
    for word in scope.scope.private:
        if word.site not in declared:
            yield Problem(
                f"`{word.name}` begins with `_`",
                at=word.site.place,
                hint="a template can read only keys that a schema declares",
                related=included_from(word.stack),
            )


def _calls(scope: TemplateScope, inputs: Collection[str]) -> Iterator[Problem]:
    # VAR001 reports names that are not inputs, and TPL003 reports lost imports.
    unknown = {use.name for use in scope.scope.uses if use.name not in inputs}
    if scope.scope.problems:
        unknown |= {
            definition.name for definition in scope.scope.definitions if definition.kind == "import"
        }
    for call in scope.scope.calls:
        if call.kind == "value":
            if call.callee.partition(".")[0] not in unknown:
                yield _call_problems(call)
        elif call.kind == "range" and _is_too_long(call.node):
            yield Problem(
                "`range` gives at most 10,000 numbers",
                at=call.site.place,
                related=included_from(call.stack),
            )


def _call_problems(call: Call) -> Problem:
    instead = _INSTEAD.get(call.site.source)
    return Problem(
        f"`{call.callee}` is called, but values have no methods",
        at=call.site.place,
        hint=f"use {instead}" if instead else "only macros, `range` and `namespace` can be called",
        related=included_from(call.stack),
    )


def _is_too_long(node: nodes.Call) -> bool:
    """Whether the range is too long, if its numbers are constants."""
    from promptops.runtime.template.limits import LimitExceeded, capped_range

    numbers = [_number(argument) for argument in node.args]
    if not numbers or None in numbers:
        return False
    try:
        capped_range(*numbers)
    except LimitExceeded:
        return True
    except (TypeError, ValueError):
        return False
    return False


def _number(node: nodes.Node) -> int | None:
    if isinstance(node, nodes.Neg):
        number = _number(node.node)
        return None if number is None else -number
    value = node.value if isinstance(node, nodes.Const) else None
    return value if type(value) is int else None


def _texts(scopes: Sequence[TemplateScope], catalog: Catalog) -> Iterator[Text]:
    seen: set[str] = set()
    for scope in scopes:
        if not scope.condition and "{%" in scope.text.value:
            yield scope.text
            for text in catalog.included(scope.text):
                if text.path not in seen:
                    seen.add(text.path)
                    yield text


def _not_buildable(text: Text) -> Iterator[Problem]:
    """Constructs that are valid Jinja but are refused before rendering."""
    from promptops.runtime.template.template_program import program
    from promptops.runtime.template.text_rendering import TemplateFailure

    try:
        program(text)
    except TemplateFailure as failure:
        if failure.refused:
            yield Problem(failure.message, at=text.place(failure.start, failure.end))


def _too_much_work(
    first: RenderedCase, renders: Sequence[RenderedCase], error: BudgetSpent
) -> Problem:
    """One problem for the prompt, at the first case that is not rendered."""
    left_out = sum(isinstance(each.error, BudgetSpent) for each in renders)
    return Problem(
        f"{error.message}: {left_out} of {len(renders)} are not rendered",
        at=first.case.locate(first.case.at, False),
        hint="use shorter inputs and smaller loops, fewer cases, or several prompts",
    )


def _render_problems(renders: Sequence[RenderedCase]) -> Iterator[Problem]:
    for rendered in renders:
        error = rendered.error
        if isinstance(error, BudgetSpent):
            yield _too_much_work(rendered, renders, error)
            return
        if error is not None and error.refused and error.place is not None:
            related = tuple(included_from_frames(error.frame)) if error.frame else ()
            message = str(error.message)
            yield Problem(message, at=error.place, related=related, case=rendered.case.name)
