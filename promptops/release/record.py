"""The message of a release tag: `write_record` and `read_record` are inverse.

v1.8.0

What people read first: the changelog.

Prompts that changed:
support/triage 1.4.2 -> 2.0.0 (major) CHG101 CHG301

Versions:
1.4.2: support/refund support/status
2.0.0: support/triage

Promptops-Content-Sha256: …
Promptops-Bundle-Sha256: …
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from promptops.model.release import PromptChange, ReleaseRecord
from promptops.model.version import Bump, Version, parse
from promptops.patterns import lazy_pattern

__all__ = ["PromptChange", "ReleaseRecord", "read_record", "write_record"]

CHANGED = "Prompts that changed:"
VERSIONS = "Versions:"
_NOTHING = "-"
_WIDTH = 100
_CHANGE = lazy_pattern(r"(\S+) (\S+) -> (\S+) \((\w+)\)((?: \S+)*)")
_ROW = lazy_pattern(r"(\S+): (\S+(?: \S+)*)")
_TRAILER = lazy_pattern(r"Promptops-([A-Za-z0-9-]+): (.*)")


def write_record(record: ReleaseRecord) -> str:
    """The message of the tag, ending in a newline."""
    paragraphs = [record.tag, record.notes.strip()]
    if record.changes:
        paragraphs.append("\n".join((CHANGED, *map(_change_line, record.changes))))
    if record.versions:
        paragraphs.append("\n".join((VERSIONS, *_rows(record.versions))))
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
    rows = _take_paragraph(paragraphs, VERSIONS) if trailers else ""
    changed = _take_paragraph(paragraphs, CHANGED) if trailers else ""
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


def _rows(versions: Mapping[str, Version]) -> Iterator[str]:
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
