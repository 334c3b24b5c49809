"""REP011."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.catalog.catalog import Catalog
from promptops.catalog.unread_prompts import UNREAD_MESSAGE, unread_prompts
from promptops.lint import Problem, Severity, rule
from promptops.lint.subject import LintRun
from promptops.model.place import Place


@rule("REP011", severity=Severity.ERROR)
def unread_prompt(catalog: Catalog, run: LintRun) -> Iterator[Problem]:
    """A prompt file has the suffix of a prompt file.

    Only files that end in `.prompt.yaml` or `.prompt.yml` are prompts. If one is renamed to
    `ask.yaml`, it silently leaves the catalog: no rule reads it, no test case runs, and the next
    release does not contain it. The same applies to a blank after the name.

    The rule checks files below the prompt roots that no prompt names: those with `format:
    promptops/…` at their top level, and those whose name has a blank at its end.
    [REP014](REP014.md) reports other files that look like prompts.

    Bad:
        --- prompts/ask.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}

    Good:
        --- prompts/ask.prompt.yaml
        format: promptops/1
        messages:
          - {role: user, content: Say hello.}
    """
    paths = catalog.files.entries if run.concerned is None else run.concerned
    for one in unread_prompts(catalog, paths):
        if one.certain:
            yield Problem(UNREAD_MESSAGE, at=Place(one.path), hint=one.fix)
