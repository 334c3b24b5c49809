"""Releases: their tags, the plan of the next one, and the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from promptops.model.bump import Bump
from promptops.model.version import Version
from promptops.records import field, record


@record(frozen=True, slots=True, kw_only=True)
class PromptChange:
    """What a release makes of one prompt.

    Attributes:
        before: None for a new prompt.
        after: None for one that is gone.
        codes: Of its changes, in order.
    """

    prompt: str
    before: Version | None
    after: Version | None
    bump: Bump
    codes: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class ReleaseRecord:
    """What a release's tag says.

    Attributes:
        tag: The name of the tag.
        notes: The changelog, for people; several paragraphs.
        versions: Of all prompts, by id.
        content, bundle: SHA-256 in hexadecimal; None in a tag made by hand.
        base: Name of the release that it was compared with; None for the first one.
        reason: Why the bump is another one than the changes require, or "".
    """

    tag: str
    notes: str = ""
    changes: tuple[PromptChange, ...] = ()
    versions: Mapping[str, Version] = field(default_factory=dict)
    content: str | None = None
    bundle: str | None = None
    bundle_format: int | None = None
    base: str | None = None
    bump: Bump | None = None
    reason: str = ""


@record(frozen=True, slots=True, kw_only=True)
class Release:
    """An annotated tag that is called like a release, and says that it is called so.

    Attributes:
        tag: Id of the tag object.
        date: Of the tagger, in ISO 8601; "" where the tag names none.
    """

    name: str
    version: Version
    tag: str
    commit: str
    date: str = ""


@record(frozen=True, slots=True, kw_only=True)
class ReleaseProblem:
    """A problem that prevents a release.

    Attributes:
        hint: The fix.
        details: One line for each of many; not more than a person reads.
    """

    message: str
    hint: str
    details: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """A release as it would be made, or as it is.

    Attributes:
        required: What the changes require, on the plain scale.
        signed: Whether its tags get a signature.
        tags: All that belong to it: its own, then those of prompts.
        missing: Those of them that are not there.
    """

    version: Version
    commit: str
    record: ReleaseRecord
    required: Bump
    signed: bool = False
    tags: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class ReleaseReport:
    """What a release would be, what stands in its way, and what became of it.

    Attributes:
        plan: None where there is nothing to release.
        state: `done`: its tag was there before; `nothing`: there is nothing to release.
        nothing: Why, or "".
        warnings: What does not stop it.
        earlier: Tags of releases before this one that the remote lacks, or lacked before it was
            `pushed`; known only where something is to be pushed.
        pushed: The remote that has all of it now, or None.
        next: The command that makes what is planned, or that pushes what was made, or "".
    """

    plan: ReleasePlan | None
    state: Literal["nothing", "planned", "done", "created"]
    nothing: str = ""
    problems: tuple[ReleaseProblem, ...] = ()
    warnings: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    pushed: str | None = None
    next: str = ""
