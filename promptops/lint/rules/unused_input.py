"""VAR002."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from promptops.json_pointer import escaped
from promptops.lint import Problem, Severity, rule
from promptops.lint.other_syntax import find_placeholders
from promptops.lint.subject import PromptFacts, TemplateScope
from promptops.lint.undefined import misspelt, named_by_messages
from promptops.model.loaded import FileReference
from promptops.model.prompt import Prompt


@rule("VAR002", severity=Severity.WARNING)
def unused_input(prompt: Prompt, subject: PromptFacts) -> Iterator[Problem]:
    """Every declared input is used in a message.

    Callers must pass an unused input for nothing, and may rely on it: the application passes the
    customer's language, but the answer is in English. Usually a message was shortened, or the
    template assigns the name again. An input is used if a template, a partial, a `when`,
    `for_each`, `history` or a media part reads it, or if an assertion names it. A variant may leave
    an inherited input unused, because its callers pass the same inputs. If a message misspells an
    input, writes it as `{name}` or hides it with a `set`, only that is reported.

    Bad:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
            language: {type: string, maxLength: 20, default: English}
        messages:
          - role: user
            content: "Answer this ticket: {{ ticket }}"

    Good:
        inputs:
          required: [ticket]
          properties:
            ticket: {type: string, maxLength: 4000}
            language: {type: string, maxLength: 20, default: English}
        messages:
          - role: user
            content: "Answer this ticket in {{ language }}: {{ ticket }}"
    """
    declared = prompt.inputs.get("properties") or {}
    read = used_inputs(prompt, subject.scopes)
    unused = [name for name in declared if name not in read]
    if not unused or not _is_whole(subject):
        return
    known = _words_of_assertions(prompt) | _reported_otherwise(prompt, subject, unused)
    for name in unused:
        at = f"/inputs/properties/{escaped(name)}"
        if name not in known and prompt.locate(at, True).path == prompt.path:
            hint = "use it in a message, or remove it"
            yield Problem(f"`{name}` is not used in any message", at=at, key=True, hint=hint)


def used_inputs(prompt: Prompt, scopes: Sequence[TemplateScope]) -> set[str]:
    found = {
        use.name
        for scope in scopes
        for use in scope.scope.uses
        if use.role != "alias" and use.reached and use.origin in ("input", "branch")
    }
    return found | {name for name, _ in named_by_messages(prompt)}


def _reported_otherwise(prompt: Prompt, subject: PromptFacts, unused: Sequence[str]) -> set[str]:
    """Inputs that a message misspells (VAR001), hides (VAR006) or puts in braces (VAR012)."""
    written = (passage.text for passage in subject.passages if passage.literal)
    foreign = {match.name for text in written for match in find_placeholders(text, unused)}
    found = (each for scope in subject.scopes for each in scope.scope.definitions)
    hidden = {each.name for each in found if each.kind == "set" and not each.from_itself}
    return foreign | hidden | misspelt(prompt, subject.scopes)


def _is_whole(subject: PromptFacts) -> bool:
    """Whether every template could be read, so that all uses are known."""
    return (
        all(_is_found(reference) for reference in subject.references)
        and not any(scope.scope.problems for scope in subject.scopes)
        and all(each.target for scope in subject.scopes for each in scope.scope.references)
    )


def _is_found(reference: FileReference) -> bool:
    return reference.found or reference.kind not in ("template", "body", "extends")


def _words_of_assertions(prompt: Prompt) -> set[str]:
    cases = [(case.rendered, case.on_answers) for case in prompt.cases]
    return set(re.findall(r"\w+", repr((cases, prompt.evaluation))))
