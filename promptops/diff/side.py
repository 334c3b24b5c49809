"""A prompt on one side of a comparison, with its catalog."""

from __future__ import annotations

import re
from functools import cached_property

from promptops.analysis.includes import includes
from promptops.catalog.build import texts
from promptops.catalog.catalog import Catalog
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Text
from promptops.model.prompt import ConversationHistory, ForEach, Prompt
from promptops.patterns import lazy_pattern
from promptops.records import record
from promptops.runtime.request.inputs import Inputs
from promptops.runtime.template.template import TemplateError, parse

_NEEDED = ("template", "body", "extends", "tool", "media")
_TAG = lazy_pattern(r"\{[{%].*?[%}]\}", re.DOTALL)
_NAME = lazy_pattern(r"[^\W\d]\w*")


@record(frozen=True)
class PromptSide:
    """A prompt on one side; `prompt` is the parsed prompt of `loaded`."""

    catalog: Catalog
    loaded: LoadedPrompt
    prompt: Prompt

    @cached_property
    def reached(self) -> tuple[Text, ...]:
        """The body files and partials that its messages use."""
        return self.catalog.reached(self.prompt)

    @property
    def templates(self) -> tuple[Text, ...]:
        """The texts of its messages, then all templates that they use."""
        return (*texts(self.prompt), *self.reached)

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The source of each of its templates; equal prompts have the same order."""
        return tuple(text.value for text in self.templates)

    @cached_property
    def names(self) -> frozenset[str]:
        """The words in the tags of its templates, and the inputs that fill messages."""
        tags = (tag for source in self.sources for tag in _TAG.findall(source))
        turns = (
            turn.source
            for turn in self.prompt.messages
            if isinstance(turn, ForEach | ConversationHistory)
        )
        return frozenset(turns).union(*(_NAME.findall(tag) for tag in tags))

    @cached_property
    def input_validator(self) -> Inputs | ValueError:
        """The validator of inputs; the error if their schema is not valid."""
        try:
            return Inputs(self.prompt.inputs)
        except ValueError as error:
            return error

    @cached_property
    def schema_problem(self) -> str:
        """Why one of its schemas is not completely known, with the place; "" if it is."""
        for problem in self.loaded.problems:
            if problem.code in ("SCH002", "SCH003", "SEC010"):
                return f"{problem.message} ({problem.at})"
        return ""

    @cached_property
    def render_problem(self) -> str:
        """Why it can't render completely, with the place; "" if it can."""
        for reference in self.loaded.references:
            if not reference.found and reference.kind in _NEEDED:
                return f"there is no file `{reference.written}` ({reference.place})"
        for text in self.templates:
            try:
                parse(text.value)
            except TemplateError as error:
                return f"{error.message} ({text.place(error.start)})"
            for include in includes(text):
                if self.catalog.load(text.path, include.name) is None:
                    place = text.place(include.start, include.end)
                    return f"there is no template `{include.name}` ({place})"
        return ""

    @property
    def schema_files(self) -> frozenset[str]:
        """Paths of the schemas and tools that it uses."""
        kinds = ("schema", "tool")
        return frozenset(each.target for each in self.loaded.references if each.kind in kinds)
