"""The result of publishing a bundle: its files, and the channels that serve it."""

from __future__ import annotations

from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class BuiltFacts:
    """A bundle in short.

    Attributes:
        release: Name of the tag; None for a revision that is not a release.
        content, bundle: SHA-256 in hexadecimal.
        prompts: The number of prompts.
    """

    release: str | None
    commit: str
    content: str
    bundle: str
    prompts: int


@record(frozen=True, slots=True, kw_only=True)
class Publication:
    """The result of `promptops build`.

    Attributes:
        built: None if only channels were updated.
        files: Paths of the bundle and its signature.
        channels: Those of a site that were changed.
        notes: What was left unchanged, and why.
    """

    built: BuiltFacts | None
    files: tuple[str, ...]
    channels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
