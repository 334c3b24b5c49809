"""REP014."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.unread_prompts import UNREAD_MESSAGE, unread_prompts
from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import LintRun
from promptops.model.place import Place


@rule("REP014", severity=Severity.WARNING)
def possible_prompt(catalog: Catalog, run: LintRun) -> Iterator[Problem]:
    """A file that may be a prompt is read as one.

    The rule checks files below the prompt roots that no prompt names. These may be prompts: a YAML
    file with `messages:` at its top level, a copy of a prompt beside it, such as
    `ask.prompt.yaml.orig`, and files of other tools, which `promptops import` reads: `.prompty` and
    `.prompt` files, `.prompt.md` with the header of VS Code, and JSON that contains messages and a
    model or a system message. [REP011](REP011.md) reports files that certainly are prompts.

    Bad:
        --- prompts/ask.yaml
        messages:
          - {role: user, content: Say hello.}

    Bad:
        --- prompts/ask.prompty
        ---
        name: ask
        ---
        user:
        Say hello.

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}
    """
    paths = catalog.files.entries if run.concerned is None else run.concerned
    for one in unread_prompts(catalog, paths):
        if not one.certain:
            yield Problem(UNREAD_MESSAGE, at=Place(one.path), hint=one.fix)
