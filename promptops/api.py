"""What applications call: `load` and what goes with it.

A program that loads from a file, a site or a package imports nothing of what reads repositories.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context

from promptops.errors import UsageError

TYPE_CHECKING = False  # as of `typing`, which takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Protocol

    from promptops.runtime.bundle.bundle import Bundle
    from promptops.runtime.loading.cache import BundleCache
    from promptops.runtime.loading.source import BundleSource
    from promptops.runtime.loading.trust import Trust

    class Loaded(Protocol):
        """What one ref means, however that is found out."""

        @property
        def ready(self) -> bool:
            """Whether `get` gives at once what it has."""

        def get(self, refresh_s: float, timeout_s: float) -> Bundle: ...

        def forked(self) -> None: ...


REFRESH_S = 60.0
TIMEOUT_S = 2.0
MAX_REMEMBERED = 1024
"""Refs, with what they mean."""

AnyPath = str | os.PathLike[str]
Key = tuple[str | None, AnyPath | None, AnyPath | None]


_LOADED: dict[Key, Loaded] = {}
_OVERRIDES: set[str] = set()
"""Folders that were said to be read instead."""

_PINNED: ContextVar[dict[Key, Bundle] | None] = ContextVar("promptops_pinned", default=None)


def load(
    ref: str | None = None,
    *,
    source: AnyPath | None = None,
    trust: AnyPath | None = None,
    refresh_s: float = REFRESH_S,
    timeout_s: float = TIMEOUT_S,
) -> Bundle:
    """All prompts of one release, by id.

    Call it wherever prompts are needed: what was loaded is kept in memory, one snapshot for all
    that asks for the same, and comes back in under a microsecond. What a ref means was decided
    when the process first loaded it, by the arguments and the environment of then.

    Args:
        ref: `v1.8.0`, exactly that release; `^1.2`, `~1.2.3`, `>=1,<2`, the highest that fits, a
            prerelease only where one is named; `production`, what a channel serves; `sha256:…`,
            a bundle by its content; `git:REV`, any revision, for development. There is no default.
        source: A git repository, a bundle or the folder of a site on this machine, `https://…` (a
            site), `git+https://…`, `git+ssh://…`, `git+file://…`, or `pkg:NAME`, a bundle in an
            installed package. By default PROMPTOPS_SOURCE, else the repository around the current
            directory.
        trust: File of allowed signers; what none of them signed is refused. By default
            PROMPTOPS_TRUST; else only the digest is checked.
        refresh_s: Seconds until the source is asked again what a channel, a range or a revision
            means; in the background, while everybody goes on with the snapshot they have. Each
            wait differs by up to a fifth, the first is a random part of it, and after failures it
            doubles, up to ten times, so that many replicas do not ask at once. A site that answers
            with `Retry-After` is left alone for that long, at most an hour.
        timeout_s: Seconds that a source on another machine has when nothing is loaded yet.

    Raises:
        NotFound: There is no such release, channel or source; never replaced by another one.
        UsageError: The ref means nothing, or none was given: the error lists what there is.
        IntegrityError: A bundle is damaged, another than it should be, or not signed by anybody
            who is trusted; or a channel went back. What was loaded before stays in use.
        TransportError: The source can't be reached, or lacks the release that a channel of it
            names, and nothing was kept on this machine. Otherwise the last that is known comes
            back, its `stale` true. An error of a source on another machine is raised again at once
            for up to `refresh_s`, and for a minute at most, unless it answers with `Retry-After`.
        InputError, GitError: A file or a repository can't be read.
    """
    key = (ref, source, trust)
    pinned = _PINNED.get()
    if pinned is not None and key in pinned:
        return pinned[key]
    loaded = _LOADED.get(key)
    bundle = (loaded if loaded is not None else _open(key)).get(refresh_s, timeout_s)
    return bundle if pinned is None else pinned.setdefault(key, bundle)


async def aload(
    ref: str | None = None,
    *,
    source: AnyPath | None = None,
    trust: AnyPath | None = None,
    refresh_s: float = REFRESH_S,
    timeout_s: float = TIMEOUT_S,
) -> Bundle:
    """As `load`; while something is loaded for the first time, other tasks go on."""
    import asyncio
    from functools import partial
    from threading import Thread

    work = partial(load, ref, source=source, trust=trust, refresh_s=refresh_s, timeout_s=timeout_s)
    loaded = _LOADED.get((ref, source, trust))
    if loaded is not None and loaded.ready:
        return work()
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Bundle] = loop.create_future()

    def settle(outcome: Bundle | Exception) -> None:
        if not future.done():
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def run() -> None:
        try:
            outcome: Bundle | Exception = work()
        except Exception as error:  # noqa: BLE001  # raised where it is awaited
            outcome = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, outcome)

    # No executor's thread: a program that ends would wait for it.
    Thread(target=copy_context().run, args=(run,), name="promptops", daemon=True).start()
    return await future


@contextmanager
def pin() -> Iterator[None]:
    """Within it, each ref keeps meaning what it meant when it was first loaded there.

    For one request of a user, say, that loads in several places. It holds for the thread or the
    task that entered it, and for the tasks that are made within; inside another one it is that.
    """
    pinned = _PINNED.get()
    token = _PINNED.set({} if pinned is None else pinned)
    try:
        yield
    finally:
        _PINNED.reset(token)


def _open(key: Key) -> Loaded:
    opened = _opened(*key)
    while len(_LOADED) >= MAX_REMEMBERED:
        with suppress(KeyError, StopIteration, RuntimeError):  # another thread was faster
            del _LOADED[next(iter(_LOADED))]
    return _LOADED.setdefault(key, opened)


def _opened(ref: str | None, source: AnyPath | None, trust: AnyPath | None) -> Loaded:
    from promptops.runtime.loading.opening import named_source, opened
    from promptops.runtime.loading.resolver import RefResolver
    from promptops.runtime.loading.snapshots import Snapshot

    override = os.environ.get("PROMPTOPS_OVERRIDE")
    if override:
        return _work_tree(override)
    if ref is not None and ref.startswith("git:"):
        _refuse_where_frozen(f"{ref!r} is for development")
    offline = _is_set("PROMPTOPS_OFFLINE")
    resolver = RefResolver(
        opened(named_source(source, os.getcwd), lambda where: _repository(where, offline)),
        ref,
        trust=_trust(trust),
        cache=_cache,
        offline=offline,
    )
    return Snapshot(resolver)


def _trust(file: AnyPath | None) -> Trust | None:
    if file is None and "PROMPTOPS_TRUST" not in os.environ:
        return None
    from pathlib import Path

    from promptops.runtime.loading.trust import Trust, trust_of_environment

    named = file if file is not None else trust_of_environment()
    return Trust.read(Path(named)) if named is not None else None


def _cache() -> BundleCache:
    from promptops.runtime.loading.cache import BundleCache, cache_folder

    return BundleCache(cache_folder())


def _repository(where: str, offline: bool) -> BundleSource:
    from promptops.loading.releases import GitReleases

    return GitReleases(where, offline=offline)


def _work_tree(folder: str) -> Loaded:
    _refuse_where_frozen("PROMPTOPS_OVERRIDE is for development")
    from pathlib import Path

    from promptops.loading.work_tree import LiveTree

    if folder not in _OVERRIDES:
        from logging import getLogger

        _OVERRIDES.add(folder)
        getLogger("promptops").warning("PROMPTOPS_OVERRIDE is set: prompts are those of %r", folder)
    return LiveTree(Path(folder))


def _refuse_where_frozen(message: str) -> None:
    if _is_set("PROMPTOPS_FROZEN") or getattr(sys, "frozen", False):
        hint = "PROMPTOPS_FROZEN is set, or the program was frozen: load a release"
        raise UsageError(message, hint=hint)


def _is_set(name: str) -> bool:
    return os.environ.get(name, "").lower() not in ("", "0", "false", "no")


def _forked() -> None:
    for loaded in _LOADED.values():
        loaded.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
