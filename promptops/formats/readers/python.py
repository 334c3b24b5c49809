"""Prompts in the source code of Python programs, which is parsed and never run."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.formats.document import (
    Loss,
    SourceDocument,
    SourceMessage,
    SourceTurn,
    TemplatePart,
    TextPart,
)
from promptops.formats.plain_texts import identity, parts_message, role_in, stem_steps, translated
from promptops.formats.prompts_in_code import (
    APPENDED,
    SAVE_TO_FILE,
    CodeTexts,
    marked_text,
    message_text,
    numbered,
)
from promptops.formats.python_candidates import (
    Candidate,
    StringUses,
    appends_message,
    candidates,
    is_request,
    string_uses,
)
from promptops.formats.python_messages import PythonMessages
from promptops.formats.python_strings import (
    TEMPLATE_CALLS,
    PythonExpressions,
    PythonStrings,
    argument,
    argument_defaults,
    called_name,
    is_chat_template,
    is_other_template,
    partial_values,
    scoped_nodes,
    template_syntax,
    text_template,
    unwrapped,
)
from promptops.formats.registry import ReadOptions
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.formats.translation import InputNames
from promptops.model.place import Text

NAME = "python"
MARKS = "`.py`: strings, f-strings, prompt templates and lists of messages; code is not run"
RANK = 10

_MAX_DEPTH = 250
_RUNNING = ".".join(map(str, sys.version_info[:2]))
_NEWER_SYNTAX = (
    f"promptops runs on Python {_RUNNING}: for code in newer syntax, run it on that Python"
)


def recognises(file: SourceFile) -> bool:
    """Whether it is a Python file."""
    return file.suffix == ".py"


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A prompt for each text, template and list of messages that looks like one."""
    nodes = list(scoped_nodes(_parsed(file)))
    found_names = list(candidates(nodes))
    uses = string_uses(nodes, {one.key for one in found_names if one.key})
    reader = _Reader(file, options, found_names, uses)
    found = [(one, reader.document(one)) for one in found_names]
    for one, document in found:
        if document is None:
            yield from reader.unread(one)
    prompts = [
        document
        for one, document in found
        if document is not None and one.key not in reader.strings.used
    ]
    yield from numbered(prompts)
    left_out = reader.texts.left_out(reader.strings.used)
    # Of a folder, a file without any prompt is not worth a note.
    if left_out is not None and (prompts or file.alone or reader.texts.named_left_out):
        yield left_out


def _parsed(file: SourceFile) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(file.text.value)
            _refuse_deep(tree)
            return tree
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        place = Text(file.shown, "x", lambda _offset: (line, 1)).place(0)
        message = f"the code can't be parsed: {getattr(error, 'msg', error)}"
        hint = _NEWER_SYNTAX if isinstance(error, SyntaxError) else None
        loss = Loss(code="IMP002", message=message, place=place, hint=hint)
        raise UnreadableSource(loss) from None


def _refuse_deep(tree: ast.Module) -> None:
    """Raises RecursionError for code that is nested deeper than the reader follows."""
    level: list[ast.AST] = [tree]
    for _ in range(_MAX_DEPTH):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return
    raise RecursionError("it is nested too deeply")


class _Reader:
    """The candidates of one file.

    Attributes:
        texts: The strings that were left out.
    """

    def __init__(
        self,
        file: SourceFile,
        options: ReadOptions,
        found: Sequence[Candidate],
        uses: StringUses,
    ) -> None:
        constants = {one.key: one.node for one in found if one.key and "." not in one.key}
        self.texts = CodeTexts()
        self._expressions = PythonExpressions(file.shown, file.text.value)
        self.strings = PythonStrings(file.shown, self._expressions, constants)
        self._file = file
        self._options = options
        self._uses = uses

    def document(self, candidate: Candidate) -> SourceDocument | None:
        """The prompt of a candidate; None if it is not a prompt."""
        names = InputNames()
        self._expressions.losses.clear()
        used = set(self.strings.used)
        turns = self._turns(candidate, names)
        if not turns:
            self.strings.used.intersection_update(used)
            return None
        self._note_extended({candidate.key, *(self.strings.used - used)})
        return SourceDocument(
            id=identity(*stem_steps(self._file.path), candidate.name.replace("_", "-")),
            format=NAME,
            place=self._expressions.place(candidate.node),
            fields=self._fields(candidate, names),
            messages=tuple(turns),
            aliases=names.aliases,
            defaults=_defaults(candidate, names),
            samples=self._options.samples,
            losses=tuple(self._expressions.losses),
        )

    def unread(self, candidate: Candidate) -> Iterator[Loss]:
        """An IMP103 for a prompt template that is not read, and for appended messages."""
        node = unwrapped(candidate.node)
        if is_other_template(node):
            name = ast.unparse(getattr(node, "func", node))
            yield self._unread(f"the prompt template `{name}` is not read", node)
        if isinstance(node, ast.List):
            added = self._uses.extended.get(candidate.key, ())
            if any(map(appends_message, added)):
                yield self._unread(APPENDED, node)

    def _unread(self, message: str, node: ast.expr) -> Loss:
        place = self._expressions.place(node)
        return Loss(code="IMP103", message=message, place=place, hint=SAVE_TO_FILE)

    def _note_extended(self, keys: set[str]) -> None:
        """An IMP103 for each statement that adds to a string, which is not carried."""
        message = "the code changes this prompt later: what it adds or replaces is not carried"
        for key in sorted(keys & self._uses.extended.keys()):
            for statement in self._uses.extended[key]:
                self._expressions.lose("IMP103", message, statement)

    def _fields(self, candidate: Candidate, names: InputNames) -> dict[str, Any]:
        """The fields of the call that sends the messages, or of one that sends them by name."""
        node = candidate.node
        if isinstance(node, ast.List):
            node = self._uses.sent.get(candidate.key, node)
        if isinstance(node, ast.Call) and (node is not candidate.node or is_request(node)):
            return PythonMessages(self._expressions, names, lambda *_: None).request_fields(node)
        return {}

    def _turns(self, candidate: Candidate, names: InputNames) -> list[SourceTurn]:
        node = unwrapped(candidate.node)
        messages = PythonMessages(
            self._expressions, names, lambda text, syntax: self._parts(text, names, syntax)
        )
        if isinstance(node, ast.List):
            return self._with_words(messages.chat(node, self._list_syntax(candidate)), node)
        if isinstance(node, ast.Call):
            if is_request(node):
                return self._with_words(messages.request(node), node)
            if is_chat_template(node):
                pairs = argument(node, "messages")
                syntax = template_syntax(node)
                return list(messages.pairs(pairs, syntax)) if isinstance(pairs, ast.List) else []
            if called_name(node) in TEMPLATE_CALLS:
                text = argument(node, "template")
                return [] if text is None else self._single(candidate, text, names, node)
            template = text_template(node)
            if template is not None:
                return self._single(candidate, template[0], names, template[1])
        return self._single(candidate, node, names, self._uses.filled.get(candidate.key))

    def _list_syntax(self, candidate: Candidate) -> ast.expr | str | None:
        """How the messages of a list are filled in; a constant that no call sends may be."""
        key = candidate.key
        if key in self._uses.filled:
            return self._uses.filled[key]
        is_constant = bool(key) and candidate.function is None
        return None if is_constant and key not in self._uses.sent else "none"

    def _with_words(self, turns: Iterator[SourceTurn], node: ast.expr) -> list[SourceTurn]:
        """The messages; none if all that they contain are values."""
        found = list(turns)
        if not found:
            return []
        text = " ".join(message_text(turn) for turn in found if isinstance(turn, SourceMessage))
        return found if self.texts.has_words(text, self._expressions.place(node)) else []

    def _single(
        self, candidate: Candidate, node: ast.expr, names: InputNames, use: ast.expr | str | None
    ) -> list[SourceTurn]:
        if _only_names(node):
            return []
        parts = self._parts(node, names, use)
        if parts is None or (_all_text(parts) and not marked_text(parts).strip()):
            return []
        place = self._expressions.place(node)
        text = marked_text(parts)
        name = candidate.name
        sent = candidate.is_sent or candidate.key in self._uses.sent_strings
        if not (_is_template(use) or (sent and self.texts.is_sent(text))):
            if candidate.key in self._uses.reported and self.texts.is_report(name, text, place):
                return []
            if not self.texts.is_prompt(name, text, place):
                return []
        role = role_in(candidate.name)
        if role is None:
            message = f"nothing defines the role: `{self._options.role}` is assumed"
            self._expressions.lose("IMP311", message, node)
        return [parts_message(role or self._options.role, parts)]

    def _parts(
        self, node: ast.expr, names: InputNames, use: ast.expr | str | None
    ) -> tuple[TemplatePart, ...] | None:
        """The parts of a string; a string without values of its own may be a template.

        `use` is the code that fills it in, the name of its syntax, or None to guess.
        """
        found = self.strings.parts(node, names)
        if found is None or not _is_plain(node) or not _all_text(found):
            return found
        value = "".join(part.text for part in found if isinstance(part, TextPart))
        place = self._expressions.place(node)
        text = Text(self._file.shown, value, lambda _offset: (place.line, place.column))
        if isinstance(use, ast.Call) and called_name(use) in TEMPLATE_CALLS:
            read = translated(text, self._options, names, template_syntax(use))
        elif isinstance(use, ast.expr):
            read = self.strings.filled(text, use, names)
        else:
            read = translated(text, self._options, names, use)
        self._expressions.losses += read.losses
        return read.parts


def _defaults(candidate: Candidate, names: InputNames) -> Mapping[str, Any]:
    """The defaults of arguments and of templates, by the names of the inputs."""
    given = {**argument_defaults(candidate.function), **partial_values(candidate.node)}
    return {names.name(name): value for name, value in given.items()}


def _is_template(use: ast.expr | str | None) -> bool:
    """Whether a call makes a prompt template of a string, whatever its name and length are."""
    return isinstance(use, ast.Call) and called_name(use) in TEMPLATE_CALLS


def _only_names(node: ast.expr) -> bool:
    """Whether it is another string of the file, or that string filled in."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        return isinstance(node.left, ast.Name)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return isinstance(node.func.value, ast.Name) and node.func.attr == "format"
    return isinstance(node, ast.Name)


def _is_plain(node: ast.expr) -> bool:
    """Whether the code does not fill in a string at its place: it may be a template itself."""
    return not any(
        isinstance(one, ast.JoinedStr)
        or (isinstance(one, ast.BinOp) and isinstance(one.op, ast.Mod))
        or (isinstance(one, ast.Call) and called_name(one) == "format")
        for one in ast.walk(node)
    )


def _all_text(parts: tuple[TemplatePart, ...]) -> bool:
    return all(isinstance(part, TextPart) for part in parts)
