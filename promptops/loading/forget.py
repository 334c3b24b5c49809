"""Forget the state of a channel on this machine."""

from __future__ import annotations

from pathlib import Path

from promptops.errors import UsageError
from promptops.loading.releases import GitReleases
from promptops.runtime.loading.cache import BundleCache, cache_folder
from promptops.runtime.loading.refs import wrong_name
from promptops.runtime.loading.snapshots import named_source, opened
from promptops.runtime.loading.source import shown
from promptops.workspace.diagnosis import Diagnosis


def reset_channel(directory: Path, channel: str, source: str | None) -> Diagnosis:
    """Forget the last serial and release of a channel on this machine.

    Args:
        source: As `promptops.load` takes it; by default PROMPTOPS_SOURCE, else the repository
            around `directory`.

    Raises UsageError for no source, or for what can't be a channel; NotFound for a missing source.
    """
    problem = wrong_name(channel)
    if problem is not None:
        message = f"{channel!r} can't be the name of a channel: {problem}"
        raise UsageError(message, hint="such as `production`")
    named = named_source(source, directory.absolute)
    where = opened(named, lambda where: GitReleases(where, offline=True)).where
    serial, answers = BundleCache(cache_folder()).forget_channel(where, channel)
    name = f"channel {channel}"
    if not serial and not answers:
        hint = "name the source that the program passes: --source SOURCE"
        return Diagnosis(name, "note", f"nothing is remembered about it at {shown(where)}", hint)
    message = f"forgot serial {serial} and {answers} remembered answers of {shown(where)}"
    return Diagnosis(name, "ok", message, "restart the programs that load it")
