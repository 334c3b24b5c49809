"""REP007."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.json_pointer import escaped
from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import LintRun
from promptops.model.place import Place
from promptops.patterns import lazy_pattern
from promptops.source.document import Document, read
from promptops.source.explain import type_name
from promptops.source.lines import CONFLICT_CODE, UNMERGED_HINT
from promptops.suggestions import did_you_mean

PATH = "channels.yaml"

_DIGEST = lazy_pattern(r"sha256:[0-9a-f]{64}")
_KEYS = ("release", "bundle", "serial")


@rule("REP007", severity=Severity.ERROR)
def channel_drift(catalog: Catalog, run: LintRun) -> Iterator[Problem]:
    """A channel names an existing release and its digest, and its serial only increases.

    Applications that load `production` read `channels.yaml`. If the release is misspelt or its
    digest is wrong, they keep their current prompt or have none. Readers refuse a serial that is
    lower than the highest one they have read, so reverting the commit is not a rollback. They also
    refuse a serial that jumps. The file is compared with the last commit or, with `--since`, with
    the commit where the branch started. `canary` is not supported yet and is refused. A channel's
    name must not look like a version, a commit id or `latest`.

    Bad:
        --- channels.yaml
        v2: {release: v1.8.0, serial: 1}

    Bad:
        --- channels.yaml
        production:
          release: v1.8.0
          serial: -1

    Good:
        --- channels.yaml
        production:
          release: v1.8.0
          bundle: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
          serial: 12
    """
    if catalog.files.is_unmerged(PATH):
        message = "an unresolved merge conflict"
        yield Problem(message, at=Place(PATH), hint=UNMERGED_HINT, code=CONFLICT_CODE)
    data = catalog.files.data(PATH)
    if data is None or not data.strip():
        return
    document = read(PATH, data)
    yield from document.problems
    for name, entry in (document.value or {}).items():
        yield from _Channel(catalog, run, document, name).problems(entry)


class _Channel:
    """One entry of the file."""

    def __init__(self, catalog: Catalog, run: LintRun, document: Document, name: str) -> None:
        self._catalog = catalog
        self._run = run
        self._document = document
        self._name = name
        self._at = f"/{escaped(name)}"

    def problems(self, entry: Any) -> Iterator[Problem]:
        yield from self._wrong_name()
        if not isinstance(entry, Mapping):
            message = f"expected a mapping with `release` and `serial`, got {type_name(entry)}"
            yield Problem(message, at=self._place())
            return
        yield from self._keys(entry)
        yield from self._release(entry)
        yield from self._bundle(entry)
        yield from self._serial(entry)

    def _wrong_name(self) -> Iterator[Problem]:
        from promptops.runtime.loading.source import wrong_name

        reason = wrong_name(self._name)
        if reason is not None:
            place = self._document.place(self._at, True)
            message = f"`{self._name}` can't be the name of a channel: {reason}"
            yield Problem(message, at=place, hint="give it another name")

    def _keys(self, entry: Mapping[str, Any]) -> Iterator[Problem]:
        from promptops.runtime.loading.site import CANARY, CANARY_HINT, NO_CANARY

        for key in entry:
            place = self._document.place(f"{self._at}/{escaped(key)}", True)
            if key == CANARY:
                yield Problem(NO_CANARY, at=place, hint=CANARY_HINT)
            elif key not in _KEYS and not key.startswith("x-"):
                hint = did_you_mean(key, _KEYS) or f"known keys: {', '.join(_KEYS)}"
                yield Problem(f"unknown key `{key}`", at=place, hint=hint)
        for key in ("release", "serial"):
            if key not in entry:
                place = self._document.place(self._at, True)
                yield Problem(f"`{key}` is missing", at=place)

    def _release(self, entry: Mapping[str, Any]) -> Iterator[Problem]:
        """The release's tag; it must exist, where the tags of the repository are known."""
        if "release" not in entry:
            return
        release, place = entry["release"], self._place("/release")
        if not isinstance(release, str) or not release:
            yield Problem(f"expected a release's tag, got {type_name(release)}", at=place)
        elif self._catalog.releases is not None:
            releases = self._catalog.releases()
            if release not in releases:
                hint = (
                    did_you_mean(release, releases)
                    or "run `git fetch --tags`, or name another release"
                )
                yield Problem(f"there is no release `{release}`", at=place, hint=hint)

    def _bundle(self, entry: Mapping[str, Any]) -> Iterator[Problem]:
        if "bundle" not in entry:
            return
        bundle, place = entry["bundle"], self._place("/bundle")
        if not isinstance(bundle, str) or not _DIGEST.fullmatch(bundle):
            message = f"expected `sha256:` and 64 hexadecimal digits, got {type_name(bundle)}"
            yield Problem(message, at=place)
            return
        release = entry.get("release")
        releases = self._catalog.releases() if self._catalog.releases is not None else {}
        digest = releases.get(release) if isinstance(release, str) else None
        if digest and digest.removeprefix("sha256:") != bundle.removeprefix("sha256:"):
            hint = "write the digest of this release"
            yield Problem(f"`{release}` has another digest: `{digest}`", at=place, hint=hint)

    def _serial(self, entry: Mapping[str, Any]) -> Iterator[Problem]:
        from promptops.runtime.loading.source import MAX_SERIAL, MAX_SERIAL_STEP

        if "serial" not in entry:
            return
        serial, place = entry["serial"], self._place("/serial")
        if type(serial) is not int or not 0 < serial < MAX_SERIAL:
            yield Problem(f"expected a whole number, 1 or more, got {type_name(serial)}", at=place)
            return
        before = self._before().get("serial")
        if isinstance(before, int) and serial < before:
            hint = "readers refuse a lower serial: to roll back, name the earlier release and add 1"
            yield Problem(f"the serial went down from {before} to {serial}", at=place, hint=hint)
        elif isinstance(before, int) and serial - before > MAX_SERIAL_STEP:
            hint = f"readers refuse an increase of more than {MAX_SERIAL_STEP}: increase it by 1"
            yield Problem(f"the serial jumped from {before} to {serial}", at=place, hint=hint)

    def _before(self) -> Mapping[str, Any]:
        """The channel's entry at the base; empty if there is no entry or no base."""
        data = self._run.base(PATH)
        value = read(PATH, data).value if data else None
        entry = value.get(self._name) if isinstance(value, dict) else None
        return entry if isinstance(entry, Mapping) else {}

    def _place(self, below: str = "") -> Place:
        return self._document.place(f"{self._at}{below}")
