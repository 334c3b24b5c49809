"""MSG007."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.match import TextMatch
from promptops.lint import Edit, Fix, Problem, Severity, rule
from promptops.lint.detect.special_tokens import find_special_tokens
from promptops.lint.passages import Passage


@rule("MSG007", severity=Severity.ERROR)
def special_token_literal(passages: Sequence[Passage]) -> Iterator[Problem]:
    """No text contains control tokens of a model's chat template.

    Roles define the structure. If a server interprets such a token, it starts or ends a turn in the
    middle of a message; if it escapes the token, the model receives meaningless text. Such tokens
    come from prompts that were written for the raw template of one model.

    Bad:
        messages:
          - role: user
            content: "[INST] Sum up the report. [/INST]"

    Bad:
        messages:
          - role: user
            content: |
              <|im_start|>system
              You are brief.<|im_end|>

    Good:
        messages:
          - {role: system, content: You are brief.}
          - {role: user, content: Sum up the report.}
    """
    for passage in passages:
        for match in find_special_tokens(passage.text):
            if passage.is_wholly_written(match.start, match.end):
                yield passage.problem(
                    match.message,
                    match.start,
                    match.end,
                    hint="remove it: use `role` to structure the conversation",
                    fix=_removed(passage, match),
                )


def _removed(passage: Passage, match: TextMatch) -> Fix | None:
    place = passage.place(match.start, match.end)
    as_written = place.line == place.end_line
    whole = place.end_column - place.column == match.end - match.start
    return Fix((Edit(place, ""),)) if as_written and whole else None
