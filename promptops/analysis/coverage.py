"""The branches of a template, and which of them the test cases cover."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from promptops.analysis import spans
from promptops.analysis.includes import includes
from promptops.analysis.input_schemas import InputSchemas
from promptops.analysis.template_walk import Locals, walk
from promptops.analysis.uses import ITEM, Stack, TemplateSpan, Use
from promptops.analysis.values import DEFAULTS, literal
from promptops.model.place import Text
from promptops.model.prompt import ForEach, Message, Prompt, TextPart, messages_of
from promptops.records import record
from promptops.runtime.template import nodes
from promptops.runtime.template.template import (
    Template,
    TemplateError,
    is_template,
    parse,
    token_at,
)
from promptops.runtime.template.text_rendering import Load

Branch = tuple[Text, int, str]
"""A branch that a rendering took, as `runtime.request.render.Traced` notes it."""

BranchKey = tuple[str, int, int, str]
"""The identity of a branch: path, line and column of its tag, and the direction."""


@record(frozen=True, slots=True, kw_only=True)
class TemplateBranch:
    """One branch of a tag or of a `when`.

    Attributes:
        key: As renderings are compared with it.
        direction: then · else: of an `if` if no test is true, written or not · taken · empty: of
            a loop · included · holds · fails: of a `when`.
        site: The expression that decides: the test, the iterable, the include, the `when`.
        otherwise: The word `else` of the tag, if it has one.
        chained: The `if` has an `elif`.
        covered: A case covers it.
        reached: A case covers this or another branch of the same tag.
        stack: The includes that lead to the template, outermost first.
    """

    key: BranchKey
    tag: Tag
    direction: Direction
    site: TemplateSpan
    otherwise: TemplateSpan | None = None
    chained: bool = False
    covered: bool
    reached: bool
    stack: Stack


@record(frozen=True, slots=True)
class Coverage:
    """All branches of a prompt, in the order of its messages."""

    ways: tuple[TemplateBranch, ...]

    @property
    def covered(self) -> int:
        """The number of branches that a case renders."""
        return sum(way.covered for way in self.ways)

    @property
    def total(self) -> int:
        """The number of branches."""
        return len(self.ways)


def coverage(
    prompt: Prompt, load: Load, taken: Iterable[Branch], never_empty: Iterable[Use] = ()
) -> Coverage:
    """The branches of all templates that a prompt's messages reach, covered or not.

    A test that consists of literals has no branches, nor has a macro that nothing calls.

    Args:
        taken: The branches of all cases.
        never_empty: Uses that loop over arrays with at least one item.
    """
    keys = {_key(*branch) for branch in set(taken)}
    full = {place_of(use.site.text, use.site.start) for use in never_empty}
    templates = tuple(_templates(prompt, load))
    has_macros = any("macro" in text.value for text, _, _ in templates)
    called = _called(template for _, _, template in templates) if has_macros else frozenset()
    found: list[TemplateBranch] = []
    for text in _conditions(prompt):
        found += _with_coverage(_ways_of(text), keys, ())
    for text, stack, template in templates:
        for tag in TagWalk(text, template, full, called).tags(template.tree.body):
            found += _with_coverage(tag, keys, stack)
    return Coverage(tuple(found))


def _ways_of(when: Text) -> list[FoundWay]:
    site = TemplateSpan(when, 0, len(when.value))
    return [FoundWay("when", "holds", site, 0), FoundWay("when", "fails", site, 0)]


def _with_coverage(
    ways: list[FoundWay], keys: set[BranchKey], stack: Stack
) -> Iterator[TemplateBranch]:
    own = [_key(way.site.text, way.offset, way.direction) for way in ways]
    reached = not keys.isdisjoint(own)
    for way, key in zip(ways, own, strict=True):
        yield TemplateBranch(
            key=key,
            tag=way.tag,
            direction=way.direction,
            site=way.site,
            otherwise=way.otherwise,
            chained=way.chained,
            covered=key in keys,
            reached=reached,
            stack=stack,
        )


def _key(text: Text, offset: int, direction: str) -> BranchKey:
    return (*place_of(text, offset), direction)


def _conditions(prompt: Prompt) -> Iterator[Text]:
    for message in messages_of(prompt.messages):
        for part in (message, *message.parts):
            if part.when is not None and part.when.value.strip().lower() not in ("true", "false"):
                yield part.when


def _templates(prompt: Prompt, load: Load) -> Iterator[tuple[Text, Stack, Template]]:
    """Each template that the messages reach, once, with the first way to it."""
    seen: set[tuple[str, int, int]] = set()
    waiting: list[tuple[Text, Stack]] = [
        (part.text, ())
        for message in messages_of(prompt.messages)
        for part in message.parts
        if isinstance(part, TextPart)
    ]
    while waiting:
        text, stack = waiting.pop(0)
        if not is_template(text.value) or place_of(text, 0) in seen:
            continue
        seen.add(place_of(text, 0))
        try:
            yield text, stack, parse(text.value)
        except TemplateError:
            continue
        below = []
        for include in includes(text):
            target = load(text.path, include.name)
            if target is not None:
                below.append((target, (*stack, TemplateSpan(text, include.start, include.end))))
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


def uncovered_message(way: TemplateBranch) -> tuple[str, TemplateSpan, str]:
    """The message for a branch that no case covers, the span it refers to, and the fix."""
    what = f"`{_short(way.site.source)}`"
    is_loop = way.tag == "for"
    if way.tag == "include":
        return f"no case includes `{way.site.source[1:-1]}`", way.site, "add a case that does"
    if not way.reached:
        return f"no case reaches {what}", way.site, "add a case that does"
    if way.otherwise is not None and way.direction in ("else", "empty"):
        tag = "loop" if is_loop else "`if`"
        return f"no case covers the `else` of this {tag}", way.otherwise, "add a case that does"
    if way.direction in ("then", "holds", "taken"):
        claim, missing = ("empty", "has an item") if is_loop else ("false", "is true")
        return f"{what} is {claim} in every case", way.site, f"add a case in which it {missing}"
    if is_loop:
        return f"{what} has an item in every case", way.site, "add a case in which it is empty"
    claim = "or a condition of its `elif` is true" if way.chained else "is true"
    return f"{what} {claim} in every case", way.site, "add a case in which it is false"


def _short(source: str) -> str:
    words = " ".join(source.split())
    return words if len(words) <= 60 else f"{words[:59]}…"


# Loops that are never empty, because the schema of the array requires an item.


def never_empty(uses: Iterable[Use], schemas: InputSchemas) -> Iterator[Use]:
    """Those of some uses that loop over an array with at least one item."""
    for use in uses:
        if use.role == "loop" and not use.filters and _has_items(use, schemas):
            yield use


def uses_of(prompt: Prompt, load: Load) -> Iterator[Use]:
    """The uses of inputs in the templates of a prompt's messages, and in their includes."""
    for turn in prompt.messages:
        if isinstance(turn, Message):
            yield from _of_message(turn, load, {})
        elif isinstance(turn, ForEach):
            for message in turn.messages:
                yield from _of_message(message, load, {turn.name: (turn.source, (ITEM,))})


def _of_message(message: Message, load: Load, names: Locals) -> Iterator[Use]:
    for part in message.parts:
        if isinstance(part, TextPart):
            yield from walk(part.text, load, locals_=names).uses


def _has_items(use: Use, schemas: InputSchemas) -> bool:
    shape = schemas.at(use.name, use.path)
    if shape is None or not shape.ways:
        return False
    return all(
        way.proven_types == frozenset(("array",))
        and any(least >= 1 for least in way.keyword_values("minItems"))
        for way in shape.ways
    )


# The tags of a template, each with its branches.

Tag = Literal["if", "elif", "for", "include", "when"]
Direction = Literal["then", "else", "taken", "empty", "included", "holds", "fails"]


@record(frozen=True, slots=True)
class FoundWay:
    """A branch before its coverage is known; `offset` is the one that the renderer records."""

    tag: Tag
    direction: Direction
    site: TemplateSpan
    offset: int
    otherwise: TemplateSpan | None = None
    chained: bool = False


def place_of(text: Text, offset: int) -> tuple[str, int, int]:
    """The identity of a text: its place, so that a text that is read twice counts once."""
    return (text.path, *text.locate(offset))


class TagWalk:
    """The tags of one template, each as the list of its branches."""

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

    def tags(self, body: Iterable[nodes.Node]) -> Iterator[list[FoundWay]]:
        for node in body:
            if isinstance(node, (nodes.Expression, nodes.Output)):
                continue  # most of a tree, and without tags
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
            yield from self.tags(node.children())

    def _branches(self, node: nodes.If) -> Iterator[list[FoundWay]]:
        """The tags in the branches, without a branch whose test is never true."""
        for branch in (node, *node.elif_):
            if literal(branch.test) is not False:
                before = self._true
                self._true = (*before, *true_where(branch.test))
                yield from self.tags(branch.body)
                self._true = before
        yield from self.tags(node.else_)

    def _if(self, node: nodes.If) -> list[FoundWay]:
        ways = []
        for test, elif_ in ((node, False), *((branch, True) for branch in node.elif_)):
            if literal(test.test) is None:
                site = self._site(spans.test_of_tag(self._template, test, elif_=elif_))
                tag: Tag = "elif" if elif_ else "if"
                ways.append(FoundWay(tag, "then", site, test.at))
        if len(ways) <= len(node.elif_):
            return ways  # a constant test: whether `else` can run is unknown
        first = ways[0].site
        otherwise = self._else(first.end)
        chained = bool(node.elif_)
        ways.append(FoundWay("if", "else", first, node.at, otherwise, chained))
        return ways

    def _for(self, node: nodes.For) -> list[FoundWay]:
        if isinstance(node.iter, (nodes.List, nodes.Tuple, nodes.Const)):
            return []
        site = self._looped_over(spans.expression(self._template, node.iter)[0])
        ways = [FoundWay("for", "taken", site, node.at)]
        if node.test is not None or not self._always_taken(node, site):
            otherwise = self._else(site.end)
            ways.append(FoundWay("for", "empty", site, node.at, otherwise))
        return ways

    def _always_taken(self, node: nodes.For, site: TemplateSpan) -> bool:
        """Whether the iterable has an item, by its schema or by the `if` around the loop."""
        if place_of(self._text, site.start) in self._full:
            return True
        return any(expression.is_like(sized(node.iter)) for expression in self._true)

    def _looped_over(self, start: int) -> TemplateSpan:
        """From the iterable to the end of the tag, including the `if` of the loop."""
        end = start
        for token in self._template.tokens[token_at(self._template, start) :]:
            if token.kind == "block_end":
                break
            end = token.end if token.kind != "whitespace" else end
        return self._site((start, end))

    def _include(self, node: nodes.Include) -> FoundWay:
        token = self._template.tokens[token_at(self._template, node.template.at)]
        return FoundWay("include", "included", self._site((token.start, token.end)), node.at)

    def _site(self, offsets: tuple[int, int]) -> TemplateSpan:
        return TemplateSpan(self._text, *offsets)

    def _else(self, offset: int) -> TemplateSpan | None:
        """The word `else` of the tag that contains an offset."""
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
        """The first word of each tag after an offset."""
        tokens = self._template.tokens
        opened = False
        for token in tokens[token_at(self._template, offset) :]:
            if token.kind == "block_begin":
                opened = True
            elif opened and token.kind == "name":
                opened = False
                yield token.start, token.end


_KEEP_ITEMS = frozenset(("sort", "list", "reverse", "unique", "items", "dictsort", "map"))
"""Filters whose result has items if their input has."""


def true_where(test: nodes.Node) -> Iterator[nodes.Node]:
    """Expressions that are true, or have items, whenever a test is true."""
    if isinstance(test, nodes.And):
        yield from true_where(test.left)
        yield from true_where(test.right)
    elif isinstance(test, nodes.Compare):
        yield from _counted(test)
    else:
        yield sized(test)


def sized(expression: nodes.Node) -> nodes.Node:
    """`xs` of `xs | sort` and `xs | length`: the value that is empty if the expression is."""
    while isinstance(expression, nodes.Filter) and expression.node is not None:
        if expression.name not in _KEEP_ITEMS | {"length", "count"}:
            break
        expression = expression.node
    return expression


def _counted(test: nodes.Compare) -> Iterator[nodes.Node]:
    """`xs | length > 0` and equivalent comparisons."""
    operand = test.ops[0]
    bound = operand.expr.value if isinstance(operand.expr, nodes.Const) else None
    is_more = (operand.op, bound) in {("gt", 0), ("gteq", 1), ("ne", 0)}
    if len(test.ops) == 1 and is_more and isinstance(test.expr, nodes.Filter):
        yield sized(test.expr)


_CHOOSING = (nodes.CondExpr, nodes.And, nodes.Or)


def hides_ways(text: Text) -> bool:
    """Whether an expression of a template chooses its output: `a or b`, `x if c else y`,
    `a | default(b)`. False for a template that is not valid."""
    if not is_template(text.value):
        return False
    try:
        tree = parse(text.value).tree
    except TemplateError:
        return False
    return any(_chooses(node) for output in tree.find_all(nodes.Output) for node in output.nodes)


def _chooses(node: nodes.Node) -> bool:
    if isinstance(node, _CHOOSING) or any(True for _ in node.find_all(_CHOOSING)):
        return True
    filters = [node] if isinstance(node, nodes.Filter) else []
    return any(found.name in DEFAULTS for found in (*filters, *node.find_all(nodes.Filter)))
