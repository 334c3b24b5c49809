"""The work that all assertions of one case may take over one request or answer.

Each assertion has limits of its own; a case file has room for thousands of assertions, and each
may read the whole text again.
"""

from __future__ import annotations

from collections.abc import Mapping

from promptops.evals.verdict import Unjudgeable

MAX_WORK = 2_000_000_000
"""In units of about a nanosecond."""

_EACH = 20_000
_PER_CHARACTER = 10
_PER_CHARACTER_OF: Mapping[str, int] = {
    "citations": 100,
    "contains-json": 100,
    "expr": 100,
    "json-schema": 100,
    "no-leak": 1_000,
    "no-personal-data": 100,
    "no-secrets": 100,
    "regex": 100,
    "supported": 100,
}
_EACH_EXPRESSION = 5_000_000


class CaseWork:
    """The remaining work of one case, in units."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_WORK

    def charge(self, kind: str, chars: int, *, evaluates: bool) -> None:
        """Count an assertion before it is checked; raises Unjudgeable when no work is left.

        Args:
            kind: Its type, without `not-`.
            chars: The characters of the whole text.
            evaluates: It evaluates an expression.
        """
        self._left -= _EACH + chars * _PER_CHARACTER_OF.get(kind, _PER_CHARACTER)
        self._left -= _EACH_EXPRESSION if evaluates else 0
        if self._left < 0:
            raise Unjudgeable("the assertions of this case take too long: use fewer of them")
