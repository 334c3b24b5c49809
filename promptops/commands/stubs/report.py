"""A module that types `load`, `render` and `parse` for the prompts of one revision."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from promptops.commands.stubs.types import (
    WIDTH,
    Declarations,
    Type,
    Types,
    UniqueNames,
    class_name,
    docstring,
    laid_out,
    quoted,
)
from promptops.model.prompt import Prompt
from promptops.model.shipping import Stubs, TypedModule
from promptops.records import record
from promptops.report.visible import visible

_MARGIN = " " * 4


def write_python(found: TypedModule, **_: object) -> str:
    """The source code of the module."""
    return found.module


def typed_module(stubs: Stubs) -> TypedModule:
    """The module for prompts; equal prompts have equal texts, whichever command wrote it."""
    return TypedModule(
        release=stubs.release,
        bundle_sha256=stubs.digest,
        prompts=tuple(prompt.id for prompt in stubs.prompts),
        module=_source(stubs),
    )


def _source(stubs: Stubs) -> str:
    names = UniqueNames(_OWN_NAMES)
    classes = {prompt.id: names.new(class_name(prompt.id)) for prompt in stubs.prompts}
    blocks = [_ANY_PROMPT.rstrip("\n")]
    for prompt in stubs.prompts:
        blocks += _PromptDeclarations(prompt, classes[prompt.id], Declarations(names)).blocks()
    blocks += ["\n".join(_prompts_type(stubs, classes)), _LOADING.rstrip("\n")]
    body = "\n\n\n".join(blocks)
    return f"{_header(stubs)}\n\n{_imports(body)}\n\n{_constants(stubs)}\n\n\n{body}\n"


def _header(stubs: Stubs) -> str:
    digest = f"sha256:{stubs.digest}" if stubs.digest is not None else "none: it is not committed"
    text = (
        f"Typed prompts of {visible(stubs.title)}: made by promptops, not to be edited.\n\n"
        f"Release: {visible(stubs.release or 'none')}\n"
        f"Bundle: {digest}\n"
        f"Made by: {visible(stubs.made_by)}\n"
    )
    # CI may compare the file with a new one byte by byte, so formatters must not change it.
    return "\n".join((*docstring(text, ""), "# fmt: off", "# ruff: noqa"))


def _imports(body: str) -> str:
    """The imports that the module needs."""
    used = set(re.findall(r"\w+", body)) | {"TYPE_CHECKING"}
    typing = [name for name in _TYPING_NAMES if name in used]
    return "\n".join(
        (
            "from collections.abc import Mapping",
            "from os import PathLike",
            "from typing import (",
            *(f"{_MARGIN}{name}," for name in typing),
            ")",
            "",
            "import promptops",
            "",
            "if TYPE_CHECKING:",
            f"{_MARGIN}from promptops import Bundle, RenderedRequest",
        )
    )


def _constants(stubs: Stubs) -> str:
    release = quoted(stubs.release) if stubs.release is not None else None
    digest = quoted(stubs.digest) if stubs.digest is not None else None
    text = docstring("Of the bundle that these types are of: `promptops.Bundle.digest`.", "")
    return "\n".join((f"RELEASE = {release}", f"DIGEST = {digest}", *text))


@record(frozen=True, slots=True)
class _PromptDeclarations:
    """One prompt, as declarations."""

    prompt: Prompt
    name: str
    declarations: Declarations

    def blocks(self) -> Iterator[str]:
        prompt, declarations = self.prompt, self.declarations
        types = Types(declarations, prompt.inputs, self.name, given=True)
        inputs = types.parameters(f"{self.name}Inputs", f"What `{prompt.id}` takes.")
        answer = self._answer()
        yield from declarations.texts
        yield "\n".join(self._class(inputs, answer))

    def _answer(self) -> Type:
        output = self.prompt.output
        if output.schema is None:
            return "Any" if output.format == "json" else "str"
        schema = output.schema
        if not schema.get("description") and output.description:
            schema = {**schema, "description": output.description}
        types = Types(self.declarations, schema, self.name, given=False)
        return types.whole(f"{self.name}Output")

    def _class(self, inputs: str | None, answer: Type) -> Iterator[str]:
        yield f"class {self.name}(AnyPrompt, Protocol):"
        yield from docstring(_description(self.prompt), _MARGIN)
        yield ""
        keywords = f"Unpack[{inputs}]" if inputs else "Any"
        values = inputs or "Mapping[str, Any]"
        yield from _signature("render", f"self, /, **inputs: {keywords}", '"RenderedRequest"')
        yield from _signature("render_from", f"self, inputs: {values}", '"RenderedRequest"')
        yield from laid_out("def parse(self, answer: Any) -> ", answer, ": ...", _MARGIN)


def _description(prompt: Prompt) -> str:
    text = prompt.description or f"The prompt `{prompt.id}`."
    if prompt.status == "active":
        return text
    instead = f"; use `{prompt.replaced_by}`" if prompt.replaced_by else ""
    return f"{text}\n\nIt is {'a draft' if prompt.status == 'draft' else 'deprecated'}{instead}."


def _prompts_type(stubs: Stubs, classes: Mapping[str, str]) -> Iterator[str]:
    """A `TypedDict`: for a typo, type checkers suggest the nearest id; overloads would list all."""
    yield "Prompts = TypedDict("
    yield f'{_MARGIN}"Prompts",'
    yield f"{_MARGIN}{{"
    ids = {alias: prompt.id for prompt in stubs.prompts for alias in prompt.aliases}
    ids |= {prompt.id: prompt.id for prompt in stubs.prompts}
    for name, identity in sorted(ids.items()):
        yield f"{_MARGIN * 2}{quoted(name)}: {classes[identity]},"
    yield f"{_MARGIN}}},"
    yield ")"
    yield from docstring(f"The prompts of {stubs.title}, by id; read only.", "")


def _signature(name: str, parameters: str, returns: str) -> Iterator[str]:
    line = f"{_MARGIN}def {name}({parameters}) -> {returns}: ..."
    if len(line) <= WIDTH:
        yield line
        return
    yield f"{_MARGIN}def {name}("
    yield f"{_MARGIN * 2}{parameters}"
    yield f"{_MARGIN}) -> {returns}: ..."


# The common part of every module of typed prompts

_ANY_PROMPT = '''\
class AnyPrompt(Protocol):
    """What each prompt has; see `promptops.Prompt`."""

    @property
    def id(self) -> str: ...
    @property
    def version(self) -> str | None: ...
    @property
    def digest(self) -> str: ...
    @property
    def contract(self) -> str: ...
    @property
    def release(self) -> str | None: ...
    @property
    def channel(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def metadata(self) -> Mapping[str, Any]: ...
    @property
    def inputs(self) -> Mapping[str, Any]: ...
    @property
    def output(self) -> Mapping[str, Any] | None: ...
'''

_LOADING = '''\
class Options(TypedDict, total=False):
    """What `promptops.load` takes beside a ref."""

    source: str | PathLike[str] | None
    trust: str | PathLike[str] | None
    refresh_s: float
    timeout_s: float


def load(ref: str, **options: Unpack[Options]) -> Prompts:
    """As `promptops.load`, with types."""
    return cast("Prompts", promptops.load(ref, **options))


async def aload(ref: str, **options: Unpack[Options]) -> Prompts:
    """As `promptops.aload`, with types."""
    return cast("Prompts", await promptops.aload(ref, **options))


def bundle(prompts: Prompts) -> "Bundle":
    """What was loaded as what it is: its release, its digest, any prompt by any text."""
    return cast("Bundle", prompts)
'''

_TYPING_NAMES = (
    "TYPE_CHECKING",
    "Any",
    "Literal",
    "NotRequired",
    "Protocol",
    "TypedDict",
    "Unpack",
    "cast",
)
"""Names to import from `typing`, in the order of import sorters."""

_OWN_NAMES = frozenset(
    (
        "AnyPrompt", "Bundle", "DIGEST", "Mapping", "Options", "PathLike", "Prompts", "RELEASE",
        "RenderedRequest", "False", "None", "True", *_TYPING_NAMES,
    )
)  # fmt: skip
"""Names that classes of prompts must not use."""
