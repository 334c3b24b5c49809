"""`promptops replay`."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import click

from promptops.errors import FAILED
from promptops.plurals import counted
from promptops.records import record
from promptops.records.outputs import output as output_of
from promptops.terminal.options import (
    PLAIN,
    CallOptions,
    Command,
    Option,
    batch_calls,
    call_option,
    common,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.replay.server import RecordOptions
    from promptops.workspace.workspace import Workspace


@output_of("replay")
@record(frozen=True, slots=True, kw_only=True)
class ServedReplay:
    """What `replay` prints when it serves.

    Attributes:
        address: Of the server, such as `http://127.0.0.1:8000`.
        recordings: The path of the application's own recordings, relative to the repository root,
            forward slashes.
        environment: Variables that send the official clients to the server, with dummy API keys
            for the clients that find none.
    """

    address: str
    recordings: str
    environment: dict[str, str]


@click.command(cls=Command)
@click.option(
    "--port",
    cls=Option,
    heading=PLAIN,
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="Listen on this port; any free one by default.",
)
@click.option(
    "--recordings",
    cls=Option,
    heading=PLAIN,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The application's own recordings; tests/promptops.recordings.jsonl by default.",
)
@call_option("--record", is_flag=True, help="Call the model for missing answers; record them.")
@batch_calls
@common("text", "json")
def command(
    output: OutputOptions, port: int, recordings: Path | None, record: bool, calls: CallOptions
) -> int:
    """Serve recorded answers to an application, in place of the model APIs.

    It prints the environment variables that send the official clients of OpenAI, Anthropic and
    Google to it, and answers until Ctrl-C. Exits 1 if a request had no recording.

    \b
    Example:
      promptops replay --port 8700
      promptops replay --record
    """
    from promptops.replay.recordings import DEFAULT
    from promptops.replay.server import recording_file, replay_server
    from promptops.report.data_text import write_json
    from promptops.report.visible import visible_line
    from promptops.workspace.workspace import workspace

    with workspace(output.directory, overrides=output.overrides) as opened:
        own = opened.repository.root / DEFAULT
        path = own if recordings is None else (output.directory / recordings).resolve()
        file = recording_file(opened, path)
        server = replay_server(
            opened,
            file,
            "to record it: promptops replay --record",
            record=_record_options(calls, opened) if record else None,
            port=port,
            on_problem=lambda problem: click.echo(visible_line(problem), err=True),
        )
        try:
            served = ServedReplay(
                address=server.address,
                recordings=file.name,
                environment=server.environment(os.environ),
            )
            output.write_each(
                lambda name, _: _text(served) if name == "text" else write_json(served)
            )
            output.note("Ctrl-C ends the server")
            _wait()
        finally:
            server.close()
    requests, problems = server.replay.requests, server.replay.problems
    answered = sum(request.status == 200 for request in requests)
    output.note(f"answered {answered:,} of {counted(len(requests), 'request')}")
    return FAILED if problems else 0


def _record_options(calls: CallOptions, opened: Workspace) -> RecordOptions:
    from promptops.replay.server import RecordOptions
    from promptops.testing.model_calls import within_budget

    config = opened.config.test
    settings = within_budget(calls.settings(config), config.budget, calls.budgeted_event)
    return RecordOptions(
        settings=settings,
        environment=dict(os.environ),
        trusted=calls.trust_config,
        announce=lambda line: click.echo(line, err=True),
    )


def _text(served: ServedReplay) -> str:
    import shlex

    pairs = served.environment.items()
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in pairs)


def _wait() -> None:
    """Until Ctrl-C, or SIGTERM."""
    ended = Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    try:
        while not ended.wait(3600):
            pass
    except KeyboardInterrupt:
        pass
