"""Requests to APIs: OpenAI (chat, Responses, fine-tuning and batch files), Anthropic."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.chat_messages import chat_turns
from promptops.formats.document import (
    ExpressionPart,
    Loss,
    SourceCase,
    SourceDocument,
    SourceHistory,
    SourceMessage,
    SourceTurn,
    TextContent,
)
from promptops.formats.model_fields import PARAMETERS, model_field, output_field, tools_field
from promptops.formats.plain_texts import identity, stem_steps, text_message, translated
from promptops.formats.source_file import ReadOptions, SourceFile, other_format
from promptops.formats.translation import InputNames
from promptops.model.place import Place
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.source.document import Document
from promptops.source.json_lines import read_json

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


# Requests in JSON lines: which ones are one prompt, and what differs from line to line.

_INSTRUCTING = ("system", "developer")
_SPEAKING = ("user", "assistant")
_BESIDE_MESSAGES = ("messages", "input", "ideal")
_CONVERSATION, _QUESTION = -2, -1
"""Stand for the position of what is an input for several messages, or for the last question."""
_MAX_BY_INSTRUCTIONS = 20
_MAX_BY_NAME = 200


@record(frozen=True, slots=True, kw_only=True)
class Row:
    """One line.

    Attributes:
        name: The `custom_id` of a batch file, or "".
        request: The body of the request, or its list of messages.
        messages: Of the request.
    """

    place: Place
    name: str
    request: Any
    messages: Sequence[Any]

    @property
    def leading(self) -> int:
        """The number of instructions with which the messages begin."""
        roles = enumerate(map(role_of, self.messages))
        return next((at for at, role in roles if role not in _INSTRUCTING), len(self.messages))

    @property
    def answered(self) -> bool:
        """Whether the last message is the answer to the others."""
        return len(self.messages) > self.leading + 1 and role_of(self.messages[-1]) == "assistant"


@record(frozen=True, slots=True)
class _Turns:
    """The messages of a row after its instructions and without its answer.

    Attributes:
        question: The last message of the user; None without one.
        after: Such as the results of tools.
    """

    before: Sequence[Any]
    question: Any
    after: Sequence[Any]


def _turns(row: Row, leading: int) -> _Turns:
    turns = row.messages[leading : -1 if row.answered else None]
    questions = [at for at, message in enumerate(turns) if role_of(message) == "user"]
    if not questions:
        return _Turns(turns, None, ())
    last = questions[-1]
    return _Turns(turns[:last], turns[last], turns[last + 1 :])


def grouped(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """The rows of each prompt, by its name: "" if there is one prompt.

    `custom_id` names prompt and case, as `promptops export openai` writes it: `support/triage:a
    refund`. Without such names, rows with the same instructions are one prompt; so are the rows of
    more than 20 prompts.
    """
    names = [row.name.partition(":") for row in rows]
    if all(case for _, _, case in names):
        found = _by([prompt for prompt, _, _ in names], rows)
        if 1 < len(found) <= _MAX_BY_NAME:
            return found
    numbers: dict[str, str] = {}
    for text in map(_instructions, rows):
        numbers.setdefault(text, f"prompt-{len(numbers) + 1}")
    if 1 < len(numbers) <= _MAX_BY_INSTRUCTIONS:
        return _by([numbers[_instructions(row)] for row in rows], rows)
    return {"": list(rows)}


def _by(keys: Sequence[str], rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for key, row in zip(keys, rows, strict=True):
        found.setdefault(key, []).append(row)
    return found


def _instructions(row: Row) -> str:
    """What the model is instructed to do, as a key."""
    given = row.request if isinstance(row.request, Mapping) else {}
    own = [given.get("instructions"), given.get("system")]
    return _key([*own, *row.messages[: row.leading]])


def with_cases(first: SourceDocument, rows: Sequence[Row]) -> SourceDocument:
    """The prompt of the first row with the other rows as cases.

    What differs between the rows is an input: `question`, `conversation`, `system`.
    """
    found = _Rows(first, rows)
    turns = tuple(found.turns())
    return replace(
        first,
        messages=turns,
        cases=tuple(found.cases()),
        losses=(*first.losses, *found.losses),
    )


class _Rows:
    """The rows of one prompt.

    Attributes:
        losses: What one prompt can't contain.
    """

    def __init__(self, first: SourceDocument, rows: Sequence[Row]) -> None:
        self.losses: list[Loss] = list(_differing(rows))
        self._rows = rows
        outside = max(len(first.messages) - len(rows[0].messages), 0)
        self._outside = first.messages[:outside]
        self._first = first.messages[outside:]
        self._leading = min(row.leading for row in rows)
        self._turns = [_turns(row, self._leading) for row in rows]
        self._varying: dict[int, str] = {}
        self._of_parts: list[Row] = []

    def turns(self) -> Iterator[SourceTurn]:
        """The messages of the prompt."""
        yield from self._outside
        yield from self._instructions()
        question = self._leading + len(self._turns[0].before)
        yield from self._before(self._first[self._leading : question])
        if any(turns.question is not None for turns in self._turns) or not self._first:
            self._varying[_QUESTION] = "question"
            yield _printed("user", "question")
        yield from self._after(self._first[question + 1 :])

    def _before(self, first: Sequence[SourceTurn]) -> Iterator[SourceTurn]:
        """The messages before the last question: those of the first row, or a conversation."""
        if _are_equal(turns.before for turns in self._turns):
            yield from first
        elif all(_is_conversation(turns.before) for turns in self._turns):
            message = "the turns before the last question are the input `conversation`"
            self._note("IMP225", message, self._rows[0])
            self._varying[_CONVERSATION] = "conversation"
            yield SourceHistory(source="conversation")
        else:
            for row, turns in zip(self._rows, self._turns, strict=True):
                self._note_left_out(row, turns.before, "before")

    def _after(self, first: Sequence[SourceTurn]) -> Iterator[SourceTurn]:
        if _are_equal(turns.after for turns in self._turns):
            yield from first[: len(self._turns[0].after)]
            return
        for row, turns in zip(self._rows, self._turns, strict=True):
            self._note_left_out(row, turns.after, "after")

    def _instructions(self) -> Iterator[SourceTurn]:
        for at in range(self._leading):
            if _are_equal(row.messages[at] for row in self._rows):
                yield from self._first[at : at + 1]
                continue
            role = str(role_of(self._rows[0].messages[at]))
            name = role if role not in self._varying.values() else f"{role}_{at + 1}"
            self._varying[at] = name
            yield _printed(role, name)

    def cases(self) -> Iterator[SourceCase]:
        """A case for each row."""
        taken: set[str] = set()
        for number, row in enumerate(self._rows, 1):
            if _QUESTION in self._varying and _turns(row, self._leading).question is None:
                self._note("IMP115", "a line without a message of the user is left out", row)
                continue
            wanted = row.name.partition(":")[2] or row.name or f"line {row.place.line}"
            name = wanted if wanted not in taken else f"{wanted} ({number})"
            taken.add(name)
            expected, output = _expected(row)
            yield SourceCase(
                name=name,
                inputs=dict(self._inputs(row)),
                expected=expected,
                output=output,
                place=row.place,
            )
        if self._of_parts:
            found = counted(len(self._of_parts), "message")
            message = f"{found} of several parts carried as text in JSON"
            self._note("IMP105", message, self._of_parts[0])

    def _inputs(self, row: Row) -> Iterator[tuple[str, Any]]:
        turns = _turns(row, self._leading)
        for at, name in self._varying.items():
            if at == _CONVERSATION:
                yield name, [dict(message) for message in turns.before]
            elif at != _QUESTION:
                yield name, self._text(row, row.messages[at])
            elif turns.question is not None:
                yield name, self._text(row, turns.question)

    def _text(self, row: Row, message: Any) -> str:
        content = message.get("content") if isinstance(message, Mapping) else None
        if isinstance(content, str):
            return content
        self._of_parts.append(row)
        return json.dumps(content, ensure_ascii=False)

    def _note_left_out(self, row: Row, messages: Sequence[Any], where: str) -> None:
        if messages:
            left_out = counted(len(messages), "message")
            self._note("IMP115", f"{left_out} {where} the last question left out", row)

    def _note(self, code: str, message: str, row: Row) -> None:
        self.losses.append(Loss(code=code, message=message, place=row.place))


def _differing(rows: Sequence[Row]) -> Iterator[Loss]:
    """An IMP114 for each setting of a row that is not that of the first one."""
    missing = object()
    first = rows[0].request if isinstance(rows[0].request, Mapping) else {}
    for row in rows[1:]:
        other = row.request if isinstance(row.request, Mapping) else {}
        for key in sorted((first.keys() | other.keys()) - {*_BESIDE_MESSAGES}):
            if first.get(key, missing) != other.get(key, missing):
                message = f"`{key}` differs from that of the first line, which is carried"
                yield Loss(code="IMP114", message=message, place=row.place)


def _expected(row: Row) -> tuple[Any, tuple[Mapping[str, Any], ...]]:
    """The expected answer; and the assertion for the `ideal` answers of OpenAI's evals."""
    given = row.request.get("ideal") if isinstance(row.request, Mapping) else None
    if isinstance(given, str) and given:
        return given, ({"type": "starts-with", "value": given},)
    if isinstance(given, list) and given and all(isinstance(one, str) and one for one in given):
        return None, ({"type": "one-of", "value": given},)
    content = row.messages[-1].get("content") if row.answered else None
    return (content if isinstance(content, str) else None), ()


def _printed(role: str, name: str) -> SourceMessage:
    return SourceMessage(role=role, content=(TextContent(parts=(ExpressionPart(name),)),))


def _is_conversation(messages: Sequence[Any]) -> bool:
    """Whether there are only texts of users and assistants."""
    return all(
        isinstance(message, Mapping)
        and set(message) == {"role", "content"}
        and message["role"] in _SPEAKING
        and isinstance(message["content"], str)
        for message in messages
    )


def role_of(message: Any) -> Any:
    """The role of a message; None for what is not one."""
    return message.get("role") if isinstance(message, Mapping) else None


def _are_equal(values: Iterable[Any]) -> bool:
    return len(set(map(_key, values))) == 1


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
