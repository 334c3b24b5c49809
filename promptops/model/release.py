"""Releases: their tags, the plan of the next one, and the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from promptops.model.bump import Bump
from promptops.model.version import Version
from promptops.records import field, record
from promptops.records.outputs import empty_text


@record(frozen=True, slots=True, kw_only=True)
class PromptChange:
    """The versions of one prompt before and after a release.

    Attributes:
        prompt: Its id.
        before: None for a new prompt.
        after: None for a removed prompt.
        bump: The required version bump.
        codes: Of its changes, in order.
    """

    prompt: str
    before: Version | None
    after: Version | None
    bump: Bump
    codes: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class ReleaseRecord:
    """The record in the tag of a release.

    Attributes:
        tag: The name of the tag.
        notes: The changelog, for people; several paragraphs.
        changes: Of prompts, by id.
        versions: Of all prompts, by id.
        content: SHA-256 of the files of the prompts, in hexadecimal; None in a tag that promptops
            did not create.
        bundle: SHA-256 of the file that applications load, in hexadecimal; None as for `content`.
        bundle_format: The number of its format; None as for `content`.
        base: Name of the release it was compared with; None for the first one.
        bump: The version bump from the base; None in a tag that promptops did not create.
        reason: Why the bump differs from the required one, or "".
    """

    tag: str
    notes: str = empty_text()
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
    """An annotated tag with the name of a release, whose tag object has the same name.

    Attributes:
        name: The name of the tag.
        version: That the name contains.
        tag: Id of the tag object.
        commit: Id of the released commit.
        date: Of the tagger, in ISO 8601; "" if the tag has none.
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
        details: One line for each instance, up to a readable number.
    """

    message: str
    hint: str
    details: tuple[str, ...] = ()


@record(frozen=True, slots=True, kw_only=True)
class ReleasePlan:
    """A planned release, or an existing one.

    Attributes:
        required: The bump that the changes require, before the rule for versions below 1.0.0.
        signed: Whether its tags are signed.
        tags: Its own tag, then those of prompts.
        missing: Those of them that do not exist.
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
    """The plan of a release, the problems that prevent it, and the result.

    Attributes:
        plan: None if there is nothing to release.
        state: `done`: its tag already existed; `nothing`: there is nothing to release.
        nothing: The reason, or "".
        warnings: Problems that do not prevent it.
        earlier: Tags of releases before this one that the remote lacks, or lacked before it was
            `pushed`; computed only if something is to be pushed.
        pushed: The remote that received all tags, or None.
        next: The command that creates the planned release or pushes the created one, or "".
    """

    plan: ReleasePlan | None
    state: Literal["nothing", "planned", "done", "created"]
    nothing: str = ""
    problems: tuple[ReleaseProblem, ...] = ()
    warnings: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    pushed: str | None = None
    next: str = ""
