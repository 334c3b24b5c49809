"""Options that several commands share, and the arguments of their work that they become."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Callable, Mapping
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from click.core import ParameterSource

from promptops.errors import FAILED, INTERRUPTED, RUNNING, PromptopsError, UsageError
from promptops.percentages import share_as_margin, share_as_percent
from promptops.records import record
from promptops.suggestions import did_you_mean
from promptops.terminal.complete import complete_case, complete_prompt
from promptops.terminal.output import OutputOptions, wants_color

if TYPE_CHECKING:
    from promptops.evals.engine.ask import Settings
    from promptops.model.config import TestSettings
    from promptops.testing.model_calls import Event
    from promptops.testing.options import RunOptions
    from promptops.workspace.selection import SelectionOptions
    from promptops.workspace.workspace import Workspace


F = TypeVar("F", bound=Callable[..., Any])

_VERDICTS = {0, FAILED, RUNNING, INTERRUPTED}
"""Exit codes that report no error."""

HEADINGS = ("select", "options", "call the model", "decide", "output")
"""The headings of `COMMAND --help`, in their order."""
PLAIN = HEADINGS[1]
"""The heading of an option that is declared by `click.option`."""
SHARED = "shared"
"""The heading of the options that every command has, which are one line at the end."""
FORMAT_HELP = "Write this format, to FILE or to stdout; repeatable, at most one without =FILE."

_COLUMN = 24
"""Characters of the names of options; longer names have a line of their own."""


class Option(click.Option):
    """An option that knows its heading in `--help`; see `select_option` and the others."""

    def __init__(self, *names: Any, heading: str, **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        self.heading = heading

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Nothing: the text describes the range and the default."""
        return {}


class Command(click.Command):
    """A command whose `--help` shows its own options below headings."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections = options_by_heading(self)
        shared = [f"{each.opts[0]} {each.metavar or ''}".rstrip() for each in sections.pop(SHARED)]
        rows = {
            heading: [row for each in options if (row := each.get_help_record(ctx)) is not None]
            for heading, options in sections.items()
        }
        width = min(_COLUMN, max(len(names) for each in rows.values() for names, _ in each))
        for heading, each in rows.items():
            with formatter.section(heading):
                formatter.write_dl([(names.ljust(width), text) for names, text in each], _COLUMN)
        formatter.write_paragraph()
        formatter.write_text(f"shared (see promptops --help): {', '.join([*shared, '-h'])}")


def options_by_heading(command: click.Command) -> dict[str, list[click.Option]]:
    """The options of a command below the headings of `--help`, those of every command last."""
    options = [each for each in command.params if isinstance(each, click.Option)]
    found = {
        heading: [each for each in options if getattr(each, "heading", PLAIN) == heading]
        for heading in (*HEADINGS, SHARED)
    }
    return {heading: below for heading, below in found.items() if below}


def formats_of(command: click.Command) -> list[str]:
    """The formats that a command writes."""
    found = (each.help for each in command.params if getattr(each, "name", "") == "chosen")
    return str(next(found, "")).rstrip(".").split(", ")


def _below(heading: str) -> Callable[..., Callable[[F], F]]:
    def option(*names: str, **attributes: Any) -> Callable[[F], F]:
        return click.option(*names, cls=Option, heading=heading, **attributes)

    return option


select_option, _, call_option, decide_option, output_option = map(_below, HEADINGS)
"""`click.option` for an option below the heading of that name."""
_shared_option = _below(SHARED)


def option_group(
    name: str, make: Callable[..., object], *options: Callable[[Any], Any]
) -> Callable[[F], F]:
    """Options that belong together: a command gets what `make` makes of their values, as `name`."""

    def decorate(function: F) -> F:
        @wraps(function)
        def packed(*arguments: Any, **values: Any) -> Any:
            # `common` calls it, so that its errors are written in the requested format.
            made = partial(make, **{each: values.pop(each) for each in own})
            return function(*arguments, **{name: made}, **values)

        command: Any = packed
        for option in reversed(options):
            command = option(command)
        own = [param.name for param in command.__click_params__[-len(options) :]]
        return cast(F, command)

    return decorate


def common(*formats: str, acts: bool = False) -> Callable[[F], F]:
    """Add the options that every command has; the first format is the default.

    The command gets them as its first argument, an `OutputOptions`.

    Args:
        acts: Exit code 1 is not a verdict but means that nothing was done: `--quiet` does not hide
            why.
    """

    def decorate(function: F) -> F:
        @wraps(function)
        def command(
            directory: Path,
            chosen: tuple[str, ...],
            quiet: bool,
            no_color: bool,
            overrides: tuple[str, ...],
            **rest: Any,
        ) -> Any:
            pairs = _formats(chosen, formats)
            color = not no_color and wants_color()
            output = OutputOptions(directory, pairs, quiet, color, overrides, default=formats[0])
            try:
                made = {
                    name: each() if isinstance(each, partial) else each
                    for name, each in rest.items()
                }
                code = function(output, **made)
            except PromptopsError as error:
                output.write_error(error)
                raise
            if code not in (_VERDICTS - {FAILED} if acts else _VERDICTS):
                output.show_withheld()
            return code

        for option in reversed(_options(formats)):
            command = option(command)
        return cast(F, command)

    return decorate


def _options(formats: tuple[str, ...]) -> list[Callable[[Any], Any]]:
    directory = click.Path(exists=True, file_okay=False, path_type=Path)
    return [
        output_option(
            "--format",
            "chosen",
            multiple=True,
            metavar="FORMAT[=FILE]",
            help=f"{', '.join(formats)}.",
        ),
        _shared_option(
            "-C",
            "directory",
            type=directory,
            default=".",
            metavar="DIR",
            help="Run as if started in DIR.",
        ),
        _shared_option(
            "--config",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            help="Override the configuration for this run, in TOML: 'lint.select=[\"SEC\"]'.",
        ),
        _shared_option(
            "-q",
            "--quiet",
            is_flag=True,
            help="Suppress output, except what prevents a result; report by exit code.",
        ),
        _shared_option("--no-color", is_flag=True, help="Use no colours, even on a terminal."),
    ]


def _formats(chosen: tuple[str, ...], known: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for choice in chosen or (known[0],):
        name, _, file = choice.partition("=")
        if name not in known:
            hint = did_you_mean(name, known) or f"one of: {', '.join(known)}"
            raise UsageError(f"this command has no format {name!r}", hint=hint)
        if choice.endswith("="):
            raise UsageError(
                f"{choice!r} is missing the file", hint=f"write {name}=FILE, or {name}"
            )
        pairs.append((name, file or "-"))
    if sum(file == "-" for _, file in pairs) > 1:
        raise UsageError("only one format can go to stdout", hint="write --format NAME=FILE")
    return tuple(pairs)


prompt_argument = click.argument("identity", metavar="ID|PATH", shell_complete=complete_prompt)
"""One prompt; `given_case_option` completes its cases."""
given_case_option = partial(
    select_option, "-c", "--case", metavar="NAME", shell_complete=complete_case
)
input_option = select_option(
    "-i",
    "--input",
    "given",
    multiple=True,
    metavar="NAME=VALUE",
    help="Set an input; NAME=@FILE reads it from a file, also an image, a sound or a document;"
    " NAME=@@TEXT is text that begins with @.",
)
prompts_argument = click.argument(
    "patterns", nargs=-1, metavar="[ID|GLOB|PATH]...", shell_complete=complete_prompt
)
since_option = select_option(
    "--since",
    is_flag=False,
    flag_value="",
    metavar="[REV]",
    help="Only what changed since REV, and prompts that depend on it; default branch without REV.",
)
at_option = select_option(
    "--at",
    "revision",
    default="worktree",
    metavar="REV",
    help="Read a commit, tag or branch, or `index`; the work tree by default.",
)
tag_option = select_option(
    "--select",
    multiple=True,
    metavar="tag:NAME",
    help="Only prompts with this tag:, owner: or status:.",
)


def selected(**values: Any) -> SelectionOptions:
    """The prompts that `patterns`, `since` and `select` name."""
    from promptops.workspace.selection import SelectionOptions

    return SelectionOptions(
        patterns=values["patterns"], since=values.get("since"), selectors=values["select"]
    )


selection = option_group("wanted", selected, prompts_argument, since_option, tag_option)
"""Add `[ID|GLOB|PATH]...`, `--since` and `--select`, as `wanted`, a `SelectionOptions`."""
no_cache_option = click.option(
    "--no-cache", is_flag=True, help="Compute everything again, without the cache."
)
verbose_option = output_option(
    "-v",
    "--verbose",
    is_flag=True,
    help="Print answers of failing cases, and statistics.",
)


_NOT_AGAIN = (
    *("concurrency", "max_cost", "max_requests", "max_time", "event", "prune"),
    *("directory", "overrides", "chosen", "quiet", "no_color", "verbose"),
)


def command_again(**changed: object) -> str:
    """This command line without its limits and its output, to be typed for what it did not do.

    Args:
        changed: Values of parameters, by click's names, in place of those that were given.
    """
    context = click.get_current_context()
    words = ["promptops", *context.command_path.split()[1:]]
    for param in context.command.params:
        name = str(param.name)
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        value = context.params[name] if given and name not in _NOT_AGAIN else None
        value = changed.get(name, value)
        flag = [] if isinstance(param, click.Argument) else [max(param.opts, key=len)]
        for each in value if isinstance(value, tuple) else (value,):
            if each is True or (each == "" and str(param.metavar).startswith("[")):
                words += flag
            elif each is False:
                words += param.secondary_opts
            elif each is not None:
                words += [*flag, str(each)]
    return shlex.join(words)


def format_list(formats: Mapping[str, str]) -> str:
    """What `--formats` prints: names of formats with what they are, in columns."""
    width = max(map(len, formats))
    return "".join(f"{name.ljust(width)}  {marks}\n" for name, marks in formats.items())


def note_hidden(output: OutputOptions, workspace: Workspace) -> None:
    """Print which prompt files on disk are not read, and why."""
    from promptops.workspace.listing import hidden_prompts

    for sentence, hint in hidden_prompts(workspace):
        output.note(f"note: {sentence}")
        output.note(f"  tip: {hint}")


def note_hidden_or_refuse(output: OutputOptions, workspace: Workspace) -> None:
    """The same for a gate: raises InputError if nothing else is left to check."""
    from promptops.workspace.listing import refuse_only_hidden
    from promptops.workspace.workspace import refuse_missing_roots

    refuse_missing_roots(workspace.config, workspace.catalog.files.entries)
    refuse_only_hidden(workspace)
    note_hidden(output, workspace)


# Options of commands that call models, and the settings that they make.


class Amount(click.FloatRange):
    """A number from 0; neither NaN nor infinite."""

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return found


class Percent(Amount):
    """A number from 0 to 100; not a share such as 0.6."""

    def __init__(self) -> None:
        super().__init__(0, 100)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        found: float = super().convert(value, param, ctx)
        return _refuse_share(share_as_percent(_name(param), found), found)


class Margin(Amount):
    """Percentage points above 0, up to 100; not a share such as 0.03."""

    def __init__(self) -> None:
        super().__init__(0, 100, min_open=True)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        found = super().convert(value, param, ctx)
        return _refuse_share(share_as_margin(_name(param), found), found)


def _name(param: Any) -> str:
    return f"`{param.opts[0]}`"


def _refuse_share(problem: tuple[str, str] | None, found: float) -> float:
    if problem is not None:
        raise UsageError(problem[0], hint=problem[1])
    return found


case_option = select_option(
    "--case", "cases", multiple=True, metavar="NAME|GLOB", help="Only cases with this name."
)
repeats_option = call_option(
    "--repeats", type=click.IntRange(1), metavar="N", help="Use N answers for each case."
)
baseline_option = decide_option(
    "--baseline", metavar="REV", help="The revision that scores are compared with."
)
prune_aside_option = output_option(
    "--prune",
    is_flag=True,
    help="Remove recorded answers that this run does not use; only in a run of everything.",
)
"""For answers in a folder of their own; see `refuse_partial_prune`."""


def refuse_partial_prune(options: Mapping[str, Any], *more: str) -> None:
    """Raise UsageError if `--prune` is given and the run can't know what is used.

    Args:
        more: Names of options that select less than everything, besides those of all commands.
    """
    given = (
        name for name in ("live", "since", "select", "cases", *more) if _is_given(options, name)
    )
    name = next(given, "patterns" if options["patterns"] else "")
    if options["prune"] and name:
        what = _SHOWN.get(name, f"--{name}")
        why = "nothing is recorded" if name == "live" else "this run does not use all answers"
        raise UsageError(f"--prune and {what} exclude each other: {why}", hint="leave one out")


_SHOWN = {"patterns": "names of prompts", "cases": "--case", "families": "--family"}


def _is_given(options: Mapping[str, Any], name: str) -> bool:
    return options[name] not in (None, False, ())


def mode_options(**texts: str) -> Callable[[F], F]:
    """Add `--record`, `--live` or `--refresh`, each with its help, as `mode`; "replay" for none."""

    def mode(**given: bool) -> str:
        modes = [name for name in texts if given[name]]
        if modes[1:]:
            raise UsageError(f"--{modes[0]} and --{modes[1]} exclude each other")
        return modes[0] if modes else "replay"

    options = (call_option(f"--{name}", is_flag=True, help=text) for name, text in texts.items())
    return option_group("mode", mode, *options)


@record(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """How a command calls models: the values of `model_calls`; None for the configuration's."""

    concurrency: int | None = None
    max_cost: float | None = None
    max_requests: int | None = None
    max_time: float | None = None
    event: Event | None = None
    trust_config: bool = False

    def settings(self, config: TestSettings) -> Settings:
        """The limits of the calls; what is not given is configured."""
        from promptops.evals.engine.ask import Patience, Settings

        return Settings(
            concurrency=self.concurrency or config.concurrency,
            max_cost_usd=self.max_cost,
            max_requests=self.max_requests,
            max_time_s=self.max_time,
            patience=Patience(try_s=config.timeout_s, total_s=config.total_timeout_s),
        )

    @property
    def budgeted_event(self) -> Event | None:
        """The event whose budget applies: `--event`, or that of CI."""
        from promptops.testing.model_calls import ci_event

        return self.event or ci_event(os.environ)

    def run(self, output: OutputOptions, config: TestSettings, **chosen: Any) -> RunOptions:
        """The options of a run of cases with these calls; `chosen` are the other ones."""
        from promptops.terminal.progress import ShownProgress
        from promptops.testing.options import RunOptions

        return RunOptions(
            trusted=self.trust_config,
            settings=self.settings(config),
            event=self.budgeted_event,
            watcher=ShownProgress(output),
            **chosen,
        )


max_cost_option = call_option(
    "--max-cost",
    type=Amount(0),
    metavar="USD",
    help="Spend at most this much, in US dollars.",
)
trust_option = call_option(
    "--trust-config", is_flag=True, help="Approve the endpoints that the change configures."
)
_max_requests_option = call_option(
    "--max-requests",
    type=click.IntRange(1),
    metavar="N",
    help="Send at most N requests, including retries.",
)
_event_option = call_option(
    "--event",
    type=click.Choice(("commit", "pull_request", "nightly")),
    metavar="EVENT",
    help="Without --max-cost: the budget configured for commit, pull_request or nightly; "
    "detected in CI.",
)
model_calls = option_group(
    "calls",
    CallOptions,
    call_option(
        "-j",
        "concurrency",
        type=click.IntRange(1),
        metavar="N",
        help="Send N requests at a time; 16 unless configured.",
    ),
    max_cost_option,
    _max_requests_option,
    call_option(
        "--max-time",
        type=Amount(0),
        metavar="SECONDS",
        help="Stop sending then; requests under way are completed.",
    ),
    _event_option,
    trust_option,
)
"""Add the options of calls to models, as `calls`, a `CallOptions`."""
batch_calls = option_group(
    "calls", CallOptions, max_cost_option, _max_requests_option, _event_option, trust_option
)
"""The same for requests that a provider answers later."""
trusted_calls = option_group("calls", CallOptions, trust_option)
"""The same for calls that cost nothing."""
