"""The releases of a repository, read from its tags alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from promptops.model.release import Release, ReleaseRecord
from promptops.model.version import Version
from promptops.records import record, replace
from promptops.release.record import read_record
from promptops.release.tag_format import TagNames
from promptops.repo.process import decode
from promptops.repo.repository import Repository

_FACTS = (
    "%(objecttype)",
    "%(*objecttype)",
    "%(refname:lstrip=2)",
    "%(tag)",
    "%(objectname)",
    "%(*objectname)",
    "%(taggerdate:iso-strict)",
)
_MESSAGE = ("%(refname:lstrip=2)", "%(contents)", "%(contents:signature)")
AT_ONCE = 1000
"""At most this many tags are named in one command line."""


def releases(
    repository: Repository, names: TagNames, *, merged: str | None = None
) -> tuple[Release, ...]:
    """Every release, the lowest version first; only those that a commit has behind it, if given.

    A tag object under another name than its own is ignored, because it may be a replayed one.
    """
    which = () if merged is None else (f"--merged={merged}",)
    rows = _rows(repository, _FACTS, (*which, "refs/tags"))
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
    for start in range(0, len(refs), AT_ONCE):
        for name, text, signature in _rows(repository, _MESSAGE, refs[start : start + AT_ONCE]):
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
