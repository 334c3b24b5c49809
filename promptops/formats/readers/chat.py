"""Requests to APIs: OpenAI (chat, Responses, fine-tuning and batch files), Anthropic."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.chat_messages import chat_turns
from promptops.formats.document import (
    Loss,
    SourceCase,
    SourceDocument,
    SourceMessage,
    SourceTurn,
    TextContent,
)
from promptops.formats.input_names import InputNames
from promptops.formats.model_fields import PARAMETERS, model_fields
from promptops.formats.parts import ExpressionPart
from promptops.formats.plain_texts import identity, stem_steps, text_message, translated
from promptops.formats.registry import ReadOptions, other_format
from promptops.formats.request_fields import output_field, tools_field
from promptops.formats.source_file import SourceFile
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.records import replace
from promptops.source.document import Document
from promptops.source.json_document import read_json

NAME = "chat"
MARKS = "JSON with `messages`, `input` or `instructions`; a list of messages; JSON lines of them"
RANK = 300

_KNOWN = frozenset(
    str.split(
        "messages input instructions system model response_format text output_format tools"
        " tool_choice store metadata stream stream_options n user background include"
    )
)
_MAX_CASES = 200
_LISTS = ("messages", "input")
_Row = tuple[int, Document, Any, list[Any]]
"""The number of a line, the line, its request, and the messages of the request."""


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


def _is_request(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(
            isinstance(item, Mapping) and "role" in item and "content" in item for item in value
        )
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
        name = request.get("model")
        model = model_fields(name if isinstance(name, str) else None, given, place)
        self._losses += model.losses
        fields: dict[str, Any] = {"model": dict(model.value)} if model.value else {}
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
    """Rows whose messages begin alike: what differs is an input, each row is a case."""
    rows = list[_Row]()
    for number, line in enumerate(file.text.value.split("\n"), 1):
        if not line.strip():
            continue
        document = read_json(file.shown, line.encode())
        request = _request(document.value)
        if not _is_request(request):
            message = "the line is not a request"
            yield Loss(code="IMP002", message=message, place=Place(file.shown, number))
            return
        messages = request if isinstance(request, list) else _listed(request)
        rows.append((number, document, request, messages))
    if not rows:
        yield Loss(code="IMP003", message="there is no request in it", place=file.place())
        return
    first = _Request(file, rows[0][1], options).document(rows[0][1].value)
    losses = (*first.losses, *_left_out(file, rows))
    yield _with_cases(file, replace(first, losses=losses), rows[:_MAX_CASES])


def _left_out(file: SourceFile, rows: Sequence[_Row]) -> Iterator[Loss]:
    """What one prompt with the cases of all rows can't contain."""
    if len(rows) > _MAX_CASES:
        message = f"only the first {_MAX_CASES} of {len(rows)} lines become test cases"
        yield Loss(code="IMP128", message=message, place=Place(file.shown, rows[_MAX_CASES][0]))
    first = rows[0][2]
    for number, _, request, _ in rows[1:_MAX_CASES]:
        for key in _differing(first, request):
            message = f"`{key}` differs from that of the first line, which is carried"
            yield Loss(code="IMP114", message=message, place=Place(file.shown, number))


def _differing(first: Any, request: Any) -> list[str]:
    """The keys beside the messages in which two requests differ, sorted."""
    one, other = (value if isinstance(value, Mapping) else {} for value in (first, request))
    missing = object()
    keys = (one.keys() | other.keys()) - {*_LISTS}
    return sorted(key for key in keys if one.get(key, missing) != other.get(key, missing))


def _listed(request: Mapping[str, Any]) -> list[Any]:
    if isinstance(request.get("input"), str):
        return [{"role": "user", "content": request["input"]}]
    found = (request.get(key) for key in _LISTS)
    return next((one for one in found if isinstance(one, list)), [])


def _with_cases(file: SourceFile, first: SourceDocument, rows: Sequence[_Row]) -> SourceDocument:
    lists = [messages for _, _, _, messages in rows]
    shared = _shared(lists)
    instructions = max(len(first.messages) - len(lists[0]), 0)
    turns = first.messages[: instructions + shared]
    question = (TextContent(parts=(ExpressionPart("question"),)),)
    cases = tuple(
        SourceCase(
            name=f"line {number}",
            inputs={"question": _text_of(messages[shared])},
            expected=_answer(messages, shared),
            place=Place(file.shown, number),
        )
        for number, _, _, messages in rows
        if len(messages) > shared
    )
    message = SourceMessage(role="user", content=question)
    losses = (*first.losses, *_longer(file, rows, shared))
    return replace(first, messages=(*turns, message), cases=cases, losses=losses)


def _longer(file: SourceFile, rows: Sequence[_Row], shared: int) -> Iterator[Loss]:
    """An IMP115 for each row with messages between its question and its answer, or after it."""
    for number, _, _, messages in rows:
        carried = shared + 1 + (_answer(messages, shared) is not None)
        if len(messages) > carried:
            left_out = counted(len(messages) - carried, "message")
            message = f"{left_out} after the first question left out of the case"
            yield Loss(code="IMP115", message=message, place=Place(file.shown, number))


def _shared(lists: Sequence[Sequence[Any]]) -> int:
    """The number of messages with which all rows begin; the last user turn is never one."""
    count = 0
    shortest = min(len(messages) for messages in lists)
    while count < shortest - 1 and all(
        json.dumps(one[count], sort_keys=True) == json.dumps(lists[0][count], sort_keys=True)
        and _role(one[count]) != "user"
        for one in lists
    ):
        count += 1
    return count


def _role(message: Any) -> Any:
    return message.get("role") if isinstance(message, Mapping) else None


def _text_of(message: Any) -> str:
    content = message.get("content", "") if isinstance(message, Mapping) else ""
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _answer(messages: Sequence[Any], shared: int) -> Any:
    if len(messages) <= shared + 1 or _role(messages[-1]) != "assistant":
        return None
    return _text_of(messages[-1])
