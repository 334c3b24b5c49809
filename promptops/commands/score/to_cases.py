"""Write failing samples of production as test cases, with made-up values for personal data."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from promptops.analysis.pseudonyms import Pseudonyms, places_in
from promptops.commands.score.picked_samples import pick_order
from promptops.errors import InputError, UsageError, os_reason
from promptops.model.score import FailingSample, WrittenCases
from promptops.records import record
from promptops.report.data_text import yaml_text
from promptops.source.cases import read_cases
from promptops.source.paths import is_yaml
from promptops.storage.atomic import part_of, replace_whole

MOST_PLACES = 20
"""A sample with more personal data and secrets is skipped: little of it would remain."""

SPARE = 20
"""So many more failing samples than cases are needed, in place of those that are skipped."""

_SOURCE_DIGITS = 12
_NAME_DIGITS = 6
_HEADER = """\
# Test cases from production, written by `promptops score --to-cases`.
#
# READ THEM BEFORE YOU COMMIT THEM. E-mail addresses, telephone, account and card numbers, IP
# addresses and keys that were found are replaced by made-up ones. Names of people, postal
# addresses and telephone numbers without a country code can't be found for sure: replace them.
#
# No prompt uses this file yet. Give the cases names that describe what they test, move the file
# next to the prompt, and add `- file: ./{name}` to its `tests`.
"""


@record(frozen=True, slots=True, kw_only=True)
class CaseFileText:
    """The text of a case file; `skipped` samples can't be made into a case."""

    text: str
    written: int
    skipped: int


def refuse_unless_new(file: Path, written: str) -> None:
    """Raises UsageError if there is such a file or its name does not end as one of cases.

    Args:
        file: Where it would be.
        written: The path as the user wrote it.
    """
    if not is_yaml(written):
        raise UsageError(
            "a file of cases from samples is YAML",
            where=written,
            hint="choose a name that ends with .cases.yaml",
        )
    if os.path.lexists(file):
        raise UsageError(
            "it exists already, and cases are not added to it",
            where=written,
            hint="choose another name, or remove it",
        )
    if not file.parent.is_dir():
        raise UsageError("there is no such folder", where=os.path.dirname(written) or ".")


def write_cases(
    file: Path, written: str, failing: Iterable[FailingSample], pick: int
) -> WrittenCases:
    """Write a new file with at most `pick` cases; none if there is no case.

    `file` and `written` are those of `refuse_unless_new`, which see. Raises UsageError as it does,
    and InputError if the file can't be written.
    """
    cases = cases_text(failing, pick, file.name)
    if cases.written:
        refuse_unless_new(file, written)
        try:
            replace_whole(file, cases.text.encode(), part_of(file))
        except OSError as error:
            raise InputError(f"can't be written: {os_reason(error)}", where=written) from None
    return WrittenCases(file=written, written=cases.written, skipped=cases.skipped)


def cases_text(failing: Iterable[FailingSample], pick: int, name: str) -> CaseFileText:
    """The first `pick` samples as cases of the file `name`, the same for any order of the samples.

    Samples with over `MOST_PLACES` places to replace, and those that would not be read back the
    same, are skipped. The cases of a prompt follow each other.
    """
    picked, skipped = _picked(failing, pick)
    pseudonyms = Pseudonyms(sample.inputs for sample in picked)
    names = _names(picked)
    text = _HEADER.format(name=name)
    for prompt, samples in groupby(picked, key=lambda sample: sample.prompt):
        cases = [_case(names[sample.sample], sample, pseudonyms) for sample in samples]
        text += f"\n# Cases of {prompt}\n{''.join(map(_yaml, cases))}"
    return CaseFileText(text=text, written=len(picked), skipped=skipped)


def _picked(failing: Iterable[FailingSample], pick: int) -> tuple[list[FailingSample], int]:
    """The samples to write, by prompt, and how many were skipped before there were enough."""
    picked: list[FailingSample] = []
    skipped = 0
    for sample in sorted(failing, key=pick_order):
        if len(picked) == pick:
            break
        if _can_be_written(sample):
            picked.append(sample)
        else:
            skipped += 1
    return sorted(picked, key=lambda sample: (sample.prompt, pick_order(sample))), skipped


def _can_be_written(sample: FailingSample) -> bool:
    try:
        if places_in(sample.inputs) > MOST_PLACES:
            return False
        case = _case("production", sample, Pseudonyms([sample.inputs]))
        found = read_cases("new.cases.yaml", _yaml(case).encode())
        unchanged = found.values == (case,) and not found.problems
        return unchanged and places_in(case["inputs"]) == 0
    except (ValueError, RecursionError):  # lone surrogates; nesting
        return False


def _names(picked: Iterable[FailingSample]) -> dict[str, str]:
    """The name of a case by the hash of its sample."""
    names: dict[str, str] = {}
    for sample in picked:
        lengths = range(_NAME_DIGITS, len(sample.sample) + 1)
        candidates = (f"production {sample.sample[:length]}" for length in lengths)
        names[sample.sample] = next(name for name in candidates if name not in names.values())
    return names


def _case(name: str, sample: FailingSample, pseudonyms: Pseudonyms) -> dict[str, Any]:
    case = {
        "name": name,
        "tags": ["production", f"source:{sample.conversation[:_SOURCE_DIGITS]}"],
        "inputs": pseudonyms.replaced(sample.inputs),
    }
    failed = [dict(assertion) for assertion in sample.assertions]
    return {**case, "output": failed} if failed else case


def _yaml(case: Mapping[str, Any]) -> str:
    return yaml_text([case])
