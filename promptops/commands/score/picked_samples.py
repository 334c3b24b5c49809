"""The samples that are picked from all: failing ones for cases, for judges, repeated ones."""

from __future__ import annotations

import json
import os
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from hashlib import sha256
from heapq import nsmallest
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from promptops.analysis.pseudonyms import MOST_PLACES, Pseudonyms, places_in
from promptops.errors import InputError, UsageError, os_reason
from promptops.model.place import Place
from promptops.model.score import FailingSample, Part, Sample, WrittenCases
from promptops.patterns import lazy_pattern
from promptops.plurals import counted
from promptops.records import record, replace
from promptops.report.data_text import yaml_text
from promptops.source.cases import read_cases
from promptops.source.paths import is_yaml
from promptops.source.traffic.files import is_url
from promptops.storage.atomic import part_of, replace_whole

if TYPE_CHECKING:
    from promptops.commands.score.part import Outcome, PreparedAssertion
    from promptops.commands.score.sums import GroupKey


MOST_JUDGED_SAMPLES = 5_000
_SPARE_FACTOR = 4
"""So many times the wanted number are kept before the first ones are chosen."""

_DIGITS = lazy_pattern(r"\d+")
_BILLION = 1_000_000_000


# The failing samples to make cases of.


class Failures:
    """The failing samples to pick first, at most `most` for each prompt and one of each likeness.

    Violated contracts come first, then the lowest scores, then the longest answers, then the
    smallest SHA-256 of the id. Any order and any split of the samples give the same ones.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[str, dict[str, FailingSample]] = {}

    def add(self, scored: ScoredSample) -> None:
        """Keep the sample if it has inputs, failed, and is one of the first."""
        failed = tuple(result for result in scored.results if result.status == "failed")
        if self._most and failed and scored.inputs:
            self._keep(_failing(scored, failed, scored.inputs))

    def add_all(self, others: Iterable[FailingSample]) -> None:
        """Add those of another part."""
        for other in others:
            self._keep(other)

    @property
    def first(self) -> tuple[FailingSample, ...]:
        """By prompt, then in the order in which to pick them."""
        return tuple(
            sample
            for prompt in sorted(self._found)
            for sample in nsmallest(self._most, self._found[prompt].values(), key=pick_order)
        )

    def _keep(self, sample: FailingSample) -> None:
        found = self._found.setdefault(sample.prompt, {})
        known = found.get(sample.likeness)
        if known is None or pick_order(sample) < pick_order(known):
            found[sample.likeness] = sample
        if len(found) > _SPARE_FACTOR * self._most:
            first = nsmallest(self._most, found.values(), key=pick_order)
            self._found[sample.prompt] = {each.likeness: each for each in first}


def _failing(
    scored: ScoredSample, failed: tuple[CheckedAssertion, ...], inputs: Mapping[str, object]
) -> FailingSample:
    lowest = min(scored.scores.values(), default=1.0)
    return FailingSample(
        prompt=scored.prompt,
        inputs=inputs,
        assertions=tuple(result.written for result in failed if result.written),
        violated=sum(result.must for result in failed),
        score=round(lowest * _BILLION),
        length=len(scored.sample.output or ""),
        sample=digest_of(scored.sample.id),
        conversation=digest_of(independent_unit(scored.sample)),
        likeness=digest_of(_DIGITS.sub("", json.dumps(inputs, sort_keys=True).lower())),
    )


def pick_order(sample: FailingSample) -> tuple[int, int, int, str]:
    """The sort key of the samples to pick first."""
    return -sample.violated, sample.score, -sample.length, sample.sample


def independent_unit(sample: Sample) -> str:
    """What makes samples dependent: the conversation, else the trace, else the sample itself."""
    return sample.conversation or sample.trace_id or sample.id


# The samples of each group that judges are called about.


class Judgeable:
    """At most so many samples of each group: those whose ids have the smallest SHA-256."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[GroupKey, dict[str, Sample]] = {}

    def add(self, key: GroupKey, sample: Sample) -> None:
        """Keep a sample if it is one of the first of its group; raises UsageError as `add_all`."""
        found = self._found.setdefault(key, {})
        if len(self._found) > MOST_JUDGED_SAMPLES:
            raise _too_many_to_judge()
        found[digest_of(f"judge {sample.id}")] = sample
        if len(found) > _SPARE_FACTOR * self._most:
            self._found[key] = self._first(found)

    def add_all(self, other: Judgeable) -> None:
        """Add the samples of another part; raises UsageError for too many."""
        for key, samples in other._found.items():
            self._found[key] = self._first({**self._found.get(key, {}), **samples})
        chosen = sum(min(self._most, len(found)) for found in self._found.values())
        if chosen > MOST_JUDGED_SAMPLES:
            raise _too_many_to_judge()

    def chosen(self) -> Iterator[tuple[GroupKey, str, Sample]]:
        """Each sample with its group and the SHA-256 that orders it, in order."""
        for key in sorted(self._found):
            for digest, sample in sorted(self._first(self._found[key]).items()):
                yield key, digest, sample

    def _first(self, samples: Mapping[str, Sample]) -> dict[str, Sample]:
        return dict(nsmallest(self._most, samples.items(), key=lambda item: item[0]))


def _too_many_to_judge() -> UsageError:
    return UsageError(
        f"judges would be called about more than {counted(MOST_JUDGED_SAMPLES, 'sample')}",
        hint="lower --judge, or leave out a dimension of --by",
    )


# One sample with the results of the assertions of its prompt.


@record(frozen=True, slots=True, kw_only=True)
class CheckedAssertion:
    """The result of one assertion for one sample.

    Attributes:
        type: As written, with its `not-`; `output` for the output contract.
        written: As written; empty for the output contract.
        status: `unscorable` if it could neither pass nor fail.
        degree: 0 to 1; None if unscorable.
        expected: Why it failed, which may quote the answer; "" unless content is wanted.
        score: For a measure, the score in which it counts; else None.
    """

    type: str
    place: Place
    written: Mapping[str, object]
    must: bool
    status: Literal["passed", "failed", "unscorable"]
    degree: float | None = None
    score: str | None = None
    weight: float = 1.0
    expected: str = ""


@record(frozen=True, slots=True, kw_only=True)
class ScoredSample:
    """A sample that was joined with a prompt.

    Attributes:
        prompt: The id of the prompt at the release; the sample may name an alias.
        inputs: As JSON data; None if they are not recorded.
        results: In the order of the assertions; empty for a sample with an error.
        scores: Each score by name, 0 to 1.
    """

    sample: Sample
    prompt: str
    inputs: Mapping[str, object] | None = None
    results: tuple[CheckedAssertion, ...]
    scores: Mapping[str, float]


def checked_assertions(
    assertions: Sequence[PreparedAssertion], outcomes: Sequence[Outcome], reasons: Sequence[str]
) -> tuple[CheckedAssertion, ...]:
    """The outcomes with their assertions; `reasons` is empty unless content is wanted."""
    checked = zip(assertions, outcomes, reasons or ("",) * len(assertions), strict=True)
    return tuple(
        CheckedAssertion(
            type=each.type,
            place=each.place,
            written=json.loads(each.written) if each.written else {},
            must=each.must,
            status="unscorable" if passed is None else "passed" if passed else "failed",
            degree=degree,
            score=each.score,
            weight=each.weight,
            expected=reason,
        )
        for each, (passed, degree), reason in checked
    )


# Hashes of names and ids: the same in every process and for any order of the samples.

HASH_RANGE = 1 << 64


def hash_of(text: str) -> int:
    """A number below `HASH_RANGE`, from the SHA-256."""
    return int.from_bytes(sha256(_bytes_of(text)).digest()[:8], "big")


def digest_of(text: str) -> str:
    """The SHA-256 in hexadecimal."""
    return sha256(_bytes_of(text)).hexdigest()


def _bytes_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# Find samples whose id an earlier sample has, in bounded memory and for any engine.
#
# Parts are scored in any order and in any process, so that none of them knows the ids of the
# others. Therefore the files are read twice: the first time only for the ids. They are kept on
# disk, as hashes. Of equal ids the first in the order of the files counts, so that every engine
# gives the same result.

_ID_CACHE_KB = 16 * 1024

_SELECT_REPEATED_IDS = """
select part, number from (
    select part, number, row_number() over (partition by id order by part, number) as nth from ids
) where nth > 1 order by part, number
"""


def ids_of(values: Iterable[object], part: Part) -> array[int]:
    """A hash of the id of each sample of a part, in order; below 2⁶³."""
    samples = (value for value in values if isinstance(value, Sample))
    return array(
        "q", (hash_of(_id_or_place(each, part, index)) >> 1 for index, each in enumerate(samples))
    )


def without_repeated(
    parts: Sequence[Part], ids: Iterable[tuple[Part, array[int]]]
) -> Iterator[Part]:
    """The parts in their order, with the numbers of their repeated samples.

    `ids` are those of each part, in any order. Raises InputError if the disk is full.
    """
    positions: dict[Part, list[int]] = {}
    for position, part in enumerate(parts):  # a file may be named twice
        positions.setdefault(part, []).append(position)
    with _database_of_ids() as database:
        for part, found in ids:
            position = positions[part].pop()
            rows = ((id_, position, number) for number, id_ in enumerate(found))
            database.executemany("insert into ids values (?, ?, ?)", rows)
        repeated = groupby(database.execute(_SELECT_REPEATED_IDS), key=lambda row: int(row[0]))
        following = next(repeated, None)
        for position, part in enumerate(parts):
            if following is None or following[0] != position:
                yield part
                continue
            yield replace(part, repeated=tuple(number for _, number in following[1]))
            following = next(repeated, None)


def _id_or_place(sample: Sample, part: Part, number: int) -> str:
    """The id of the log; for a sample without one its place, which two files never share."""
    if sample.id != f"{os.path.basename(part.path)}:{sample.offset}":
        return f"id {sample.id}"
    location = part.location if is_url(part.location) else os.path.abspath(part.location)
    return f"place {location}:{part.start}:{number}"


@contextmanager
def _database_of_ids() -> Iterator[sqlite3.Connection]:
    """A temporary database, on disk as soon as it is larger than its cache."""
    try:
        with closing(sqlite3.connect("")) as database:
            database.execute(f"pragma cache_size = -{_ID_CACHE_KB}")
            database.execute("pragma journal_mode = off")
            database.execute("create table ids (id integer, part integer, number integer)")
            yield database
    except sqlite3.Error as error:
        raise InputError(
            f"cannot keep the ids of the samples: {error}",
            hint="set SQLITE_TMPDIR to a folder with more room: 30 bytes for each sample",
        ) from error


# Write failing samples of production as test cases, with made-up values for personal data.

SPARE = 20
"""So many more failing samples than cases are needed, in place of those that are skipped."""

_SOURCE_TAG_DIGITS = 12
_CASE_NAME_DIGITS = 6
_CASE_FILE_HEADER = """\
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
    text = _CASE_FILE_HEADER.format(name=name)
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
        lengths = range(_CASE_NAME_DIGITS, len(sample.sample) + 1)
        candidates = (f"production {sample.sample[:length]}" for length in lengths)
        names[sample.sample] = next(name for name in candidates if name not in names.values())
    return names


def _case(name: str, sample: FailingSample, pseudonyms: Pseudonyms) -> dict[str, Any]:
    case = {
        "name": name,
        "tags": ["production", f"source:{sample.conversation[:_SOURCE_TAG_DIGITS]}"],
        "inputs": pseudonyms.replaced(sample.inputs),
    }
    failed = [dict(assertion) for assertion in sample.assertions]
    return {**case, "output": failed} if failed else case


def _yaml(case: Mapping[str, Any]) -> str:
    return yaml_text([case])
