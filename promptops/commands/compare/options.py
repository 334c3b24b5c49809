"""Options of a comparison."""

from __future__ import annotations

from promptops.model.arm import ArmKind
from promptops.records import record
from promptops.testing.options import RunOptions

MAX_ARMS = 8


@record(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """What is compared, and how.

    Attributes:
        names: Profiles, revisions or ids of prompts, as the user wrote them.
        reference: The arm that the others are compared with; None for the prompt as it stands.
        require: The arm that must be fit, or "".
        margin: The acceptable loss in percentage points, for all prompts; None for the margin of
            the prompt or of the configuration.
        run: How answers are found; `repeats` is the largest number of answers to each case.
    """

    kind: ArmKind
    names: tuple[str, ...]
    reference: str | None = None
    require: str = ""
    margin: float | None = None
    run: RunOptions
