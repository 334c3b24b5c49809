"""What the modules of all languages have in common: names, the header, and texts of comments."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from promptops.model.prompt import Prompt
from promptops.model.shipping import Stubs
from promptops.patterns import lazy_pattern
from promptops.report.visible import visible

WIDTH = 100
_LONGEST_NAME = 60
_WORD = lazy_pattern(r"[A-Za-z0-9]+")


class UniqueNames:
    """Gives out names that are unique in a module."""

    def __init__(self, taken: frozenset[str]) -> None:
        self._taken = set(taken)

    def new(self, wanted: str) -> str:
        """The wanted name, with a number if it is taken."""
        name, number = wanted, 1
        while name in self._taken:
            number += 1
            name = f"{wanted}{number}"
        self._taken.add(name)
        return name

    def give_back(self, name: str) -> None:
        """Free a name that was not used."""
        self._taken.discard(name)


def class_name(text: str) -> str:
    """`SupportTriageDe` for `support/triage.de`; characters outside ASCII are left out."""
    words = (word[0].upper() + word[1:] for word in _WORD.findall(text))
    name = "".join(words)[:_LONGEST_NAME]
    return name if name[:1].isalpha() else f"Prompt{name}"


def header_text(stubs: Stubs, options: str = "") -> str:
    """Where the prompts come from, and the command with the options of the language."""
    digest = f"sha256:{stubs.digest}" if stubs.digest is not None else "none: it is not committed"
    return (
        f"Typed prompts of {visible(stubs.title)}: made by promptops, not to be edited.\n\n"
        f"Release: {visible(stubs.release or 'none')}\n"
        f"Bundle: {digest}\n"
        f"Made by: {visible(stubs.made_by + options)}\n"
    )


def names_by_id(stubs: Stubs, names: Mapping[str, str]) -> dict[str, str]:
    """The name of each prompt by its id and by its former ones, sorted."""
    ids = {alias: prompt.id for prompt in stubs.prompts for alias in prompt.aliases}
    ids |= {prompt.id: prompt.id for prompt in stubs.prompts}
    return {name: names[identity] for name, identity in sorted(ids.items())}


def prompt_text(prompt: Prompt) -> str:
    """The description of a prompt, with its status unless it is active."""
    text = prompt.description or f"The prompt `{prompt.id}`."
    if prompt.status == "active":
        return text
    instead = f"; use `{prompt.replaced_by}`" if prompt.replaced_by else ""
    return f"{text}\n\nIt is {'a draft' if prompt.status == 'draft' else 'deprecated'}{instead}."


def output_schema(prompt: Prompt) -> Mapping[str, Any] | None:
    """The schema of the answer, described by the prompt if it has no description; or None."""
    output = prompt.output
    schema = output.schema
    if schema is None or schema.get("description") or not output.description:
        return schema
    return {**schema, "description": output.description}


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of visible characters; none for an empty text."""
    lines = text.strip().split("\n") if text.strip() else []
    paragraphs = [textwrap.wrap(visible(line), width) for line in lines]
    return [line for paragraph in paragraphs for line in (paragraph or [""])]
