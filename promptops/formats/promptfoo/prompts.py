"""The prompts that a configuration of promptfoo lists: texts, files and globs of files."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.plain_texts import id_step
from promptops.formats.promptfoo.named_files import files_named
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.json_pointer import escaped
from promptops.model.place import Place, Text, plain_text
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.source.document import Document

_CODE = (".py", ".js", ".ts", ".mjs", ".cjs", ".rb", ".sh")
_REGISTRIES = ("langfuse://", "portkey://", "helicone://", "promptlayer://")
_OF_OWN_EXPORT = (
    "promptops itself renders these prompts: import what `promptops export promptfoo --templates`"
    " writes"
)
_HEADING = lazy_pattern(r"\s{0,100}#{1,3}[ \t]+([^\n{]{1,60})(?:\n|\Z)")
_LINE = lazy_pattern(r"[^\n]*\n?")
_FILE = lazy_pattern(
    r"[\w./*{}\[\]-]*\.(?:txt|md|j2|njk|json|jsonl|ya?ml|csv|py|[cm]?js|ts|rb|sh)(?::\w+)?"
)


@record(frozen=True, slots=True, kw_only=True)
class FoundPrompt:
    """One prompt.

    Attributes:
        name: For its id; "" for a text without a label and without a heading of its own.
        names: By which a test chooses it.
        text: With its places.
    """

    name: str
    names: tuple[str, ...]
    text: Text
    place: Place


class PromptList:
    """The prompts of one configuration.

    Attributes:
        losses: The prompts that can't be read, each of which refuses its prompt; and their texts
            that promptfoo ignores.
    """

    def __init__(self, file: SourceFile, document: Document) -> None:
        self.losses: list[Loss] = []
        self._file = file
        self._source = document

    def prompts(self) -> Iterator[FoundPrompt]:
        """The prompts in the order of the configuration."""
        found = list(self._listed())
        taken = Counter(one.name or _heading(one.text) for one in found)
        for one in found:
            heading = _heading(one.text)
            named = not one.name and heading and taken[heading] == 1
            yield replace(one, name=heading) if named else one

    def _listed(self) -> Iterator[FoundPrompt]:
        given = self._source.value["prompts"]
        if isinstance(given, Mapping):
            for key, label in given.items():
                pointer = f"/prompts/{escaped(key)}"
                yield from self._prompt(str(key), str(label or ""), (), pointer, pointer)
            return
        listed = isinstance(given, list)
        for index, row in enumerate(given if listed else [given]):
            pointer = f"/prompts/{index}" if listed else "/prompts"
            yield from self._row(row, pointer)

    def _row(self, row: Any, pointer: str) -> Iterator[FoundPrompt]:
        if not isinstance(row, Mapping):
            yield from self._prompt(row, "", (), pointer, pointer)
            return
        key = next((one for one in ("raw", "id", "file") if one in row), "raw")
        self._note_text_that_promptfoo_ignores(row, key, pointer)
        label = str(row.get("label") or "")
        names = (str(row["id"]),) if "id" in row else ()
        yield from self._prompt(row.get(key), label, names, pointer, f"{pointer}/{key}")

    def _note_text_that_promptfoo_ignores(
        self, row: Mapping[Any, Any], key: str, pointer: str
    ) -> None:
        other = next((one for one in ("prompt", "content", "text") if one in row), None)
        if key in row and other is not None:
            message = f"promptfoo does not read `{other}`: the prompt is `{row[key]}`"
            place = self._source.place(f"{pointer}/{other}", True)
            hint = "write the text below `raw`"
            self.losses.append(Loss(code="IMP114", message=message, place=place, hint=hint))

    def _prompt(
        self, text: Any, label: str, names: tuple[str, ...], pointer: str, at: str
    ) -> Iterator[FoundPrompt]:
        if not isinstance(text, str):
            self._refuse("IMP102", "this prompt can't be read", pointer)
        elif text.startswith(_REGISTRIES):
            self._refuse("IMP104", f"`{text}` is in a registry: export it from there", pointer)
        elif text.startswith("exec:") or _is_code(text):
            own = text.removeprefix("file://").startswith("promptops_prompts.py:")
            hint = _OF_OWN_EXPORT if own else None
            self._refuse("IMP102", f"`{text}` is code, which is not run", pointer, hint)
        elif text.startswith("file://") or _FILE.fullmatch(text):
            yield from self._of_files(text.removeprefix("file://"), label, names, pointer)
        else:
            written = self._source.template(at)
            text_with_places = (
                written if written.value == text else plain_text(self._file.shown, text)
            )
            yield FoundPrompt(
                name=label,
                names=(*names, label or text),
                text=text_with_places,
                place=self._source.place(pointer),
            )

    def _of_files(
        self, path: str, label: str, names: tuple[str, ...], pointer: str
    ) -> Iterator[FoundPrompt]:
        try:
            files = files_named(self._file, path)
            if not files:
                self._refuse("IMP104", f"the prompt `{path}` is missing", pointer)
            for file in files:
                yield from _in_file(file, label if len(files) == 1 else "", names)
        except UnreadableSource as error:
            self.losses.append(replace(error.loss, refuses=True))

    def _refuse(self, code: str, message: str, pointer: str, hint: str | None = None) -> None:
        loss = Loss(
            code=code, message=message, place=self._source.place(pointer), hint=hint, refuses=True
        )
        self.losses.append(loss)


def _in_file(file: SourceFile, label: str, names: tuple[str, ...]) -> Iterator[FoundPrompt]:
    texts = list(_TEXTS_OF.get(file.suffix, _whole)(file))
    stem = label or file.name.split(".")[0]
    headings = Counter(_heading(text) for _, text in texts)
    for number, (title, text) in enumerate(texts, 1):
        heading = _heading(text)
        own = heading if heading and headings[heading] == 1 else str(number)
        name = title or (stem if len(texts) == 1 else f"{stem}-{own}")
        chosen = (*names, *((label,) if label else ()), *((title,) if title else ()), stem)
        yield FoundPrompt(name=name, names=chosen, text=text, place=text.place(0))


def _heading(text: Text) -> str:
    """The heading in Markdown that a text begins with, as a name for an id; "" without one."""
    match = _HEADING.match(text.value)
    return id_step(match[1]) if match is not None else ""


def _whole(file: SourceFile) -> Iterator[tuple[str, Text]]:
    yield "", file.text


def _blocks(file: SourceFile) -> Iterator[tuple[str, Text]]:
    """The texts between lines `---`, without white space at their ends."""
    start = 0
    for line in _LINE.finditer(file.text.value):
        if line[0].strip() == "---":
            yield from _stripped(file.text, start, line.start())
            start = line.end()
    yield from _stripped(file.text, start, len(file.text.value))


def _lines(file: SourceFile) -> Iterator[tuple[str, Text]]:
    for line in _LINE.finditer(file.text.value):
        yield from _stripped(file.text, line.start(), line.end())


def _table(file: SourceFile) -> Iterator[tuple[str, Text]]:
    """The column `prompt`; a file of one column has a prompt in each line."""
    if "," not in file.text.value:
        found = list(_lines(file))
        yield from found[1:] if found and found[0][1].value == "prompt" else found
        return
    reader = csv.DictReader(io.StringIO(file.text.value))
    line = 2
    for row in reader:
        text = (row.get("prompt") or "").strip()
        if text:
            yield (row.get("label") or "").strip(), _at_line(file, line, text)
        line = reader.line_num + 1


def _at_line(file: SourceFile, line: int, text: str) -> Text:
    return Text(file.shown, text, lambda _offset: (line, 1))


def _stripped(whole: Text, start: int, end: int) -> Iterator[tuple[str, Text]]:
    part = whole.value[start:end]
    text = part.strip()
    if text:
        first = start + part.index(text)
        yield "", Text(whole.path, text, lambda offset: whole.locate(first + offset))


_TEXTS_OF = {".txt": _blocks, ".csv": _table, ".jsonl": _lines}


def _is_code(text: str) -> bool:
    """Whether it names a file with code, also with a function: `prompts.py:build`."""
    name = text.removeprefix("file://")
    return "\n" not in name and " " not in name and name.split(":")[0].endswith(_CODE)
