"""`promptops completion`."""

from __future__ import annotations

import click

from promptops.errors import UsageError
from promptops.terminal.options import Command, common
from promptops.terminal.output import OutputOptions

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
@common("text")
def command(output: OutputOptions, shell: str) -> int:
    """Print the shell completion script for commands, options, prompt ids and cases.

    \b
    Example:
      eval "$(promptops completion bash)"                                     in ~/.bashrc
      eval "$(promptops completion zsh)"                                      in ~/.zshrc
      promptops completion fish > ~/.config/fish/completions/promptops.fish   once
    """
    output.write(_script(shell))
    return 0


def _script(shell: str) -> str:
    from click.shell_completion import get_completion_class

    from promptops.cli.group import group

    known = get_completion_class(shell)
    if known is None:
        raise UsageError(f"click can't complete in {shell}", hint=f"one of: {', '.join(SHELLS)}")
    completion = known(group, {}, "promptops", "_PROMPTOPS_COMPLETE")
    # `source()` would start a bash to ask for its version, which need not be the one at hand.
    return completion.source_template % completion.source_vars()
