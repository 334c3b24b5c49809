"""Arms that send the same requests."""

from __future__ import annotations

from collections.abc import Sequence

from promptops.commands.compare.alternatives import Alternative, Alternatives
from promptops.commands.compare.arm_run import ArmRun
from promptops.errors import UsageError
from promptops.records import replace
from promptops.testing.answering import Answering
from promptops.testing.paired import Arm
from promptops.testing.plan import PlannedCase
from promptops.testing.recordings.store import Store

_Requests = tuple[str | None, ...]


def with_reference_named(found: Alternatives, plan: Sequence[PlannedCase]) -> Alternatives:
    """The arms; if one is what the work tree has, the reference has its name and takes its place.

    For example, HEAD if nothing was changed since.
    """
    own = tuple(planned.digest for planned in plan if planned.needs_answer)
    same = [arm for arm in found.others if own and _requests(_arm(arm, found), plan) == own]
    if not same:
        return found
    return replace(
        found,
        reference=replace(found.reference, name=same[0].name),
        others=tuple(arm for arm in found.others if arm is not same[0]),
    )


def refuse_equal_arms(arms: Sequence[ArmRun], plan: Sequence[PlannedCase]) -> None:
    """Raise UsageError if two arms send the same requests to all cases."""
    names: dict[_Requests, str] = {}
    for arm in arms:
        requests = _requests(arm.arm, plan)
        if not any(requests):
            continue
        first = names.setdefault(requests, arm.name)
        if first != arm.name:
            raise UsageError(
                f"`{first}` and `{arm.name}` send the same requests: there is nothing to compare",
                hint=_replaced_settings(arm, first) or "leave one out",
            )


def sends_same_requests(arm: ArmRun, reference: ArmRun, cases: Sequence[PlannedCase]) -> bool:
    """Whether an arm sends the reference's requests to these cases, so that it can't be worse.

    In a comparison over several prompts, some may have the model of an arm already.
    """
    requests = _requests(arm.arm, cases)
    return all(requests) and requests == _requests(reference.arm, cases)


def _replaced_settings(arm: ArmRun, other: str) -> str:
    """Which settings of two profiles differ without any effect, because the prompts set them."""
    profiles = arm.catalog.config.models
    if other not in profiles or arm.name not in profiles:
        return ""
    ours, theirs = profiles[arm.name].params, profiles[other].params
    names = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    settings = ", ".join(f"`{name}`" for name in names)
    return f"the prompt sets {settings}, which the profiles set, too" if names else ""


def _requests(arm: Arm, plan: Sequence[PlannedCase]) -> _Requests:
    """The digest of the request to each case; None if the arm does not accept its inputs."""
    own = (arm.counterpart(planned) for planned in plan if planned.needs_answer)
    return tuple(same.digest if same is not None else None for same in own)


def _arm(alternative: Alternative, found: Alternatives) -> Arm:
    """An arm only to render requests."""
    store = Store(alternative.catalog)
    answering = Answering(alternative.catalog, store)
    return Arm(
        alternative.name,
        alternative.catalog,
        found.head,
        opinions=answering,
        store=store,
        ids=alternative.ids,
    )
