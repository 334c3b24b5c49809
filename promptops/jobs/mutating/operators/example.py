"""Drop an example."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.jobs.mutating.edits import PromptEdit, TemplateText, TextEdit, shortened
from promptops.model.prompt import Message, Prompt
from promptops.patterns import lazy_pattern
from promptops.records import replace

_TAGGED = lazy_pattern(
    r"(?is)(?:(?<=\n)|(?<![\s\S]))[ \t]*<(example)\b[^<>\n]*>(?:(?!<example\b).)*?</\1>[ \t]*\n?"
)


def edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each `<example>` element and each block of fenced code, in order."""
    if of.is_expression:
        return
    tagged = [match.span() for match in _TAGGED.finditer(of.text.value)]
    fenced = [
        (start, end)
        for start, end in of.fences
        if not any(first <= start < last for first, last in tagged)
    ]
    for start, end in sorted((*tagged, *fenced)):
        written = of.text.value[start:end]
        change = f'drop the example "{shortened(written)}"'
        yield TextEdit(start=start, end=end, change=change)


def message_edits(prompt: Prompt) -> Iterator[PromptEdit]:
    """One for each question with the answers that follow it."""
    for example in examples(prompt):
        dropped = {turn.at for turn in example}
        kept = tuple(turn for turn in prompt.messages if turn.at not in dropped)
        yield PromptEdit(
            prompt=replace(prompt, messages=kept),
            place=prompt.locate(example[0].at, False),
            dropped=tuple(turn.at for turn in example),
            change=f"drop an example of {len(example)} messages",
            suggestion="count the messages: `{type: message-count, value: N}`",
        )


def examples(prompt: Prompt) -> list[tuple[Message, ...]]:
    """Each user message with the answers after it, unless nothing follows them.

    An answer at the end is not an example: the model continues it.
    """
    found: list[tuple[Message, ...]] = []
    current: list[Message] = []
    for turn in prompt.messages:
        if isinstance(turn, Message) and turn.role in ("assistant", "tool") and current:
            current.append(turn)
            continue
        found += [tuple(current)] if len(current) > 1 else []
        current = [turn] if isinstance(turn, Message) and turn.role == "user" else []
    return found
