"""MSG002."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.lint import Problem, Severity, rule
from promptops.lint.conversation import INSTRUCTIONS, written_turns
from promptops.model.prompt import Prompt


@rule("MSG002", severity=Severity.WARNING)
def system_position(prompt: Prompt) -> Iterator[Problem]:
    """The instructions are one system message, at the beginning.

    Providers treat later system messages differently: some move them to the top, some send them as
    user text, some refuse the request. Two system messages at the top are joined by one provider
    and sent separately by another. A single system message at the beginning has the same meaning
    everywhere.

    Several system messages with a `when` are allowed, because only one of them may be sent.

    Bad:
        messages:
          - {role: user, content: hello}
          - {role: system, content: be brief}

    Bad:
        messages:
          - {role: system, content: be brief}
          - {role: system, content: be kind}
          - {role: user, content: hello}

    Good:
        messages:
          - {role: system, content: be brief and kind}
          - {role: user, content: hello}
    """
    certain = 0
    spoken = False
    for turn in written_turns(prompt):
        if turn.role not in INSTRUCTIONS:
            spoken = True
        elif spoken:
            hint = "move it to the top"
            yield Problem(f"`{turn.role}` is not first", at=f"{turn.at}/role", hint=hint)
        elif turn.certain:
            certain += 1
            if certain > 1:
                hint = "join them to one message"
                yield Problem(f"a second `{turn.role}` message", at=f"{turn.at}/role", hint=hint)
