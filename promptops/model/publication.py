"""What became of a bundle: where it was put, and what points at it now."""

from __future__ import annotations

from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class BuiltFacts:
    """A bundle in short.

    Attributes:
        release: Name of the tag; None for a revision that is no release.
        content, bundle: SHA-256 in hexadecimal.
        prompts: How many there are.
    """

    release: str | None
    commit: str
    content: str
    bundle: str
    prompts: int


@record(frozen=True, slots=True, kw_only=True)
class Publication:
    """What `promptops build` did.

    Attributes:
        built: None where only channels were looked at.
        files: Paths of what holds the bundle and its signature.
        channels: Those of a site that serve something else now.
        notes: What was left as it is, and why.
    """

    built: BuiltFacts | None
    files: tuple[str, ...]
    channels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
