"""The names that one template defines, with every place that reads them.

Unlike the walk over inputs, it looks at one text only and follows no include: an editor needs it
for a template that no prompt uses yet, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from promptops.analysis import spans
from promptops.analysis.spans import Offsets
from promptops.records import field, record
from promptops.runtime.template import nodes
from promptops.runtime.template.template import Template, TemplateError, parse, token_at

Kind = Literal["set", "for", "argument", "with", "import", "macro"]


@record(frozen=True, slots=True, kw_only=True)
class Imported:
    """Where an imported name comes from.

    Attributes:
        template: The name of the template; None if it is not a constant.
        name: The name in that template; None for `import`, which gives all of its names.
        site: Of `name`.
    """

    template: str | None
    name: str | None = None
    site: Offsets | None = None


@record(slots=True, kw_only=True)
class LocalName:
    """A name that a template defines.

    Attributes:
        top: Other templates can import it.
        definitions: Each `set` of the same scope is one.
        reads: Without the definitions.
        attributes: Of an imported template: the sites of each name that is read from it.
        parameters: Of a macro, by name.
    """

    name: str
    kind: Kind
    top: bool = False
    definitions: list[Offsets] = field(default_factory=list)
    reads: list[Offsets] = field(default_factory=list)
    imported: Imported | None = None
    attributes: dict[str, list[Offsets]] = field(default_factory=dict)
    parameters: dict[str, LocalName] = field(default_factory=dict)

    @property
    def sites(self) -> list[Offsets]:
        """All places of the name, in order."""
        return sorted({*self.definitions, *self.reads})


def local_names(source: str) -> tuple[LocalName, ...]:
    """The names that a template defines; none if it can't be parsed. Offsets are 0-based."""
    try:
        template = parse(source)
    except TemplateError:
        return ()
    walk = _Walk(template)
    try:
        walk.body(template.tree.body, walk.top)
    except RecursionError:
        return ()
    return tuple(walk.found)


@record(slots=True, eq=False)
class _Scope:
    parent: _Scope | None
    names: dict[str, LocalName] = field(default_factory=dict)

    def find(self, name: str) -> LocalName | None:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None


class _Walk:
    """Walks the statements of a template in the order in which they run."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.top = _Scope(None)
        self.found: list[LocalName] = []
        self._statements: Mapping[type[nodes.Node], Callable[[Any, _Scope], None]] = {
            nodes.Name: self._name,
            nodes.Getattr: self._attribute,
            nodes.Call: self._call,
            nodes.Assign: self._assign,
            nodes.AssignBlock: self._assign_block,
            nodes.For: self._for,
            nodes.With: self._with,
            nodes.Macro: self._macro,
            nodes.CallBlock: self._call_block,
            nodes.FilterBlock: self._filter_block,
            nodes.Block: self._block,
            nodes.Import: self._import,
            nodes.FromImport: self._from_import,
        }

    def body(self, body: Iterable[nodes.Node], scope: _Scope) -> None:
        for node in body:
            visit = self._statements.get(node.__class__)
            if visit is not None:
                visit(node, scope)
            else:
                self.body(node.children(), scope)

    def _define(self, name: str, kind: Kind, offsets: Offsets, scope: _Scope) -> LocalName:
        """In the scope itself: a `set` in a loop is another variable than one around it."""
        known = scope.names.get(name)
        if known is None or known.kind != kind:
            known = LocalName(name=name, kind=kind, top=scope is self.top)
            scope.names[name] = known
            self.found.append(known)
        known.definitions.append(offsets)
        return known

    def _bind(self, target: nodes.Node, kind: Kind, scope: _Scope) -> None:
        if isinstance(target, nodes.Tuple):
            for item in target.items:
                self._bind(item, kind, scope)
        elif isinstance(target, nodes.Name):
            self._define(target.name, kind, _span(target), scope)
        elif isinstance(target, nodes.NSRef):
            self._name(nodes.Name(target.at, target.name), scope)

    def _name(self, node: nodes.Name, scope: _Scope) -> None:
        found = scope.find(node.name)
        if found is not None:
            found.reads.append(_span(node))

    def _attribute(self, node: nodes.Getattr, scope: _Scope) -> None:
        if isinstance(node.node, nodes.Name):
            found = scope.find(node.node.name)
            if found is not None and found.imported is not None:
                site = spans.attribute(self.template, node)
                found.attributes.setdefault(node.attr, []).append(site)
        self.body([node.node], scope)

    def _call(self, node: nodes.Call, scope: _Scope) -> None:
        macro = scope.find(node.node.name) if isinstance(node.node, nodes.Name) else None
        for pair in node.kwargs if macro is not None else ():
            parameter = macro.parameters.get(pair.key) if macro is not None else None
            site = self._keyword(node, pair.key)
            if parameter is not None and site is not None:
                parameter.reads.append(site)
        self.body(node.children(), scope)

    def _keyword(self, call: nodes.Call, key: str) -> Offsets | None:
        """The name of a keyword argument of a call to a name."""
        template, depth = self.template, 0
        candidate: Offsets | None = None
        for token in template.tokens[token_at(template, call.node.at) + 1 :]:
            text = template.source[token.start : token.end]
            if token.kind == "operator":
                if candidate is not None and text == "=":
                    return candidate
                depth += (text in "([{") - (text in ")]}")
            if token.kind != "whitespace":
                is_key = depth == 1 and token.kind == "name" and text == key
                candidate = (token.start, token.end) if is_key else None
            if depth <= 0 and token.kind == "operator":
                return None
        return None

    def _assign(self, node: nodes.Assign, scope: _Scope) -> None:
        self.body([node.node], scope)
        self._bind(node.target, "set", scope)

    def _assign_block(self, node: nodes.AssignBlock, scope: _Scope) -> None:
        self.body(node.body, _Scope(scope))
        if node.filter is not None:
            self.body([node.filter], scope)
        self._bind(node.target, "set", scope)

    def _for(self, node: nodes.For, scope: _Scope) -> None:
        self.body([node.iter], scope)
        inner = _Scope(scope)
        self._bind(node.target, "for", inner)
        self.body([node.test] if node.test is not None else [], inner)
        self.body(node.body, inner)
        self.body(node.else_, _Scope(scope))

    def _with(self, node: nodes.With, scope: _Scope) -> None:
        self.body(node.values, scope)
        inner = _Scope(scope)
        for target in node.targets:
            self._bind(target, "with", inner)
        self.body(node.body, inner)

    def _macro(self, node: nodes.Macro, scope: _Scope) -> None:
        offsets = spans.name_in_tag(self.template, node.at, node.name, after="macro")
        macro = self._define(node.name, "macro", offsets, scope)
        inner = _Scope(scope)
        self._parameters(node, inner)
        macro.parameters.update(inner.names)
        self.body(node.body, inner)

    def _parameters(self, node: nodes.Macro | nodes.CallBlock, inner: _Scope) -> None:
        """A default may read the parameters before it."""
        undefaulted = len(node.args) - len(node.defaults)
        for index, parameter in enumerate(node.args):
            if index >= undefaulted:
                self.body([node.defaults[index - undefaulted]], inner)
            self._define(parameter.name, "argument", _span(parameter), inner)

    def _call_block(self, node: nodes.CallBlock, scope: _Scope) -> None:
        self.body([node.call], scope)
        inner = _Scope(scope)
        self._parameters(node, inner)
        self.body(node.body, inner)

    def _filter_block(self, node: nodes.FilterBlock, scope: _Scope) -> None:
        self.body(node.body, _Scope(scope))
        self.body([node.filter], scope)

    def _block(self, node: nodes.Block, scope: _Scope) -> None:
        self.body(node.body, _Scope(scope if node.scoped else self.top))

    def _import(self, node: nodes.Import, scope: _Scope) -> None:
        offsets = spans.name_in_tag(self.template, node.at, node.target, after="as")
        found = self._define(node.target, "import", offsets, scope)
        found.imported = Imported(template=_constant(node.template))

    def _from_import(self, node: nodes.FromImport, scope: _Scope) -> None:
        target = _constant(node.template)
        names = self._imported_names(node)
        for item in node.names:
            name, alias = item if isinstance(item, tuple) else (item, item)
            site = next(names, (node.at, node.at))
            offsets = next(names, site) if isinstance(item, tuple) else site
            found = self._define(alias, "import", offsets, scope)
            found.imported = Imported(template=target, name=name, site=site)

    def _imported_names(self, node: nodes.FromImport) -> Iterator[Offsets]:
        """The names after `import`: of each item its name, then its alias if it has one."""
        template, passed = self.template, False
        for token in template.tokens[token_at(template, node.at) :]:
            text = template.source[token.start : token.end]
            if token.kind == "block_end":
                return
            if passed and token.kind == "name" and text != "as":
                yield token.start, token.end
            passed = passed or (token.kind == "name" and text == "import")


def _span(node: nodes.Name) -> Offsets:
    return node.at, node.at + len(node.name)


def _constant(node: nodes.Node) -> str | None:
    value = node.value if isinstance(node, nodes.Const) else None
    return value if isinstance(value, str) else None
