"""SEC002."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from promptops.analysis.personal_data import find_personal_data
from promptops.lint import Problem, Severity, rule
from promptops.lint.searchable_text import Written
from promptops.model.place import Place
from promptops.runtime.template.limits import cached_by_size
from promptops.source.document import Document

_found = cached_by_size(16_000_000)(find_personal_data)


@rule("SEC002", severity=Severity.WARNING)
def pii_literal(document: Document, written: Sequence[Written]) -> Iterator[Problem]:
    """The files contain no e-mail or IP address, phone, card or account number of a person.

    Test cases are often copied from real conversations, and git keeps personal data in every clone
    forever. Values reserved for examples are allowed: addresses at `example.com`, phone numbers
    such as +1 202 555 0143, and card numbers that payment providers document for tests. The
    `owners` of a prompt are allowed too.

    Bad:
        inputs:
          properties:
            ticket: {type: string, maxLength: 8000}
        messages:
          - role: user
            content: "{{ ticket }}"
        tests:
          - name: a call back
            inputs: {ticket: "Please call me: +49 171 5520934"}
            rendered:
              - {type: contains, value: call}

    Good:
        inputs:
          properties:
            ticket: {type: string, maxLength: 8000}
        messages:
          - role: user
            content: "{{ ticket }}"
        tests:
          - name: a call back
            inputs: {ticket: "Please call me: +1 202 555 0143"}
            rendered:
              - {type: contains, value: call}
    """
    for source in written:
        for match in _found(source.text):
            place = source.place(match.start, match.end)
            if not _names_an_owner(document, place):
                example = ", such as `ada@example.com`" if match.name == "e-mail address" else ""
                hint = f"use a value that is reserved for examples{example}"
                yield Problem(match.message, at=place, hint=hint)


def _names_an_owner(document: Document, place: Place) -> bool:
    """Whether the place names an owner of the prompt, which is intended."""
    owners = document.value.get("owners") if isinstance(document.value, dict) else None
    for index in range(len(owners) if isinstance(owners, list) else 0):
        owner = document.place(f"/owners/{index}")
        is_on_line = owner.path == place.path and owner.line == place.line
        if is_on_line and owner.column <= place.column < owner.end_column:
            return True
    return False
