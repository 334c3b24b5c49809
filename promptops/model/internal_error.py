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


class CaughtBug:
    """Catches a bug in one thing, so that the others go on: `with CaughtBug() as bug:`.

    Some native modules raise panics that are no `Exception`, and a plug-in may raise `SystemExit`:
    both are caught. Not caught are an error with an exit code of its own and an interruption; with
    PROMPTOPS_DEBUG nothing is, because its user wants the traceback.

    Attributes:
        error: The value of the exception, or None.
    """

    __slots__ = ("error",)

    def __init__(self) -> None:
        self.error: InternalError | None = None

    def __enter__(self) -> CaughtBug:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None or _is_expected(error) or os.environ.get("PROMPTOPS_DEBUG"):
            return False
        self.error = InternalError(type=type(error).__name__, at=_place(trace))
        return True


def _is_expected(error: BaseException) -> bool:
    if isinstance(error, PromptopsError):
        return error.exit_code != BUG
    return isinstance(error, (KeyboardInterrupt, GeneratorExit))


def _place(trace: TracebackType | None) -> str:
    ours = last = ""
    while trace is not None:
        last = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        if last.startswith("promptops."):
            ours = last
        trace = trace.tb_next
    return last if last == ours else f"{ours or 'an unknown place'}, raised in {last}"
