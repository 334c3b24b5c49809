"""Join samples with the prompts of a pack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promptops.jobs.scoring.pack import Pack
from promptops.jobs.scoring.prepared import Prepared
from promptops.model.place import Place
from promptops.model.sample import Sample
from promptops.model.score import UNNAMED
from promptops.records import record

_LONGEST_NAME = 200
_MOST_JOINED = 10_000


@record(frozen=True, slots=True, kw_only=True)
class Joined:
    """The prompt of a sample.

    Attributes:
        version: "" if it is not known.
        release: The tag; "" if the sample has neither release nor version.
        by_id_only: The prompt is that of `--at`.
    """

    prompt: Prepared
    version: str
    release: str
    by_id_only: bool = False


@record(frozen=True, slots=True, kw_only=True)
class AssertionFacts:
    """An assertion of the pack; the place is that of the latest release."""

    prompt: str
    type: str
    place: Place
    must: bool
    score: str | None


class Joining:
    """The prompts of a pack by what samples name; each is prepared when it is first needed.

    Attributes:
        facts: Of each assertion, by its number.
    """

    def __init__(self, pack: Pack) -> None:
        value = pack.parsed()
        self._values: list[Mapping[str, Any]] = value["prompts"]
        self._releases: Mapping[str, Mapping[str, list[Any]]] = value["releases"]
        self._versions: Mapping[str, Mapping[str, list[Any]]] = value["versions"]
        self._by_id: Mapping[str, int] = value["by_id"]
        self._others = frozenset(value["others"])
        self._prepared: dict[int, Prepared] = {}
        self._joined: dict[tuple[str, str, str], Joined | None] = {}
        self._numbers = _numbers(self._values)

    def join(self, sample: Sample) -> Joined | None:
        """The prompt of a sample at its release, or else of its version; None if unknown."""
        key = sample.prompt, sample.release, sample.version
        try:
            return self._joined[key]
        except KeyError:
            found = self._find(*key)
            # A log may have unknown names, or versions beside known releases, without end.
            if found is not None and len(self._joined) < _MOST_JOINED:
                self._joined[key] = found
            return found

    def is_selected(self, sample: Sample) -> bool:
        """Whether the user selected the prompt of a sample; also if it is unknown."""
        return sample.prompt not in self._others

    @property
    def prepared(self) -> tuple[Prepared, ...]:
        """The prompts that samples were joined with so far."""
        return tuple(self._prepared.values())

    def facts(self) -> dict[int, AssertionFacts]:
        """All assertions, by number; the latest release comes last."""
        found = {}
        for index in range(len(self._values)):
            prompt = self._prompt(index)
            for each in (*prompt.assertions, *prompt.judged):
                found[each.number] = AssertionFacts(
                    prompt=prompt.id,
                    type=each.type,
                    place=each.place,
                    must=each.must,
                    score=each.score,
                )
        return found

    def primary_scores(self) -> dict[str, str | None]:
        """The primary score that the evaluation of each prompt names, by id."""
        return {str(value["id"]): value["score"] for value in self._values}

    def budgets(self) -> dict[str, float | None]:
        """USD for a request to each prompt by id, of the latest release; None without a budget."""
        return {str(value["id"]): value["budget"] for value in self._values}

    def _find(self, name: str, release: str, version: str) -> Joined | None:
        if release:
            index, known = self._releases.get(release, {}).get(name, (None, ""))
            return self._as_joined(index, known or version, release)
        if version:
            return self._of_version(name, version)
        index = self._by_id.get(name)
        if index is None:
            return None
        return Joined(prompt=self._prompt(index), version="", release="", by_id_only=True)

    def _of_version(self, name: str, version: str) -> Joined | None:
        """The prompt of a version, which may also be written as its tag or as `v1.4.0`."""
        known = self._versions.get(name, {})
        for each in (version, version.removeprefix("v")):
            if each in known:
                index, tag = known[each]
                return self._as_joined(index, each, tag)
        return self._find(name, version, "") if version in self._releases else None

    def _as_joined(self, index: int | None, version: str, release: str) -> Joined | None:
        if index is None:
            return None
        return Joined(prompt=self._prompt(index), version=version, release=release)

    def _prompt(self, index: int) -> Prepared:
        if index not in self._prepared:
            self._prepared[index] = Prepared(self._values[index], self._numbers)
        return self._prepared[index]


def unjoined_name(sample: Sample) -> str:
    """What a sample names that no release has: the prompt with its release or version."""
    named = sample.prompt or UNNAMED
    found = " ".join(filter(None, (named, sample.release or sample.version)))
    return found[:_LONGEST_NAME]


_LAST: dict[str, Joining] = {}
"""The pack of this process by its digest: a worker gets the same one with each part."""


def joining_of(pack: Pack) -> Joining:
    """The joining of a pack; prepared once in a process."""
    if pack.digest not in _LAST:
        _LAST.clear()
        _LAST[pack.digest] = Joining(pack)
    return _LAST[pack.digest]


def _numbers(values: list[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    """Numbers of assertions by the prompt's id and their JSON text, "" for the output contract."""
    found: dict[tuple[str, str], int] = {}
    for value in values:
        for written in (*(each["written"] for each in value["assertions"]), ""):
            found.setdefault((value["id"], written), len(found))
    return found
