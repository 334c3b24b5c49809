"""The entry point of `promptops`: runs a command, reports errors and returns the exit code.

The command lines of the commit hooks run without importing click, to save time.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from promptops.errors import BUG, INTERRUPTED, USAGE, PromptopsError, UsageError

if TYPE_CHECKING:
    import click

    from promptops.commands.lint.linting import LintArguments
    from promptops.repo.tree import Staged
    from promptops.terminal.output import OutputOptions

STDOUT = 1
STOPS_BISECT = 128
"""Added to an exit code, it makes `git bisect run` stop."""
BISECT_RUN_CODES = (0, 1, 125)

ENDLESS_COMMANDS = frozenset(("lsp", "replay", "ui", "--watch"))
COLLECTS_AFTER = 50_000
"""New objects before a garbage collection; a process that ends soon rarely needs one."""
HOOK_COLLECTS_AFTER = 1_000_000
"""A usual commit creates a tenth of these objects."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command line and exit with its code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    ends = ENDLESS_COMMANDS.isdisjoint(arguments)
    if ends:
        is_hook = tuple(arguments) in HOOK_LINES
        gc.set_threshold(HOOK_COLLECTS_AFTER if is_hook else COLLECTS_AFTER)
    code = run(arguments)
    if ends and argv is None:
        exit_at_once(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run a command line; returns the exit code. Errors are reported here and nowhere else."""
    code = _code_of(arguments)
    # `git bisect run` takes any other code below 128 for a bad commit, and stops at one above.
    is_step = "bisect" in arguments and "--here" in arguments  # `-C DIR` may come first
    stops = is_step and code not in BISECT_RUN_CODES
    return code | STOPS_BISECT if stops else code


def _code_of(arguments: list[str]) -> int:
    try:
        return _run_hook(arguments) if tuple(arguments) in HOOK_LINES else _run(arguments)
    except PromptopsError as error:
        _report_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        _print_error("interrupted")
        return INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        # click exits by itself after completing for a shell, and when the reader of stdout is gone.
        if "_PROMPTOPS_COMPLETE" in os.environ:
            raise
        # Any other exit, perhaps of a plug-in, must not look like success.
        closed = isinstance(error, OSError) or _raised_in(error).startswith("click.")
        return _reader_closed() if closed else _bug(error)
    except BaseException as error:  # noqa: BLE001  # a panic of a Rust library is not an Exception
        return _unwritten(error) if isinstance(error, OSError) else _bug(error)


def _unwritten(error: OSError) -> int:
    """An error of the operating system: of click, which prints help and notes, or a bug."""
    if not _raised_in(error).startswith("click."):
        return _bug(error)
    from promptops.terminal.output import unwritable_stdout

    _report_error(unwritable_stdout(error))
    return unwritable_stdout(error).exit_code


def _raised_in(error: BaseException) -> str:
    """The name of the module that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return str(trace.tb_frame.f_globals.get("__name__", "")) if trace is not None else ""


def _reader_closed() -> int:
    """The reader of stdout closed it, as `head` does; that is not an error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)
    return 0


def _run_hook(line: list[str]) -> int:
    """Run a hook; most commits stage no file that promptops reads, and end here."""
    from promptops.workspace.hook_fast_exit import staged_files

    staged = staged_files()
    if not staged.relevant:
        return 0
    # Otherwise click would complete the line or reject the directory.
    completes = "_PROMPTOPS_COMPLETE" in os.environ
    if not completes and os.path.isdir(".") and os.access(".", os.R_OK):
        return run_hook(line, staged.listing)
    staged.close()
    return _run(line)


def _refuse_option_as_revision(arguments: list[str]) -> None:
    """click parses `--since=--help` as two options: a script that passes a name would succeed."""
    for argument in arguments:
        if argument.startswith("--since=-"):
            name = argument.partition("=")[2]
            raise UsageError(
                f"{name!r} is not a revision", hint="write a branch of that name as refs/heads/NAME"
            )


def _run(arguments: list[str]) -> int:
    import click

    from promptops.cli.group import group

    _refuse_option_as_revision(arguments)
    try:
        code = group.main(arguments or ["--help"], prog_name="promptops", standalone_mode=False)
        if not arguments:
            return USAGE
        return code if isinstance(code, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:  # a group without a command
        _print_error(error.format_message())
        return USAGE
    except click.ClickException as error:
        _print_error(f"error: {_visible(_message(error))}")
        context = getattr(error, "ctx", None)
        if context is not None:
            _print_error(f"  tip: {context.command_path} --help")
        return USAGE
    except click.Abort:
        _print_error("interrupted")
        return INTERRUPTED


def _message(error: click.ClickException) -> str:
    """click's message; its nearest option only if more than the dashes are alike."""
    import click

    if not isinstance(error, click.NoSuchOption):
        return _too_many_arguments(error) or error.format_message()
    from promptops.suggestions import nearest_name

    known = [name.lstrip("-") for name in error.possibilities or ()]
    near = nearest_name(error.option_name.lstrip("-"), known)
    hint = f"; did you mean `--{near}`?" if near else ""
    hint = _written_otherwise(error) or hint or _setting(error)
    return f"No such option {error.option_name!r}{hint}"


def _written_otherwise(error: click.NoSuchOption) -> str:
    """What to type for a format, and for the revision of `diff`."""
    from promptops.terminal.options import formats_of

    if error.ctx is None:
        return ""
    if error.ctx.info_name == "diff" and error.option_name == "--since":
        return "; write `promptops diff REV...`"
    name = error.option_name.removeprefix("--")
    return f"; write `--format {name}`" if name in formats_of(error.ctx.command) else ""


def _too_many_arguments(error: click.ClickException) -> str | None:
    """The message about arguments that the command does not take; None for another error."""
    import click

    message = error.format_message()
    prefix, _, extra = message.partition(" (")
    if not prefix.startswith("Got unexpected extra argument") or not isinstance(
        error, click.UsageError
    ):
        return None
    context = error.ctx
    if context is None:
        return None
    taken = [p for p in context.command.params if isinstance(p, click.Argument)]
    names = " ".join(param.make_metavar(context) for param in taken)
    takes = f"only one {names}" if len(taken) == 1 else f"only {names}" if taken else "none"
    return f"Too many arguments: {extra.removesuffix(')')}; {context.info_name} takes {takes}"


def _setting(error: click.NoSuchOption) -> str:
    """The settings of the configuration that have the name of an unknown option."""
    from promptops.model.config import Config

    command = error.ctx.info_name if error.ctx is not None else None
    tables = ("lint", "check") if command in ("check", "release") else (command or "",)
    name = error.option_name.lstrip("-")
    known = [t for t in tables if hasattr(getattr(Config(), t, None), name.replace("-", "_"))]
    if not known:
        return ""
    settings = " or ".join(f"`{table}.{name}`" for table in known)
    return f"; it is a setting: {settings} in promptops.toml, or --config for one run"


def _report_error(error: PromptopsError) -> None:
    from promptops.terminal.shown_errors import shown_error

    for one in (error, *error.others):
        _print_error(shown_error(one))


def _print_error(text: str) -> None:
    """Print to stderr; if it can't be written, the exit code has to do."""
    with suppress(OSError):
        print(text, file=sys.stderr)


def _visible(text: str) -> str:
    from promptops.report.visible import visible_line

    return "\n".join(map(visible_line, text.replace("\t", "  ").split("\n")))


def _bug(error: BaseException) -> int:
    if os.environ.get("PROMPTOPS_DEBUG"):
        import traceback

        traceback.print_exc()
    from promptops.analysis.secrets import without_secrets
    from promptops.model.internal_error import HINT

    cause = _visible(without_secrets(f"{type(error).__name__}: {error}"))
    _print_error(f"error: a bug in promptops: {cause}")
    _print_error(f"  tip: {HINT}")
    return BUG


def exit_at_once(code: int) -> None:
    """End the process with this exit code, unless work remains to be done at exit.

    Returns if a thread is running, an `atexit` function is registered, a debugger or profiler is
    attached, or the code is 0 and output can't be flushed: Python then exits in its usual way.
    """
    if not _work_remains() and (_flushed() or code):
        os._exit(code & 0xFF)


def _work_remains() -> bool:
    threading = sys.modules.get("threading")
    if threading is not None and threading.active_count() > 1:
        return True
    return bool(atexit._ncallbacks() or sys.gettrace() or sys.getprofile())


def _flushed() -> bool:
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True


# The command lines of the commit hooks.

HOOK_LINES = (("lint", "--staged"), ("lint", "--fix", "--staged"))
"""Click parses all other lines.

Both ways call the same function with the same arguments, as `tests/cli/test_hook_lines.py` checks.
"""


def run_hook(line: list[str], staged: Staged | None = None) -> int:
    """Run one of these lines; returns the exit code.

    Args:
        staged: The listing of staged files, if git was already called for it.
    """
    from promptops.terminal.part_imports import import_parsers

    import_parsers()
    from promptops.commands.lint.linting import run_lint

    try:
        return run_lint(hook_output(), hook_arguments(line), staged)
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\n")  # as click does, so that the message starts a line
        raise KeyboardInterrupt from None


def hook_arguments(line: list[str]) -> LintArguments:
    """The arguments that one of these lines sets."""
    from promptops.commands.lint.linting import LintArguments

    return LintArguments(staged=True, fix="--fix" in line)


def hook_output() -> OutputOptions:
    """The output options of a line that sets none."""
    from pathlib import Path

    from promptops.commands.lint.linting import FORMATS
    from promptops.terminal.output import OutputOptions, wants_color

    return OutputOptions(Path(), ((FORMATS[0], "-"),), quiet=False, color=wants_color())
