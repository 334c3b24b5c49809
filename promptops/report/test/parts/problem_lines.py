"""Why cases have no judged answer, each reason once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.model.test_run import CaseRun
from promptops.plurals import some
from promptops.report.parts.visible import visible, visible_path
from promptops.report.test.parts.facts import short

_NAMES_SHOWN = 3


def problem_lines(found: Iterable[CaseRun]) -> Iterator[str]:
    """Each reason once, with the place and the names of its cases, at the first one."""
    equal: dict[tuple[str, str], list[CaseRun]] = {}
    for case in found:
        place = "" if case.name else str(case.place)
        equal.setdefault((place, case.reason), []).append(case)
    for (_, reason), cases in equal.items():
        names = list(dict.fromkeys(short(case.name) for case in cases if case.name))
        shown = f" ({some(names, _NAMES_SHOWN)})" if names else ""
        yield f"{visible_path(str(cases[0].place))}: {visible(reason)}{shown}"
