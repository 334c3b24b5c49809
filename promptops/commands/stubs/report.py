"""The module with types for the prompts of one revision, in each language."""

from __future__ import annotations

from promptops.model.shipping import Stubs, TypedModule


def typed_module(stubs: Stubs) -> TypedModule:
    """The result of the command; its module is the one of Python."""
    from promptops.commands.stubs.python_module import python_source

    return TypedModule(
        release=stubs.release,
        bundle_sha256=stubs.digest,
        prompts=tuple(prompt.id for prompt in stubs.prompts),
        module=python_source(stubs),
    )


def write_python(found: TypedModule, **_: object) -> str:
    """The source code of the module."""
    return found.module


def write_typescript(_: TypedModule, *, stubs: Stubs, **__: object) -> str:
    """The source code of a TypeScript module with the same prompts."""
    from promptops.commands.stubs.typescript_module import typescript_source

    return typescript_source(stubs)
