"""The work that all assertions of one case may take over one request or answer.

Each assertion has limits of its own; a case file has room for thousands of assertions, and each
may read the whole text again.
"""

from __future__ import annotations

from collections.abc import Mapping

from promptops.evals.verdict import Undecided

MAX_WORK = 2_000_000_000
"""In units of about a nanosecond."""

_EACH = 20_000
_PER_CHARACTER = 10
_PER_CHARACTER_OF: Mapping[str, int] = {
    "contains-json": 100,
    "json-schema": 1_000,
    "no-injection": 100,
    "no-personal-data": 300,
    "no-secrets": 300,
    "supported": 100,
}


class CaseWork:
    """The remaining work of one case, in units."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_WORK

    def begin(self, kind: str, chars: int) -> None:
        """Count an assertion before it is checked; raises Undecided if no work is left.

        The assertion that takes the last units is checked: it has limits of its own.

        Args:
            kind: Its type, without `not-`.
            chars: The characters that it reads.
        """
        if self._left < 0:
            raise Undecided("the assertions of this case take too long: use fewer of them")
        self.count(_EACH + chars * _PER_CHARACTER_OF.get(kind, _PER_CHARACTER))

    def count(self, units: int) -> None:
        """Count work that depends on more than the number of characters."""
        self._left -= units
