"""Prompts in TypeScript and JavaScript: strings, template literals and lists of messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import Loss, SourceDocument, SourceMessage, SourceTurn
from promptops.formats.input_names import InputNames
from promptops.formats.plain_texts import identity, parts_message, role_in, stem_steps
from promptops.formats.prompts_in_code import (
    APPENDED,
    EXPRESSION,
    SAVE_TO_FILE,
    CodeTexts,
    message_text,
    numbered,
)
from promptops.formats.registry import ReadOptions
from promptops.formats.source_file import SourceFile
from promptops.formats.typescript_appends import appended_lists
from promptops.formats.typescript_candidates import CodeCandidate, code_candidates
from promptops.formats.typescript_messages import TypescriptMessages
from promptops.formats.typescript_texts import TypescriptTexts
from promptops.formats.typescript_values import ListValue, ObjectValue, TextValue
from promptops.records import replace

NAME = "typescript"
MARKS = (
    "`.ts`, `.tsx`, `.js`, `.mjs`: strings, template literals, lists of messages; code is not run"
)
RANK = 11

_ENDINGS = (".ts", ".tsx", ".js", ".mjs", ".jsx", ".cjs")


def recognises(file: SourceFile) -> bool:
    """Whether the ending is that of such code."""
    return file.suffix in _ENDINGS


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A prompt for each string and each list of messages that looks like one."""
    found = code_candidates(file.text.value)
    texts = CodeTexts()
    reader = _Reader(file, options, _constants(found), texts)
    read = [(candidate, reader.document(candidate)) for candidate in found]
    prompts = [(one, document) for one, document in read if document is not None]
    yield from numbered(_named_apart(prompts))
    for appended in appended_lists(file.text.value):
        place = file.text.place(appended.start, appended.end)
        yield Loss(code="IMP103", message=APPENDED, place=place, hint=SAVE_TO_FILE)
    left_out = texts.left_out(reader.used)
    # Of a folder, a file without any prompt is not worth a note.
    if left_out is not None and (prompts or file.alone or texts.named_left_out):
        yield left_out


def _constants(found: Sequence[CodeCandidate]) -> dict[str, str]:
    """The texts of constants, such as `RULES`, that other strings may contain."""
    return {
        one.variable: one.value.pieces[0]
        for one in found
        if isinstance(one.value, TextValue)
        and one.variable.isupper()
        and len(one.value.pieces) == 1
    }


def _named_apart(
    found: Sequence[tuple[CodeCandidate, SourceDocument]],
) -> Iterator[SourceDocument]:
    """The prompts; those of one name also with the name of the object that each belongs to."""
    count = Counter(document.id for _, document in found)
    for candidate, document in found:
        *folders, name = document.id.split("/")
        owner = _words(candidate.owner.rpartition(".")[2])
        if count[document.id] > 1 and owner:
            yield replace(document, id=identity(*folders, f"{owner}-{name}"))
        else:
            yield document


class _Reader:
    """The candidates of one file.

    Attributes:
        used: Names of constants that prompts contain.
    """

    def __init__(
        self,
        file: SourceFile,
        options: ReadOptions,
        constants: Mapping[str, str],
        texts: CodeTexts,
    ) -> None:
        self.used: set[str] = set()
        self._file = file
        self._options = options
        self._constants = constants
        self._texts = texts

    def document(self, candidate: CodeCandidate) -> SourceDocument | None:
        """The prompt of a candidate; None if it is not a prompt."""
        names = InputNames()
        reader = TypescriptTexts(self._file, self._options, self._constants, names)
        messages = TypescriptMessages(self._file, reader, names)
        turns = self._turns(candidate, reader, messages)
        if not turns:
            return None
        self.used |= reader.used
        message = "the code changes this prompt later: what it adds or replaces is not carried"
        for offset in candidate.extended:
            reader.lose("IMP103", message, offset, offset + 1)
        fields: dict[str, Any] = {}
        request = candidate.request or next(iter(candidate.requests), None)
        if request is not None:
            fields = messages.request_fields(request)
        return SourceDocument(
            id=identity(*stem_steps(self._file.path), _words(candidate.name or "messages")),
            format=NAME,
            place=self._file.text.place(candidate.value.start, candidate.value.end),
            fields=fields,
            messages=tuple(turns),
            aliases=names.aliases,
            defaults={names.name(name): value for name, value in candidate.defaults.items()},
            samples=self._options.samples,
            losses=tuple(reader.losses),
        )

    def _turns(
        self, candidate: CodeCandidate, reader: TypescriptTexts, messages: TypescriptMessages
    ) -> list[SourceTurn]:
        value = candidate.value
        place = self._file.text.place(value.start, value.end)
        if candidate.is_template and isinstance(value, ListValue):
            return list(messages.pairs(value))
        if not isinstance(value, TextValue):
            turns = list(
                messages.request(value) if isinstance(value, ObjectValue) else messages.chat(value)
            )
            chat = (turn for turn in turns if isinstance(turn, SourceMessage))
            text = " ".join(message_text(turn) for turn in chat)
            return turns if self._texts.has_words(text, place) else []
        name = f"{candidate.owner}.{candidate.name}" if candidate.owner else candidate.name
        is_template = candidate.is_template
        text = EXPRESSION.join(value.pieces)
        is_sent = is_template or (candidate.is_sent and self._texts.is_sent(text))
        if not is_sent and not self._texts.is_prompt(name, text, place):
            return []
        parts = reader.parts(value, "format" if is_template else None)
        role = role_in(candidate.name)
        if role is None:
            message = f"nothing defines the role: `{self._options.role}` is assumed"
            reader.lose("IMP311", message, value.start, value.end)
        return [parts_message(role or self._options.role, parts)]


def _words(name: str) -> str:
    """`triagePrompt` as `triage-prompt`."""
    written = "".join(
        f"-{char}" if char.isupper() and index else char for index, char in enumerate(name)
    )
    return name.replace("_", "-") if name.isupper() or "_" in name else written
