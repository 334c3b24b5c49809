"""The templates that a template includes, imports and extends, and the blocks they replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from promptops.analysis import spans
from promptops.analysis.names import NameBinder
from promptops.analysis.template_loader import EnteredBodies, LinkTag, TemplateLoader
from promptops.analysis.uses import Stack, TemplateSpan
from promptops.analysis.values import (
    KNOWN,
    Block,
    BlockValue,
    Context,
    Here,
    LoopValue,
    ModuleValue,
    NameScope,
    Value,
    unset,
)
from promptops.analysis.walk_state import Position, Visitor
from promptops.model.place import Text
from promptops.records import replace
from promptops.runtime.template.node_facts import has_loop
from promptops.runtime.template.template import Template


class TemplateLinks:
    """Walks linked templates, and blocks."""

    def __init__(
        self,
        visitor: Visitor,
        position: Position,
        *,
        loader: TemplateLoader,
        names: NameBinder,
        entered: EnteredBodies,
    ) -> None:
        self._visitor = visitor
        self._position = position
        self._loader = loader
        self._names = names
        self._entered = entered
        self._modules: dict[str, ModuleValue] = {}
        self._parents: list[tuple[Text, TemplateSpan]] = []
        self._blocks: list[Block] = []
        self.statements: dict[type, Callable[[Any], None]] = {
            nodes.Include: self._include,
            nodes.Import: self._import,
            nodes.FromImport: self._from_import,
            nodes.Extends: self._extends,
            nodes.Block: self._block,
        }

    def render(self, text: Text, context: Context, stack: Stack) -> bool:
        """Walk a template, and then the one that it extends; False if it is not valid."""
        template = self._loader.parsed(text, stack)
        if template is None:
            return False
        here = Here(text, template, context, stack, (*self._position.here.files, text.path))
        frame = NameScope(template.tree, None, top=True)
        context.tops.insert(0, frame)
        if "block" in template.source:
            self._register_blocks(template, here)
        outer, self._parents = self._parents, []
        with self._position.moved(here, frame, silent=False):
            self._visitor.body(template.tree.body)
            for parent, site in self._parents:
                self.render(parent, context, (*stack, site))
        self._parents = outer
        return True

    def enter_unrendered(self) -> None:
        """Walk each block that nothing rendered."""
        for block in self._blocks:
            if not self._entered.has_entered(id(block.node)):
                self._position.move_to_unreached(block.here)
                self._enter_block(block, block.here.context, unset("super"))

    def _register_blocks(self, template: Template, here: Here) -> None:
        for node in template.tree.find_all(nodes.Block):
            block = Block(node, here)
            here.context.blocks.setdefault(node.name, []).append(block)
            self._blocks.append(block)

    # Templates.

    def _include(self, node: nodes.Include) -> None:
        text = self._loader.linked(node, "include", node.ignore_missing)
        if text is not None:
            self.render(text, self._context_for(node), self._stack_at(node))

    def _stack_at(self, node: LinkTag) -> Stack:
        return (*self._position.here.stack, self._loader.site(node))

    def _context_for(self, node: nodes.Include | nodes.Import | nodes.FromImport) -> Context:
        if not node.with_context:
            return Context({}, isolated=True)
        return Context(self._visible(), self._position.here.context.isolated)

    def _visible(self) -> dict[str, Value]:
        """The names that an included template sees of the scopes around its tag."""
        context = self._position.here.context
        names = self._position.frame.all_bindings()
        loop = next((part for part in names.get("loop", ()) if isinstance(part, LoopValue)), None)
        if loop and not has_loop(loop.node):
            del names["loop"]
        return {**context.visible, **context.top_bindings(), **names}

    def _extends(self, node: nodes.Extends) -> None:
        text = self._loader.linked(node, "extends")
        if text is not None:
            self._parents.append((text, self._loader.site(node)))
        if node in self._position.here.template.tree.body:
            self._position.silence()

    def _import(self, node: nodes.Import) -> None:
        module = self._module(node, "import")
        template = self._position.here.template
        offsets = spans.name_in_tag(template, node.lineno, node.target, after="as")
        self._names.define_imported(node.target, KNOWN if module is None else (module,), offsets)

    def _from_import(self, node: nodes.FromImport) -> None:
        module = self._module(node, "from")
        template = self._position.here.template
        for item in node.names:
            name, alias = item if isinstance(item, tuple) else (item, item)
            value = KNOWN if module is None else module.exports.get(name) or unset(name)
            offsets = spans.name_in_tag(template, node.lineno, alias, after="import")
            self._names.define_imported(alias, value, offsets)

    def _module(self, node: nodes.Import | nodes.FromImport, kind: Any) -> ModuleValue | None:
        text = self._loader.linked(node, kind)
        if text is None:
            return None
        if not node.with_context and text.path in self._modules:
            return self._modules[text.path]
        context = self._context_for(node)
        if not self.render(text, context, self._stack_at(node)):
            return None
        module = ModuleValue(context.exports())
        if not node.with_context:
            self._modules[text.path] = module
        return module

    # Blocks.

    def _block(self, node: nodes.Block) -> None:
        if self._position.silent and self._position.frame.top:
            return
        context = self._position.here.context
        if node.scoped:
            context = Context(self._visible(), context.isolated, blocks=context.blocks)
        self.render_block(BlockValue(node.name, 0), context)

    def render_block(self, block: BlockValue, context: Context) -> None:
        """Walk a block at its own tag, or at a call of `super` or `self`."""
        known = context.blocks.get(block.name, [])
        if block.index < len(known):
            parent = (BlockValue(block.name, block.index + 1),)
            above: Value = parent if block.index + 1 < len(known) else unset("super")
            chosen = known[block.index]
            if self._entered.may_enter(id(chosen.node), len(chosen.here.template.tokens)):
                self._enter_block(chosen, context, above)

    def _enter_block(self, block: Block, context: Context, above: Value) -> None:
        if self._entered.is_active(block.node):
            return
        here = replace(block.here, context=context, files=self._position.here.files)
        frame = NameScope(block.node, None, {"super": above})
        with (
            self._entered.active(block.node),
            self._position.moved(here, frame, silent=False),
        ):
            self._visitor.body(block.node.body)
