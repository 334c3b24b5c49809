"""The parts of a finding as sentences."""

from __future__ import annotations

from promptops.model.finding import Finding, Related
from promptops.report.parts.visible import visible, visible_path


def heading(finding: Finding) -> str:
    """Code and name of the rule, such as `VAR001 undefined-variable`."""
    return visible(f"{finding.code} {finding.name}")


def advice(finding: Finding) -> str:
    """How to fix it; "" if unknown."""
    if finding.hint:
        return visible(finding.hint)
    if finding.fix:
        return "fixable with --fix" if finding.fix.safe else "fixable with --fix --unsafe-fixes"
    return ""


def notes(finding: Finding) -> list[str]:
    """One line for each related place and for the test case."""
    lines = [note(related) for related in finding.related]
    if finding.case is not None:
        lines.append(f"found in the request of the case `{visible(finding.case)}`")
    return lines


def note(related: Related) -> str:
    """A related place, such as `prompts/a.md.j2:3:1: included here`."""
    place = related.place
    return f"{visible_path(place.path)}:{place.line}:{place.column}: {visible(related.message)}"
