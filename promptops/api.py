"""The functions for applications: `load`, `aload`, `pin`.

Loading from a file, a site or a package imports no code that reads repositories.
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
        """The bundle of one ref, from any kind of source."""

        @property
        def ready(self) -> bool:
            """Whether `get` returns at once."""

        def get(self, refresh_s: float, timeout_s: float) -> Bundle: ...

        def forked(self) -> None: ...


REFRESH_S = 60.0
TIMEOUT_S = 2.0
MAX_REMEMBERED = 1024
"""The number of refs whose bundles stay in memory."""

AnyPath = str | os.PathLike[str]
Key = tuple[str | None, AnyPath | None, AnyPath | None]


_LOADED: dict[Key, Loaded] = {}
_OVERRIDES: set[str] = set()
"""Values of PROMPTOPS_OVERRIDE that were logged."""

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

    Call it wherever prompts are needed: a loaded bundle stays in memory, is shared by all callers
    with the same arguments, and is returned in under a microsecond. The process reads the
    environment variables when it first loads a ref, and not again.

    Args:
        ref: `v1.8.0`, exactly that release; `^1.2`, `~1.2.3`, `>=1,<2`, the highest matching
            release, a prerelease only if the range names one; `production`, the release of that
            channel; `sha256:…`, a bundle by its content; `git:REV`, any revision, for development.
            Only a bundle file needs none: it has one release.
        source: A git repository, a bundle file or the folder of a site on this machine,
            `https://…` (a site), `git+https://…`, `git+ssh://…`, `git+file://…`, or `pkg:NAME`, a
            bundle in an installed package. The default is PROMPTOPS_SOURCE, else the repository
            around the current directory.
        trust: File of allowed signers: a bundle that none of them signed is refused. The default
            is PROMPTOPS_TRUST; without both, only the digest is verified.
        refresh_s: Seconds after which a channel, a range or a revision is resolved again. This
            happens in the background; callers continue with the current bundle. Each interval is
            varied by up to a fifth, the first one is a random part of it, and after failures it
            doubles, up to ten times, so that many replicas do not send requests at once. If a site
            replies with `Retry-After`, the next request waits for that time, at most an hour.
        timeout_s: Seconds for a source on another machine if nothing is loaded yet.

    Raises:
        NotFound: There is no such release, channel or source; another one is never substituted.
        UsageError: The ref is not valid, or missing; the error lists the possible refs.
        IntegrityError: A bundle is damaged, is not the expected one or has no trusted signature; or
            the serial of a channel decreased. A bundle that was loaded before stays in use.
        TransportError: The source can't be reached, or lacks the release that its channel names,
            and this machine has no cached copy. With a copy, the last known bundle is returned with
            `stale` true. The error of a source on another machine is raised again without a new
            request for up to `refresh_s`, at most a minute, unless it replied with `Retry-After`.
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
    """As `load`; other tasks continue while a bundle is loaded for the first time."""
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
        except Exception as error:  # noqa: BLE001  # the caller that awaits raises it
            outcome = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, outcome)

    # Not a thread of an executor: the program would wait for it before it ends.
    Thread(target=copy_context().run, args=(run,), name="promptops", daemon=True).start()
    return await future


@contextmanager
def pin() -> Iterator[None]:
    """Inside of it, each ref keeps the bundle that it had when it was first loaded there.

    For example for one request of a user that loads prompts in several places. It applies to the
    thread or task that entered it and to tasks created inside. A nested `pin` joins the outer one.
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
    from promptops.runtime.loading.resolver import RefResolver
    from promptops.runtime.loading.snapshots import Snapshot, named_source, opened

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
    from promptops.loading import GitReleases

    return GitReleases(where, offline=offline)


def _work_tree(folder: str) -> Loaded:
    _refuse_where_frozen("PROMPTOPS_OVERRIDE is for development")
    from pathlib import Path

    from promptops.loading import LiveTree

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
