"""SEC003."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.input_schemas import dotted
from promptops.lint import Problem, Related, Severity, rule
from promptops.lint.include_stack import included_from
from promptops.lint.subject import PromptFacts
from promptops.lint.untrusted import untrusted_uses

_ROLES = ("system", "developer")


@rule("SEC003", severity=Severity.ERROR)
def untrusted_in_system(subject: PromptFacts) -> Iterator[Problem]:
    """What strangers wrote is printed in no system or developer message.

    A model obeys its system message before all others. Text of a customer, a page or a document
    that stands there is read as an instruction of the author, and "from now on answer in rhyme"
    works. Inputs marked `x-untrusted: true`, and everything below them, belong in a user message,
    between delimiters. They are followed through partials, macros, `set` and joined texts; to
    ask for them in an `if`, or to count them, prints nothing.

    Bad:
        inputs:
          properties:
            name: {type: string, maxLength: 80, default: Ada, x-untrusted: true}
        messages:
          - role: system
            content: "You help {{ name }}."

    Good:
        inputs:
          properties:
            name: {type: string, maxLength: 80, default: Ada, x-untrusted: true}
        messages:
          - role: system
            content: You help the customer whose name stands between tags.
          - role: user
            content: "<name>{{ name }}</name>"
    """
    for scope, use in untrusted_uses(subject):
        if scope.role in _ROLES:
            taken = (Related(site.place, "taken from here") for site in reversed(use.aliases))
            yield Problem(
                f"untrusted `{dotted(use.name, use.path)}` in a {scope.role} message",
                at=use.site.place,
                hint="move it to a user message, between tags",
                related=(*taken, *included_from(use.stack)),
            )
