"""Write man/git-promptops.1 from the commands, as `git promptops --help` shows it.

Run it after a command or an option changed: python scripts/make_man.py
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from promptops.cli.group import SECTIONS, group

PAGE = Path(__file__).parent.parent / "man" / "git-promptops.1"

HEAD = """\
.\\" Made by scripts/make_man.py; change the commands, not this file.
.TH GIT\\-PROMPTOPS 1 "" "git\\-promptops" "promptops"
.nh
.ad l
.SH NAME
git\\-promptops \\- prompts as code in git: checked on commit, reviewed by meaning, released by tag
.SH SYNOPSIS
.nf
\\fIgit promptops\\fR <command> [<options>] [<arguments>]
\\fIpromptops\\fR <command> [<options>] [<arguments>]
.fi
.SH DESCRIPTION
Prompts live as files in git. They are checked when they are committed, read as a difference in
review, tested before they ship, released by a tag, and loaded by that tag.
.PP
What is checked is what is committed: hooks read git's index and never the work tree. Each finding
stands at the character that a person must change, also through includes.
"""

TAIL = """\
.SH EXIT STATUS
.TP
.B 0
Clean.
.TP
.B 1
Findings at or above \\fB\\-\\-fail\\-on\\fR, failing cases, a gate that says no.
.TP
.B 2
Wrong usage.
.TP
.B 3
Bad input: a configuration or a file that can't be read at all.
.TP
.B 4
Git refused.
.TP
.B 5
A provider failed.
.TP
.B 70
A bug in promptops.
.TP
.B 130
Interrupted.
.SH ENVIRONMENT
.TP
.B PROMPTOPS_UNTRUSTED
Set to 1 where the change comes from a stranger, as a CI workflow does for forks: no plugin is
loaded and no code of the change is run.
.TP
.B PROMPTOPS_DEBUG
Set to 1 to stop at the first bug in promptops and print its traceback.
.TP
.B NO_COLOR
No colour, also on a terminal.
.SH FILES
.TP
.I promptops.toml
The configuration, at the root of the repository; or the table \\fI[tool.promptops]\\fR of
\\fIpyproject.toml\\fR.
.TP
.I prompts/**/*.prompt.yaml
The prompt files.
.SH SEE ALSO
.BR git (1),
.BR githooks (5)
"""


def page() -> str:
    """The whole page, as roff."""
    body = "".join(line for name in _names() for line in _command(name))
    return f"{HEAD}{_common()}.SH COMMANDS\n{body}{TAIL}"


def _names() -> list[str]:
    """In the order of `promptops --help`."""
    known = group.list_commands(click.Context(group))
    first = [name for names in SECTIONS.values() for name in names if name in known]
    return [*first, *(name for name in known if name not in first)]


def _loaded(name: str) -> click.Command:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    return command


def _common() -> str:
    """The options that every command has, once."""
    shared = [option for option in _options(_loaded("lint")) if option.name in _SHARED]
    lines = "".join(line for option in shared for line in _option(option, formats=False))
    return f'.SH OPTIONS OF EVERY COMMAND\n{lines}.TP\n.BR \\-h ", " \\-\\-help\nShow help.\n'


_SHARED = ("directory", "chosen", "overrides", "quiet", "no_color")


def _command(name: str) -> Iterator[str]:
    command = _loaded(name)
    text, _, example = inspect.cleandoc(command.help or "").partition("\b\nExample:\n")
    context = click.Context(
        command, info_name=f"promptops {name}", help_option_names=["-h", "--help"]
    )
    usage = " ".join(command.collect_usage_pieces(context))
    yield f".SS promptops {roff(name)} {roff(usage)}\n"
    for paragraph in filter(None, text.replace("\b\n", "").strip().split("\n\n")):
        yield f".PP\n{roff(paragraph)}\n"
    for option in _options(command):
        if option.name not in _SHARED or option.name == "chosen":
            yield from _option(option, formats=option.name == "chosen")
    if example:
        yield f".PP\nExample:\n.PP\n.nf\n.RS 4\n{roff(inspect.cleandoc(example))}\n.RE\n.fi\n"


def _options(command: click.Command) -> list[click.Option]:
    return [each for each in command.params if isinstance(each, click.Option) and not each.hidden]


def _option(option: click.Option, *, formats: bool) -> Iterator[str]:
    """One entry. What formats there are differs by command, so only there they are told."""
    names = ", ".join(f"\\fB{roff(name)}\\fR" for name in option.opts)
    value = "" if option.is_flag else f" \\fI{roff(_metavar(option))}\\fR"
    told = option.help or ""
    if option.name == "chosen" and not formats:
        told = "How to write the result; several at once, all but one into files."
    yield f".TP\n{names}{value}\n{roff(told)}\n"


def _metavar(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(str(choice) for choice in option.type.choices)
    return option.type.name.upper()


_GLYPHS = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"}


def roff(text: str) -> str:
    """Text that roff shows as it is: a command must come out of the page as it is typed."""
    text = "".join(_GLYPHS.get(char, char) for char in text)
    return re.sub(r"(?m)^(?=\.)", r"\\&", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
