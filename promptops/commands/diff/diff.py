"""The semantic changes between two sides, and the required version bump."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from promptops.analysis.exact_tokens import Counter, counter, encoding, installed
from promptops.analysis.tokens import estimate
from promptops.catalog.catalog import Catalog
from promptops.catalog.graph import ESCAPES
from promptops.catalog.references import is_below
from promptops.commands.diff.comparison import ComparisonSide, Sides
from promptops.diff.changes import gate
from promptops.diff.compare import CompareOptions, compare, with_failed_answers
from promptops.diff.rendering import Count
from promptops.errors import UsageError
from promptops.model.change import Change, DiffReport, PromptDiff
from promptops.model.config import Config
from promptops.model.internal_error import CaughtBug
from promptops.model.prompt import Model
from promptops.model.release import Release
from promptops.model.version import Bump, Version
from promptops.records import field, record, replace
from promptops.release.tags import (
    TagNames,
    latest_release,
    release_record,
    releases,
    version_table,
)
from promptops.release.versions import prompt_version
from promptops.source.config import FILES
from promptops.source.paths import is_yaml
from promptops.storage.atomic import keep
from promptops.workspace.named_prompts import matching_prompts, no_match_error
from promptops.workspace.selection import Grep, prompts_reaching
from promptops.workspace.workspace import managed_paths, save_graph


@record(frozen=True, slots=True, kw_only=True)
class DiffOptions:
    """Options of a diff.

    Attributes:
        patterns: Names of prompts of either side, as `named_prompts.matching_prompts` takes them;
            empty for all prompts.
        strict: An added output property is breaking.
        estimated: Estimate tokens, even if they could be counted exactly.
    """

    patterns: tuple[str, ...] = ()
    strict: bool = False
    estimated: bool = False


def diff(sides: Sides, chosen: DiffOptions) -> DiffReport:
    """Compare changed prompts and those that depend on them; raises UsageError for unknown ids."""
    base, head = sides.base.catalog, sides.head.catalog
    paths = set(_changed_paths(sides))
    wanted = _asked_for(sides, chosen.patterns)
    shown = paths & wanted
    if sides.repository is not None:
        save_graph(head, sides.repository.common_dir)
    counting = _TokenCounting(sides.repository.common_dir if sides.repository is not None else None)
    today = datetime.now(UTC).date()
    count = _estimated_count if chosen.estimated else counting.count
    options = CompareOptions(strict=chosen.strict, today=today, count=count)
    compared = list(compare(base, head, shown, sides.changed, options))
    counting.save()
    last = last_release(sides) if compared else None
    following = last.version.after(max(prompt.bump for prompt in compared)) if last else None
    if last is not None and following is not None:
        compared = list(_versioned(compared, sides, last, following))
    found = [_answered(prompt, base, head) for prompt in compared]
    found.sort(
        key=lambda prompt: (-prompt.bump, not any(c.risk for c in prompt.changes), prompt.id)
    )
    return DiffReport(
        base=sides.base.title,
        head=sides.head.title,
        prompts=tuple(found),
        compared=len(_prompt_ids(base, head, wanted)),
        tokenizer=counting.name,
        hidden=len(_prompt_ids(base, head, paths) - _prompt_ids(base, head, shown)),
        before_version=_version_text(last.version if last else None),
        after_version=_version_text(following),
    )


def has_uncommitted(sides: Sides) -> bool:
    """Whether the newer side is HEAD, and the files on disk differ from it."""
    repository, head = sides.repository, sides.head
    if repository is None or repository.bare or head.title != "HEAD":
        return False
    return bool(repository.uncommitted(managed_paths(head.config)))


def declared_problem(report: DiffReport, sides: Sides, declared: Bump | Version) -> Change | None:
    """The problem with a declared bump or version, or None."""
    last = last_release(sides)
    return gate(declared, report.bump, last.version if last else None, used_versions(sides))


def parse_declared(text: str) -> Bump | Version:
    """Parse a declared bump or version; raises UsageError."""
    from promptops.model.version import parse

    if text.upper() in Bump.__members__:
        return Bump[text.upper()]
    version = parse(text.removeprefix("v"))
    if version is None:
        hint = "write none, patch, minor, major, or a version such as 1.4.0"
        raise UsageError(f"{text!r} is neither a bump nor a version", hint=hint)
    return version


def _changed_paths(sides: Sides) -> Iterator[str]:
    """Prompt files of either side that changed or depend on a change."""
    base, head = sides.base, sides.head
    roots = {*managed_paths(base.config), *managed_paths(head.config)}
    changed = {path for path in sides.changed if any(_is_in(path, root) for root in roots)}
    changed -= set(FILES)
    grep = _grep(sides)
    if base.config != head.config:
        if _roots(base.config) != _roots(head.config):
            yield from (*base.catalog.ids, *head.catalog.ids)
            return
        changed |= _files_naming(head, _changed_profiles(base.config, head.config), grep)
    yield from prompts_reaching(head.catalog, frozenset(changed), grep)
    yield from (path for path in changed if path in base.catalog.ids)


def _is_in(path: str, root: str) -> bool:
    return path == root or is_below(path, root)


def _roots(config: Config) -> tuple[tuple[str, ...], ...]:
    return config.prompts, config.schemas


def _changed_profiles(base: Config, head: Config) -> list[str]:
    """Names of the model profiles that differ."""
    names = sorted(base.models.keys() | head.models.keys())
    return [name for name in names if base.models.get(name) != head.models.get(name)]


def _files_naming(side: ComparisonSide, profiles: list[str], grep: Grep | None) -> set[str]:
    """Files that may name one of some profiles, directly or through `extends`."""
    if not profiles:
        return set()
    known = {path for path in side.catalog.files.entries if is_yaml(path)}
    return known if grep is None else known.intersection(grep([*profiles, *ESCAPES]))


def _grep(sides: Sides) -> Grep | None:
    """Files of the newer side that contain a word, if git knows that side."""
    repository, head = sides.repository, sides.head
    if repository is None or head.revision is None:
        return None
    roots, revision = (*head.config.prompts, *head.config.schemas), head.revision
    return lambda words: repository.grep(revision, words, roots)


def _asked_for(sides: Sides, patterns: Sequence[str]) -> set[str]:
    """Prompt files of either side, whether they changed or not."""
    base, head, repository = sides.base.catalog, sides.head.catalog, sides.repository
    if not patterns:
        return {*base.ids, *head.ids}
    shown: set[str] = set()
    for pattern in patterns:
        hits = [
            *matching_prompts(base, repository, pattern),
            *matching_prompts(head, repository, pattern),
        ]
        if not hits:
            raise no_match_error(head, repository, pattern)
        shown.update(hits)
    return shown


def _prompt_ids(base: Catalog, head: Catalog, paths: set[str]) -> set[str]:
    found = (head.ids.get(path) or base.ids.get(path) for path in paths)
    return {name for name in found if name is not None}


def _answered(diff: PromptDiff, base: Catalog, head: Catalog) -> PromptDiff:
    """The prompts with recorded answers; judging code is imported only if there are any."""
    names = ((base, diff.before_id or diff.id), (head, diff.id))
    paths = ((catalog, catalog.paths.get(name)) for catalog, name in names)
    recording_files = (catalog.recording_files(path) for catalog, path in paths if path)
    if not diff.cases or not any(recording_files):
        return diff
    from promptops.commands.diff.recorded_answers import with_answers

    with CaughtBug() as bug:
        answered = with_answers(diff, base, head)
    return answered if bug.error is None else with_failed_answers(diff, bug.error)


# Released versions of prompts, and the next ones.


def last_release(sides: Sides) -> Release | None:
    """The highest release among the ancestors of the older side, or None."""
    commit = sides.base.commit
    if sides.repository is None or commit is None:
        return None
    return latest_release(sides.repository, _tag_names(sides), commit)


def used_versions(sides: Sides) -> frozenset[Version]:
    """Every version in use, anywhere in history."""
    if sides.repository is None:
        return frozenset()
    return frozenset(release.version for release in releases(sides.repository, _tag_names(sides)))


def _tag_names(sides: Sides) -> TagNames:
    return TagNames(sides.head.config.release.tag_format)


def _versioned(
    compared: list[PromptDiff], sides: Sides, last: Release, following: Version
) -> Iterator[PromptDiff]:
    """The prompts with their released versions and the next ones."""
    # The versions of prompts at a release.
    assert sides.repository is not None
    released = version_table(last, release_record(sides.repository, last))
    for prompt in compared:
        name = prompt.before_id or prompt.id
        before = released.version(name) if name in sides.base.catalog.paths else None
        gone = prompt.state == "removed" or (before is None and not prompt.bump)
        after = None if gone else prompt_version(before, prompt.bump, following)
        yield replace(
            prompt, before_version=_version_text(before), after_version=_version_text(after)
        )


def _version_text(version: Version | None) -> str | None:
    return str(version) if version is not None else None


# Tokens of prompts: estimated, or counted exactly if the tokenizer package is installed.


def _estimated_count(_model: Model) -> Count:
    return estimate


@record(slots=True)
class _TokenCounting:
    """Counts tokens, exactly if the tokenizer package is installed.

    Attributes:
        name: Of the exact tokenizers that counted; "" as soon as anything was estimated.
    """

    _common_dir: Path | None
    _exact: dict[str, TokenCounts | None] = field(default_factory=dict)
    _estimated: bool = False

    @property
    def name(self) -> str:
        estimated = any(counts.estimated for counts in self._exact.values() if counts)
        return "" if self._estimated or estimated else " and ".join(self._exact)

    def count(self, model: Model) -> Count:
        name = encoding(model.provider, model.id) or ""
        if name not in self._exact:
            self._exact[name] = self._counts(model, name)
        counts = self._exact[name]
        if counts is None:
            self._estimated = True
            return estimate
        return counts.count

    def save(self) -> None:
        """Keep the counts for the next run."""
        for counts in filter(None, self._exact.values()):
            counts.save()

    def _counts(self, model: Model, name: str) -> TokenCounts | None:
        if not name:
            return None
        counts = TokenCounts(name, lambda: counter(model.provider, model.id), self._common_dir)
        return counts if counts.exact else None


MAX_TOKEN_COUNTS = 10_000


class TokenCounts:
    """The counts of one encoding, kept in git's directory by the digest of each text.

    A tokenizer takes 0.2 s of CPU before its first count, half as long as a comparison of ten
    prompts. It is loaded for texts that no earlier run counted.

    Attributes:
        estimated: A text was only estimated, because the tokenizer could not be loaded.
    """

    def __init__(
        self, encoding: str, load: Callable[[], Counter | None], common_dir: Path | None
    ) -> None:
        """`load` gives the tokenizer, or None if it is not installed; without a folder, nothing
        is kept."""
        self._load = load
        version = installed()
        self._title = f"promptops token counts 1 {encoding} {version}"
        folder = common_dir / "promptops" if common_dir and version else None
        self._file = folder / f"tokens-{encoding}" if folder else None
        self._known = _read_counts(self._file, self._title) if self._file else {}
        self._new: dict[str, int] = {}
        self.estimated = False

    @property
    def exact(self) -> bool:
        """Whether texts can be counted: the tokenizer is installed."""
        return bool(self._known) or self._load() is not None

    def count(self, text: str) -> int:
        """The tokens of a text; only while `exact`."""
        digest = sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
        found = self._known.get(digest)
        if found is None:
            found = self._new.get(digest)
        return self._counted(digest, text) if found is None else found

    def save(self) -> None:
        """Keep the counts for the next run; the oldest are dropped."""
        if self._file is None or not self._new:
            return
        kept = list({**self._known, **self._new}.items())[-MAX_TOKEN_COUNTS:]
        rows = "".join(f"{digest} {count}\n" for digest, count in kept)
        keep(self._file, f"{self._title} {_checksum(rows)}\n{rows}".encode())

    def _counted(self, digest: str, text: str) -> int:
        tokenizer = self._load()
        if tokenizer is None:
            self.estimated = True
            return estimate(text)
        found = tokenizer.count(text)
        if len(self._new) < MAX_TOKEN_COUNTS:
            self._new[digest] = found
        return found


def _read_counts(file: Path, title: str) -> dict[str, int]:
    """The counts in a file; none if it is missing, damaged, or of another tokenizer."""
    try:
        header, _, rows = file.read_bytes().decode("ascii").partition("\n")
        if header != f"{title} {_checksum(rows)}":
            return {}
        pairs = (row.split(" ") for row in rows.splitlines())
        return {digest: int(count) for digest, count in pairs}
    except (OSError, ValueError):
        return {}


def _checksum(rows: str) -> str:
    return sha256(rows.encode()).hexdigest()[:16]
