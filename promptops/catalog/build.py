"""Builds a prompt from its files: parsed, merged and resolved, with its references."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from promptops.analysis.includes import includes
from promptops.catalog.files import Files
from promptops.catalog.references import ReferenceLog, ReferenceResolver
from promptops.catalog.schema_places import (
    schema_locator,
    without_invalid,
    wrong_profile,
    wrong_tool,
)
from promptops.json_pointer import NO_VALUE, escaped, value_at
from promptops.model.config import Config, ModelProfile
from promptops.model.finding import Problem
from promptops.model.loaded import FileReference, LoadedPrompt
from promptops.model.place import Offsets, Place, Text
from promptops.model.prompt import (
    Case,
    CaseTurn,
    ConversationHistory,
    ForEach,
    MediaKind,
    MediaPart,
    Message,
    Model,
    Output,
    Part,
    Prompt,
    SimulatedUser,
    TextPart,
    Tool,
    ToolResult,
    Turn,
    messages_of,
)
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.source.document import Document
from promptops.source.lines import CONFLICT_CODE
from promptops.source.references import merge_patch, resolve
from promptops.source.schema_validity import check_schema, wrong_dialect
from promptops.source.shape import (
    PROMPT,
    check_prompt,
    check_shape,
    check_value,
    misspells_templates,
)
from promptops.source.yaml_nodes import MAX_DEPTH

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
        messages = MessageReader(self._layers.template, self._body, self._media)
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
        turns=tuple(_turns(value.get("turns") or (), f"{at}/turns")),
        conversation=tuple(value.get("conversation") or ()),
        expected=value.get("expected"),
        tags=tuple(value.get("tags") or ()),
    )


def _turns(written: Sequence[Mapping[str, Any]], at: str) -> Iterator[CaseTurn]:
    for index, turn in enumerate(written):
        user, tools = turn.get("user"), turn.get("tool") or ()
        if isinstance(user, Mapping):
            user = SimulatedUser(
                character=user["simulate"],
                goal=user["goal"],
                max_turns=user.get("max-turns", DEFAULT_SIMULATED_TURNS),
            )
        results = tools if isinstance(tools, list | tuple) else (tools,)
        yield CaseTurn(
            at=f"{at}/{index}",
            user=user,
            results=tuple(ToolResult(name=r["name"], text=_result(r["result"])) for r in results),
            output=tuple(turn.get("output") or ()),
        )


DEFAULT_SIMULATED_TURNS = 6


def _result(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def texts(prompt: Prompt) -> Iterator[Text]:
    """The templates of a prompt's messages, in order."""
    for message in messages_of(prompt.messages):
        yield from (part.text for part in message.parts if isinstance(part, TextPart))


# The messages of a valid prompt file, as records.

TextAt = Callable[[str], Text]
"""From a JSON pointer to the scalar at that place."""

BodyAt = Callable[[str, str], Text]
"""From the path of a body file, and the pointer of that path, to the file's text."""

MediaAt = Callable[[str, str], str]
"""From the path of a media file, and the pointer of that path, to its path in the tree."""

_MEDIA_KINDS: tuple[MediaKind, ...] = ("image", "audio", "document")


class MessageReader:
    """Builds messages from values that are valid for the schema."""

    def __init__(self, text: TextAt, body: BodyAt, media: MediaAt) -> None:
        self._text = text
        self._body = body
        self._media = media

    def turns(self, values: list[Any], at: str = "/messages") -> tuple[Turn, ...]:
        """All messages of a list, each with its pointer."""
        return tuple(self._turn(value, f"{at}/{index}") for index, value in enumerate(values))

    def _turn(self, value: Mapping[str, Any], at: str) -> Turn:
        if "for_each" in value:
            messages = tuple(
                self._message(message, f"{at}/messages/{index}")
                for index, message in enumerate(value["messages"])
            )
            return ForEach(source=value["for_each"], name=value["as"], messages=messages, at=at)
        if "history" in value:
            return ConversationHistory(source=value["history"], last=value.get("last"), at=at)
        return self._message(value, at)

    def _message(self, value: Mapping[str, Any], at: str) -> Message:
        content = value.get("content", "")
        return Message(
            role=value["role"],
            parts=tuple(self._parts(content, f"{at}/content")),
            plain=not isinstance(content, list),
            name=value.get("name"),
            cache=value.get("cache", False),
            when=self._when(value, at),
            tool_calls=tuple(value.get("tool_calls", ())),
            tool_call_id=value.get("tool_call_id"),
            at=at,
        )

    def _parts(self, content: Any, at: str) -> Iterator[Part]:
        if isinstance(content, str):
            if content:
                yield TextPart(text=self._text(at), at=at)
        elif isinstance(content, Mapping):
            yield TextPart(text=self._body(content["file"], f"{at}/file"), at=at)
        else:
            for index, part in enumerate(content):
                yield self._part(part, f"{at}/{index}")

    def _part(self, value: Mapping[str, Any], at: str) -> Part:
        when = self._when(value, at)
        if "text" in value:
            return TextPart(text=self._text(f"{at}/text"), at=f"{at}/text", when=when)
        kind = next(kind for kind in _MEDIA_KINDS if kind in value)
        origin, name = next(
            (origin, name)
            for origin, name in value[kind].items()
            if origin in ("input", "url", "file")
        )
        if origin == "file":
            name = self._media(name, f"{at}/{kind}/file")
        return MediaPart(
            kind=kind,
            origin=origin,
            value=name,
            at=at,
            detail=value.get("detail"),
            title=value.get("title"),
            when=when,
        )

    def _when(self, value: Mapping[str, Any], at: str) -> Text | None:
        return self._text(f"{at}/when") if "when" in value else None


# The parts of a prompt that have schemas: inputs, output and tools, with the files they use.


class SchemaReader:
    """Builds the inputs, the output and the tools of one prompt."""

    def __init__(
        self,
        files: Files,
        roots: tuple[str, ...],
        layers: Layers,
        references: ReferenceLog,
        problems: list[Problem],
    ) -> None:
        """`roots` are those of schemas. Adds to `references` and to `problems`."""
        self._files = files
        self._roots = roots
        self._layers = layers
        self._references = references
        self._problems = problems
        self._no_json: set[str] = set()

    def inputs(self, written: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema of the inputs as one object that refuses other properties."""
        closed = {"type": "object", "additionalProperties": False, **written}
        self._problems += wrong_dialect(closed, self._layers.place, "/inputs")
        resolved = self._schema(closed, "/inputs")
        locate = schema_locator(self._layers.place, "/inputs", resolved, self._files.defines)
        problems = check_schema(resolved, locate, "/inputs")
        self._problems += problems
        return without_invalid(resolved) if problems else resolved

    def _schema(self, schema: Any, at: str, base: str = "") -> Any:
        """A schema, including the files it refers to."""
        base = base or self._layers.path_at(at)
        read: set[str] = set()

        def schema_file(path: str) -> Mapping[str, Any] | bool | None:
            found = self._json(path)
            if self._files.is_file(path):
                read.add(path)
            return found

        resolved, problems = resolve(schema, schema_file, base, self._roots)
        for problem in problems:
            place = self._layers.place(f"{at}{problem.at}", False)
            absent = _MISSING_SCHEMA.fullmatch(problem.message)
            reported = problem
            if absent:
                found = self._references.refer("schema", absent[1], place, absent[2] or base)
                if found is not None and self._is_reported(found.target):
                    continue  # in that file, at the wrong character
                reported = self._not_an_object(problem, found)
            self._problems.append(replace(reported, at=place))
        if read:
            self._note_schemas(schema, at, base, read)
        return resolved

    def _not_an_object(self, problem: Problem, reference: FileReference | None) -> Problem:
        """The problem of a missing schema, or of one that exists but is not an object."""
        if reference is None:
            return problem
        if not reference.found:
            written, base = reference.written, reference.place.path
            near = self._references.resolver.nearest("schema", written, base)
            return problem if near is None else replace(problem, hint=f"did you mean `{near}`?")
        written = reference.written
        message = (
            f"`{written}` is not a schema: expected a JSON object, nested at most {MAX_DEPTH} deep"
        )
        return replace(problem, message=message, hint=None)

    def _note_schemas(self, schema: Any, at: str, base: str, read: set[str]) -> None:
        """Record each file at the `$ref` that names it; one that only other files name, at `at`."""
        for pointer, written in _written_references(schema, at):
            self._references.know("schema", written, self._layers.place(pointer, False), base, read)
        for path in sorted(read):
            self._references.note("schema", path, self._layers.place(at, True))

    def _json(self, path: str) -> Mapping[str, Any] | bool | None:
        """The value of a JSON file, if it can be a schema and is not nested too deeply."""
        from promptops.source.json_lines import json_value

        data = self._files.data(path)
        value, problems = json_value(path, data) if data is not None else (None, ())
        if any(problem.code in _CODES_OF_UNPARSED_JSON for problem in problems):
            self._no_json.add(path)
        self._problems.extend(p for p in problems if p not in self._problems)
        return value if isinstance(value, dict | bool) else None

    def output(self, written: Mapping[str, Any]) -> Output:
        """The output with its schema, if it has one."""
        schema = written.get("schema")
        self._problems += wrong_dialect(schema, self._layers.place, "/output/schema")
        return Output(
            format=written.get("format", "text"),
            schema=None if schema is None else self._schema(schema, "/output/schema"),
            name=written.get("name"),
            strict=written.get("strict", False),
            description=written.get("description"),
        )

    def tools(self, written: list[Mapping[str, Any]]) -> Iterator[Tool]:
        """The tools in order; one that can't be read is a problem and is left out."""
        for index, value in enumerate(written):
            at = f"/tools/{index}"
            base = self._layers.path_at(at)
            if "ref" in value:
                yield from self._tool_file(value["ref"], at, base)
            else:
                inline = value.get("parameters")
                self._problems += wrong_dialect(inline, self._layers.place, f"{at}/parameters")
                yield self._tool(value, at, base)

    def _tool_file(self, written: str, at: str, base: str) -> Iterator[Tool]:
        place = self._layers.place(f"{at}/ref", False)
        reference = self._references.refer("tool", written, place, base)
        if reference is None or not reference.found:
            return  # the reference reports that
        found = self._json(reference.target)
        if isinstance(found, Mapping) and isinstance(found.get("name"), str):
            self._problems += self._wrong_tool_file(found, reference.target)
            yield self._tool(found, at, reference.target)
        elif not self._is_reported(reference.target):
            self._unreadable_tool(written, at)

    def _wrong_tool_file(self, found: Mapping[str, Any], path: str) -> Iterator[Problem]:
        """Values that a tool in a prompt file could not have; lint removes repeats."""
        from promptops.source.json_lines import read_json

        known = {key: found[key] for key in _CHECKED_IN_TOOLS if key in found}

        def place(pointer: str, key: bool = False) -> Place:
            return read_json(path, self._files.data(path) or b"").place(pointer, key)

        yield from check_value(PROMPT, known, place, part="tool")

    def _tool(self, value: Mapping[str, Any], at: str, base: str) -> Tool:
        return Tool(
            name=value["name"],
            description=str(value.get("description", "")),
            parameters=self._schema(value.get("parameters") or {}, f"{at}/parameters", base),
            returns=value.get("returns"),
            strict=bool(value.get("strict", False)),
            at=at,
        )

    def _is_reported(self, path: str) -> bool:
        """Whether a JSON file can't be parsed or is unmerged, which is reported in that file."""
        return path in self._no_json or self._files.is_unmerged(path)

    def _unreadable_tool(self, written: str, at: str) -> None:
        place = self._layers.place(f"{at}/ref", False)
        message = f"`{written}` is not a tool: expected a JSON object with `name` and `parameters`"
        self._problems.append(Problem(message, at=place, code="SCH002"))


_CHECKED_IN_TOOLS = ("name", "description", "strict")
"""Keys of a tool file whose values `_tool` would convert; its schemas are checked by rules."""

_MISSING_SCHEMA = lazy_pattern(r"there is no schema `(.+?)`(?: \(in (.+)\))?")


def _written_references(schema: Any, at: str) -> Iterator[tuple[str, str]]:
    """The files that a schema's own `$ref`s name, each with its pointer."""
    if isinstance(schema, list):
        for index, item in enumerate(schema):
            yield from _written_references(item, f"{at}/{index}")
    elif isinstance(schema, Mapping):
        for key, value in schema.items():
            pointer = f"{at}/{escaped(key)}"
            if key == "$ref" and isinstance(value, str) and not value.startswith("#"):
                yield pointer, value.partition("#")[0]
            else:
                yield from _written_references(value, pointer)


_CODES_OF_UNPARSED_JSON = frozenset(("SCH001", CONFLICT_CODE))
"""Why a JSON file has no value."""


# A prompt file and the files it extends, as one value with a place in its file for each part.

MAX_LAYERS = 6

Follow = Callable[[str, Place, str], FileReference | Problem]
"""From a written path, its place and its file to the reference; a problem if it leads out of the
repository."""


@record(frozen=True, slots=True)
class Layers:
    """The documents of one prompt: the file itself first, then the files it extends.

    Attributes:
        value: All of them merged; None if one of them can't be parsed.
        parents: The file that each document but the last one extends.
        problems: Why a parent could not be read; of one that can't be parsed, its own.
    """

    documents: tuple[Document, ...]
    value: Any
    parents: tuple[FileReference, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def document(self) -> Document:
        """The prompt file itself, without its parents."""
        return self.documents[0]

    @property
    def path(self) -> str:
        """The path of the prompt file itself."""
        return self.documents[0].path

    def place(self, pointer: str, key: bool = False, within: Offsets | None = None) -> Place:
        """The place in the file that contains the value; see `model.prompt.LocateWithin`."""
        return self._document_at(pointer).place(pointer, key, within)

    def path_at(self, pointer: str) -> str:
        """The path of the file that contains it."""
        return self._document_at(pointer).path

    def template(self, pointer: str) -> Text:
        """A scalar with the place of each character, in the file that contains it."""
        return self._document_at(pointer).template(pointer)

    def _document_at(self, pointer: str) -> Document:
        if len(self.documents) == 1:
            return self.documents[0]
        holding = (
            document
            for document in self.documents
            if value_at(document.value, pointer, NO_VALUE) is not NO_VALUE
        )
        return next(holding, self.documents[0])


def layers(document: Document, read: Callable[[str], Document], follow: Follow) -> Layers:
    """A document with all that it extends; a problem ends a chain that is too long or circular."""
    documents, parents, problems = [document], [], []
    while isinstance(documents[-1].value, dict) and "extends" in documents[-1].value:
        last = documents[-1]
        written, place = last.value["extends"], last.place("/extends")
        if not isinstance(written, str):
            break
        reference = follow(written, place, last.path)
        if isinstance(reference, Problem):
            problems.append(reference)
            break
        parents.append(reference)
        if not reference.found:
            break
        if any(reference.target == document.path for document in documents):
            circle = " -> ".join([*(document.path for document in documents), reference.target])
            problems.append(Problem(f"`extends` is circular: {circle}", at=place, code="REP002"))
            break
        if len(documents) == MAX_LAYERS:
            message = f"`extends` over {MAX_LAYERS - 1} files"
            problems.append(Problem(message, at=place, code="SCH002"))
            break
        parent = read(reference.target)
        if parent.value is None:
            problems += parent.problems  # at their places in that file
            return Layers(tuple(documents), None, tuple(parents), tuple(problems))
        documents.append(parent)
    return Layers(tuple(documents), _merged(documents), tuple(parents), tuple(problems))


def _merged(documents: list[Document]) -> Any:
    value = documents[-1].value
    for document in reversed(documents[:-1]):
        value = merge_patch(value, document.value)
    return value
