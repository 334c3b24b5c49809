"""Empty a loop."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from promptops.analysis.spans import expression
from promptops.jobs.mutating.edits import POISON, PromptEdit, TemplateText, TextEdit, shortened
from promptops.model.prompt import ForEach, Prompt
from promptops.records import replace


def edits(of: TemplateText) -> Iterator[TextEdit]:
    """One for each `for`, in order."""
    template = of.template
    loops = template.tree.find_all(nodes.For) if template is not None else ()
    for start, end in sorted(expression(template, loop.iter) for loop in loops if template):
        written = of.text.value[start:end]
        change = f"empty the loop over `{shortened(written)}`"
        yield TextEdit(start=start, end=end, after="[]", change=change, poison=POISON)


def message_edits(prompt: Prompt) -> Iterator[PromptEdit]:
    """One for each list of messages that is repeated for the items of an input."""
    for turn in prompt.messages:
        if isinstance(turn, ForEach):
            left = tuple(other for other in prompt.messages if other is not turn)
            yield PromptEdit(
                prompt=replace(prompt, messages=left),
                place=prompt.locate(turn.at, False),
                dropped=(turn.at,),
                change=f"empty the loop over `{turn.source}`",
                suggestion="count the messages: `{type: message-count, value: N}`",
            )
