"""Prompts in the source code of Python programs, which is parsed and never run."""

from __future__ import annotations

import ast
import sys
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
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
    NAMED,
    SAVE_TO_FILE,
    CodeTexts,
    marked_text,
    message_text,
    numbered,
)
from promptops.formats.python_messages import (
    PythonMessages,
    calls_gemini,
    sends_to_gemini,
    settings_call,
)
from promptops.formats.python_strings import (
    TEMPLATE_CALLS,
    Function,
    PythonExpressions,
    PythonStrings,
    Scope,
    argument,
    argument_defaults,
    called_name,
    is_chat_template,
    is_other_template,
    is_text_template,
    partial_values,
    resolved,
    scoped_nodes,
    sent_messages,
    target_name,
    template_syntax,
    text_template,
    unwrapped,
)
from promptops.formats.source_file import ReadOptions, SourceFile, UnreadableSource
from promptops.formats.translation import InputNames
from promptops.model.place import Text
from promptops.records import record, replace

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


# Which strings and messages of a Python file may be prompts, and what uses them.

SENDING_METHODS = frozenset(("create", "parse", "stream"))
"""Methods of clients that call a model."""
_PASSED = frozenset(("instructions", "instruction", "system_prompt", "system_instruction"))
_INVOKING = frozenset(("invoke", "ainvoke", "complete", "acomplete", "predict", "apredict"))
_COMPLETING = frozenset(("create", "acreate", "completion", "acompletion", "text_completion"))
_OF_RESPONSES = frozenset(("input", "instructions"))
_MESSAGE_KEYWORDS = frozenset(("messages", "input", "instructions", "system"))


@record(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An expression that may be a prompt.

    Attributes:
        name: What it is assigned to, with its classes and functions; of what a function returns,
            the name of the function.
        key: The name by which other code refers to it, "" if it has none: `Bot.text` for
            `self.text`.
        function: The function whose arguments it may read.
        is_sent: Whether a call passes it by the name of a prompt.
    """

    name: str
    key: str = ""
    node: ast.expr
    function: Function | None
    is_sent: bool = False


def candidates(nodes: Sequence[tuple[Scope, ast.AST]]) -> Iterator[Candidate]:
    """What is assigned, returned, a value of a dictionary or sent to a model, in their order.

    Also each other prompt template, such as the argument of a call.
    """
    read: set[ast.AST] = set()
    for scope, node in nodes:
        for one in _candidates_at(node, scope, read):
            read.update(_templates_in(one.node))
            yield one


def _candidates_at(node: ast.AST, scope: Scope, read: set[ast.AST]) -> Iterator[Candidate]:
    if isinstance(node, ast.Return) and node.value is not None:
        if NAMED.search(scope.name) and not _is_call_of_model(node.value):
            yield _candidate(scope.name.rstrip("."), node.value, scope)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        yield from _assigned(node, scope)
    elif isinstance(node, ast.keyword):
        if is_text_template(node.value) and node.value not in read:
            yield _candidate(f"{scope.name}{node.arg or 'template'}", node.value, scope)
    elif isinstance(node, ast.Call):
        if is_request(node):
            read.add(settings_call(node) or node)
            yield _candidate(scope.name.rstrip(".") or "request", node, scope)
        elif node in read:
            return
        elif is_text_template(node):
            yield _candidate(scope.name.rstrip(".") or "template", node, scope)
        else:
            # Strings that a call passes to a model: `Agent(instructions="…")`, `model.invoke("…")`.
            given = [
                (keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg in _PASSED
            ]
            for name, value in (*given, *(("prompt", text) for text in sent_texts(node))):
                if not isinstance(value, ast.Name | ast.Attribute):
                    yield replace(_candidate(f"{scope.name}{name}", value, scope), is_sent=True)


def _templates_in(node: ast.expr) -> Iterator[ast.AST]:
    """The templates that a candidate reads: itself, and those of the messages of a chat."""
    first = unwrapped(node)
    if is_text_template(first):
        yield first
    elif isinstance(first, ast.List) or (isinstance(first, ast.Call) and is_chat_template(first)):
        yield from filter(is_text_template, ast.walk(first))


def sent_texts(node: ast.Call) -> list[ast.expr]:
    """The first argument of a method such as `invoke`; `prompt` of a call for a completion."""
    if called_name(node) in _INVOKING and isinstance(node.func, ast.Attribute):
        return node.args[:1]
    if called_name(node) in _COMPLETING:
        return [keyword.value for keyword in node.keywords if keyword.arg == "prompt"]
    return []


def is_request(node: ast.Call) -> bool:
    """Whether a call sends texts to a model: `client.chat.completions.create(messages=[…])`."""
    if is_chat_template(node):
        return False
    if calls_gemini(node):
        return sends_to_gemini(node)
    if sent_messages(node) is not None:
        return True
    keys = {keyword.arg for keyword in node.keywords if _is_text(keyword)}
    if "messages" in keys:
        return True
    owner = getattr(node.func, "value", None)
    of_responses = isinstance(owner, ast.Attribute) and owner.attr == "responses"
    return of_responses and called_name(node) in SENDING_METHODS and bool(keys & _OF_RESPONSES)


def _is_call_of_model(node: ast.expr) -> bool:
    """Whether it is a call that is a candidate of its own."""
    return isinstance(node, ast.Call) and is_request(node)


def _is_text(keyword: ast.keyword) -> bool:
    if keyword.arg not in _MESSAGE_KEYWORDS or isinstance(keyword.value, ast.Name):
        return False
    return keyword.arg != "messages" or isinstance(keyword.value, ast.List)


def _candidate(name: str, node: ast.expr, scope: Scope, key: str = "") -> Candidate:
    if isinstance(node, ast.Lambda):
        return Candidate(name=name, key=key, node=node.body, function=node)
    return Candidate(name=name, key=key, node=node, function=scope.function)


def _assigned(statement: ast.Assign | ast.AnnAssign, scope: Scope) -> Iterator[Candidate]:
    value = statement.value
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    key = target_name(targets[0], scope)
    if value is None or key is None or reads(value, targets[0]) or _is_call_of_model(value):
        return
    name = f"{scope.name}{key.rpartition('.')[2]}"
    if isinstance(value, ast.Dict):
        yield from _values(name, value, scope)
    else:
        yield _candidate(name, value, scope, key)


def _values(name: str, found: ast.Dict, scope: Scope) -> Iterator[Candidate]:
    for key, item in zip(found.keys, found.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            below = f"{name}.{key.value}"
            if isinstance(item, ast.Dict):
                yield from _values(below, item, scope)
            else:
                yield _candidate(below, item, scope)


def reads(value: ast.expr, target: ast.expr) -> bool:
    """Whether an expression reads a name or an attribute, so that its value is changed by it."""
    name = _last_name(target)
    return name is not None and any(
        _last_name(node) == name and ast.unparse(node) == ast.unparse(target)
        for node in ast.walk(value)
    )


def _last_name(node: ast.AST) -> str | None:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)


# What Python code does with a string after its assignment: fill it in, or add to it.

_EXTENDING = frozenset(("append", "extend", "insert"))
_REPORTING = frozenset(
    str.split(
        "print warn warning warnings debug info error exception critical log fail exit echo secho"
        " skip xfail write_line writelines raises fatal abort usage assertequal assertin"
        " assertregex assertraisesregex"
    )
)
_COMPARING = frozenset(("match", "reason", "help", "err_msg"))
_PASSED_AS = frozenset(
    str.split("system system_prompt system_message system_instruction instructions user_prompt")
)
_FILLING = frozenset(("format", "replace", "strip", "format_map"))


@record(frozen=True, slots=True, kw_only=True)
class StringUses:
    """By the key of a candidate.

    Attributes:
        filled: The first call of `.format`, operation `%`, or call of a prompt template.
        extended: The statements that add to it, or change it.
        sent: The first call of a model that sends a list of messages.
        sent_strings: The keys of strings that are sent to a model, or that a prompt is made of.
        reported: The keys of what the code raises, logs or prints.
    """

    filled: Mapping[str, ast.expr]
    extended: Mapping[str, Sequence[ast.AST]]
    sent: Mapping[str, ast.Call]
    sent_strings: Collection[str]
    reported: Collection[str]


def string_uses(nodes: Sequence[tuple[Scope, ast.AST]], keys: Collection[str]) -> StringUses:
    """The uses of the strings, and of the lists of messages, with these keys."""
    loops = _loops(nodes)
    filled: dict[str, ast.expr] = {}
    extended: dict[str, list[ast.AST]] = {}
    sent: dict[str, ast.Call] = {}
    sent_strings: set[str] = set()
    reported: set[str] = set()
    for scope, node in nodes:
        for target, use in _filled(node):
            for origin in _origins(target, scope, loops):
                key = _key(origin, scope, keys)
                if key is not None:
                    filled.setdefault(key, use)
        for messages, call in _sent(node):
            key = _key(messages, scope, keys)
            if key is not None:
                sent.setdefault(key, call)
        changed = _extended(node)
        key = None if changed is None else _key(changed, scope, keys)
        if key is not None:
            extended.setdefault(key, []).append(node)
        for used, parts in ((sent_strings, _passed_argument(node)), (reported, _reported(node))):
            found = (_key(name, scope, keys) for part in parts for name in _names(part))
            used.update(key for key in found if key is not None)
    return StringUses(
        filled=filled, extended=extended, sent=sent, sent_strings=sent_strings, reported=reported
    )


def _key(target: ast.expr, scope: Scope, keys: Collection[str]) -> str | None:
    """The key of the candidate that an expression refers to; None if it is not one."""
    written = target_name(target, scope)
    return None if written is None else resolved(written, keys)


def _filled(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Strings that an expression fills in, with the expression."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        yield node.left, node
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "format_map"):
            yield node.func.value, node
        elif called_name(node) in TEMPLATE_CALLS:
            text = argument(node, "template")
            yield from [] if text is None else [(text, node)]


_Loops = Mapping[str, Sequence[ast.expr]]
"""What a variable of a loop runs over, by its full name."""


def _loops(nodes: Iterable[tuple[Scope, ast.AST]]) -> _Loops:
    found: dict[str, list[ast.expr]] = {}
    for scope, node in nodes:
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name):
                    found.setdefault(f"{scope.name}{name.id}", []).append(node.iter)
    return found


def _origins(target: ast.expr, scope: Scope, loops: _Loops) -> Iterator[ast.expr]:
    """What a string is an element of: `MESSAGES` for `m["content"]` in `for m in MESSAGES`."""
    waiting, seen = [target], set[str]()
    while waiting:
        node = waiting.pop()
        while isinstance(node, ast.Subscript):
            node = node.value
        yield node
        name = f"{scope.name}{node.id}" if isinstance(node, ast.Name) else ""
        if name in loops and name not in seen:
            seen.add(name)
            for iterated in loops[name]:
                waiting += (one for one in ast.walk(iterated) if isinstance(one, ast.Name))


def _sent(node: ast.AST) -> Iterator[tuple[ast.expr, ast.Call]]:
    """Names of messages that a call sends to a model, with the call."""
    if isinstance(node, ast.Call) and called_name(node) in SENDING_METHODS:
        yield from ((one.value, node) for one in node.keywords if one.arg == "messages")


def _passed_argument(node: ast.AST) -> Iterator[ast.expr]:
    """What a call sends to a model, the texts of messages, and what a `prompt` is made of."""
    if isinstance(node, ast.keyword) and node.arg in _PASSED_AS:
        yield node.value
    elif isinstance(node, ast.Call):
        yield from sent_texts(node)
    elif isinstance(node, ast.Dict):
        if any(getattr(key, "value", None) == "role" for key in node.keys):
            yield from _contents(node)
    elif isinstance(node, ast.Assign) and _is_prompt_name(node.targets[0]):
        yield from [node.value] if isinstance(node.value, ast.BinOp | ast.Call) else []


def _is_prompt_name(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and "prompt" in target.id.lower()


def _extended(node: ast.AST) -> ast.expr | None:
    """The string or list that a statement adds to."""
    if isinstance(node, ast.AugAssign):
        return None if isinstance(node.op, ast.Mod) else node.target
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and function.attr in _EXTENDING:
            return function.value
    if isinstance(node, ast.Assign) and reads(node.value, node.targets[0]):
        return None if _only_fills(node.value) else node.targets[0]
    return _returned_sum(node) if isinstance(node, ast.Return) else None


def appends_message(statement: ast.AST) -> bool:
    """Whether a statement adds `{"role": …, "content": "…"}` with a string to a list."""
    return any(
        isinstance(node, ast.Dict)
        and any(getattr(key, "value", None) == "role" for key in node.keys)
        and any(
            isinstance(value, ast.JoinedStr | ast.BinOp | ast.Constant) for value in _contents(node)
        )
        for node in ast.walk(statement)
    )


def _contents(node: ast.Dict) -> list[ast.expr]:
    pairs = zip(node.keys, node.values, strict=True)
    return [value for key, value in pairs if getattr(key, "value", None) == "content"]


def _returned_sum(node: ast.Return) -> ast.expr | None:
    """The variable that a returned sum begins with; a constant of the file is read with the sum."""
    first = node.value
    while isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add):
        first = first.left
    is_variable = isinstance(first, ast.Name) and not first.id.isupper()
    return first if is_variable and first is not node.value else None


def _only_fills(value: ast.expr) -> bool:
    """Whether a call fills in a string, or only strips it."""
    if isinstance(value, ast.BinOp):
        return isinstance(value.op, ast.Mod)
    if not isinstance(value, ast.Call) or called_name(value) not in _FILLING:
        return False
    first = getattr(next(iter(value.args), None), "value", "")
    return called_name(value) != "replace" or (isinstance(first, str) and "{" in first)


def _reported(node: ast.AST) -> Iterator[ast.expr]:
    """What a statement or a call raises, logs, prints, or compares with an error."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        yield from (*node.exc.args, *(keyword.value for keyword in node.exc.keywords))
    elif isinstance(node, ast.Assert) and node.msg is not None:
        yield node.msg
    elif isinstance(node, ast.Call) and called_name(node).lower() in _REPORTING:
        yield from node.args
    elif isinstance(node, ast.keyword) and node.arg in _COMPARING:
        yield node.value


def _names(node: ast.expr) -> Iterator[ast.expr]:
    """The names in an expression, without what is only passed to other calls."""
    if isinstance(node, ast.BinOp):
        yield from _names(node.left)
    elif isinstance(node, ast.Call) and called_name(node) == "format":
        yield node.func.value if isinstance(node.func, ast.Attribute) else node
    elif isinstance(node, ast.Name | ast.Attribute):
        yield node
