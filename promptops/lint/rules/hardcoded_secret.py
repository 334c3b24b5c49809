"""SEC001."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.secrets import find_secrets
from promptops.lint import Problem, Severity, rule
from promptops.lint.searchable_text import Written
from promptops.runtime.template.sized_cache import cached_by_size

_found = cached_by_size(16_000_000)(find_secrets)  # a partial is searched once for all its prompts


@rule("SEC001", severity=Severity.ERROR, unsuppressable=True, masked=True)
def hardcoded_secret(written: Sequence[Written]) -> Iterator[Problem]:
    """No key, token, private key or password is written in a prompt's files.

    Whoever can read the repository can use it, and so can whoever reads a bundle or a recording; a
    model repeats what stands in its prompt. A secret that was committed stays in the history, so
    taking the line out is not enough: revoke it. The prompt file is searched with its keys and
    comments, its case files, recordings, partials and schemas too. The finding never shows the
    secret, and no comment silences it. Documented examples and stand-ins such as
    `YOUR_API_KEY` are no secrets.

    Bad:
        messages:
          - role: user
            content: |
              Describe what this code does:
              client = Client(api_key="q8Zt3LmWv0XyRb7NcHs5KpDf2GjUe9Qa")

    Good:
        messages:
          - role: user
            content: |
              Describe what this code does:
              client = Client(api_key=os.environ["API_KEY"])
    """
    for each in written:
        for match in _found(each.text):
            yield Problem(
                match.message,
                at=each.place(match.start, match.end),
                hint="revoke it, and take it out: what was committed stays in the history",
            )
