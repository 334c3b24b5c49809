"""The drafts of `cases` as text."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.commands.cases.cases import CaseDrafts, PromptDrafts
from promptops.commands.cases.samples import SamplesRead
from promptops.model.prompt import DRAFT
from promptops.model.report import Style, plain
from promptops.plurals import counted
from promptops.report.data_text import yaml_text
from promptops.report.visible import visible


def write_text(found: CaseDrafts, *, style: Style = plain) -> str:
    """A line for each prompt with drafts or a problem, and one that counts them."""
    prompts = found.prompts
    lines = [line for each in prompts for line in _of_prompt(each, style, shown=not found.written)]
    if found.samples is not None:
        lines += [f"{style('warning', 'warning')}: {visible(e)}" for e in found.samples.problems]
    counts = [counted(found.drafted, "case") + " drafted"]
    if found.samples is not None:
        counts += _of_samples(found.samples)
    elif complete := sum(not each.cases and not each.problem for each in prompts):
        counts.append(f"{counted(complete, 'prompt')} covered already")
    open_branches = sum(len(each.unreached) for each in prompts)
    counts += [f"{counted(open_branches, 'branch')} without inputs"] if open_branches else []
    failed = sum(each.problem is not None for each in prompts)
    counts += [f"{counted(failed, 'prompt')} not drafted"] if failed else []
    lines.append(" · ".join(counts))
    if found.next:
        read = f"read them, remove `{DRAFT}` from their tags, and add the files to git"
        lines.append(f"next: {read}; then {found.next}")
    return "\n".join([*lines, ""])


def _of_samples(read: SamplesRead) -> Iterator[str]:
    others = ", ".join(f"`{visible(name)}`" for name in read.other_prompts if name)
    unused = [
        (read.covered, "take the branches of existing cases"),
        (read.unselected, f"of other prompts{others and f' such as {others}'}"),
        (read.without_inputs, "without inputs"),
        (read.refused, "refused"),
    ]
    why = ", ".join(f"{number:,} {reason}" for number, reason in unused if number)
    yield f"{read.used:,} of {counted(read.read, 'sample')} fit" + (f": {why}" if why else "")
    if read.broken_lines:
        yield f"{counted(read.broken_lines, 'line')} unreadable"


def _of_prompt(each: PromptDrafts, style: Style, *, shown: bool) -> Iterator[str]:
    if each.problem is not None:
        yield f"{style('path', str(each.place))}: {visible(each.problem)}"
        return
    if each.cases or each.replaced:
        branches = f", {each.covered} of {each.total} branches" if each.total else ""
        replaced = f", {each.replaced} replaced" if each.replaced else ""
        drafted = counted(len(each.cases), "case")
        yield f"{each.prompt}: {drafted}{branches}{replaced} -> {each.path}"
    for case in each.cases:
        if shown:
            written = {"name": case.name, "tags": list(case.tags), "inputs": case.inputs}
            yield yaml_text([{**written, "rendered": list(case.rendered)}]).rstrip()
        else:
            yield f"  {visible(case.name)}"
    for branch in each.unreached:
        impossible = "no input that the schema accepts reaches it"
        why = impossible if branch.impossible else f"no inputs found: {visible(branch.reason)}"
        yield f"{style('path', str(branch.place))}: {visible(branch.message)}: {why}"
