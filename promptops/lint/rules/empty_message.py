"""MSG003."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import RenderedCase, messages
from promptops.model.loaded import FileReference
from promptops.model.place import Text
from promptops.model.prompt import Prompt, TextPart
from promptops.records import record


@rule("MSG003", severity=Severity.WARNING)
def empty_message(
    prompt: Prompt, references: Sequence[FileReference], renders: Sequence[RenderedCase]
) -> Iterator[Problem]:
    """No message is empty, whatever the inputs are.

    Several providers refuse a request with an empty message or an empty text part. Others let the
    model answer an empty question. This happens if the whole message is inside an `if`, or consists
    only of an optional input. Use `when` to leave out the whole message.

    Bad:
        inputs:
          properties:
            note: {type: string, maxLength: 200, default: ""}
        messages:
          - role: user
            content: Say hello.
          - role: user
            content: "{% if note %}Mind this: {{ note }}{% endif %}"

    Good:
        inputs:
          properties:
            note: {type: string, maxLength: 200, default: ""}
        messages:
          - role: user
            content: Say hello.
          - role: user
            when: note
            content: "Mind this: {{ note }}"
    """
    missing = {(r.place.path, r.place.line, r.place.column) for r in references if not r.found}
    written = set()
    for content in _contents(prompt):
        if not content.says.strip() and content.start not in missing:
            written.add(content.at)
            yield Problem(
                "the message is empty", at=content.at, hint="add text, or remove the message"
            )
    seen: set[str] = set(written)
    for rendered in renders:
        for text in rendered.traced.texts if rendered.traced else ():
            if text.at not in seen and not text.text.strip():
                seen.add(text.at)
                yield from _empty_in(prompt, text.at, rendered.case.name, missing)


@record(frozen=True, slots=True)
class _MessageText:
    at: str
    says: str
    start: tuple[str, int, int] | None = None


def _contents(prompt: Prompt) -> Iterator[_MessageText]:
    for message, _ in messages(prompt):
        if not message.parts and not message.tool_calls:
            yield _MessageText(f"{message.at}/content", "")
        for part in message.parts:
            if isinstance(part, TextPart) and not message.tool_calls:
                yield _MessageText(part.at, part.text.value, _start(part.text))


def _start(text: Text) -> tuple[str, int, int]:
    """The place where a text begins. For a missing file, the place of the reference to it."""
    return (text.path, *text.locate(0))


def _empty_in(
    prompt: Prompt, at: str, case: str, missing: set[tuple[str, int, int]]
) -> Iterator[Problem]:
    part = next(
        (
            part
            for message, _ in messages(prompt)
            if not message.tool_calls
            for part in message.parts
            if isinstance(part, TextPart) and part.at == at
        ),
        None,
    )
    if part is not None and _start(part.text) not in missing:
        yield Problem(
            f"the message is empty in the case `{case}`",
            at=at,
            hint="leave it out with `when`",
            case=case,
        )
