"""`promptops run`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from promptops.errors import BUG, INTERRUPTED, OUTAGE
from promptops.records import replace
from promptops.terminal.complete import complete_profile
from promptops.terminal.options import (
    CallOptions,
    Command,
    at_option,
    common,
    given_case_option,
    input_option,
    model_calls,
    output_option,
    prompt_argument,
    select_option,
)
from promptops.terminal.output import OutputOptions

if TYPE_CHECKING:
    from promptops.commands.run.run import GivenInputs
    from promptops.model.prompt_run import PromptRun
    from promptops.workspace.workspace import Workspace


@click.command(cls=Command)
@prompt_argument
@given_case_option(help="Use the inputs of this test case, and judge the answer by its assertions.")
@input_option
@select_option(
    "--inputs", "file", metavar="FILE", help="A JSON file with the inputs; `-` is standard input."
)
@select_option(
    "--model",
    "models",
    multiple=True,
    metavar="PROFILE",
    shell_complete=complete_profile,
    help="Call this model profile instead of the prompt's own; repeatable, to compare answers.",
)
@output_option(
    "--save-case",
    "saved",
    metavar="NAME",
    help="Add the inputs to the prompt's test cases, under this name.",
)
@model_calls
@at_option
@common("text", "json")
def command(output: OutputOptions, identity: str, calls: CallOptions, **options: Any) -> int:
    """Call the model and print its answer as it arrives; model, tokens, cost and time follow.

    The answer goes to stdout, everything else to stderr. Nothing is recorded. Inputs come from
    options, from a test case, or as a JSON object from standard input. Exits 1 if the answer
    violates a contract, 5 if a model gave no complete answer.

    \b
    Example:
      promptops run support/triage -i product=hub -i ticket=@mail.txt
      promptops run support/triage --case 'no known issues'
      promptops run support/triage --case 'no known issues' --model fast --model strong
      echo '{"product": "hub", "ticket": "It beeps"}' | promptops run support/triage
      promptops run support/triage -i product=hub -i ticket=Hi --save-case greeting
    """
    from promptops.terminal.part_imports import import_parsers

    import_parsers()  # the rest of these libraries is not used before the first text arrives
    from promptops.commands.run.run import refuse_calls
    from promptops.storage.gc_paused import uncollected
    from promptops.workspace.workspace import workspace

    refuse_calls()
    opening = workspace(output.directory, options["revision"], output.overrides)
    with uncollected(), opening as opened:  # most objects are of the client's package
        run = _run(output, opened, identity, calls, options)
    _write(output, run)
    return _exit_code(run)


def _run(
    output: OutputOptions,
    opened: Workspace,
    identity: str,
    calls: CallOptions,
    options: dict[str, Any],
) -> PromptRun:
    from promptops.commands.run.report import ShownAnswers
    from promptops.commands.run.run import PromptRunOptions, run_prompt
    from promptops.workspace.named_prompts import required_prompt
    from promptops.workspace.render import readable_prompt

    prompt = readable_prompt(opened, required_prompt(opened, identity))
    models = tuple(dict.fromkeys(options["models"]))
    given = _inputs(output, options).of(prompt)
    settings = PromptRunOptions(
        watcher=ShownAnswers(output, models if models[1:] else ()),
        models=models,
        settings=calls.settings(opened.config.test),
        trusted=calls.trust_config,
        save_as=options["saved"],
        event=calls.budgeted_event,
    )
    return run_prompt(opened, prompt, given, settings)


def _inputs(output: OutputOptions, options: dict[str, Any]) -> GivenInputs:
    from io import BytesIO

    from promptops.commands.run.run import GivenInputs

    return GivenInputs(
        case=options["case"],
        written=options["given"],
        file=options["file"],
        directory=output.directory,
        stdin=BytesIO() if sys.stdin is None else sys.stdin.buffer,
    )


def _write(output: OutputOptions, run: PromptRun) -> None:
    from promptops.commands.run.report import result_lines

    # On stdout the text was printed while it arrived.
    formats = tuple(pair for pair in output.formats if pair != ("text", "-"))
    # The verdict follows: the name of a file needs no other one.
    replace(output, formats=formats, default="json").write_report("run", run)
    for line in result_lines(run, output.style):
        output.cause(line)


def _exit_code(run: PromptRun) -> int:
    if run.interrupted:
        return INTERRUPTED
    if any(answer.internal for answer in run.answers):
        return BUG
    if run.incomplete or run.infrastructure:
        return OUTAGE
    return int(run.failed)
