"""TPL007."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from promptops.analysis.input_schemas import InputSchemas
from promptops.analysis.uses import Condition, TemplateSpan
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.guards import NeverEqual, never_equal
from promptops.lint.passages import included_from
from promptops.lint.subject import TemplateScope
from promptops.model.prompt import Prompt
from promptops.runtime.template import nodes

_KINDS = {"if": "if", "elif": "elif", "inline": "if", "filter": "if", "when": "when"}


@rule("TPL007", severity=Severity.WARNING)
def constant_condition(
    prompt: Prompt, scopes: Sequence[TemplateScope], input_schemas: InputSchemas
) -> Iterator[Problem]:
    """A condition can be true and can be false.

    A condition that is always true guards nothing. Text below a condition that is always false, or
    that repeats an earlier condition, never reaches the model, although the author expects it to.
    Often a name is in quotes by mistake: `{% if "urgent" %}` tests a string, which is never empty.
    A comparison of an input with a value that is not in its `enum`, or not of its type, is never
    true: usually one of the two has a typo. In an included template, TST003 reports it if no test
    case makes the comparison true, because another prompt may allow the value.

    Bad:
        messages:
          - role: user
            content: |
              Say hello.
              {% if false %}
              Be formal.
              {% endif %}

    Bad:
        inputs:
          required: [tone]
          properties:
            tone: {enum: [friendly, formal, terse]}
        messages:
          - role: user
            content: |
              {% if tone == "formal" %}
              Write formally.
              {% elif tone == "formal" %}
              Write in one sentence.
              {% else %}
              Write warmly.
              {% endif %}

    Bad:
        inputs:
          required: [status]
          properties:
            status: {enum: [draft, final]}
        messages:
          - role: user
            content: |
              Say hello.
              {% if status == "finall" %}
              Be formal.
              {% endif %}

    Good:
        inputs:
          required: [tone]
          properties:
            tone: {enum: [friendly, formal, terse]}
        messages:
          - role: user
            content: |
              {% if tone == "formal" %}
              Write formally.
              {% elif tone == "terse" %}
              Write in one sentence.
              {% else %}
              Write warmly.
              {% endif %}
    """
    inputs = prompt.inputs.get("properties") or {}
    for scope in scopes:
        for condition in scope.scope.conditions:
            if condition.constant is not None:
                yield _constant(condition, inputs)
            elif condition.repeats is not None:
                yield _repeated(condition, condition.repeats)
        # Another prompt may include the same template and allow the value: TST003 reports that.
        own = (each for each in never_equal(scope, input_schemas) if not each.stack)
        yield from map(_never, own)


def _never(each: NeverEqual) -> Problem:
    message = f"`{each.name}` is never {each.written}"
    return Problem(message, at=each.constant.place, hint=each.hint)


def _constant(condition: Condition, inputs: Collection[str]) -> Problem:
    outcome = "true" if condition.constant else "false"
    test = condition.test
    hint = "remove the condition" if condition.constant else "remove it and the text below it"
    if isinstance(test, nodes.Const) and test.value in inputs:
        hint = f"without quotes, `{test.value}` is the input"
    return Problem(
        f"this `{_KINDS[condition.kind]}` is always {outcome}",
        at=condition.site.place,
        hint=hint,
        related=included_from(condition.stack),
    )


def _repeated(condition: Condition, earlier: TemplateSpan) -> Problem:
    return Problem(
        f"`{condition.text}` was already tested, so this branch is never taken",
        at=condition.site.place,
        hint="remove it, or test something else",
        related=(Related(earlier.place, "tested here"), *included_from(condition.stack)),
    )
