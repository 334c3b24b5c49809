"""An internal error: an exception caused by a bug in promptops, as a value."""

from __future__ import annotations

import os
from types import TracebackType

from promptops.errors import BUG, PromptopsError
from promptops.model.finding import Problem
from promptops.model.place import Place
from promptops.records import record

CODE = "internal-error"
"""In lower case, since it is not the code of a rule: nothing selects, ignores or suppresses it."""
NAME = "bug-in-promptops"
HINT = "report it with the output of PROMPTOPS_DEBUG=1"


@record(frozen=True, slots=True, kw_only=True)
class InternalError:
    """Facts about an exception, without its message, which may contain a secret.

    Attributes:
        type: The name of its class.
        at: Module and line of the innermost frame in this package, then of where it was raised, if
            that is elsewhere.
    """

    type: str
    at: str

    def __str__(self) -> str:
        return f"internal error: {self.type} at {self.at}"

    def problem(self, at: str | Place, subject: str = "") -> Problem:
        """The problem that reports it; `subject` names the check that failed."""
        where = f" ({subject})" if subject else ""
        return Problem(f"{self}{where}", at=at, hint=HINT, code=CODE)


def internal_error(error: BaseException) -> InternalError:
    """The value of an unexpected exception, whatever raised it.

    Some native modules raise panics that are no `Exception`, and a plug-in may raise `SystemExit`:
    callers catch `BaseException` and pass it here. Raises `error` again if it is not a bug: an
    error with an exit code of its own, an interruption; and always with PROMPTOPS_DEBUG, whose user
    wants the traceback.
    """
    is_expected = isinstance(error, PromptopsError) and error.exit_code != BUG
    is_expected = is_expected or isinstance(error, (KeyboardInterrupt, GeneratorExit))
    if is_expected or os.environ.get("PROMPTOPS_DEBUG"):
        raise error
    return InternalError(type=type(error).__name__, at=_place(error.__traceback__))


def _place(trace: TracebackType | None) -> str:
    ours = last = ""
    while trace is not None:
        last = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        if last.startswith("promptops."):
            ours = last
        trace = trace.tb_next
    return last if last == ours else f"{ours or 'an unknown place'}, raised in {last}"
