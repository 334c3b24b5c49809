"""A document of another tool becomes the files of a prompt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from promptops.formats.document import (
    Loss,
    MediaContent,
    SourceCase,
    SourceDocument,
    SourceLoop,
    SourceMessage,
)
from promptops.formats.emit import jinja, without_blank_lines
from promptops.formats.input_schema import input_schema
from promptops.formats.written_messages import written_messages
from promptops.formats.yaml_file import fits_block, yaml_file
from promptops.model.place import Text, plain_text
from promptops.plurals import counted
from promptops.records import record
from promptops.runtime.request.media import is_media, no_media

CASES_IN_FILE = 20
"""More cases than this go to a case file."""

_BEFORE = ("title", "description", "owners", "tags", "metadata", "budget", "model")
_AFTER = ("output", "tools", "tool_choice")


@record(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How prompt files are written.

    Attributes:
        root: The prompt root, "" for the root of the repository.
        schema: The path of the schema for editors, from the root of the repository.
        optional: Inputs that are only printed get the default "".
        tidy: Blank lines that tags leave are dropped: what is rendered changes.
        bodies: Messages of more lines than this go to a file of their own; None for none.
    """

    root: str
    schema: str = ".promptops/prompt.schema.json"
    optional: bool = False
    tidy: bool = False
    bodies: int | None = None


@record(frozen=True, slots=True, kw_only=True)
class PromptFiles:
    """The files of one prompt.

    Attributes:
        path: Of the prompt file.
        files: Texts by path from the root of the repository.
        inputs: Names of the inputs.
    """

    id: str
    path: str
    files: Mapping[str, str]
    inputs: tuple[str, ...]
    losses: tuple[Loss, ...]


def prompt_files(
    document: SourceDocument, data: bytes, options: WriteOptions, origin: str = ""
) -> PromptFiles:
    """The files of a document that was read from `data`; equal documents give equal files.

    `origin` is the path of the source in the prompt file; that of the document's place by default.
    """
    name = f"{options.root}/{document.id}" if options.root else document.id
    path = f"{name}.prompt.yaml"
    partials = {
        f"{options.root}/{target}" if options.root else target: jinja(parts)
        for target, parts in document.partials.items()
    }
    messages, losses = written_messages(document, tuple)
    if options.tidy:
        messages, losses = _tidied(document, messages)
    losses += _without_json(document, messages)
    inputs = input_schema(
        document, messages, _load(partials, options.root), optional=options.optional
    )
    cases, unread = _cases(document, inputs.schema.get("properties", {}))
    bodies = _Bodies(name, options.bodies)
    value = {
        "format": "promptops/1",
        **{key: document.fields[key] for key in _BEFORE if key in document.fields},
        **{key: item for key, item in document.fields.items() if key.startswith("x-")},
        **({"inputs": inputs.schema} if inputs.schema else {}),
        **{key: document.fields[key] for key in _AFTER if key in document.fields},
        "messages": [bodies.moved(message, index) for index, message in enumerate(messages)],
        **_tests(name, cases),
        **(
            {"evaluation": document.fields["evaluation"]} if "evaluation" in document.fields else {}
        ),
    }
    files = {
        path: _head(origin or document.place.path, data, path, options.schema) + yaml_file(value)
    }
    if len(cases) > CASES_IN_FILE:
        files[f"{name}.cases.yaml"] = _case_file(cases)
        message = f"{len(cases)} cases go to a case file"
        losses.append(Loss(code="IMP312", message=message, place=document.place))
    found = (*document.losses, *losses, *inputs.losses, *unread, *_files_to_copy(document))
    return PromptFiles(
        id=document.id,
        path=path,
        files={**files, **bodies.files, **partials},
        inputs=tuple(inputs.schema.get("properties", ())),
        losses=found,
    )


def _tidied(document: SourceDocument, untidied: list[Any]) -> tuple[list[Any], list[Loss]]:
    """The messages without the blank lines that tags leave, and an IMP212 if there are any."""
    messages, losses = written_messages(document, without_blank_lines)
    if messages != untidied:
        message = "blank lines that tags leave are dropped: what is rendered has fewer"
        losses.append(Loss(code="IMP212", message=message, place=document.place))
    return messages, losses


def _without_json(document: SourceDocument, messages: Sequence[Any]) -> Iterator[Loss]:
    """An IMP119 for an answer in JSON of which no message speaks: lint reports it as CFG007."""
    output = document.fields.get("output", {})
    if output.get("format") != "json" or output.get("schema") is not None:
        return
    partials = (jinja(parts) for parts in document.partials.values())
    if not any("json" in str(text).lower() for text in (*messages, *partials)):
        message = "no message mentions JSON: providers refuse such a request for an answer in JSON"
        hint = "write `Answer with a JSON object.` in a message, or a schema below `output`"
        yield Loss(code="IMP119", message=message, place=document.place, hint=hint)


def _files_to_copy(document: SourceDocument) -> list[Loss]:
    """An IMP304 for each image or document that the messages read from a file."""
    hint = "copy it to the place that the prompt file names"
    return [
        Loss(
            code="IMP304",
            message=f"the file `{name}` is not copied",
            place=document.place,
            hint=hint,
        )
        for name in _media(document, "file")
    ]


def _media(document: SourceDocument, origin: str) -> Iterable[str]:
    """The values of media parts from files or inputs, each once."""
    return dict.fromkeys(
        content.value
        for turn in document.messages
        for message in (turn.messages if isinstance(turn, SourceLoop) else (turn,))
        if isinstance(message, SourceMessage)
        for content in message.content
        if isinstance(content, MediaContent) and content.origin == origin
    )


def _load(partials: Mapping[str, str], root: str) -> Any:
    def load(_origin: str, target: str) -> Text | None:
        path = f"{root}/{target}" if root else target
        return plain_text(path, partials[path]) if path in partials else None

    return load


def _head(origin: str, data: bytes, path: str, schema: str) -> str:
    up = "../" * path.count("/")
    digest = sha256(data).hexdigest()[:8]
    source = "".join(char if char.isprintable() else "?" for char in origin)
    return (
        f"# yaml-language-server: $schema={up}{schema}\n"
        f"# imported from {source} ({digest}) by promptops import\n"
    )


def _cases(
    document: SourceDocument, inputs: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[Loss]]:
    cases, losses, unread_in = [], list[Loss](), dict[str, list[SourceCase]]()
    media = set(_media(document, "input"))
    for case in document.cases:
        named = [
            name for name in media.intersection(case.inputs) if not is_media(case.inputs[name])
        ]
        if named:
            losses.append(_no_media(case, min(named)))
            continue
        unread = [name for name in case.inputs if name not in inputs]
        for name in unread:
            unread_in.setdefault(name, []).append(case)
        cases.append(_case(case, unread, document))
    return cases, [*losses, *(_unread(name, found) for name, found in unread_in.items())]


def _no_media(case: SourceCase, name: str) -> Loss:
    message = f"the case `{case.name}` is left out: {no_media(name)}"
    hint = "write a case with base64, such as the output of `base64 -w0 FILE`"
    return Loss(code="IMP113", message=message, place=case.place, hint=hint)


def _unread(name: str, cases: Sequence[SourceCase]) -> Loss:
    of = f"the case `{cases[0].name}`" if len(cases) == 1 else counted(len(cases), "case")
    message = f"no template reads `{name}` of {of}: it is left out"
    return Loss(code="IMP115", message=message, place=cases[0].place)


def _case(case: SourceCase, unread: Sequence[str], document: SourceDocument) -> dict[str, Any]:
    inputs = {name: value for name, value in case.inputs.items() if name not in unread}
    written: dict[str, Any] = {"name": case.name, "inputs": inputs}
    if case.tags:
        written["tags"] = list(case.tags)
    if case.expected is not None:
        written["expected"] = case.expected
    written["rendered"] = list(case.rendered) or [_plain_assertion(document)]
    if case.output:
        written["output"] = list(case.output)
    return written


def _plain_assertion(document: SourceDocument) -> dict[str, Any]:
    """What holds for each rendered case, so that none asserts nothing."""
    turns = document.messages
    fixed = all(getattr(turn, "when", True) is None for turn in turns)
    if fixed:
        return {"type": "message-count", "value": len(turns)}
    return {"type": "not-message-count", "value": 0}


def _tests(name: str, cases: Sequence[Any]) -> dict[str, Any]:
    if not cases:
        return {}
    if len(cases) > CASES_IN_FILE:
        return {"tests": [{"file": f"./{PurePosixPath(name).name}.cases.yaml"}]}
    return {"tests": list(cases)}


def _case_file(cases: Sequence[Any]) -> str:
    body = yaml_file({"cases": list(cases)}).split("\n", 1)[1]
    return "".join(f"{line[2:]}\n" for line in body.split("\n")[:-1])


class _Bodies:
    """Moves long texts, and those that a YAML block can't hold, to files of their own."""

    def __init__(self, name: str, lines: int | None) -> None:
        self.files: dict[str, str] = {}
        self._name = name
        self._lines = lines

    def moved(self, message: Mapping[str, Any], index: int) -> Mapping[str, Any]:
        """The message with its text, or with the name of the file that holds it."""
        text = message.get("content")
        if not isinstance(text, str) or not self._is_moved(text):
            return message
        stem = f"{self._name}.{message['role']}"
        path = f"{stem}.md.j2" if f"{stem}.md.j2" not in self.files else f"{stem}-{index + 1}.md.j2"
        self.files[path] = text if text.endswith("\n") else f"{text}\n"
        return {**message, "content": {"file": f"./{PurePosixPath(path).name}"}}

    def _is_moved(self, text: str) -> bool:
        if text.strip(" ") and not fits_block(text):
            return True
        return self._lines is not None and text.count("\n") > self._lines
