"""Whether the prompts of an import have the inputs that `--sample` names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from promptops.errors import UsageError
from promptops.jobs.importing.planning import Planned
from promptops.plurals import some
from promptops.suggestions import did_you_mean

_SHOWN = 10


def refuse_unread_names(plans: Iterable[Planned], sample: Mapping[str, Any]) -> None:
    """Raises UsageError for a name that is neither an input of a prompt nor its former name."""
    known = dict.fromkeys(name for plan in plans for name in _names(plan))
    for name in sample:
        if known and name not in known:
            inputs = f"the inputs are: {some(list(known), _SHOWN, 'input')}"
            hint = did_you_mean(name, known) or inputs
            raise UsageError(f"no prompt has the input `{name}` of --sample", hint=hint)


def _names(plan: Planned) -> Iterable[str]:
    return (*plan.files.inputs, *plan.document.aliases.values())
