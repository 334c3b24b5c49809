"""REP011."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.unread_prompts import UNREAD_MESSAGE, unread_prompts
from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import LintRun
from promptops.model.place import Place


@rule("REP011", severity=Severity.WARNING)
def unread_prompt(catalog: Catalog, run: LintRun) -> Iterator[Problem]:
    """A file that looks like a prompt has the suffix of a prompt file.

    Only files that end in `.prompt.yaml` or `.prompt.yml` are prompts. If one is renamed to
    `ask.yaml`, it silently leaves the catalog: no rule reads it, no test case runs, and the next
    release does not contain it.

    The rule checks files below the prompt roots that no prompt names. A YAML file looks like a
    prompt if it has `format: promptops/…` or `messages:` at its top level. These are prompts of
    other tools, which `promptops import` reads: `.prompty` and `.prompt` files, `.prompt.md` with
    the header of VS Code, and JSON that contains messages and a model or a system message.

    Bad:
        --- prompts/ask.yaml
        format: promptops/1
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
        yield Problem(UNREAD_MESSAGE, at=Place(one.path), hint=one.command)
