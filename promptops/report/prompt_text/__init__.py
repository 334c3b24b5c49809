"""A prompt file as readable text for `git diff`: one fact per line, no YAML.

Nothing in the file is left out: unknown keys are facts like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.report.parts.visible import visible_line
from promptops.report.prompt_text.cases import case_blocks, evaluation_blocks
from promptops.report.prompt_text.facts import Block, facts
from promptops.report.prompt_text.messages import message_blocks
from promptops.report.prompt_text.schemas import input_blocks, output_blocks, tool_blocks

_HEAD = (
    *("format", "title", "description", "owners", "tags", "status", "replaced_by", "sunset"),
    *("aliases", "extends", "metadata", "budget"),
)
_WRITERS: Mapping[str, Callable[[Any], Iterable[Block]]] = {
    "model": lambda value: [tuple(facts("model", value))],
    "inputs": input_blocks,
    "output": output_blocks,
    "tools": tool_blocks,
    "tool_choice": lambda value: [tuple(facts("tool_choice", value))],
    "messages": message_blocks,
    "tests": case_blocks,
    "evaluation": evaluation_blocks,
}


def prompt_text(value: Mapping[str, Any], comments: Sequence[str] = ()) -> str:
    """The text of a parsed prompt file of any shape; equal values have equal texts.

    Takes linear time; every line is safe to print.
    """
    blocks = [*_blocks(value), tuple(comments)]
    return safe_text("\n\n".join("\n".join(map(_one_line, block)) for block in blocks if block))


def safe_text(text: str) -> str:
    """A text with escaped special characters, except tabs; ends with a newline."""
    lines = text.removesuffix("\n").split("\n")
    return "".join("\t".join(map(visible_line, line.split("\t"))) + "\n" for line in lines)


def _blocks(value: Mapping[str, Any]) -> Iterator[Block]:
    yield tuple(line for key in _HEAD if key in value for line in facts(key, value[key]))
    for key, write in _WRITERS.items():
        if key in value:
            yield from write(value[key])
    for key in sorted(value.keys() - {*_HEAD, *_WRITERS}):
        yield tuple(facts(key, value[key]))


def _one_line(line: str) -> str:
    """A name without line breaks: names are untrusted."""
    return line.replace("\n", "\\n")
