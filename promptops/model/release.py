"""Releases: their tags, the plan of the next one, the result, and what `build` publishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from promptops.model.version import Bump, Version
from promptops.records import field, record
from promptops.records.outputs import empty_text, hidden, output


@record(frozen=True, slots=True, kw_only=True)
class PromptChange:
    """The versions of one prompt before and after a release.

    Attributes:
        prompt: Its id.
        before: None for a new prompt.
        after: None for a removed prompt.
        bump: The bump that its own changes require.
        codes: Of its changes, the worst first.
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
        changes: The prompts whose version changes, by id.
        versions: Of all prompts, by id.
        content_sha256: Digest of the files from which the prompts are built, in hexadecimal; None
            in a tag that promptops did not create.
        bundle_sha256: Digest of the bundle, in hexadecimal, which identifies it; None in a tag that
            promptops did not create.
        bundle_format: Version of the format of the bundle; None in a tag that promptops did not
            create.
        base: Name of the release it was compared with; None for the first one.
        bump: The bump of its version; None in a tag that promptops did not create. Before 1.0.0 a
            major bump increases the second number, and a minor one the third.
        reason: Why the bump differs from the required one, or "".
    """

    tag: str
    notes: str = empty_text()
    changes: tuple[PromptChange, ...] = ()
    versions: Mapping[str, Version] = field(default_factory=dict)
    content_sha256: str | None = None
    bundle_sha256: str | None = None
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
        message: One sentence, lower case, no full stop.
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
        version: Of the release.
        commit: Id of the commit that is released.
        record: What its tag records.
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
    missing: tuple[str, ...] = hidden(default=())


@output("release", version=1)
@record(frozen=True, slots=True, kw_only=True)
class ReleaseReport:
    """The result of `promptops release`: the plan, and the problems that prevent it.

    Attributes:
        plan: The planned or existing release; None if there is nothing to release.
        state: `planned`: no tag was created; `created`: this run created the tag; `done`: its tag
            already existed; `nothing`: there is nothing to release.
        nothing: Why there is nothing to release, or "".
        problems: If there are any, nothing was created.
        warnings: Notes, which do not prevent the release.
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


# The result of publishing a bundle: its files, and the channels that serve it.


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
