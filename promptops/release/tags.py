"""Release tags: their names, their message, and the releases of a repository read from them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from promptops.errors import InputError
from promptops.model.release import PromptChange, Release, ReleaseRecord
from promptops.model.version import VERSION, Bump, Version, parse
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.repo.process import decode
from promptops.repo.repository import Repository

__all__ = ["PromptChange", "ReleaseRecord", "read_record", "write_record"]


VERSION_PLACE = "{version}"


@record(frozen=True, slots=True)
class TagNames:
    """Tag names by the configuration's `release.tag_format`.

    `v{version}` gives `v1.8.0`, and for one prompt `support/triage@v1.8.0`.
    """

    tag_format: str

    def __post_init__(self) -> None:
        """Raises InputError for a format that could not be parsed again."""
        if self.tag_format.count(VERSION_PLACE) != 1:
            hint = "such as `v{version}`"
            raise InputError(f"{self.tag_format!r} must contain {VERSION_PLACE!r} once", hint=hint)

    def write(self, version: Version) -> str:
        """The name of a release's tag."""
        return self.tag_format.replace(VERSION_PLACE, str(version))

    def read(self, name: str) -> Version | None:
        """The version in a tag name, including prereleases; None for another kind of tag."""
        before, _, after = self.tag_format.partition(VERSION_PLACE)
        found = re.fullmatch(f"{re.escape(before)}({VERSION}){re.escape(after)}", name, re.ASCII)
        return parse(found[1], prereleases=True) if found is not None else None

    def write_of_prompt(self, prompt: str, version: Version) -> str:
        """The name of one prompt's own tag."""
        return f"{prompt}@{self.write(version)}"

    def read_of_prompt(self, name: str) -> tuple[str, Version] | None:
        """The prompt and the version in the name of a prompt's own tag, or None."""
        prompt, at, rest = name.partition("@")
        version = self.read(rest) if at and prompt else None
        return (prompt, version) if version is not None else None


# The message of a release tag: `write_record` and `read_record` are inverse.
#
#     v1.8.0
#
#     What people read first: the changelog.
#
#     Prompts that changed:
#     support/triage 1.4.2 -> 2.0.0 (major) CHG101 CHG301
#
#     Versions:
#     1.4.2: support/refund support/status
#     2.0.0: support/triage
#
#     Promptops-Content-Sha256: …
#     Promptops-Bundle-Sha256: …

CHANGES_HEADING = "Prompts that changed:"
VERSIONS_HEADING = "Versions:"
_NOTHING = "-"
_WIDTH = 100
_CHANGE = lazy_pattern(r"(\S+) (\S+) -> (\S+) \((\w+)\)((?: \S+)*)")
_ROW = lazy_pattern(r"(\S+): (\S+(?: \S+)*)")
_TRAILER = lazy_pattern(r"Promptops-([A-Za-z0-9-]+): (.*)")


def write_record(record: ReleaseRecord) -> str:
    """The message of the tag, ending in a newline."""
    paragraphs = [record.tag, record.notes.strip()]
    if record.changes:
        paragraphs.append("\n".join((CHANGES_HEADING, *map(_change_line, record.changes))))
    if record.versions:
        paragraphs.append("\n".join((VERSIONS_HEADING, *_record_rows(record.versions))))
    paragraphs.append("\n".join(_trailers(record)))
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def read_record(message: str) -> ReleaseRecord:
    """Parse a message; one written by hand gives only notes.

    The first line is the tag's name. The caller must compare it with the name of the ref.
    """
    paragraphs = message.strip("\n").split("\n\n")
    tag, *rest = paragraphs[0].split("\n")
    if rest:
        paragraphs[0] = "\n".join(rest)
    else:
        paragraphs = paragraphs[1:]
    trailers = _read_trailers(paragraphs[-1]) if paragraphs else {}
    paragraphs = paragraphs[:-1] if trailers else paragraphs
    rows = _take_paragraph(paragraphs, VERSIONS_HEADING) if trailers else ""
    changed = _take_paragraph(paragraphs, CHANGES_HEADING) if trailers else ""
    number = trailers.get("Bundle-Format", "")
    bump = trailers.get("Bump", "").upper()
    return ReleaseRecord(
        tag=tag,
        notes="\n\n".join(paragraphs).strip(),
        changes=tuple(_read_changes(changed)),
        versions=dict(_read_rows(rows)),
        content_sha256=trailers.get("Content-Sha256"),
        bundle_sha256=trailers.get("Bundle-Sha256"),
        bundle_format=int(number) if number.isdecimal() else None,
        base=trailers.get("Base"),
        bump=Bump[bump] if bump in Bump.__members__ else None,
        reason=trailers.get("Reason", ""),
    )


def _take_paragraph(paragraphs: list[str], head: str) -> str:
    """Remove the last paragraph if its first line is `head`; returns the rest of it, or ""."""
    first, _, body = paragraphs[-1].partition("\n") if paragraphs else ("", "", "")
    return body if first == head and paragraphs.pop() else ""


def _change_line(change: PromptChange) -> str:
    before, after = (
        str(version) if version else _NOTHING for version in (change.before, change.after)
    )
    codes = "".join(f" {code}" for code in change.codes)
    return f"{change.prompt} {before} -> {after} ({change.bump.name.lower()}){codes}"


def _read_changes(body: str) -> Iterator[PromptChange]:
    for found in filter(None, map(_CHANGE.fullmatch, body.split("\n"))):
        prompt, before, after, bump, codes = found.groups()
        if bump.upper() in Bump.__members__:
            yield PromptChange(
                prompt=prompt,
                before=parse(before, prereleases=True),
                after=parse(after, prereleases=True),
                bump=Bump[bump.upper()],
                codes=tuple(codes.split()),
            )


def _record_rows(versions: Mapping[str, Version]) -> Iterator[str]:
    """One line for each version with its prompts; long lines are wrapped."""
    rows = sorted((version, prompt) for prompt, version in versions.items())
    for version, group in groupby(rows, lambda row: row[0]):
        yield from _wrapped(f"{version}:", (prompt for _, prompt in group))


def _wrapped(head: str, words: Iterable[str]) -> Iterator[str]:
    line = head
    for word in words:
        if line != head and len(line) + 1 + len(word) > _WIDTH:
            yield line
            line = head
        line += f" {word}"
    yield line


def _read_rows(body: str) -> Iterator[tuple[str, Version]]:
    for found in filter(None, map(_ROW.fullmatch, body.split("\n"))):
        version = parse(found[1], prereleases=True)
        if version is not None:
            yield from ((prompt, version) for prompt in found[2].split(" "))


def _trailers(record: ReleaseRecord) -> Iterator[str]:
    bump = record.bump.name.lower() if record.bump is not None else None
    for name, value in (
        ("Content-Sha256", record.content_sha256),
        ("Bundle-Sha256", record.bundle_sha256),
        ("Bundle-Format", record.bundle_format),
        ("Base", record.base),
        ("Bump", bump),
        ("Reason", " ".join(record.reason.split()) or None),
    ):
        if value is not None:
            yield f"Promptops-{name}: {value}"


def _read_trailers(paragraph: str) -> dict[str, str]:
    """The trailers of the last paragraph; empty unless every line is a trailer."""
    found = [_TRAILER.fullmatch(line) for line in paragraph.split("\n")]
    return {trailer[1]: trailer[2] for trailer in found if trailer} if all(found) else {}


# The releases of a repository, read from its tags alone.

_TAG_FIELDS = (
    "%(objecttype)",
    "%(*objecttype)",
    "%(refname:lstrip=2)",
    "%(tag)",
    "%(objectname)",
    "%(*objectname)",
    "%(taggerdate:iso-strict)",
)
_MESSAGE_FIELDS = ("%(refname:lstrip=2)", "%(contents)", "%(contents:signature)")
TAGS_AT_ONCE = 1000
"""At most this many tags are named in one command line."""


def releases(
    repository: Repository, names: TagNames, *, merged: str | None = None
) -> tuple[Release, ...]:
    """Every release, the lowest version first; only those that a commit has behind it, if given.

    A tag object under another name than its own is ignored, because it may be a replayed one.
    """
    which = () if merged is None else (f"--merged={merged}",)
    rows = _rows(repository, _TAG_FIELDS, (*which, "refs/tags"))
    found = (_release(names, row) for row in rows if row[:2] == ["tag", "commit"])
    return tuple(
        sorted((release for release in found if release), key=lambda release: release.version)
    )


def latest_release(repository: Repository, names: TagNames, commit: str) -> Release | None:
    """The highest release that a commit has behind it; a prerelease promises nothing yet."""
    found = [
        release for release in releases(repository, names, merged=commit) if not release.version.pre
    ]
    return found[-1] if found else None


def release_records(repository: Repository, wanted: Iterable[Release]) -> dict[str, ReleaseRecord]:
    """The records in the tags of some releases, by name; a tag created by hand has only notes."""
    refs = [f"refs/tags/{release.name}" for release in wanted]
    found: dict[str, ReleaseRecord] = {}
    for start in range(0, len(refs), TAGS_AT_ONCE):
        for name, text, signature in _rows(
            repository, _MESSAGE_FIELDS, refs[start : start + TAGS_AT_ONCE]
        ):
            parsed = read_record(text.removesuffix(signature))
            found[name] = parsed if parsed.tag == name else _with_title(parsed, name)
    return found


def _with_title(record: ReleaseRecord, name: str) -> ReleaseRecord:
    """The record of a message that begins with notes instead of the tag's name."""
    notes = "\n\n".join(filter(None, (record.tag, record.notes)))
    return replace(record, tag=name, notes=notes)


def release_record(repository: Repository, release: Release) -> ReleaseRecord:
    """The record in the tag of a release."""
    return release_records(repository, (release,))[release.name]


@record(frozen=True, slots=True)
class VersionTable:
    """The versions of prompts at a release.

    Attributes:
        every: The version of all prompts, for a tag created by hand; else None.
    """

    versions: Mapping[str, Version]
    every: Version | None = None

    def version(self, prompt: str) -> Version | None:
        """The version of a prompt; None if it was not released."""
        return self.versions.get(prompt, self.every)


def version_table(release: Release, record: ReleaseRecord) -> VersionTable:
    """The versions of all prompts of a release."""
    made_by_hand = record.content_sha256 is None and not record.versions
    return VersionTable(record.versions, release.version if made_by_hand else None)


def _release(names: TagNames, row: list[str]) -> Release | None:
    _, _, name, inside, tag, commit, date = row
    version = names.read(name)
    if version is None or inside != name:
        return None
    return Release(name=name, version=version, tag=tag, commit=commit, date=date)


def _rows(
    repository: Repository, fields: tuple[str, ...], arguments: Iterable[str]
) -> list[list[str]]:
    """The fields of each ref. A field may have several lines, but contains no NUL."""
    form = "".join(f"{field}%00" for field in fields)
    output = decode(repository.git.run("for-each-ref", f"--format={form}", *arguments))
    values = output.split("\0")[:-1]
    rows = [values[at : at + len(fields)] for at in range(0, len(values), len(fields))]
    return [[row[0].removeprefix("\n"), *row[1:]] for row in rows]
