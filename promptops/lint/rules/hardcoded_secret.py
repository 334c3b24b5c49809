"""SEC001."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.secrets import find_secrets
from promptops.lint import Problem, Severity, rule
from promptops.lint.searchable_text import Written
from promptops.runtime.template.limits import cached_by_size

# A partial is searched once for all prompts that use it.
_found = cached_by_size(16_000_000)(find_secrets)


@rule("SEC001", severity=Severity.ERROR, unsuppressable=True, masked=True)
def hardcoded_secret(written: Sequence[Written]) -> Iterator[Problem]:
    """The files of a prompt contain no API key, token, private key or password.

    Everyone who can read the repository, a bundle or a recording can use the secret, and a model
    can repeat any part of its prompt. A committed secret stays in the history, so removing the line
    is not enough: revoke it. The rule searches the prompt file with its keys and comments, and its
    case files, recordings, partials and schemas. The finding never shows the secret, and comments
    can't suppress it. Documented examples and placeholders such as `YOUR_API_KEY` are not reported.

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
    for source in written:
        for match in _found(source.text):
            yield Problem(
                match.message,
                at=source.place(match.start, match.end),
                hint="revoke it and remove it: it stays in the history once it is committed",
            )
