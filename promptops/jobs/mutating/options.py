"""Options of mutation testing."""

from __future__ import annotations

from promptops.jobs.testing.options import RunOptions
from promptops.records import record

MAX_LIVE_MUTANTS = 20
"""The number of survivors of a prompt that a model is called about, unless another is given."""

LIVE_CASES = 10
"""The number of cases for each of them."""


@record(frozen=True, slots=True, kw_only=True)
class MutateOptions:
    """What is broken, and when the run fails.

    Attributes:
        operators: Names; empty for all.
        live: Call the model about survivors.
        max_mutants: For `live`, the largest number of survivors of each prompt.
        fail_under: The required score in percent; None for that of the configuration.
        run: The names of the cases, and how models are called.
    """

    operators: tuple[str, ...] = ()
    live: bool = False
    max_mutants: int = MAX_LIVE_MUTANTS
    fail_under: float | None = None
    run: RunOptions
