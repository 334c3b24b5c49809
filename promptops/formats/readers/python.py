"""Prompts in the source code of Python programs, which is parsed and never run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping

from promptops.formats.document import (
    Loss,
    SourceDocument,
    SourceHistory,
    SourceTurn,
)
from promptops.formats.input_names import InputNames
from promptops.formats.parts import TemplatePart, TextPart
from promptops.formats.plain_texts import (
    ROLES,
    identity,
    parts_message,
    role_in,
    stem_steps,
    translated,
)
from promptops.formats.python_candidates import (
    NAMED,
    TEMPLATE_CALLS,
    Candidate,
    candidates,
    extended_names,
    formatted_names,
)
from promptops.formats.python_strings import PythonStrings, called_name
from promptops.formats.registry import ReadOptions
from promptops.formats.source_file import SourceFile, UnreadableSource
from promptops.model.place import Text

NAME = "python"
MARKS = "`.py`: constants, f-strings, prompt templates and lists of messages; code is not run"
RANK = 10

_SHORTESTNAMED = 40
_SHORTEST = 200
_MAX_DEPTH = 250


def recognises(file: SourceFile) -> bool:
    """Whether it is a Python file."""
    return file.suffix == ".py"


def documents(file: SourceFile, options: ReadOptions) -> Iterator[SourceDocument | Loss]:
    """A prompt for each text, template and list of messages that looks like one."""
    tree = _parsed(file)
    found_names = list(candidates(tree))
    constants = {one.name: one.node for one in found_names if "." not in one.name}
    strings = PythonStrings(file.shown, file.text.value, constants)
    reader = _Reader(file, options, strings, formatted_names(tree))
    extended = extended_names(tree)
    found = [(one, reader.document(one, extended.get(one.name))) for one in found_names]
    yield from (
        document for one, document in found if document is not None and one.name not in strings.used
    )


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
        raise UnreadableSource(Loss(code="IMP002", message=message, place=place)) from None


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
        strings: PythonStrings,
        formatted: frozenset[str],
    ) -> None:
        self._file = file
        self._options = options
        self._strings = strings
        self._formatted = formatted

    def document(self, candidate: Candidate, extended: ast.stmt | None) -> SourceDocument | None:
        """The prompt of a candidate; None if it is not a prompt.

        `extended` is a statement that adds to it, which is not carried: IMP103.
        """
        names = InputNames()
        self._strings.losses.clear()
        turns = self._turns(candidate, names)
        if not turns:
            return None
        if extended is not None:
            message = "the code adds to this prompt later: what it adds is not carried"
            place = self._strings.place(extended)
            self._strings.losses.append(Loss(code="IMP103", message=message, place=place))
        return SourceDocument(
            id=identity(*stem_steps(self._file.path), candidate.name.replace("_", "-")),
            format=NAME,
            place=self._strings.place(candidate.node),
            messages=tuple(turns),
            aliases=names.aliases,
            samples=self._options.samples,
            losses=tuple(self._strings.losses),
        )

    def _turns(self, candidate: Candidate, names: InputNames) -> list[SourceTurn]:
        node = candidate.node
        if isinstance(node, ast.List):
            return self._chat(node, names)
        if isinstance(node, ast.Call):
            if called_name(node) == "from_messages" and node.args:
                pairs = node.args[0]
                return self._pairs(pairs, names) if isinstance(pairs, ast.List) else []
            if called_name(node) in TEMPLATE_CALLS:
                text = _template_argument(node)
                return self._single(candidate, text, names, "format") if text is not None else []
        return self._single(candidate, node, names, None)

    def _single(
        self, candidate: Candidate, node: ast.expr, names: InputNames, syntax: str | None
    ) -> list[SourceTurn]:
        if isinstance(node, ast.Name):
            return []
        used = syntax or ("format" if candidate.name in self._formatted else None)
        parts = self._parts(node, names, used)
        if parts is None or (used is None and not _is_prompt(candidate.name, parts)):
            return []
        role = role_in(candidate.name)
        if role is None:
            message = f"nothing defines the role: `{self._options.role}` is assumed"
            place = self._strings.place(node)
            self._strings.losses.append(Loss(code="IMP311", message=message, place=place))
        return [parts_message(role or self._options.role, parts)]

    def _parts(
        self, node: ast.expr, names: InputNames, syntax: str | None
    ) -> tuple[TemplatePart, ...] | None:
        """The parts of a string; a string without values of its own may be a template."""
        found = self._strings.parts(node, names)
        if found is None or not self._strings.is_plain(node) or not _all_text(found):
            return found
        value = "".join(part.text for part in found if isinstance(part, TextPart))
        place = self._strings.place(node)
        text = Text(self._file.shown, value, lambda _offset: (place.line, place.column))
        read = translated(text, self._options, names, syntax)
        self._strings.losses += read.losses
        return read.parts

    def _chat(self, node: ast.List, names: InputNames) -> list[SourceTurn]:
        """A list of `{"role": …, "content": …}`."""
        turns: list[SourceTurn] = []
        for element in node.elts:
            fields = _fields(element)
            role, content = fields.get("role"), fields.get("content")
            if content is None or not isinstance(role, ast.Constant) or role.value not in ROLES:
                return []
            parts = self._content(content, names)
            turns.append(parts_message(str(role.value), parts))
        return turns

    def _pairs(self, node: ast.List, names: InputNames) -> list[SourceTurn]:
        """The messages of a chat template: pairs of role and format string, or placeholders."""
        roles = {"human": "user", "ai": "assistant", **{role: role for role in ROLES}}
        turns: list[SourceTurn] = []
        for element in node.elts:
            if isinstance(element, ast.Tuple) and len(element.elts) == 2:
                role, content = element.elts
                if isinstance(role, ast.Constant) and role.value in roles:
                    parts = self._parts(content, names, "format")
                    turns.append(parts_message(roles[role.value], parts or ()))
                elif isinstance(role, ast.Constant) and role.value == "placeholder":
                    history = str(getattr(content, "value", "history")).strip("{}")
                    turns.append(SourceHistory(source=names.name(history)))
            elif isinstance(element, ast.Call) and called_name(element) == "MessagesPlaceholder":
                argument = next(iter([*element.args, *(k.value for k in element.keywords)]), None)
                history = str(getattr(argument, "value", "history"))
                turns.append(SourceHistory(source=names.name(history)))
        return turns

    def _content(self, node: ast.expr, names: InputNames) -> tuple[TemplatePart, ...]:
        found = self._parts(node, names, "none")
        if found is not None:
            return found
        joined = ast.JoinedStr(values=[ast.FormattedValue(value=node, conversion=-1)])
        return self._strings.parts(ast.copy_location(joined, node), names) or ()


def _template_argument(node: ast.Call) -> ast.expr | None:
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    return named.get("template", next(iter(node.args), None))


def _fields(node: ast.expr) -> Mapping[str, ast.expr]:
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    return {str(key.value): value for key, value in pairs if isinstance(key, ast.Constant)}


def _all_text(parts: tuple[TemplatePart, ...]) -> bool:
    return all(isinstance(part, TextPart) for part in parts)


def _is_prompt(name: str, parts: tuple[TemplatePart, ...]) -> bool:
    """Whether a string looks like a prompt: by its name and length, with words in it."""
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    if text.count(" ") < 4:
        return False
    return len(text) >= (_SHORTESTNAMED if NAMED.search(name) else _SHORTEST)
