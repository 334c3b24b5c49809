"""VAR001."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.analysis.uses import Use
from promptops.lint import Problem, Severity, rule
from promptops.lint.guards import is_item
from promptops.lint.passages import included_from
from promptops.lint.rules.dynamic_include import bare_paths
from promptops.lint.subject import PromptFacts, TemplateScope
from promptops.lint.undefined import is_given_to_partial, named_by_messages, undeclared, undefined
from promptops.model.place import Text
from promptops.model.prompt import Prompt
from promptops.suggestions import nearest_names


@rule("VAR001", severity=Severity.ERROR)
def undefined_variable(
    prompt: Prompt, scopes: Sequence[TemplateScope], subject: PromptFacts
) -> Iterator[Problem]:
    """Every name in a template is an input or is defined by the template.

    Plain Jinja prints nothing for an unknown name, so a typo leaves a gap in a sentence that only
    the model receives. promptops refuses to render it, and this rule reports it before the commit,
    also in partials, macros and `when`.

    Bad:
        inputs:
          properties:
            ticket: {type: string, maxLength: 8000}
        messages:
          - role: user
            content: "Sort this ticket: {{ tikcet }}"

    Good:
        inputs:
          properties:
            ticket: {type: string, maxLength: 8000, default: none}
        messages:
          - role: user
            content: "Sort this ticket: {{ ticket }}"
    """
    inputs, required = prompt.inputs.get("properties") or {}, undeclared(prompt)
    unquoted = bare_paths(scopes)  # TPL004 reports these
    unknown = [
        (use, in_partial)
        for use, in_partial in undefined(prompt, scopes)
        if (use.site.text, use.site.start) not in unquoted
    ]
    names = [use.name for use, _ in unknown] + [name for name, _ in named_by_messages(prompt)]
    defined = {
        (each.name, each.site.text): each.kind
        for scope in scopes
        for each in scope.scope.definitions
        if not each.stack and each.kind in ("set", "import", "macro")
    }
    known = {**dict.fromkeys(inputs), **{name: None for name, _ in defined}}
    near = nearest_names((name for name in dict.fromkeys(names) if name not in known), known)
    for use, in_partial in unknown:
        # The list of an item is reported where `for_each` names it; SCH002 reports required inputs.
        if is_item(use) or use.name in required:
            continue
        if not (in_partial and is_given_to_partial(use, subject)):  # otherwise REP004 reports it
            message, hint = _message_and_hint(use, inputs, near, defined)
            yield Problem(message, at=use.site.place, hint=hint, related=included_from(use.stack))
    for name, at in named_by_messages(prompt):
        if name not in inputs and name not in required:
            is_declared = near.get(name) in inputs
            hint = _hint(near[name] if is_declared else None)
            yield Problem(f"`{name}` is not an input", at=at, hint=hint)


_CONTAINERS = ("inputs", "input", "vars", "variables", "params", "context", "ctx")
"""Names under which templates of other tools have the inputs."""

_Defined = Mapping[tuple[str, Text], str]
"""From the names that each text of the prompt defines for all that follows to their kinds."""


def _message_and_hint(
    use: Use, inputs: Mapping[str, Any], near: Mapping[str, str], defined: _Defined
) -> tuple[str, str]:
    text = use.site.text
    if use.origin == "isolated" and use.name in inputs:
        message = f"`{use.name}` is an input, which a template without context can't read"
        return message, "import it `with context`, or pass the value to the macro"
    if use.origin == "unset" and defined.get((use.name, text)) == "import":
        message = f"`{use.name}` is imported, but its template does not define it"
        return message, "correct the name after `import`, or define it in that template"
    if use.origin in ("isolated", "unset"):
        return f"`{use.name}` is not defined here", "define it before, or pass it to the macro"
    meant = near.get(use.name)
    if use.name in _CONTAINERS and use.path and use.path[0] in inputs:
        return (
            f"`{use.name}` is not an input",
            f"write `{use.path[0]}`: inputs are names themselves",
        )
    is_known = meant in inputs or (meant, text) in defined
    return f"`{use.name}` is not an input", _hint(meant if is_known else None)


def _hint(meant: str | None) -> str:
    return f"did you mean `{meant}`?" if meant else "declare it under `inputs`"
