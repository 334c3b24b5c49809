"""Requests to APIs: OpenAI (chat, Responses, fine-tuning and batch files), Anthropic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.chat_messages import chat_turns
from promptops.formats.document import (
    Loss,
    SourceDocument,
    SourceTurn,
)
from promptops.formats.input_names import InputNames
from promptops.formats.model_fields import PARAMETERS, model_field
from promptops.formats.plain_texts import identity, stem_steps, text_message, translated
from promptops.formats.registry import ReadOptions, other_format
from promptops.formats.request_fields import output_field, tools_field
from promptops.formats.request_rows import Row, grouped, with_cases
from promptops.formats.source_file import SourceFile
from promptops.model.place import Place
from promptops.records import replace
from promptops.source.document import Document
from promptops.source.json_document import read_json

NAME = "chat"
MARKS = "JSON with `messages`, `input` or `instructions`; a list of messages; JSON lines of them"
RANK = 300

_KNOWN = frozenset(
    str.split(
        "messages input instructions system model response_format text output_format tools"
        " tool_choice store metadata stream stream_options n user background include ideal"
    )
)
_MAX_CASES = 200
_LISTS = ("messages", "input")


def recognises(file: SourceFile) -> bool:
    """Whether it is such a request, or lines of such requests."""
    if file.suffix == ".jsonl":
        first = next(iter(_lines(file)), None)
        return first is not None and _is_request(_request(first.value))
    return file.suffix == ".json" and _is_request(_request(file.json.value))


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """One prompt; of JSON lines, one whose cases are the lines."""
    if file.suffix == ".jsonl":
        yield from _of_lines(file, options)
    elif not _is_request(_request(file.json.value)):
        yield other_format(file, NAME, MARKS)
    else:
        yield _Request(file, file.json, options).document(file.json.value)


def _request(value: Any) -> Any:
    """The request in a line of a batch file, or the value itself."""
    return value.get("body", value) if isinstance(value, Mapping) else value


def _is_message(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return False
    return ("role" in value and "content" in value) or value.get("type") == "placeholder"


def _is_request(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_is_message, value))
    if not isinstance(value, Mapping):
        return False
    return (
        isinstance(value.get("messages"), list)
        or isinstance(value.get("input"), list)
        or (isinstance(value.get("instructions"), str) and "model" in value)
    )


class _Request:
    """One request in a file."""

    def __init__(self, file: SourceFile, document: Document, options: ReadOptions) -> None:
        self._file = file
        self._document = document
        self._options = options
        self._names = InputNames()
        self._losses: list[Loss] = []

    def document(self, value: Any) -> SourceDocument:
        """The prompt of the value of the whole document."""
        base = "/body" if isinstance(value, Mapping) and "body" in value else ""
        request = _request(value)
        fields = {} if isinstance(request, list) else self._fields(request, base)
        return SourceDocument(
            id=identity(
                *stem_steps(self._file.path)[:-1], self._file.name.removesuffix(self._file.suffix)
            ),
            format=NAME,
            place=self._file.place(),
            fields=fields,
            messages=tuple(self._turns(request, base)),
            aliases=self._names.aliases,
            samples=self._options.samples,
            losses=tuple(self._losses),
        )

    def _turns(self, request: Any, base: str) -> Iterator[SourceTurn]:
        if isinstance(request, list):
            yield from self._chat(base)
            return
        for key in ("instructions", "system"):
            if isinstance(request.get(key), str):
                yield text_message("system", self._text(f"{base}/{key}"))
            elif isinstance(request.get(key), list):
                for index, part in enumerate(request[key]):
                    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
                        text = self._text(f"{base}/{key}/{index}/text")
                        yield text_message("system", text)
        for key in ("messages", "input"):
            if isinstance(request.get(key), list):
                yield from self._chat(f"{base}/{key}")
            elif isinstance(request.get(key), str):
                yield text_message("user", self._text(f"{base}/{key}"))

    def _chat(self, pointer: str) -> Sequence[SourceTurn]:
        return chat_turns(self._document, pointer, self._options, self._names, losses=self._losses)

    def _text(self, pointer: str) -> Any:
        found = translated(self._document.template(pointer), self._options, self._names, "double")
        self._losses += found.losses
        return found

    def _fields(self, request: Mapping[str, Any], base: str) -> dict[str, Any]:
        def place(key: str) -> Place:
            return self._document.place(f"{base}/{key or 'model'}", True)

        given = {key: value for key, value in request.items() if key in PARAMETERS}
        fields = model_field(request.get("model"), given, place, self._losses)
        fields |= output_field(request, place, self._losses)
        fields |= tools_field(request, place, self._losses)
        for key, value in request.items():
            if key not in _KNOWN and key not in PARAMETERS:
                fields[f"x-chat-{key.replace('_', '-')}"] = value
                message = f"`{key}` is kept as `x-chat-{key.replace('_', '-')}`"
                self._losses.append(Loss(code="IMP202", message=message, place=place(key)))
        return fields


def _lines(file: SourceFile) -> Iterator[Document]:
    for line in file.text.value.split("\n"):
        if line.strip():
            document = read_json(file.shown, line.encode())
            if isinstance(document.value, dict | list):
                yield document


def _of_lines(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A document for each prompt of the lines; a text such as `{{x}}` is no variable there."""
    plain = replace(options, syntax=options.syntax or "none")
    rows, documents = list[Row](), dict[Place, Document]()
    for number, line in enumerate(file.text.value.split("\n"), 1):
        if not line.strip():
            continue
        document, place = read_json(file.shown, line.encode()), Place(file.shown, number)
        request = _request(document.value)
        if not _is_request(request):
            yield Loss(code="IMP002", message="the line is not a request", place=place)
            return
        messages = request if isinstance(request, list) else _listed(request)
        rows.append(
            Row(place=place, name=_custom_id(document.value), request=request, messages=messages)
        )
        documents[place] = document
    if not rows:
        yield Loss(code="IMP003", message="there is no request in it", place=file.place())
    for name, found in grouped(rows[:_MAX_CASES]).items() if rows else ():
        document = documents[found[0].place]
        first = _Request(file, document, plain).document(document.value)
        named = identity(*first.id.split("/"), *name.split("/")) if name else first.id
        yield with_cases(replace(first, id=named, place=found[0].place), found)
    if len(rows) > _MAX_CASES:
        message = f"only the first {_MAX_CASES} of {len(rows)} lines become test cases"
        yield Loss(code="IMP128", message=message, place=rows[_MAX_CASES].place)


def _custom_id(value: Any) -> str:
    name = value.get("custom_id") if isinstance(value, Mapping) else None
    return name if isinstance(name, str) else ""


def _listed(request: Mapping[str, Any]) -> list[Any]:
    if isinstance(request.get("input"), str):
        return [{"role": "user", "content": request["input"]}]
    found = (request.get(key) for key in _LISTS)
    return next((one for one in found if isinstance(one, list)), [])
