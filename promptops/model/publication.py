"""The result of publishing a bundle: its files, and the channels that serve it."""

from __future__ import annotations

from promptops.records import record
from promptops.records.outputs import output


@record(frozen=True, slots=True, kw_only=True)
class BuiltFacts:
    """A bundle in short.

    Attributes:
        release: Name of the tag; None for a revision that is not a release.
        commit: Id of the commit that it was built from.
        content_sha256: Digest of the paths and contents of all files from which the prompts are
            built, in hexadecimal.
        bundle_sha256: Digest of the bundle in hexadecimal: its identity, packed or not.
        prompts: The number of prompts.
    """

    release: str | None
    commit: str
    content_sha256: str
    bundle_sha256: str
    prompts: int


@output("build", version=1)
@record(frozen=True, slots=True, kw_only=True)
class Publication:
    """The result of `promptops build`.

    Attributes:
        built: The bundle; None if only channels were updated.
        files: Paths of the bundle and its signature.
        channels: Those of a site that now serve another release.
        notes: What was left unchanged, and why.
    """

    built: BuiltFacts | None
    files: tuple[str, ...]
    channels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
