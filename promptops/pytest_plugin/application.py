"""Recorded answers for one test of an application; one server for each process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from promptops.errors import PromptopsError, UsageError
from promptops.pytest_plugin.prompts import Watcher, error_text, run_settings
from promptops.records import record, replace
from promptops.replay.recordings import DEFAULT, RecordingFile
from promptops.replay.server import (
    RecordOptions,
    Replay,
    ReplayServer,
    recording_file,
    replay_server,
)
from promptops.workspace.workspace import Workspace, workspace

_RECORD = "--promptops-record"


@record(frozen=True, slots=True)
class _Session:
    """What all tests of a process share."""

    workspace: Workspace
    server: ReplayServer
    files: dict[Path, RecordingFile]


class _Outcomes:
    """Notes which tests ran to their end, and so sent all of their requests."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        if call.when == "call":
            item.stash[_PASSED] = call.excinfo is None


_SESSION = pytest.StashKey[_Session]()
_PASSED = pytest.StashKey[bool]()


def replayed(request: pytest.FixtureRequest) -> Iterator[Replay]:
    """Answer the requests of one test; the environment is restored at its end."""
    problem = ""
    try:
        session = _session(request.config)
        file = _file(session, request)
        file.read()
    except PromptopsError as error:
        problem = error_text(error)
    if problem:
        pytest.fail(problem, pytrace=False)
    server = session.server
    replay = server.begin(request.node.nodeid, file)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment(os.environ).items():
            patch.setenv(name, value)
        yield replay
    try:
        server.end(complete=request.node.stash.get(_PASSED, False))
    except PromptopsError as error:
        replay.problems.append(error_text(error))
    if replay.problems:
        pytest.fail("\n".join(replay.problems), pytrace=False)


def _session(config: pytest.Config) -> _Session:
    if _SESSION not in config.stash:
        stack = ExitStack()
        config.add_cleanup(stack.close)
        opened = stack.enter_context(workspace(config.rootpath))
        file = recording_file(opened, config.rootpath / DEFAULT)
        options = _record_options(config, opened) if config.getoption(_RECORD) else None
        server = replay_server(opened, file, f"to record it: pytest {_RECORD}", record=options)
        stack.callback(server.close)
        config.pluginmanager.register(_Outcomes())
        config.stash[_SESSION] = _Session(opened, server, {file.path: file})
    return config.stash[_SESSION]


def _file(session: _Session, request: pytest.FixtureRequest) -> RecordingFile:
    """The file that the nearest marker names, or the default one."""
    marker = request.node.get_closest_marker("promptops_replay")
    try:
        name = _named(*marker.args, **marker.kwargs) if marker else DEFAULT
        path = request.config.rootpath / name
    except TypeError:
        raise UsageError("write the marker as promptops_replay(recordings=PATH)") from None
    if path not in session.files:
        session.files[path] = recording_file(session.workspace, path)
    return session.files[path]


def _named(recordings: str = DEFAULT) -> str:
    return recordings


def _record_options(config: pytest.Config, opened: Workspace) -> RecordOptions:
    """The limits of `test --record`; the budget is shared by the processes of pytest-xdist."""
    settings = run_settings(opened.config.test)
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if settings.max_cost_usd is not None:
        settings = replace(settings, max_cost_usd=settings.max_cost_usd / processes)
    return RecordOptions(
        settings=settings, environment=dict(os.environ), announce=Watcher(config).calls
    )
