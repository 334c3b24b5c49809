"""Prompts in the source code of Python programs, which is parsed and never run."""

from __future__ import annotations

import ast
import sys
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from promptops.formats.document import (
    LeftOutText,
    Loss,
    SourceDocument,
    SourceTurn,
    TemplatePart,
    TextPart,
)
from promptops.formats.plain_texts import parts_message, translated
from promptops.formats.prompts_in_code import (
    APPENDED,
    FEWEST_WORDS_SENT,
    ONLY_VALUES,
    REPORTED,
    SAVE_TO_FILE,
    CodePrompts,
    begins,
    code_id,
    crew_message,
    is_called_prompts,
    is_prompt_anyway,
    marked_text,
    own_words,
    pair_name,
    pairs_of,
    refusal,
    role_of,
    sent_text,
)
from promptops.formats.python_candidates import (
    Candidate,
    StringUses,
    appends_message,
    candidates,
    is_request,
    resolved_key,
    string_uses,
    with_additions,
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
    resolved,
    scoped_nodes,
    template_syntax,
    text_template,
    unwrapped,
)
from promptops.formats.source_file import ReadOptions, SourceFile, UnreadableSource
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


def documents(
    file: SourceFile, options: ReadOptions
) -> Iterator[SourceDocument | Loss | LeftOutText]:
    """A prompt for each text, template and list of messages that looks like one."""
    nodes = list(scoped_nodes(with_additions(_parsed(file))))
    found = list(candidates(nodes))
    uses = string_uses(nodes, {one.key for one in found if one.key})
    reader = _Reader(file, options, found, uses)
    read = [(one, reader.document(one)) for one in found]
    named = {one.key for one, document in read if _is_prompt(document)}
    for one, document in read:
        if not isinstance(document, SourceDocument) and not _is_made_of(one, named):
            yield from reader.unread(one)
    used = reader.strings.used
    lists = {one.key for one, document in read if not one.is_text and _is_prompt(document)}
    prompts = CodePrompts(file.path, options.selects)
    for one, document in _with_pairs(reader, read):
        if isinstance(document, str):
            hidden = one.key in used
            if document or hidden:
                left_out = reader.left_out(one, document)
                prompts.leave_out(left_out, partial(reader.forced, one), hidden=hidden)
        elif document is not None:
            is_added = bool(one.added_to) and resolved(one.added_to, lists) is not None
            prompts.add(document, hidden=is_added or one.key in used)
    yield from prompts.found()


def _is_prompt(document: SourceDocument | str | None) -> bool:
    return isinstance(document, SourceDocument)


def _is_made_of(candidate: Candidate, named: Collection[str]) -> bool:
    """Whether it is a chat template of a list that is a prompt by its own name."""
    node = unwrapped(candidate.node)
    if not isinstance(node, ast.Call) or not is_chat_template(node):
        return False
    messages = argument(node, "messages")
    return messages is not None and resolved_key(messages, candidate.scope, named) is not None


def _with_pairs(
    reader: _Reader, read: Sequence[tuple[Candidate, SourceDocument | str | None]]
) -> Iterator[tuple[Candidate, SourceDocument | str | None]]:
    """The prompts; a system text and the user text that belongs to it are one.

    A user text of labels and values is not a prompt without its system text.
    """
    texts = [
        (one, document)
        for one, document in read
        if (_is_prompt(document) or document == ONLY_VALUES)
        and one.is_text
        and one.key not in reader.strings.used
    ]
    found = pairs_of([(one.name, one.role) for one, _ in texts])
    pairs = {
        id(texts[system][0]): texts[user][0]
        for system, user in found.items()
        if _is_prompt(texts[system][1])
    }
    users = {id(user) for user in pairs.values()}
    for one, document in read:
        if id(one) in users:
            continue
        if id(one) in pairs:
            yield one, reader.pair(one, pairs[id(one)])
        else:
            yield one, document


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
    """The candidates of one file."""

    def __init__(
        self,
        file: SourceFile,
        options: ReadOptions,
        found: Sequence[Candidate],
        uses: StringUses,
    ) -> None:
        counts = Counter(one.key for one in found)
        constants = {
            one.key: one.node
            for one in found
            if one.key and counts[one.key] == uses.assigned[one.key] == 1 and one.is_fixed
        }
        self._expressions = PythonExpressions(file.shown, file.text.value)
        self.strings = PythonStrings(file.shown, self._expressions, constants)
        self._file = file
        self._options = options
        self._uses = uses
        self._texts: dict[int, str] = {}
        self._of_prompts = is_called_prompts(file.path)

    def document(
        self, candidate: Candidate, *, forced: bool = False
    ) -> SourceDocument | str | None:
        """The prompt of a candidate; why it is not one, "" or None without a mention.

        Args:
            forced: The user selects it: it is a prompt whatever it looks like.
        """
        return self._document(candidate, (candidate,), candidate.name, forced=forced)

    def pair(self, system: Candidate, user: Candidate) -> SourceDocument | str | None:
        """The prompt of a system text and a user text."""
        return self._document(system, (system, user), pair_name(system.name), forced=True)

    def forced(self, candidate: Candidate) -> SourceDocument | Loss:
        """The prompt of a string that the rules leave out; an error if it can't be read."""
        found = self.document(candidate, forced=True)
        if isinstance(found, SourceDocument):
            return found
        return self._unread("it is not a string that can be read", candidate.node)

    def left_out(self, candidate: Candidate, reason: str) -> LeftOutText:
        """A string that is not a prompt."""
        return LeftOutText(
            name=candidate.name,
            place=self._expressions.place(candidate.node),
            begins=begins(self._texts.get(id(candidate), "")),
            reason=reason,
        )

    def _document(
        self, candidate: Candidate, texts: Sequence[Candidate], name: str, *, forced: bool
    ) -> SourceDocument | str | None:
        names = InputNames()
        self._expressions.losses.clear()
        self._expressions.tests_null = False
        used = set(self.strings.used)
        turns: list[SourceTurn] = []
        for one in texts:
            self.strings.scope = one.scope
            found = self._turns(one, names, forced=forced)
            if isinstance(found, str) or not found:
                self.strings.used.intersection_update(used)
                return found if isinstance(found, str) else None
            turns += found
        self._note_extended({*(one.key for one in texts), *(self.strings.used - used)})
        if candidate.added_to:
            message = "the code appends this message to others, which are not carried"
            self._expressions.lose("IMP103", message, candidate.node)
        return SourceDocument(
            id=code_id(self._file.path, name),
            format=NAME,
            place=self._expressions.place(candidate.node),
            fields=self._fields(candidate, names),
            messages=tuple(turns),
            aliases=names.aliases,
            defaults=_defaults(candidate, names),
            samples=self._options.samples,
            tests_null=self._expressions.tests_null,
            losses=tuple(self._expressions.losses),
            keys=tuple(filter(None, map(_key, texts))),
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

    def _turns(  # noqa: PLR0911  # one line for each kind of expression
        self, candidate: Candidate, names: InputNames, *, forced: bool
    ) -> list[SourceTurn] | str:
        node = unwrapped(candidate.node)
        messages = PythonMessages(
            self._expressions, names, lambda text, syntax: self._parts(text, names, syntax)
        )
        if candidate.texts is not None:
            texts = {
                key: self._parts(text, names, "single") or (self._expressions.printed(text, names),)
                for key, text in candidate.texts.items()
            }
            turns: list[SourceTurn] = [parts_message(*crew_message(texts))]
            return self._with_words(iter(turns), candidate)
        if isinstance(node, ast.List):
            return self._with_words(messages.chat(node, self._list_syntax(candidate)), candidate)
        if isinstance(node, ast.Call):
            if is_request(node):
                return self._with_words(messages.request(node), candidate)
            if is_chat_template(node):
                pairs = argument(node, "messages")
                if not isinstance(pairs, ast.List):
                    return []
                found = messages.pairs(pairs, template_syntax(node))
                return self._with_words(found, candidate, fewest=1)
            if called_name(node) in TEMPLATE_CALLS:
                text = argument(node, "template")
                return [] if text is None else self._single(candidate, text, names, node, forced)
            template = text_template(node)
            if template is not None:
                return self._single(candidate, template[0], names, template[1], forced)
        filled = self._uses.filled.get(candidate.key)
        return self._single(candidate, node, names, filled, forced)

    def _list_syntax(self, candidate: Candidate) -> ast.expr | str | None:
        """How the messages of a list are filled in; a constant that no call sends may be."""
        key = candidate.key
        if key in self._uses.filled:
            return self._uses.filled[key]
        is_constant = bool(key) and candidate.function is None
        return None if is_constant and key not in self._uses.sent else "none"

    def _with_words(
        self, turns: Iterator[SourceTurn], candidate: Candidate, fewest: int = FEWEST_WORDS_SENT
    ) -> list[SourceTurn] | str:
        """The messages; the reason if all that they contain are values."""
        found = list(turns)
        if not found:
            return []
        text = sent_text(found)
        self._texts[id(candidate)] = text
        words = own_words(text)
        return found if words >= fewest else ONLY_VALUES if words or fewest == 1 else ""

    def _single(
        self,
        candidate: Candidate,
        node: ast.expr,
        names: InputNames,
        use: ast.expr | str | None,
        forced: bool,
    ) -> list[SourceTurn] | str:
        if _only_names(node):
            return []
        parts = self._parts(node, names, use)
        if parts is None or (_all_text(parts) and not marked_text(parts).strip()):
            return []
        text = self._texts[id(candidate)] = marked_text(parts)
        reason = None if forced else self._refusal(candidate, text, use)
        if reason is not None:
            return reason
        role = candidate.role or role_of(candidate.name)
        if role is None:
            message = f"nothing defines the role: `{self._options.role}` is assumed"
            self._expressions.lose("IMP311", message, node)
        return [parts_message(role or self._options.role, parts)]

    def _refusal(self, candidate: Candidate, text: str, use: ast.expr | str | None) -> str | None:
        """Why a string is not a prompt; None for one."""
        name, key = candidate.name, candidate.key
        if _is_template(use):
            return None if own_words(text) else ONLY_VALUES
        slot = "argument" if key in self._uses.sent_strings else candidate.slot
        if slot != "argument" and key in self._uses.reported and not is_prompt_anyway(name):
            return REPORTED if refusal(name, text, slot) is None else ""
        of_prompts = self._of_prompts or is_called_prompts(candidate.scope.of_class.strip("."))
        return refusal(name, text, slot, of_prompts=of_prompts)

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


def _key(candidate: Candidate) -> str:
    """The name by which other code refers to a text, or to the function that returns it."""
    function = candidate.scope.name.rstrip(".")
    returned = function if candidate.name == function and candidate.slot == "name" else ""
    return candidate.key or returned


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
