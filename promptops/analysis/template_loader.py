"""The templates that tags name: loaded, parsed, and entered within limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.uses import Stack, TemplateReference, TemplateSpan
from promptops.analysis.walk_state import OTHER, FactCollector, Position, Visitor
from promptops.model.place import Text
from promptops.runtime.template.scope import Load
from promptops.runtime.template.template import Template, TemplateError, parse

MAX_DEPTH = 8
"""Nested templates, as in the renderer."""
MAX_WORK = 200_000
"""Tokens in bodies that are entered; beyond it, no body is entered a second time."""

LinkTag = nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends
"""The tags that name a template."""


class EnteredBodies:
    """The templates, macros and blocks that the walk has entered, to limit its work."""

    def __init__(self) -> None:
        self._entered: set[object] = set()
        self._active: list[object] = []
        self._work = 0

    def may_enter(self, body: object, tokens: int) -> bool:
        """Record a body, and whether to walk it: always the first time, so that none is missed."""
        again = body in self._entered
        self._entered.add(body)
        self._work += tokens
        return not again or self._work < MAX_WORK

    def has_entered(self, body: object) -> bool:
        """Whether `may_enter` was called with a body."""
        return body in self._entered

    def is_active(self, node: nodes.Node) -> bool:
        """Whether the walk is inside a macro or block now, which would be recursion."""
        return node in self._active

    @property
    def depth(self) -> int:
        """The number of macros and blocks that the walk is inside now."""
        return len(self._active)

    @contextmanager
    def active(self, node: nodes.Node) -> Iterator[None]:
        """While the walk is inside a macro or block."""
        self._active.append(node)
        yield
        self._active.pop()


class TemplateLoader:
    """Loads and parses the templates that tags name; what can't be entered is a problem."""

    def __init__(
        self,
        load: Load,
        visitor: Visitor,
        position: Position,
        found: FactCollector,
        entered: EnteredBodies,
    ) -> None:
        self._load = load
        self._visitor = visitor
        self._position = position
        self._found = found
        self._entered = entered
        self._loaded: dict[tuple[str, str], Text | None] = {}
        self._invalid: set[str] = set()

    def parsed(self, text: Text, stack: Stack) -> Template | None:
        """A template; None if it is not valid."""
        # `parse` caches valid templates only.
        if text.path in self._invalid:
            return None
        try:
            return parse(text.value)
        except TemplateError as error:
            self._invalid.add(text.path)
            site = TemplateSpan(text, error.start, error.end)
            self._found.problem(error.code, error.message, site, stack, error.hint)
            return None

    def linked(self, node: LinkTag, kind: Any, ignore_missing: bool = False) -> Text | None:
        """The template that a tag names, if it exists and may be entered."""
        given = node.template
        choices = given.items if isinstance(given, nodes.List | nodes.Tuple) else [given]
        texts = [self._referenced(choice, kind, ignore_missing) for choice in choices]
        text = next((text for text in texts if text is not None), None)
        if text is None:
            if all(map(_is_string, choices)) and not ignore_missing:
                self._collect_missing(given, choices)
            return None
        return text if self._may_enter(text, node) else None

    def _collect_missing(self, given: nodes.Expr, choices: list[nodes.Expr]) -> None:
        constants = (choice for choice in choices if isinstance(choice, nodes.Const))
        names = " or ".join(f"`{choice.value}`" for choice in constants)
        message = (
            f"there is no template {names}" if choices else "the name of a template is missing"
        )
        here = self._position.here
        if isinstance(given, nodes.Const):
            offsets = spans.constant(here.template, given)
        else:
            offsets = spans.expression(here.template, given)
        self._found.problem("TPL003", message, self._position.site(offsets), here.stack)

    def _referenced(self, choice: nodes.Expr, kind: Any, ignore_missing: bool) -> Text | None:
        here = self._position.here
        target: str | None = None
        if isinstance(choice, nodes.Const) and isinstance(choice.value, str):
            target = choice.value
            site = self._position.site(spans.constant(here.template, choice))
        else:
            self._visitor.read(choice, OTHER)
            site = self._position.site(spans.expression(here.template, choice))
        if self._found.is_first("reference", site):
            self._found.references.append(
                TemplateReference(
                    kind=kind,
                    target=target,
                    site=site,
                    stack=here.stack,
                    ignore_missing=ignore_missing,
                )
            )
        return None if target is None else self._text(target)

    def _text(self, target: str) -> Text | None:
        key = self._position.here.text.path, target
        if key not in self._loaded:
            self._loaded[key] = self._load(*key)
        return self._loaded[key]

    def _may_enter(self, text: Text, node: LinkTag) -> bool:
        here = self._position.here
        files = here.files
        if text.path in files:
            circle = " -> ".join((*files[files.index(text.path) :], text.path))
            message = f"`{text.path}` includes itself: {circle}"
            self._found.problem("REP002", message, self.site(node), here.stack)
            return False
        if len(files) > MAX_DEPTH:
            message = f"templates include one another more than {MAX_DEPTH} deep"
            self._found.problem("TPL005", message, self.site(node), here.stack)
            return False
        return self._entered.may_enter(text.path, len(text.value) // 2)

    def site(self, node: LinkTag) -> TemplateSpan:
        """The name of the template in a tag."""
        return self._position.site(spans.expression(self._position.here.template, node.template))


def _is_string(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)
