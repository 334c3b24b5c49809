"""The walk over everything a template reaches: includes, imports, parents, macros, blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.guards import NOTHING
from promptops.analysis.macros import MacroWalk
from promptops.analysis.paths import OTHER
from promptops.analysis.uses import Stack, TemplateReference, TemplateSpan
from promptops.analysis.values import (
    KNOWN,
    Block,
    BlockValue,
    Builtin,
    Context,
    Here,
    LoopValue,
    ModuleValue,
    NameScope,
    Value,
    unset,
)
from promptops.model.finding import Problem, Related
from promptops.model.place import Text
from promptops.records import replace
from promptops.runtime.template.node_facts import has_loop
from promptops.runtime.template.scope import Load
from promptops.runtime.template.template import Template, TemplateError, parse

MAX_DEPTH = 8
"""Of templates that reach one another; the renderer's limit, too."""

Naming = nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends
"""The tags that name a template."""


class Walk(MacroWalk):
    """One walk, from one template on."""

    def __init__(self, load: Load) -> None:
        super().__init__()
        self._load = load
        self._loaded: dict[tuple[str, str], Text | None] = {}
        self._refused: set[str] = set()
        self._modules: dict[str, ModuleValue] = {}
        self._parents: list[tuple[Text, TemplateSpan]] = []
        self._blocks: list[tuple[Block, Here]] = []

    def start(self, entry: Text, visible: Mapping[str, Value]) -> None:
        """Walk all that is rendered, and then once what nothing renders."""
        context = Context(visible, isolated=False)
        nowhere = nodes.Template([], lineno=0)
        template = Template("", nowhere, ())
        self.here = Here(entry, template, context, (), ())
        self.frame = NameScope(nowhere, None)
        try:
            self._render(entry, context, ())
            self._unreached()
        except RecursionError:
            self._problem(
                "TPL005", "the template is nested too deep", TemplateSpan(entry, 0, 1), ()
            )

    def _unreached(self) -> None:
        self.reached = False
        self.facts = NOTHING
        for block, here in self._blocks:
            if id(block.node) not in self.entered:
                self.here = here
                self._enter_block(block, here.context, unset("super"))
        # Macros may hold macros: the list grows.
        for macro in self.macros:
            if id(macro.node) not in self.entered:
                bindings = {name.name: KNOWN for name in macro.node.args}
                bindings["caller"] = (Builtin("caller"),)
                self.enter_macro(macro, bindings, {}, macro.here.stack)

    # Templates.

    def _render(self, text: Text, context: Context, stack: Stack) -> bool:
        """Walk a template's top level, and then that of the one it extends."""
        template = self._parsed(text, stack)
        if template is None:
            return False
        here = Here(text, template, context, stack, (*self.here.files, text.path))
        frame = NameScope(template.tree, None, top=True)
        context.tops.insert(0, frame)
        if "block" in template.source:
            self._register_blocks(template, here)
        outer, self._parents = self._parents, []
        with self.moved(here, frame, silent=False):
            self.body(template.tree.body)
            for parent, site in self._parents:
                self._render(parent, context, (*stack, site))
        self._parents = outer
        return True

    def _parsed(self, text: Text, stack: Stack) -> Template | None:
        # `parse` remembers what it read, but not what it refused.
        if text.path in self._refused:
            return None
        try:
            return parse(text.value)
        except TemplateError as error:
            self._refused.add(text.path)
            site = TemplateSpan(text, error.start, error.end)
            self._problem(error.code, error.message, site, stack, error.hint)
            return None

    def _problem(
        self, code: str, message: str, site: TemplateSpan, stack: Stack, hint: str | None = None
    ) -> None:
        if not self.first(code, site):
            return
        related = tuple(Related(way.place, "reached from here") for way in stack)
        self.found.problems.append(
            Problem(message, at=site.place, hint=hint, code=code, related=related)
        )

    def _register_blocks(self, template: Template, here: Here) -> None:
        for node in template.tree.find_all(nodes.Block):
            block = Block(node, here)
            here.context.blocks.setdefault(node.name, []).append(block)
            self._blocks.append((block, here))

    def _reach(self, node: Naming, kind: Any, ignore_missing: bool = False) -> Text | None:
        """The template that a tag names, if it exists and may be entered."""
        given = node.template
        choices = given.items if isinstance(given, nodes.List | nodes.Tuple) else [given]
        texts = [self._referred(choice, kind, ignore_missing) for choice in choices]
        text = next((text for text in texts if text is not None), None)
        constant = all(_is_text(choice) for choice in choices)
        if text is None and constant and not ignore_missing:
            constants = (choice for choice in choices if isinstance(choice, nodes.Const))
            names = " or ".join(f"`{choice.value}`" for choice in constants)
            message = (
                f"there is no template {names}" if choices else "the name of a template is missing"
            )
            site = self.site(spans.expression(self.here.template, given))
            if isinstance(given, nodes.Const):
                site = self.site(spans.constant(self.here.template, given))
            self._problem("TPL003", message, site, self.here.stack)
        return text if text is not None and self._may_enter(text, node) else None

    def _referred(self, choice: nodes.Expr, kind: Any, ignore_missing: bool) -> Text | None:
        target: str | None = None
        if isinstance(choice, nodes.Const) and isinstance(choice.value, str):
            target = choice.value
            site = self.site(spans.constant(self.here.template, choice))
        else:
            self.read(choice, OTHER)
            site = self.site(spans.expression(self.here.template, choice))
        if self.first("reference", site):
            self.found.references.append(
                TemplateReference(
                    kind=kind,
                    target=target,
                    site=site,
                    stack=self.here.stack,
                    ignore_missing=ignore_missing,
                )
            )
        return None if target is None else self._text(target)

    def _text(self, target: str) -> Text | None:
        key = self.here.text.path, target
        if key not in self._loaded:
            self._loaded[key] = self._load(*key)
        return self._loaded[key]

    def _may_enter(self, text: Text, node: Naming) -> bool:
        files = self.here.files
        if text.path in files:
            way = " -> ".join((*files[files.index(text.path) :], text.path))
            message = f"`{text.path}` includes itself: {way}"
            self._problem("REP002", message, self._tag(node), self.here.stack)
            return False
        if len(files) > MAX_DEPTH:
            message = f"templates include one another more than {MAX_DEPTH} deep"
            self._problem("TPL005", message, self._tag(node), self.here.stack)
            return False
        return self.may_repeat(text.path, len(text.value) // 2)

    def _tag(self, node: Naming) -> TemplateSpan:
        return self.site(spans.expression(self.here.template, node.template))

    def _include(self, node: nodes.Include) -> None:
        text = self._reach(node, "include", node.ignore_missing)
        if text is not None:
            self._render(text, self._context_for(node), (*self.here.stack, self._tag(node)))

    def _context_for(self, node: nodes.Include | nodes.Import | nodes.FromImport) -> Context:
        if not node.with_context:
            return Context({}, isolated=True)
        return Context(self._visible(), self.here.context.isolated)

    def _visible(self) -> dict[str, Value]:
        """What an included template sees of the scopes around its tag."""
        context = self.here.context
        held = self.frame.held()
        loop = next((part for part in held.get("loop", ()) if isinstance(part, LoopValue)), None)
        if loop and not has_loop(loop.node):
            del held["loop"]
        tops = {
            name: value for top in reversed(context.tops) for name, value in top.bindings.items()
        }
        return {**context.visible, **tops, **held}

    def _extends(self, node: nodes.Extends) -> None:
        text = self._reach(node, "extends")
        if text is not None:
            self._parents.append((text, self._tag(node)))
        if node in self.here.template.tree.body:
            self.silent = True

    def _import(self, node: nodes.Import) -> None:
        module = self._module(node, "import")
        offsets = spans.named(self.here.template, node.lineno, node.target, after="as")
        self._define_imported(node.target, KNOWN if module is None else (module,), offsets)

    def _from_import(self, node: nodes.FromImport) -> None:
        module = self._module(node, "from")
        for item in node.names:
            name, alias = item if isinstance(item, tuple) else (item, item)
            value = KNOWN if module is None else module.exports.get(name) or unset(name)
            offsets = spans.named(self.here.template, node.lineno, alias, after="import")
            self._define_imported(alias, value, offsets)

    def _define_imported(self, name: str, value: Value, offsets: spans.Offsets) -> None:
        self.define(name, value, "import", offsets)
        self.frame.imported.add(name)

    def _module(self, node: nodes.Import | nodes.FromImport, kind: Any) -> ModuleValue | None:
        text = self._reach(node, kind)
        if text is None:
            return None
        if not node.with_context and text.path in self._modules:
            return self._modules[text.path]
        context = self._context_for(node)
        if not self._render(text, context, (*self.here.stack, self._tag(node))):
            return None
        exports = {
            name: value
            for top in reversed(context.tops)
            for name, value in top.bindings.items()
            if not name.startswith("_") and name not in top.imported
        }
        module = ModuleValue(exports)
        if not node.with_context:
            self._modules[text.path] = module
        return module

    # Blocks.

    def _block(self, node: nodes.Block) -> None:
        if self.silent and self.frame.top:
            return
        context = self.here.context
        if node.scoped:
            context = Context(self._visible(), context.isolated, blocks=context.blocks)
        self._render_named(BlockValue(node.name, 0), context)

    def render_block(self, block: BlockValue, site: TemplateSpan) -> None:
        """Walk a block that `super` or `self` calls."""
        self._render_named(block, self.here.context)

    def _render_named(self, block: BlockValue, context: Context) -> None:
        known = context.blocks.get(block.name, [])
        if block.index < len(known):
            above = (BlockValue(block.name, block.index + 1),)
            outer: Value = above if block.index + 1 < len(known) else unset("super")
            chosen = known[block.index]
            if self.may_repeat(id(chosen.node), len(chosen.here.template.tokens)):
                self._enter_block(chosen, context, outer)

    def _enter_block(self, block: Block, context: Context, outer: Value) -> None:
        if block.node in self.active:
            return
        here = replace(block.here, context=context, files=self.here.files)
        frame = NameScope(block.node, None, {"super": outer})
        self.active.append(block.node)
        with self.moved(here, frame, silent=False):
            self.body(block.node.body)
        self.active.pop()

    STATEMENTS: ClassVar[dict[type, Callable[[Any, Any], None]]] = {
        **MacroWalk.STATEMENTS,
        nodes.Include: _include,
        nodes.Import: _import,
        nodes.FromImport: _from_import,
        nodes.Extends: _extends,
        nodes.Block: _block,
    }


def _is_text(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Const) and isinstance(node.value, str)
