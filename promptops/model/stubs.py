"""The data of a typed module for applications."""

from __future__ import annotations

from promptops.model.prompt import Prompt
from promptops.records import record
from promptops.records.outputs import output


@record(frozen=True, slots=True, kw_only=True)
class Stubs:
    """The prompts of one revision, and where they come from.

    Attributes:
        title: The usual name of the revision.
        release: Name of its tag; None if it is not a release.
        digest: SHA-256, in hexadecimal, of its bundle; None for a work tree, which has none.
        made_by: The command line that creates the same module.
        prompts: By id.
    """

    title: str
    release: str | None
    digest: str | None
    made_by: str
    prompts: tuple[Prompt, ...]


@output("stubs", version=1)
@record(frozen=True, slots=True, kw_only=True)
class TypedModule:
    """The result of `promptops stubs`: a module with types for the prompts of one revision.

    Attributes:
        release: Name of the release's tag; None if it is not a release.
        bundle_sha256: Digest of the bundle, in hexadecimal; None for a work tree, which has none.
        prompts: The ids of the prompts, sorted.
        module: Source code of the module.
    """

    release: str | None
    bundle_sha256: str | None
    prompts: tuple[str, ...]
    module: str
