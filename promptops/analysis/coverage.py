"""Which ways through a prompt's templates its test cases take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.guards import literal
from promptops.analysis.includes import includes
from promptops.analysis.truth import sized, true_where
from promptops.analysis.uses import Site, Stack, Use
from promptops.model.place import Text
from promptops.model.prompt import ForEach, Message, Prompt, TextPart
from promptops.runtime.scope import Load
from promptops.runtime.template import Template, TemplateError, is_template, parse, token_at

Branch = tuple[Text, int, str]
"""A way that a rendering took, as `runtime.render.Traced` notes it."""

Tag = Literal["if", "elif", "for", "include", "when"]
Direction = Literal["then", "else", "taken", "empty", "included", "holds", "fails"]
_Key = tuple[str, int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way on from a tag, or from a `when`.

    Attributes:
        direction: then · else: of an `if` where no test holds, written or not · taken · empty: of
            a loop · included · holds · fails: of a `when`.
        site: What decides: the test, what is looped over, the name of an include, the `when`.
        otherwise: The word `else` of the tag, where it has one.
        chained: The `if` has an `elif`.
        covered: A case took it.
        reached: A case took this way or another one of the same tag.
        stack: The includes on the way to the template, outermost first.
    """

    tag: Tag
    direction: Direction
    site: Site
    otherwise: Site | None = None
    chained: bool = False
    covered: bool
    reached: bool
    stack: Stack


@dataclass(frozen=True, slots=True)
class Coverage:
    """All ways of a prompt, in the order of its messages."""

    ways: tuple[Way, ...]

    @property
    def covered(self) -> int:
        return sum(way.covered for way in self.ways)

    @property
    def total(self) -> int:
        return len(self.ways)


def coverage(
    prompt: Prompt, load: Load, taken: Iterable[Branch], never_empty: Iterable[Use] = ()
) -> Coverage:
    """What is covered of all that a prompt's messages reach.

    Tests that literals alone decide have no ways, and so have macros that nothing calls.

    Args:
        taken: The branches of all cases.
        never_empty: Loops over what always has an item, which can't be taken empty.
    """
    keys = {_key(*branch) for branch in set(taken)}
    full = {_place(use.site.text, use.site.start) for use in never_empty}
    templates = tuple(_templates(prompt, load))
    has_macros = any("macro" in text.value for text, _, _ in templates)
    called = _called(template for _, _, template in templates) if has_macros else frozenset()
    found: list[Way] = []
    for text in _conditions(prompt):
        found += _judged(_ways_of(text), keys, ())
    for text, stack, template in templates:
        for tag in _Walk(text, template, full, called).tags(template.tree.body):
            found += _judged(tag, keys, stack)
    return Coverage(tuple(found))


@dataclass(frozen=True, slots=True)
class _Found:
    """A way before it is known whether a case takes it; `offset` is the one the renderer notes."""

    tag: Tag
    direction: Direction
    site: Site
    offset: int
    otherwise: Site | None = None
    chained: bool = False


def _ways_of(when: Text) -> list[_Found]:
    site = Site(when, 0, len(when.value))
    return [_Found("when", "holds", site, 0), _Found("when", "fails", site, 0)]


def _judged(ways: list[_Found], keys: set[_Key], stack: Stack) -> Iterator[Way]:
    covered = [_key(way.site.text, way.offset, way.direction) in keys for way in ways]
    for way, is_covered in zip(ways, covered, strict=True):
        yield Way(
            tag=way.tag,
            direction=way.direction,
            site=way.site,
            otherwise=way.otherwise,
            chained=way.chained,
            covered=is_covered,
            reached=any(covered),
            stack=stack,
        )


def _key(text: Text, offset: int, direction: str) -> _Key:
    return (*_place(text, offset), direction)


def _place(text: Text, offset: int) -> tuple[str, int, int]:
    """Texts are told apart by their place: one that is read twice is one."""
    return (text.path, *text.locate(offset))


def _messages(prompt: Prompt) -> Iterator[Message]:
    for turn in prompt.messages:
        if isinstance(turn, Message):
            yield turn
        elif isinstance(turn, ForEach):
            yield from turn.messages


def _conditions(prompt: Prompt) -> Iterator[Text]:
    for message in _messages(prompt):
        for part in (message, *message.parts):
            if part.when is not None and not _is_constant(part.when.value):
                yield part.when


def _is_constant(expression: str) -> bool:
    return expression.strip().lower() in ("true", "false")


def _templates(prompt: Prompt, load: Load) -> Iterator[tuple[Text, Stack, Template]]:
    """Each template that the messages reach, once, with the first way to it."""
    seen: set[tuple[str, int, int]] = set()
    waiting: list[tuple[Text, Stack]] = [
        (part.text, ())
        for message in _messages(prompt)
        for part in message.parts
        if isinstance(part, TextPart)
    ]
    while waiting:
        text, stack = waiting.pop(0)
        if not is_template(text.value) or _place(text, 0) in seen:
            continue
        seen.add(_place(text, 0))
        try:
            yield text, stack, parse(text.value)
        except TemplateError:
            continue
        below = []
        for include in includes(text):
            target = load(text.path, include.name)
            if target is not None:
                below.append((target, (*stack, Site(text, include.start, include.end))))
        waiting = below + waiting


def _called(templates: Iterable[Template]) -> frozenset[str]:
    """The names of macros that something calls, under the name they were defined by."""
    names: set[str] = set()
    aliases: dict[str, str] = {}
    for template in templates:
        for call in template.tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Getattr):
                names.add(call.node.attr)
            elif isinstance(call.node, nodes.Name):
                names.add(call.node.name)
        for node in template.tree.find_all(nodes.FromImport):
            aliases.update((n[1], n[0]) for n in node.names if isinstance(n, tuple))
    return frozenset(names | {aliases[name] for name in names if name in aliases})


class _Walk:
    """The tags of one template, each as the list of its ways."""

    def __init__(
        self,
        text: Text,
        template: Template,
        full: set[tuple[str, int, int]],
        called: frozenset[str],
    ) -> None:
        self._text = text
        self._template = template
        self._full = full
        self._called = called
        self._true: tuple[nodes.Node, ...] = ()

    def tags(self, body: Iterable[nodes.Node]) -> Iterator[list[_Found]]:
        for node in body:
            if isinstance(node, (nodes.Expr, nodes.Output)):
                continue  # most of a tree, and no tag stands there
            if isinstance(node, nodes.Macro) and node.name not in self._called:
                continue
            if isinstance(node, nodes.If):
                yield self._if(node)
                yield from self._branches(node)
                continue
            if isinstance(node, nodes.For):
                yield self._for(node)
            elif isinstance(node, nodes.Include):
                yield [self._include(node)]
            yield from self.tags(node.iter_child_nodes())

    def _branches(self, node: nodes.If) -> Iterator[list[_Found]]:
        """What stands in the branches; not where a test is never true, which is no way at all."""
        for branch in (node, *node.elif_):
            if literal(branch.test) is not False:
                before = self._true
                self._true = (*before, *true_where(branch.test))
                yield from self.tags(branch.body)
                self._true = before
        yield from self.tags(node.else_)

    def _if(self, node: nodes.If) -> list[_Found]:
        ways = []
        for test, elif_ in ((node, False), *((each, True) for each in node.elif_)):
            if literal(test.test) is None:
                site = self._site(spans.test_of_tag(self._template, test, elif_=elif_))
                tag: Tag = "elif" if elif_ else "if"
                ways.append(_Found(tag, "then", site, test.lineno))
        if len(ways) <= len(node.elif_):
            return ways  # with a constant test among them it can't be told what is left over
        first = ways[0].site
        otherwise = self._else(first.end)
        chained = bool(node.elif_)
        ways.append(_Found("if", "else", first, node.lineno, otherwise, chained))
        return ways

    def _for(self, node: nodes.For) -> list[_Found]:
        if isinstance(node.iter, (nodes.List, nodes.Tuple, nodes.Const)):
            return []
        site = self._looped_over(spans.expression(self._template, node.iter)[0])
        ways = [_Found("for", "taken", site, node.lineno)]
        if node.test is not None or not self._always_taken(node, site):
            otherwise = self._else(site.end)
            ways.append(_Found("for", "empty", site, node.lineno, otherwise))
        return ways

    def _always_taken(self, node: nodes.For, site: Site) -> bool:
        """What is looped over has an item by its schema, or by the `if` around the loop."""
        if _place(self._text, site.start) in self._full:
            return True
        return any(each == sized(node.iter) for each in self._true)

    def _looped_over(self, start: int) -> Site:
        """All to the end of the tag, with the `if` that chooses among the items."""
        end = start
        for token in self._template.tokens[token_at(self._template, start) :]:
            if token.kind == "block_end":
                break
            end = token.end if token.kind != "whitespace" else end
        return self._site((start, end))

    def _include(self, node: nodes.Include) -> _Found:
        token = self._template.tokens[token_at(self._template, node.template.lineno)]
        return _Found("include", "included", self._site((token.start, token.end)), node.lineno)

    def _site(self, offsets: tuple[int, int]) -> Site:
        return Site(self._text, *offsets)

    def _else(self, offset: int) -> Site | None:
        """The word `else` of the tag that an offset stands in."""
        depth = 0
        words = iter(self._words(offset))
        for start, end in words:
            word = self._template.source[start:end]
            if word in ("if", "for"):
                depth += 1
            elif word in ("endif", "endfor"):
                depth -= 1
            elif word == "else" and not depth:
                return self._site((start, end))
            if depth < 0:
                return None
        return None

    def _words(self, offset: int) -> Iterator[tuple[int, int]]:
        """The first word of each tag behind an offset."""
        tokens = self._template.tokens
        opened = False
        for token in tokens[token_at(self._template, offset) :]:
            if token.kind == "block_begin":
                opened = True
            elif opened and token.kind == "name":
                opened = False
                yield token.start, token.end
