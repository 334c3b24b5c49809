"""What is at the cursor of an open file: a key or value, a template, an assertion, a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property

from lsprotocol import types

from promptops.commands.lsp.documents import OpenFile, split_lines, with_lf
from promptops.commands.lsp.symbols import MAX_PROMPTS
from promptops.errors import InputError
from promptops.evals.parse import COMMON_KEYS
from promptops.evals.registry import AssertionKind, kind_of
from promptops.evals.subject import On
from promptops.model.loaded import LoadedPrompt, ReferenceKind
from promptops.model.place import Place
from promptops.model.prompt import Prompt
from promptops.patterns import lazy_pattern
from promptops.records import MISSING, fields, replace
from promptops.source.cases import ENDINGS as CASE_ENDINGS
from promptops.source.document import MAX_BYTES
from promptops.source.yaml_cursor import Cursor, cursor_at

TEMPLATE_ENDINGS = (".j2", ".jinja", ".jinja2", ".md", ".txt")

_PATH_ENDS = "\"' \t%}"
"""Characters that end a path in a template."""

PROFILE_POINTER = r"(?:/model|/evaluation/judge(?:/model)?)/profile"
"""A pattern of the pointers of values that name a profile."""

# Pointers into a prompt file, and patterns of them.
_FIRST_CASE = "/tests/0"
_MESSAGE = r"/messages/\d+(?:/messages/\d+)?"
_TEMPLATE = lazy_pattern(rf"{_MESSAGE}/content(?:/\d+/text)?")
_WHEN = lazy_pattern(rf"{_MESSAGE}(?:/content/\d+)?/when")
_ASSERTION = lazy_pattern(
    r"(?:/tests/\d+/(?:turns/\d+/)?(rendered|output|conversation)|/evaluation/(assertions))"
    r"((?:/\d+/value)*/\d+)(/.*)?"
)

_CHECKED: Mapping[str, On] = {"rendered": "request", "conversation": "conversation"}
"""What the assertions below a key of a case check, unless it is the answer."""


class Here:
    """A position.

    Attributes:
        line, column: 1-based, in characters.
        cursor: What the position is in. Its pointer is of the file; see `pointer`.
        prefix: What comes before the pointers of a file with cases in a prompt, or "".
        is_json_lines: The file has a case on each line.
        is_csv: The file is a table with a case in each row; the cursor is in no part of it.
        is_template: The file is a template, not YAML.
        is_other: The file is of another kind, or larger than what promptops reads.
    """

    def __init__(self, file: OpenFile, position: types.Position) -> None:
        self.file = file
        self.lines = split_lines(file.text)
        self.line, self.column = file.encoding.cursor(self.lines, position)
        read = file.live.manages(file.path) and len(file.text) <= MAX_BYTES
        self.is_prompt = read and file.path in file.live.catalog.ids
        self.is_cases = read and not self.is_prompt and self._is_named_as_cases()
        is_text = read and file.path.endswith(TEMPLATE_ENDINGS)
        self.is_template = is_text and not self.is_prompt and not self.is_cases
        self.is_other = not (self.is_prompt or self.is_cases or self.is_template)
        self.is_json_lines = self.is_cases and file.path.endswith(".jsonl")
        self.is_csv = self.is_cases and file.path.endswith(".csv")
        self.prefix = "" if not self.is_cases else _FIRST_CASE if self.is_json_lines else "/tests"
        self.cursor = self._cursor()

    def _cursor(self) -> Cursor:
        if self.is_template or self.is_other:
            return _template_cursor(self.lines, self.line, self.column)
        if self.is_csv:
            return replace(_template_cursor(self.lines, self.line, self.column), part="")
        if self.is_json_lines:
            return cursor_at(self.lines[self.line - 1], 1, self.column)
        return cursor_at(with_lf(self.file.text), self.line, self.column)

    def _is_named_as_cases(self) -> bool:
        return self.file.path.endswith(CASE_ENDINGS) and any(
            (each.kind, each.target) == ("cases", self.file.path)
            for loaded in self.loaded
            for each in loaded.references
        )

    @property
    def pointer(self) -> str:
        """The JSON pointer of the position in a prompt; in a file of cases, as if it were there."""
        return self.prefix + self.cursor.pointer

    @property
    def mapping(self) -> str | None:
        """The JSON pointer of the mapping whose key is typed, as of `Cursor.mapping`."""
        return None if self.cursor.mapping is None else self.prefix + self.cursor.mapping

    @cached_property
    def loaded(self) -> tuple[LoadedPrompt, ...]:
        """The prompt of the file as it last could be read, or the prompts that use the file."""
        live, path = self.file.live, self.file.path
        is_prompt = path in live.catalog.ids
        paths = (path,) if is_prompt else sorted(live.catalog.dependent_prompts(path))
        readable = (live.readable(each) for each in paths[:MAX_PROMPTS])
        return tuple(loaded for loaded in readable if loaded is not None)

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """Those of `loaded` with messages and inputs."""
        found = (loaded.prompt or loaded.templates for loaded in self.loaded)
        return tuple(prompt for prompt in found if prompt is not None)

    @property
    def in_template(self) -> bool:
        """Whether the position is in the text of a template."""
        in_text = self.cursor.part == "value" and _TEMPLATE.fullmatch(self.pointer) is not None
        return self.is_template or in_text

    @property
    def in_when(self) -> bool:
        """Whether the position is in the condition of a message or a part."""
        return self.cursor.part == "value" and _WHEN.fullmatch(self.pointer) is not None

    @property
    def in_assertion_expression(self) -> bool:
        """Whether the position is in an expression of an assertion."""
        below = self.assertion[1] if self.assertion and self.cursor.part == "value" else ""
        if below == "/value":
            kind = assertion_kind(self.cursor.siblings.get("type", ""))
            return kind is not None and "value" in kind.expressions
        return below == "/transform"

    @property
    def assertion(self) -> tuple[On, str] | None:
        """What an assertion around the position checks, and the rest.

        The rest is the pointer below the assertion. None outside of assertions.
        """
        found = _ASSERTION.fullmatch(self.pointer)
        if found is None:
            return None
        return _CHECKED.get(found[1] or "", "answer"), found[4] or ""

    def place(self, start: int, end: int) -> Place:
        """A span of the line of the position; columns, 1-based, end exclusive."""
        return Place(self.file.path, self.line, start, self.line, end)

    def range(self, start: int, end: int) -> types.Range:
        """A span of the line of the position, for the editor."""
        return types.Range(
            start=self.file.encoding.position(self.lines, self.line, start),
            end=self.file.encoding.position(self.lines, self.line, end),
        )

    def word(self) -> tuple[str, int, int]:
        """The name around the position, with its columns; it may be empty."""
        return self._around(_is_word)

    def path(self) -> tuple[str, int, int]:
        """As `word`, the path in quotes around the position; one quote may be missing."""
        return self._around(lambda character: character not in _PATH_ENDS)

    def _around(self, belongs: Callable[[str], bool]) -> tuple[str, int, int]:
        text, start = self.lines[self.line - 1], self.column - 1
        end = start
        while start > 0 and belongs(text[start - 1]):
            start -= 1
        while end < len(text) and belongs(text[end]):
            end += 1
        return text[start:end], start + 1, end + 1

    def scalar(self) -> tuple[str, int, int]:
        """The key or value around the position, with its columns; in a later line of it, ""."""
        start = self.column - (self.cursor.offset - self.cursor.start)
        end = self.column + self.cursor.end - self.cursor.offset
        if start < 1:
            return "", self.column, self.column
        return self.lines[self.line - 1][start - 1 : end - 1], start, end


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _template_cursor(lines: Sequence[str], line: int, column: int) -> Cursor:
    """The position in a file that is a template as a whole."""
    typed = "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]])
    end = len(typed) + len(lines[line - 1]) - column + 1
    return Cursor(
        part="value",
        pointer="",
        mapping=None,
        siblings={},
        style="literal",
        typed=typed,
        offset=len(typed),
        start=0,
        end=end,
        in_brackets=False,
    )


# The types of assertions and their arguments.

_ATTRIBUTES = lazy_pattern(r"(?s)\nAttributes:\n(.*?)(?:\n\n|\Z)")
_ATTRIBUTE = lazy_pattern(r"(?m)^ {4}(\w[\w, ]*): (.*(?:\n {8}.*)*)")
_NARROWING_KEYS = ("path", "role", "transform")


def assertion_kind(written: str) -> AssertionKind | None:
    """The type of a name as written, such as `not-regex`; None for an unknown name."""
    try:
        found = kind_of(written)
    except InputError:  # a plug-in that does not work; its users are linted
        return None
    return found[0] if found else None


def assertion_summary(written: str) -> str:
    """What an assertion requires, in one sentence."""
    kind = assertion_kind(written)
    first = kind.documentation.partition("\n\n")[0].replace("\n", " ") if kind else ""
    return f"Not: {first}" if kind and kind.name != written else first


def assertion_arguments(written: str) -> Mapping[str, bool] | None:
    """The keys of an assertion, each with whether it is required; None for an unknown type."""
    kind = assertion_kind(written)
    if kind is None:
        return None
    common = [key for key in COMMON_KEYS if key not in _NARROWING_KEYS or key in kind.narrowed_by]
    own = {
        each.name: each.default is MISSING and each.default_factory is MISSING
        for each in fields(kind.check)
    }
    return {**dict.fromkeys(common, False), **own}


@cache
def argument_docs(written: str) -> Mapping[str, str]:
    """The documentation of each argument of an assertion, by name."""
    kind = assertion_kind(written)
    section = _ATTRIBUTES.search(kind.documentation) if kind else None
    return {
        name.strip(): " ".join(text.split())
        for names, text in (_ATTRIBUTE.findall(section[1]) if section else ())
        for name in names.split(",")
    }


# The values of a prompt file that are paths of other files.

_SCHEMA_POINTER = r"/(?:inputs|output/schema|tools/\d+/(?:parameters|returns))"
_PATH_KINDS: tuple[tuple[str, ReferenceKind], ...] = (
    (r"/extends", "extends"),
    (rf"{_MESSAGE}/content/file", "body"),
    (rf"{_MESSAGE}/content/\d+/(?:image|audio|document)/file", "media"),
    (r"/tests/\d+/file", "cases"),
    (r"/tools/\d+/ref", "tool"),
    (rf"{_SCHEMA_POINTER}(?:/.*)?/\$ref", "schema"),
)


def path_kind(pointer: str) -> ReferenceKind | None:
    """The kind of file that the value at a pointer names; None for a value that is no path."""
    return next((kind for pattern, kind in _PATH_KINDS if re.fullmatch(pattern, pointer)), None)
