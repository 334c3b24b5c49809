"""Jinja2 with other white space rules, and with methods and filters that do not exist here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from promptops.formats.document import Loss
from promptops.formats.emit import jinja
from promptops.formats.input_names import InputNames
from promptops.formats.languages.jinja_expressions import (
    NOT_HERE,
    Token,
    promptops_expression,
)
from promptops.formats.parts import CommentPart, ExpressionPart, TagPart, TemplatePart, TextPart
from promptops.formats.translation import Translate, Translation
from promptops.model.place import Text
from promptops.patterns import lazy_pattern

_ELEMENT = lazy_pattern(r"[A-Za-z_][\w.]*\[\d+\]")
"""An element that may not exist: it renders nothing there, and fails here."""
_ENDS = frozenset(("variable_end", "block_end", "comment_end", "raw_end"))
_FUNCTIONS = ("range", "namespace", "caller", "super", "loop", *NOT_HERE)
"""Functions of Jinja itself; for those that do not exist here there is an IMP102."""
_KNOWN_TAGS = frozenset(
    str.split(
        "if elif else endif for endfor set endset macro endmacro call endcall filter endfilter"
        " with endwith block endblock include import from extends break continue"
    )
)


def jinja_with(*, trim_blocks: bool, lstrip_blocks: bool) -> Translate:
    """The translation of Jinja whose engine has these two options."""

    def translate(text: Text, _names: InputNames) -> Translation:
        return JinjaReader(text, trim_blocks=trim_blocks, lstrip_blocks=lstrip_blocks).read()

    return translate


default_jinja = jinja_with(trim_blocks=False, lstrip_blocks=False)
"""Jinja as an `Environment()` without options renders it."""


@lru_cache(maxsize=1)
def _engine() -> Any:
    from jinja2 import Environment

    return Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])


@lru_cache(maxsize=4)
def _lexer(trim_blocks: bool, lstrip_blocks: bool) -> Any:  # the key of a cache
    from jinja2 import Environment

    return Environment(
        trim_blocks=trim_blocks,
        lstrip_blocks=lstrip_blocks,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    ).lexer


Rewrite = Callable[[Sequence[Token]], Sequence[Token]]
"""What becomes of the tokens of an expression before they are read as Jinja."""


class JinjaReader:
    """One text, in a language with the tags of Jinja."""

    def __init__(
        self,
        text: Text,
        *,
        trim_blocks: bool,
        lstrip_blocks: bool,
        rewrite: Rewrite = lambda tokens: tokens,
    ) -> None:
        self._rewrite = rewrite
        self._text = text
        self._lexer = _lexer(trim_blocks, lstrip_blocks)
        self._removes_lines = trim_blocks and lstrip_blocks
        self._losses: list[Loss] = []

    def read(self) -> Translation:
        """A text that Jinja can't parse stays as it is, with an IMP313."""
        from jinja2 import TemplateSyntaxError

        try:
            parts = tuple(self._parts(list(self._tokens())))
            self._refuse_functions(_engine().parse(jinja(parts)))
        except (TemplateSyntaxError, RecursionError) as error:
            message = f"the text is not a Jinja template ({error}): it is not changed"
            loss = Loss(code="IMP313", message=message, place=self._text.place(0))
            return Translation(parts=(TextPart(self._text.value),), losses=(loss,))
        return Translation(parts=parts, losses=tuple(self._losses))

    def _refuse_functions(self, tree: Any) -> None:
        """An IMP103 for each function of the application that the template calls."""
        from jinja2 import nodes

        known = {*_FUNCTIONS, *(macro.name for macro in tree.find_all(nodes.Macro))}
        known.update(name.name for name in tree.find_all(nodes.Name) if name.ctx == "store")
        for imported in tree.find_all(nodes.FromImport):
            known.update(name if isinstance(name, str) else name[1] for name in imported.names)
        names = (call.node for call in tree.find_all(nodes.Call))
        called = dict.fromkeys(name.name for name in names if isinstance(name, nodes.Name))
        for name in called:
            found = re.search(rf"\b{re.escape(name)}\s*\(", self._text.value)
            if name not in known and found is not None:
                place = self._text.place(found.start(), found.start() + len(name))
                message = f"`{name}` is a function of the application, which is not run"
                loss = Loss(code="IMP103", message=message, place=place, refuses=True)
                self._losses.append(loss)

    def _tokens(self) -> Iterator[Token]:
        position = 0
        for _, kind, value in self._lexer.tokeniter(self._text.value, None):
            start = self._text.value.find(value, position)
            position = start + len(value)
            yield Token(kind, value, start)

    def _parts(self, tokens: Sequence[Token]) -> Iterator[TemplatePart]:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            if token.kind == "data":
                yield TextPart(token.value)
                index += 1
                continue
            end = self._end(tokens, index)
            inner = tokens[index + 1 : end]
            if token.kind == "comment_begin":
                yield CommentPart(
                    "".join(one.value for one in inner), self._is_alone(token, tokens[end])
                )
            elif token.kind == "variable_begin":
                written = self._expression(inner)
                element = ' | default("")' if _ELEMENT.fullmatch(written) else ""
                yield ExpressionPart(written + element)
            elif token.kind == "block_begin":
                yield TagPart(self._statement(inner), self._is_alone(token, tokens[end]))
            elif token.kind == "raw_begin":
                yield from (TextPart(one.value) for one in inner if one.kind == "data")
            index = end + 1

    def _end(self, tokens: Sequence[Token], index: int) -> int:
        """The index of the token that closes a tag. Raises TemplateSyntaxError without one."""
        from jinja2 import TemplateSyntaxError

        for at in range(index, len(tokens)):
            if tokens[at].kind in _ENDS:
                return at
        raise TemplateSyntaxError("a tag is not closed", lineno=1)

    def _is_alone(self, begin: Token, end: Token) -> bool:
        """Whether the engine removes the whole line of a tag."""
        if not self._removes_lines or not end.value.endswith("\n"):
            return False
        at = begin.start - 1
        while at >= 0 and self._text.value[at] in " \t":
            at -= 1
        return at < 0 or self._text.value[at] == "\n"

    def _expression(self, tokens: Sequence[Token]) -> str:
        written, losses = promptops_expression(self._rewrite(tokens), self._text)
        self._losses += losses
        return written

    def _statement(self, tokens: Sequence[Token]) -> str:
        name = next((token for token in tokens if token.kind == "name"), None)
        if name is not None and name.value not in _KNOWN_TAGS:
            place = self._text.place(name.start, name.start + len(name.value))
            message = f"the tag `{name.value}` has no counterpart in promptops"
            self._losses.append(Loss(code="IMP102", message=message, place=place, refuses=True))
        return self._expression(tokens)
