"""Prompts that LangChain wrote: `load_prompt` files, and objects of its hub (`"lc": 1`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import Formatter
from typing import Any

from promptops.formats.document import (
    Loss,
    SourceDocument,
    SourceHistory,
    SourceTurn,
)
from promptops.formats.input_schema import sampled
from promptops.formats.languages.by_syntax import OF_LANGCHAIN, TRANSLATIONS
from promptops.formats.model_fields import PARAMETERS, model_field
from promptops.formats.plain_texts import identity, stem_steps, text_message, translated
from promptops.formats.source_file import ReadOptions, SourceFile, other_format
from promptops.formats.translation import InputNames, Translation
from promptops.model.place import Place, Text
from promptops.records import replace

NAME = "langchain"
MARKS = "JSON or YAML with `lc: 1`, or with `_type: prompt` or `few_shot`"
RANK = 100

_ROLES = {
    "SystemMessagePromptTemplate": "system",
    "HumanMessagePromptTemplate": "user",
    "AIMessagePromptTemplate": "assistant",
    "SystemMessage": "system",
    "HumanMessage": "user",
    "AIMessage": "assistant",
}


def recognises(file: SourceFile) -> bool:
    """Whether it has the marks of this format."""
    if file.suffix not in (".json", ".yaml", ".yml"):
        return False
    value = file.document.value
    if not isinstance(value, Mapping):
        return False
    if value.get("lc") == 1 or value.get("_type") in ("prompt", "few_shot"):
        return True
    names = value.get("input_variables")
    listed = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return listed and ("template" in value or "examples" in value)


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """One prompt."""
    if not isinstance(file.document.value, Mapping):
        yield other_format(file, NAME, MARKS)
        return
    yield _Reader(file, options).document()


class _Reader:
    def __init__(self, file: SourceFile, options: ReadOptions) -> None:
        self._file = file
        self._source = file.document
        self._options = options
        self._names = InputNames()
        self._losses: list[Loss] = []
        self._fields: dict[str, Any] = {}
        self._inputs: dict[str, Any] = {}

    def document(self) -> SourceDocument:
        """The prompt of the file."""
        value = self._source.value
        turns = tuple(self._object(value, "") if value.get("lc") == 1 else self._plain(value))
        return SourceDocument(
            id=identity(*stem_steps(self._file.path)),
            format=NAME,
            place=self._file.place(),
            fields=self._fields,
            messages=turns,
            inputs=self._inputs,
            aliases=self._names.aliases,
            samples=self._options.samples,
            losses=tuple(self._losses),
        )

    def _plain(self, value: Mapping[str, Any]) -> Iterator[SourceTurn]:
        """A file for `load_prompt`."""
        self._note_defaults(value)
        if value.get("output_parser"):
            self._note("IMP120", "the output parser is not carried", "/output_parser")
        if "examples" in value:
            yield from self._few_shot(value)
            return
        path = value.get("template_path")
        if isinstance(path, str):
            found = self._file.beside(path)
            if found is None:
                self._note("IMP104", f"`{path}` is missing", "/template_path", refuses=True)
                return
            yield text_message(self._options.role, self._translated(found.text, value))
            return
        text = self._source.template("/template")
        yield text_message(self._options.role, self._translated(text, value))

    def _few_shot(self, value: Mapping[str, Any]) -> Iterator[SourceTurn]:
        """The examples become text between prefix and suffix."""
        examples = value.get("examples")
        inner = value.get("example_prompt")
        template = str(inner.get("template", "")) if isinstance(inner, Mapping) else ""
        listed = examples if isinstance(examples, list) else ()
        pieces = [value.get("prefix"), *(_formatted(template, one) for one in listed)]
        pieces.append(value.get("suffix"))
        separator = str(value.get("example_separator", "\n\n"))
        joined = separator.join(str(piece) for piece in pieces if piece)
        place = self._place("/examples")
        text = Text(self._file.shown, joined, lambda _offset: (place.line, place.column))
        self._note("IMP221", "the examples are part of the text", "/examples")
        yield text_message(self._options.role, self._translated(text, value))

    def _object(self, value: Any, pointer: str) -> Iterator[SourceTurn]:
        """An object of the hub: a prompt, or a chain that begins with one."""
        kind = _kind(value)
        keywords = _keywords(value)
        inside = f"{pointer}/kwargs"
        if kind == "RunnableSequence":
            yield from self._chain(value, pointer)
            return
        self._note_defaults(keywords, inside)
        if kind == "StructuredPrompt" and isinstance(keywords.get("schema_"), Mapping):
            self._fields["output"] = {"format": "json", "schema": keywords["schema_"]}
        if isinstance(keywords.get("messages"), list):
            for index, message in enumerate(keywords["messages"]):
                yield from self._message(message, f"{inside}/messages/{index}")
        elif "template" in keywords:
            text = self._source.template(f"{inside}/template")
            yield text_message(self._options.role, self._translated(text, keywords))
        else:
            self._note("IMP102", f"`{kind}` has no counterpart in promptops", pointer, refuses=True)

    def _chain(self, value: Mapping[str, Any], pointer: str) -> Iterator[SourceTurn]:
        keywords = _keywords(value)
        last = keywords.get("last")
        first = keywords.get("first")
        if isinstance(first, Mapping):
            yield from self._object(first, f"{pointer}/kwargs/first")
        steps = [*(keywords.get("middle") or ()), last]
        for step in steps:
            given = _keywords(step)
            name = given.get("model", given.get("model_name"))
            if isinstance(name, str):
                params = {key: item for key, item in given.items() if key in PARAMETERS}
                self._fields |= model_field(
                    name, params, lambda _key: self._place(pointer), self._losses
                )
        self._note("IMP121", "of the chain, only its prompt and its model are carried", pointer)

    def _message(self, message: Any, pointer: str) -> Iterator[SourceTurn]:
        kind, keywords = _kind(message), _keywords(message)
        if kind == "MessagesPlaceholder":
            name = self._names.name(str(keywords.get("variable_name", "history")))
            self._note("IMP302", f"`{name}` is the caller's conversation", pointer)
            yield SourceHistory(source=name)
            return
        role = _ROLES.get(kind)
        if role is None and kind == "ChatMessagePromptTemplate":
            role = {"human": "user", "ai": "assistant"}.get(str(keywords.get("role")))
        if role is None:
            self._note("IMP101", f"a message of type `{kind}` is not read", pointer, refuses=True)
            return
        inside = f"{pointer}/kwargs"
        if isinstance(keywords.get("content"), str):
            text = self._source.template(f"{inside}/content")
            yield text_message(role, TRANSLATIONS["none"](text, self._names))
            return
        prompt = keywords.get("prompt")
        if isinstance(prompt, Sequence) and not isinstance(prompt, str):
            self._note("IMP105", "a message of several parts is not read", pointer, refuses=True)
            return
        text = self._source.template(f"{inside}/prompt/kwargs/template")
        yield text_message(role, self._translated(text, _keywords(prompt)))

    def _translated(self, text: Any, value: Mapping[str, Any]) -> Translation:
        chosen = str(value.get("template_format", "f-string"))
        plain = replace(self._options, syntax=None)  # the file defines it
        found = translated(text, plain, self._names, OF_LANGCHAIN.get(chosen, "format"))
        self._losses += found.losses
        return found

    def _note_defaults(self, value: Mapping[str, Any], pointer: str = "") -> None:
        given = value.get("partial_variables")
        for name, default in given.items() if isinstance(given, Mapping) else ():
            if isinstance(default, str | int | float | bool):
                self._inputs[self._names.name(str(name))] = {**sampled(default), "default": default}
            else:
                at = f"{pointer}/partial_variables"
                self._note("IMP103", f"the value of `{name}` is computed: pass it", at)

    def _place(self, pointer: str) -> Place:
        return self._source.place(pointer)

    def _note(self, code: str, message: str, pointer: str, *, refuses: bool = False) -> None:
        loss = Loss(code=code, message=message, place=self._place(pointer), refuses=refuses)
        self._losses.append(loss)


def _kind(value: Any) -> str:
    names = value.get("id") if isinstance(value, Mapping) else None
    return str(names[-1]) if isinstance(names, list) and names else ""


def _keywords(value: Any) -> Mapping[str, Any]:
    found = value.get("kwargs") if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _formatted(template: str, example: Any) -> str:
    """An example in its template; LangChain formats the whole text once more."""
    values = example if isinstance(example, Mapping) else {}
    try:
        fields = list(Formatter().parse(template))
    except ValueError:
        return template
    return "".join(
        literal + ("" if name is None else str(values.get(name, f"{{{name}}}")))
        for literal, name, _, _ in fields
    )
