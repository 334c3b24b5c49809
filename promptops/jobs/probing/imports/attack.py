"""One attack in a file of another tool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptops.errors import InputError
from promptops.records import record


@record(frozen=True, slots=True, kw_only=True)
class ImportedAttack:
    """One attack in a file.

    Attributes:
        kind: What its tool calls this kind of attack, such as `dan`.
        goal: What the attacker wants, for a judge; "" if the file does not have it.
        signs: Strings that only an answer to a successful attack contains.
        contracts: Further assertions that fail for a successful attack.
    """

    kind: str
    text: str
    owasp: str
    goal: str = ""
    signs: Sequence[str] = ()
    contracts: Sequence[Mapping[str, Any]] = ()


def utf8(path: str, data: bytes) -> str:
    """The text of a file, newlines as LF. Raises InputError."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise InputError("the file is not UTF-8", where=path) from None
