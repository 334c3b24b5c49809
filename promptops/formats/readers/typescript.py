"""Prompts in TypeScript and JavaScript: strings, template literals and lists of messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from promptops.formats.document import (
    LeftOutText,
    Loss,
    SourceDocument,
    SourceTurn,
)
from promptops.formats.plain_texts import parts_message
from promptops.formats.prompts_in_code import (
    APPENDED,
    EXPRESSION,
    FEWEST_WORDS_SENT,
    ONLY_VALUES,
    SAVE_TO_FILE,
    CodePrompts,
    Slot,
    begins,
    code_id,
    is_called_prompts,
    own_words,
    pair_name,
    pairs_of,
    refusal,
    role_of,
    sent_text,
)
from promptops.formats.source_file import ReadOptions, SourceFile
from promptops.formats.translation import InputNames
from promptops.formats.typescript_candidates import CodeCandidate, appended_lists, code_candidates
from promptops.formats.typescript_messages import TypescriptMessages
from promptops.formats.typescript_values import (
    ListValue,
    ObjectValue,
    TextValue,
    TypescriptKinds,
    TypescriptTexts,
)
from promptops.patterns import lazy_pattern
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


def documents(
    file: SourceFile, options: ReadOptions
) -> Iterator[SourceDocument | Loss | LeftOutText]:
    """A prompt for each string and each list of messages that looks like one."""
    found = code_candidates(file.text.value)
    reader = _Reader(file, options, _constants(found, file.text.value))
    read = [(candidate, reader.document(candidate)) for candidate in found]
    prompts = CodePrompts(file.path, options.selects)
    for candidate, document in _named_apart(list(_with_pairs(reader, read))):
        hidden = candidate.variable in reader.used
        if isinstance(document, SourceDocument):
            prompts.add(document, hidden=hidden)
        elif document or (hidden and document is not None):
            left_out = reader.left_out(candidate, document)
            prompts.leave_out(left_out, partial(reader.forced, candidate), hidden=hidden)
    yield from prompts.found()
    for appended in appended_lists(file.text.value):
        place = file.text.place(appended.start, appended.end)
        yield Loss(code="IMP103", message=APPENDED, place=place, hint=SAVE_TO_FILE)


_Read = tuple["CodeCandidate", SourceDocument | str | None]


def _with_pairs(reader: _Reader, read: Sequence[_Read]) -> Iterator[_Read]:
    """The prompts; a system text and the user text that belongs to it are one.

    A user text of labels and values is not a prompt without its system text.
    """
    texts = [
        (one, document)
        for one, document in read
        if (isinstance(document, SourceDocument) or document == ONLY_VALUES)
        and isinstance(one.value, TextValue)
        and one.variable not in reader.used
    ]
    found = pairs_of([(one.path, one.role) for one, _ in texts])
    pairs = {
        id(texts[system][0]): texts[user][0]
        for system, user in found.items()
        if isinstance(texts[system][1], SourceDocument)
    }
    users = {id(user) for user in pairs.values()}
    for one, document in read:
        if id(one) in pairs:
            yield one, reader.pair(one, pairs[id(one)])
        elif id(one) not in users:
            yield one, document


def _constants(found: Sequence[CodeCandidate], source: str) -> list[CodeCandidate]:
    """The constants, such as `RULES` or `const rules`, that other strings may contain."""
    count = Counter((one.function, one.variable) for one in found)
    return [
        one
        for one in found
        if isinstance(one.value, TextValue)
        and one.variable
        and not one.extended
        and ((one.variable.isupper() and len(one.value.pieces) == 1) or _is_const(one, source))
        and count[one.function, one.variable] == 1
    ]


def _is_const(one: CodeCandidate, source: str) -> bool:
    before = source[max(one.value.start - _LONGEST_DECLARATION, 0) : one.value.start]
    return (
        re.search(rf"\bconst\s+{re.escape(one.variable)}\b[^=;]{{0,200}}=\s*\Z", before) is not None
    )


def _named_apart(found: Sequence[_Read]) -> Iterator[_Read]:
    """The prompts; those of one name also with the name of the object that each belongs to."""
    count = Counter(one.id for _, one in found if isinstance(one, SourceDocument))
    for candidate, document in found:
        owner = _words(candidate.owner.rpartition(".")[2])
        if not isinstance(document, SourceDocument) or count[document.id] < 2 or not owner:
            yield candidate, document
            continue
        *folders, name = document.id.split("/")
        yield candidate, replace(document, id=code_id("/".join(folders), f"{owner}.{name}"))


class _Reader:
    """The candidates of one file.

    Attributes:
        used: Names of constants that prompts contain.
    """

    def __init__(
        self, file: SourceFile, options: ReadOptions, constants: Sequence[CodeCandidate]
    ) -> None:
        self.used: set[str] = set()
        self._file = file
        self._options = options
        self._constants = constants
        self._texts: dict[int, str] = {}
        self._kinds = TypescriptKinds(file.text.value)
        self._of_prompts = is_called_prompts(file.path)

    def document(
        self, candidate: CodeCandidate, *, forced: bool = False
    ) -> SourceDocument | str | None:
        """The prompt of a candidate; why it is not one, "" or None without a mention.

        Args:
            forced: The user selects it: it is a prompt whatever it looks like.
        """
        return self._document((candidate,), candidate.name or "messages", forced=forced)

    def pair(self, system: CodeCandidate, user: CodeCandidate) -> SourceDocument | str | None:
        """The prompt of a system text and a user text."""
        name = pair_name(system.path).rpartition(".")[2]
        return self._document((system, user), name, forced=True)

    def forced(self, candidate: CodeCandidate) -> SourceDocument | Loss:
        """The prompt of a string that the rules leave out; an error if it can't be read."""
        found = self.document(candidate, forced=True)
        if isinstance(found, SourceDocument):
            return found
        place = self._file.text.place(candidate.value.start, candidate.value.end)
        message = "it is not a string that can be read"
        return Loss(code="IMP103", message=message, place=place, hint=SAVE_TO_FILE)

    def left_out(self, candidate: CodeCandidate, reason: str) -> LeftOutText:
        """A string that is not a prompt."""
        return LeftOutText(
            name=_words(candidate.name or "text"),
            place=self._file.text.place(candidate.value.start, candidate.value.end),
            begins=begins(self._texts.get(id(candidate), "")),
            reason=reason,
        )

    def _document(
        self, texts: Sequence[CodeCandidate], name: str, *, forced: bool
    ) -> SourceDocument | str | None:
        candidate, names = texts[0], InputNames()
        constants = self._constants_for(candidate)
        code = self._file.text.value
        prompt = "\n".join(code[one.value.start : one.value.end] for one in texts)
        kind_of = partial(self._kinds.of, prompt=prompt)
        reader = TypescriptTexts(self._file, self._options, constants, names, kind_of)
        messages = TypescriptMessages(self._file, reader, names)
        turns: list[SourceTurn] = []
        for one in texts:
            found = self._turns(one, reader, messages, forced=forced)
            if isinstance(found, str) or not found:
                return found if isinstance(found, str) else None
            turns += found
        self.used |= reader.used
        message = "the code changes this prompt later: what it adds or replaces is not carried"
        for offset in (at for one in texts for at in one.extended):
            reader.lose("IMP103", message, offset, offset + 1)
        fields: dict[str, Any] = {}
        request = candidate.request or next(iter(candidate.requests), None)
        if request is not None:
            fields = messages.request_fields(request)
        defaults = {key: value for one in texts for key, value in one.defaults.items()}
        return SourceDocument(
            id=code_id(self._file.path, _words(name)),
            format=NAME,
            place=self._file.text.place(candidate.value.start, candidate.value.end),
            fields=fields,
            messages=tuple(turns),
            aliases=names.aliases,
            defaults={names.name(key): value for key, value in defaults.items()},
            samples=self._options.samples,
            lists=tuple(sorted(reader.lists)),
            tests_null=reader.tests_null,
            losses=tuple(reader.losses),
            keys=tuple(one.variable for one in texts if one.variable),
        )

    def _turns(
        self,
        candidate: CodeCandidate,
        reader: TypescriptTexts,
        messages: TypescriptMessages,
        *,
        forced: bool,
    ) -> list[SourceTurn] | str:
        value = candidate.value
        if not isinstance(value, TextValue):
            return self._messages(candidate, messages)
        constants = self._constants_for(candidate)
        text = "".join(
            _with_constant(piece, constants) if index % 2 else piece
            for index, piece in enumerate(value.pieces)
        )
        self._texts[id(candidate)] = text
        is_template = candidate.is_template
        if is_template:
            reason = None if forced or _has_own_words(value.pieces[0]) else ONLY_VALUES
        else:
            slot: Slot = "argument" if candidate.is_sent else candidate.slot
            of_prompts = self._of_prompts or is_called_prompts(candidate.owner)
            reason = refusal(candidate.full_name, text, slot, of_prompts=of_prompts)
        if reason is not None and not forced:
            return reason
        parts = reader.parts(value, "format" if is_template else None)
        role = candidate.role or role_of(candidate.name)
        if role is None:
            message = f"nothing defines the role: `{self._options.role}` is assumed"
            reader.lose("IMP311", message, value.start, value.end)
        return [parts_message(role or self._options.role, parts)]

    def _constants_for(self, candidate: CodeCandidate) -> dict[str, TextValue]:
        """The constants of the file and of the function, without what its parameters hide."""
        found: dict[str, TextValue] = {}
        for one in sorted(self._constants, key=lambda each: bool(each.function)):
            is_seen = one.function in ("", candidate.function) and one is not candidate
            if (
                is_seen
                and one.variable not in candidate.parameters
                and isinstance(one.value, TextValue)
            ):
                found[one.variable] = one.value
        return found

    def _messages(
        self, candidate: CodeCandidate, messages: TypescriptMessages
    ) -> list[SourceTurn] | str:
        value = candidate.value
        if isinstance(value, ObjectValue):
            found = messages.request(value)
        elif candidate.is_template:
            assert isinstance(value, ListValue)
            found = messages.pairs(value)
        else:
            assert isinstance(value, ListValue)
            found = messages.chat(value)
        turns = list(found)
        text = sent_text(turns)
        self._texts[id(candidate)] = text
        fewest = 1 if candidate.is_template else FEWEST_WORDS_SENT
        words = own_words(text)
        if not turns or words >= fewest:
            return turns
        return ONLY_VALUES if words or fewest == 1 else ""


def _with_constant(piece: str, constants: Mapping[str, TextValue]) -> str:
    constant = constants.get(piece.strip())
    if constant is None:
        return f"{EXPRESSION}{piece}{EXPRESSION}"
    return EXPRESSION.join(constant.pieces)


_LONGEST_DECLARATION = 600
_VARIABLE = lazy_pattern(r"\{[^{}\n]{1,80}\}")


def _has_own_words(text: str) -> bool:
    """Whether a template of LangChain has words besides its variables."""
    return own_words(_VARIABLE.sub(" ", text)) > 0


def _words(name: str) -> str:
    """`triagePrompt` as `triage-prompt`."""
    written = "".join(
        f"-{char}" if char.isupper() and index else char for index, char in enumerate(name)
    )
    return name.replace("_", "-") if name.isupper() or "_" in name else written
