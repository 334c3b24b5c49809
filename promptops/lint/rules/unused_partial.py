"""REP003."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from datetime import date
from functools import cache, cached_property

from promptops.catalog.catalog import Catalog
from promptops.catalog.files import PROMPT_ENDINGS
from promptops.catalog.references import is_below
from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import LintRun, PromptFacts
from promptops.model.finding import Related
from promptops.model.place import Place
from promptops.repo.tree import has_conflicts
from promptops.source.recording_files import (
    APPLICATION_ENDING,
    by_first,
    first_of,
    is_misnamed,
    moved,
)
from promptops.source.recording_files import ENDING as RECORDINGS
from promptops.suggestions import MAX_CATALOG_CHARS, nearest_name

_TEMPLATES = (".j2", ".jinja", ".jinja2")
_SCHEMAS = (".schema.json", ".tool.json")


@rule("REP003", severity=Severity.WARNING)
def unused_partial(catalog: Catalog, today: date, run: LintRun) -> Iterator[Problem]:
    """A prompt uses every partial, schema, case file and recording.

    An unused partial still appears in searches, and edits to it have no effect. An unused case file
    is worse: its tests never run.

    If a prompt misspells the name of a file, that is reported at the prompt.

    Recordings are answers that were paid for. If a prompt without recordings sends the requests of
    unused ones, it was renamed, and the finding has the command that renames its recordings, too.
    If only some prompts are linted, such as those of a change, the rule has no other finding.

    The rule checks templates (`.j2`, `.jinja`) below the prompt roots, JSON files below the schema
    roots, and files named `NAME.cases.…`, `NAME.recordings.jsonl` and
    `NAME.recordings.part02.jsonl`.

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}
        --- prompts/partials/tone.md.j2
        Be brief.

    Bad:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}
        --- prompts/ask.cases.jsonl
        {"name": "one", "rendered": [{"type": "contains", "value": "hello"}]}

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - role: user
            content: '{% include "partials/tone.md.j2" %}'
        tests:
          - file: ./ask.cases.jsonl
        --- prompts/ask.cases.jsonl
        {"name": "one", "rendered": [{"type": "contains", "value": "brief"}]}
        --- prompts/partials/tone.md.j2
        Be brief.
    """
    entries = catalog.files.entries
    renamed = _RenamedPrompts(catalog, today, run)
    if not (run.complete or renamed.may_exist):
        return
    if has_conflicts(entries):
        return  # the references of an unmerged file are unknown
    if not run.complete:
        yield from renamed.of_change()
        return
    others = (path for path in entries if not path.endswith(PROMPT_ENDINGS))
    kinds = ((path, _kind(catalog, path)) for path in others)
    unused = [(path, kind) for path, kind in kinds if kind and not _is_needed(catalog, path, kind)]
    lost = _not_there(catalog) if unused else []
    for path, kind in unused:
        if nearest_name(path, lost, 0.9, MAX_CATALOG_CHARS) is None:
            hint = _MISNAMED if is_misnamed(path) else _HINT[kind]
            yield renamed.problem(path) or Problem(_UNUSED.format(kind), at=Place(path), hint=hint)


_UNUSED = "no prompt uses this {}"
_MISNAMED = "name further recording files `NAME.recordings.part02.jsonl` to `part99`"
_HINT = {
    "partial": "include it, or delete it",
    "schema": "refer to it with `$ref` or `ref`, or delete it",
    "case file": "name it under `tests` of its prompt: `- file: …`, or delete it",
    "recording": "if its prompt was renamed, rename it, too: `git mv`; else delete it",
}


class _RenamedPrompts:
    """Finds prompts without recordings by the requests that they send."""

    def __init__(self, catalog: Catalog, today: date, run: LintRun) -> None:
        self._catalog = catalog
        self._today = today
        self._run = run
        self._asking: dict[str, str | None] = {}
        self._senders: dict[str, str] = {}
        self._searched: set[str] = set()

    @property
    def may_exist(self) -> bool:
        """Whether a concerned prompt has cases and no recordings; looks at no other file."""
        return bool(self._without_recordings)

    def of_change(self) -> Iterator[Problem]:
        """The problems of recordings whose prompt was there before the change."""
        entries, base = self._catalog.files.entries, self._run.base
        for first, files in by_first(entries).items():
            prompts = [f"{first.removesuffix(RECORDINGS)}{ending}" for ending in PROMPT_ENDINGS]
            if not _is_there(prompts, entries) and any(base(path) is not None for path in prompts):
                yield from filter(None, map(self.problem, files))

    def problem(self, path: str) -> Problem | None:
        """The command that renames unused recordings; None if no prompt sends their requests."""
        from shlex import quote

        first = first_of(path)
        if first is None:
            return None
        if first not in self._asking:
            self._asking[first] = self._sender(first)
        prompt = self._asking[first]
        if prompt is None:
            return None
        renamed = moved(path, self._catalog.recordings_of(prompt))
        identity = self._catalog.ids[prompt]
        return Problem(
            _UNUSED.format("recording"),
            at=Place(path),
            hint=f"`{identity}` sends these requests: git mv {quote(path)} {quote(renamed)}",
            related=(Related(Place(prompt), "the renamed prompt"),),
        )

    def _sender(self, first: str) -> str | None:
        """The path of a prompt that sends a request of the recordings that begin with `first`."""
        from promptops.catalog.recordings import recordings_at

        read = recordings_at(self._catalog.files, first).recordings
        found = [each for each in read if not each.judge]
        for case in {each.case for each in found}:
            self._search(case)
        senders = (self._senders.get(each.request) for each in found)
        return min(filter(None, senders), default=None)

    def _search(self, case: str) -> None:
        """Add the requests of each prompt with a case of this name, once."""
        for path in self._without_recordings.pop(case, ()):
            if path not in self._searched:
                self._searched.add(path)
                facts = PromptFacts(self._catalog, self._catalog.loaded(path), self._today)
                for request in facts.digests.values():
                    self._senders[request] = min(path, self._senders.get(request, path))

    @cached_property
    def _without_recordings(self) -> dict[str, list[str]]:
        """From the name of a case to the prompts that have it but no recordings."""
        found = defaultdict(list)
        ids, concerned = self._catalog.ids, self._run.concerned
        for path in ids if concerned is None else sorted(path for path in concerned if path in ids):
            prompt = None
            if not self._catalog.recording_files(path):
                prompt = self._catalog.loaded(path).prompt
            for case in prompt.cases if prompt is not None else ():
                found[case.name].append(path)
        return found


@cache
def _case_endings() -> tuple[str, ...]:
    from promptops.source.cases import ENDINGS

    return tuple(f".cases{ending}" for ending in ENDINGS)


def _kind(catalog: Catalog, path: str) -> str:
    """The kind of a file; "" for a file that no prompt needs to use."""
    if any(is_below(path, root) for root in catalog.config.prompts):
        if path.endswith(_TEMPLATES):
            return "partial"
        if path.endswith(_case_endings()):
            return "case file"
        if first_of(path) is not None or is_misnamed(path):
            return "recording"
    roots = [root for root in catalog.config.schemas if is_below(path, root)]
    if path.endswith(_SCHEMAS) and roots:
        return "schema"
    return "schema" if path.endswith(".json") and any(root != "." for root in roots) else ""


def _is_needed(catalog: Catalog, path: str, kind: str) -> bool:
    if kind == "recording":
        stem = (first_of(path) or "").removesuffix(RECORDINGS)
        prompts = (f"{stem}{ending}" for ending in PROMPT_ENDINGS)
        is_own = path.endswith(APPLICATION_ENDING)
        return is_own or (bool(stem) and _is_there(prompts, catalog.files.entries))
    return catalog.is_needed(path)


def _is_there(paths: Iterable[str], entries: Container[str]) -> bool:
    return any(path in entries for path in paths)


def _not_there(catalog: Catalog) -> list[str]:
    """Paths that a file names but that do not exist (TPL003), perhaps misspelt."""
    there = {_file_name(path) for path in catalog.files.entries}
    named = {target for path in catalog.graph.sources for target in catalog.graph.targets(path)}
    return sorted(target for target in named if _file_name(target) not in there)


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]
