"""Lint prompts one by one: from the cache, in this process, or in several."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from datetime import date

from promptops.catalog.catalog import Catalog
from promptops.catalog.stored_facts import Names
from promptops.commands.lint.cache import CachedResult, LintCache
from promptops.lint.engine import failed
from promptops.lint.pipeline import PromptResult, lint_one
from promptops.lint.registry import Rule
from promptops.model.internal_error import CaughtBug
from promptops.model.loaded import LoadedPrompt
from promptops.model.place import Place
from promptops.records import record, replace
from promptops.storage.gc_paused import uncollected

PARALLEL_FROM = 400
"""The number of prompts from which a second process is faster."""

AT_ONCE = 100
"""Prompts that a process lints before it replies; an interrupted run waits for a batch."""


COLLECT_AFTER = 10_000_000
"""New objects before a forked process collects garbage, which it does between batches.

A usual prompt leaves 1,700 new objects. Collecting garbage after each batch of prompts takes a
sixth of the time.
"""


@record(frozen=True, slots=True)
class LintedPrompt:
    """The lint result of a prompt.

    Attributes:
        needed: The files that the result depends on.
        lasting: The result is valid wherever these files are equal, and may be cached.
        names: What the prompt file names, for the graph.
    """

    result: PromptResult
    needed: frozenset[str]
    lasting: bool = False
    names: Names = ()


def lint_prompts(
    catalog: Catalog,
    paths: Sequence[str],
    rules: Sequence[Rule],
    today: date,
    *,
    cache: LintCache,
    processes: int,
) -> dict[str, LintedPrompt]:
    """The results of each prompt, in the given order, cached or computed."""
    catalog.documents.expect_places()
    known = {path: cache.find(catalog.files, path) for path in paths}
    missing = [path for path, found in known.items() if found is None]
    run = _LintRun(catalog, rules, today)
    apart = len(missing) >= PARALLEL_FROM and processes > 1
    computed = run.in_parallel(missing, processes) if apart else run.in_turn(missing)
    new = dict(zip(missing, computed, strict=True))
    for path, linted in new.items():
        catalog.graph.add_names(path, linted.names)
        if linted.lasting:
            cache.keep(catalog.files, path, CachedResult(linted.result, linted.needed))
    return {
        path: new[path] if found is None else LintedPrompt(found.result, found.needed)
        for path, found in known.items()
    }


@record(frozen=True, slots=True)
class _LintRun:
    catalog: Catalog
    rules: Sequence[Rule]
    today: date

    def in_turn(self, paths: Sequence[str]) -> list[LintedPrompt]:
        self.catalog.files.prefetch(paths)
        with uncollected():
            return [self._one(path) for path in paths]

    def _one(self, path: str) -> LintedPrompt:
        catalog = self.catalog
        loaded = catalog.loaded(path)
        result = lint_one(catalog, loaded, self.rules, self.today)
        needed: frozenset[str] = frozenset()
        with CaughtBug() as bug:
            needed = catalog.dependencies(path) | _profile_files(catalog, loaded)
        if bug.error is not None:
            problem = bug.error.problem(Place(path), "the files it needs")
            result = replace(result, findings=(*result.findings, failed(problem, loaded)))
        lasting = result.portable and not result.failed
        return LintedPrompt(result, needed, lasting=lasting, names=catalog.graph.names(path))

    def in_parallel(self, paths: Sequence[str], processes: int) -> list[LintedPrompt]:
        """The same in forked processes, which share what was read so far."""
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        global _INHERITED  # noqa: PLW0603  # what a fork shares can only be found by name
        self.catalog.files.prefetch(self.catalog.files.entries)
        _INHERITED = self
        try:
            pool = ProcessPoolExecutor(
                processes,
                mp_context=get_context("fork"),
                initializer=_begin,
            )
        except OSError:  # no shared memory, no writable folder for semaphores
            return self.in_turn(paths)
        try:
            return [linted for part in pool.map(_one_chunk, _chunks(paths)) for linted in part]
        finally:
            pool.shutdown(cancel_futures=True)
            _INHERITED = None


def _profile_files(catalog: Catalog, loaded: LoadedPrompt) -> frozenset[str]:
    """The configuration, if the prompt names a profile: some findings are placed in it."""
    path = catalog.config.path
    named = loaded.prompt is not None and loaded.prompt.model.profile in catalog.config.models
    return frozenset((path,)) if path is not None and named else frozenset()


_INHERITED: _LintRun | None = None
"""State that forked processes inherit: a catalog can't be pickled, and need not be."""


def _begin() -> None:
    """Ignore interruptions, which the first process handles, and rarely collect garbage."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(COLLECT_AFTER)


def _one_chunk(paths: Sequence[str]) -> list[LintedPrompt]:
    assert _INHERITED is not None
    return _INHERITED.in_turn(paths)


def _chunks(paths: Sequence[str]) -> Iterable[Sequence[str]]:
    return (paths[start : start + AT_ONCE] for start in range(0, len(paths), AT_ONCE))
