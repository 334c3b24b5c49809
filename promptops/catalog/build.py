"""Builds a prompt from its files: parsed, merged and resolved, with its references."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from promptops.analysis.includes import includes
from promptops.catalog.files import Files
from promptops.catalog.layers import Layers
from promptops.catalog.messages import Messages
from promptops.catalog.references import ReferenceLog, ReferenceResolver
from promptops.catalog.schemas import SchemaReader
from promptops.catalog.unknown_names import wrong_profile, wrong_tool
from promptops.model.config import Config, ModelProfile
from promptops.model.finding import Problem
from promptops.model.loaded import FileReference, LoadedPrompt
from promptops.model.place import Text
from promptops.model.prompt import (
    Case,
    Model,
    Prompt,
    TextPart,
    messages_of,
)
from promptops.source.shape import check_prompt, check_shape, misspells_templates

MAX_TAGS = 20_000
"""Tags in all messages of one prompt; analysing that many takes about a second."""


class PromptBuilder:
    """Builds one prompt; a problem does not hide other problems."""

    def __init__(
        self,
        files: Files,
        config: Config,
        layers: Layers,
        identity: str,
        profile: str | None = None,
    ) -> None:
        """`profile` replaces the model that the prompt names."""
        self._files = files
        self._config = config
        self._layers = layers
        self._id = identity
        self._profile = profile
        self._references = ReferenceLog(ReferenceResolver(files, config), layers.path)
        self._problems: list[Problem] = []
        self._schemas = SchemaReader(
            files, config.schemas, layers, self._references, self._problems
        )

    def loaded(self) -> LoadedPrompt:
        """The prompt, or the problems that prevent it."""
        layers = self._layers
        for parent in layers.parents:
            self._references.add(parent)
        self._problems += [*layers.document.problems, *layers.problems]
        self._problems += check_shape(layers.document)
        prompt = templates = None
        readable = isinstance(layers.value, Mapping)  # not one with an undefined alias
        self._problems += _lost_parents(layers.parents, self._files)
        if readable and all(problem.code in _HARMLESS for problem in self._problems):
            if len(layers.documents) > 1:
                self._problems += check_prompt(layers.value, layers.place)
            if not any(problem.code == "SCH002" for problem in self._problems):
                # A variant does not inherit the earlier names of its base.
                aliases = layers.document.value.get("aliases")
                built = self._prompt({**layers.value, "aliases": aliases})
                prompt = None if self._has_many_tags(built) else built
        elif readable and len(layers.documents) == 1:
            templates = self._templates(layers.value)
        return LoadedPrompt(
            id=self._id,
            path=layers.path,
            prompt=prompt,
            problems=(*self._problems, *self._references.problems),
            references=tuple(self._references.references),
            templates=templates,
            lacks_tools=prompt is not None and self._lacks_tools(prompt),
        )

    def _lacks_tools(self, prompt: Prompt) -> bool:
        written = self._layers.value.get("tools")
        # In a file with an invalid shape it may be of any type.
        return isinstance(written, list | tuple) and len(prompt.tools) < len(written)

    def _templates(self, value: Mapping[str, Any]) -> Prompt | None:
        """A prompt with only messages and inputs, from a file whose other parts are invalid."""
        only_shape = all(problem.code in (*_HARMLESS, "SCH002") for problem in self._problems)
        part = {key: value[key] for key in ("format", "inputs", "messages") if key in value}
        if not only_shape or misspells_templates(value) or check_prompt(part, self._layers.place):
            return None
        built = self._prompt(part)
        return None if self._has_many_tags(built) else built

    def _prompt(self, value: Mapping[str, Any]) -> Prompt:
        messages = Messages(self._layers.template, self._body, self._media)
        model = value.get("model") or {}
        if self._profile is not None:
            kept = {key: model[key] for key in _OWN_SETTINGS if key in model}
            model = {"profile": self._profile, **kept}
        self._problems += wrong_profile(model, self._config.models, self._layers.place)
        prompt = Prompt(
            id=self._id,
            path=self._layers.path,
            locate=self._layers.place,
            messages=messages.turns(value.get("messages") or []),
            inputs=self._schemas.inputs(value.get("inputs") or {}),
            output=self._schemas.output(value.get("output") or {}),
            model=model_of(model, self._config.models.get(model.get("profile") or "")),
            tools=tuple(self._schemas.tools(value.get("tools") or [])),
            tool_choice=value.get("tool_choice"),
            cases=tuple(self._cases(value.get("tests") or [])),
            evaluation=value.get("evaluation") or {},
            title=value.get("title", ""),
            description=value.get("description", ""),
            owners=tuple(value.get("owners") or ()),
            tags=tuple(value.get("tags") or ()),
            metadata=value.get("metadata") or {},
            status=value.get("status", "active"),
            replaced_by=value.get("replaced_by"),
            sunset=value.get("sunset"),
            budget=value.get("budget") or {},
            aliases=tuple(value.get("aliases") or ()),
            extends=self._layers.parents[0].target if self._layers.parents else None,
        )
        self._note_includes(prompt)
        self._problems += self._wrong_tool(prompt)
        return prompt

    def _wrong_tool(self, prompt: Prompt) -> Iterator[Problem]:
        """Not reported if the file of a tool can't be read, which is reported itself."""
        if not self._lacks_tools(prompt):
            names = [tool.name for tool in prompt.tools]
            yield from wrong_tool(prompt.tool_choice, names, self._layers.place)

    def _has_many_tags(self, prompt: Prompt) -> bool:
        """Whether one prompt has too many tags, which is then a problem."""
        left = MAX_TAGS
        for text in texts(prompt):
            left -= sum(map(text.value.count, ("{%", "{{")))
            if left < 0:
                message = f"the templates of a prompt have over {MAX_TAGS:,} tags"
                place, hint = text.place(0, 1), "use loops and partials, or several prompts"
                self._problems.append(Problem(message, at=place, hint=hint, code="SCH002"))
                return True
        return False

    def _note_includes(self, prompt: Prompt) -> None:
        for text in texts(prompt):
            for include in includes(text):
                place = partial(text.place, include.start, include.end)
                self._references.refer("template", include.name, place, text.path)

    def _body(self, written: str, at: str) -> Text:
        """The file of a body; an empty text replaces a missing file."""
        place = self._layers.place(at, False)
        reference = self._references.refer("body", written, place, place.path)
        found = self._files.text(reference.target) if reference and reference.found else None
        return found or Text(place.path, "", lambda _: (place.line, place.column))

    def _media(self, written: str, at: str) -> str:
        place = self._layers.place(at, False)
        reference = self._references.refer("media", written, place, place.path)
        return reference.target if reference else written

    def _cases(self, written: list[Mapping[str, Any]]) -> Iterator[Case]:
        for index, value in enumerate(written):
            at = f"/tests/{index}"
            if "file" in value:
                yield from self._case_file(value["file"], f"{at}/file")
            else:
                yield case(value, at, self._layers.place)

    def _case_file(self, written: str, at: str) -> Iterator[Case]:
        from promptops.source.cases import read_cases

        place = self._layers.place(at, False)
        reference = self._references.refer("cases", written, place, place.path)
        data = self._files.data(reference.target) if reference and reference.found else None
        if reference is None or data is None:
            return
        found = read_cases(reference.target, data)
        self._problems += found.problems
        if not found.values and not found.problems:
            message = f"`{written}` has no test case"
            place = self._layers.place(at, False)
            self._problems.append(Problem(message, at=place, code="SCH002"))
        for index, value in found.sound:
            yield case(value, f"/{index}", found.place)


_HARMLESS = frozenset(("SCH003", "SCH010"))
"""Problems that do not prevent checking the rest of the file."""


_OWN_SETTINGS = ("params", "provider_options")
"""What a prompt sets on top of the profile of its model."""


def model_of(written: Mapping[str, Any], profile: ModelProfile | None) -> Model:
    """The model of a prompt with the values of a profile; values in the prompt override them."""
    options = {
        **(profile.provider_options if profile else {}),
        **(written.get("provider_options") or {}),
    }
    return Model(
        profile=written.get("profile"),
        provider=profile.provider if profile else written.get("provider"),
        id=profile.id if profile else written.get("id"),
        params={**(profile.params if profile else {}), **(written.get("params") or {})},
        provider_options=options,
        any_api=profile is not None and _has_any_api(profile),
    )


def _has_any_api(profile: ModelProfile) -> bool:
    """Whether the profile has its own address, and its provider's name does not mean OpenAI."""
    if profile.base_url is None:
        return False
    from promptops.runtime.request.api_limits import speaks_openai

    return not speaks_openai(profile.provider)


def _lost_parents(parents: Sequence[FileReference], files: Files) -> Iterator[Problem]:
    """A problem for each missing prompt that this one extends; nothing else is checked then."""
    for parent in parents:
        if not parent.found:
            message = f"there is no prompt file `{parent.written}`"
            if files.is_unmerged(parent.target):
                message = f"`{parent.written}` has an unresolved merge conflict"
            yield Problem(message, at=parent.place, code="TPL003")


def case(value: Mapping[str, Any], at: str, locate: Any) -> Case:
    """One test case from a value that is valid for the schema."""
    return Case(
        name=value.get("name", ""),
        inputs=value.get("inputs") or {},
        at=at,
        locate=locate,
        rendered=tuple(value.get("rendered") or ()),
        output=tuple(value.get("output") or ()),
        expected=value.get("expected"),
        tags=tuple(value.get("tags") or ()),
    )


def texts(prompt: Prompt) -> Iterator[Text]:
    """The templates of a prompt's messages, in order."""
    for message in messages_of(prompt.messages):
        yield from (part.text for part in message.parts if isinstance(part, TextPart))
