"""Draft cases from the inputs of production: one sample for each set of branches that they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from promptops.analysis.coverage import BranchKey
from promptops.analysis.input_schemas import InputSchemas, sample_inputs
from promptops.analysis.pseudonyms import MOST_PLACES, Pseudonyms, places_in
from promptops.analysis.secrets import without_secrets
from promptops.catalog.catalog import Catalog
from promptops.commands.cases.drafting import Drafts, branches_of_cases, with_assertions
from promptops.commands.cases.search import Rendering, branch_keys, cover
from promptops.model.prompt import Prompt
from promptops.model.score import BrokenLine, Sample
from promptops.records import record
from promptops.runtime.request.render import Renderer, RenderError
from promptops.source.traffic.files import opened
from promptops.source.traffic.parts import line_at, parts, samples

PRODUCTION = "production"
"""The tag of a case whose inputs come from production."""

_MOST_NAMED = 3


@record(frozen=True, slots=True)
class SamplesRead:
    """What became of the samples.

    Attributes:
        read: All that the files contain.
        used: Those that can be rendered, of selected prompts.
        covered: Those of `used` that take the same branches as a case that exists.
        unselected: Of other prompts, or of none that is known.
        without_inputs: Their inputs are not recorded.
        refused: The prompt does not accept their inputs, or they have too much personal data.
        broken_lines: Lines that can't be read.
        problems: The first unreadable lines as `FILE:LINE:COLUMN: REASON`, and the first refused
            samples as `FILE: ID: REASON`.
        other_prompts: The first names of prompts that are not selected.
    """

    read: int = 0
    used: int = 0
    covered: int = 0
    unselected: int = 0
    without_inputs: int = 0
    refused: int = 0
    broken_lines: int = 0
    problems: tuple[str, ...] = ()
    other_prompts: tuple[str, ...] = ()


@record(slots=True)
class _Group:
    """Samples that take the same branches: the number of them, and the one that is kept."""

    rendering: Rendering
    order: str
    count: int = 0


class SampleGroups:
    """The samples of some prompts, grouped by the branches that they take."""

    def __init__(self, catalog: Catalog, prompts: Sequence[Prompt]) -> None:
        self._catalog = catalog
        self._prompts = {prompt.id: _PromptSamples(catalog, prompt) for prompt in prompts}
        self._by_name = {
            name: prompt.id for prompt in prompts for name in (*prompt.aliases, prompt.id)
        }
        self._count: dict[str, int] = {}
        self._refused: list[str] = []
        self._others: dict[str, None] = {}

    @property
    def covered(self) -> int:
        """The number of samples that take the same branches as a case, once drafts were made."""
        return sum(each.covered for each in self._prompts.values())

    def read(self, files: Sequence[str], fields: Mapping[str, str]) -> SamplesRead:
        """Read all samples of some files, of any format that `score` reads.

        Raises InputError for a file that can't be read.
        """
        broken: list[BrokenLine] = []
        with opened(files) as found:
            for part in parts(found):
                for value in samples(part, fields):
                    if isinstance(value, Sample):
                        self._add(value)
                    elif isinstance(value, BrokenLine):
                        self._counted("broken_lines")
                        broken.append(value)
            problems = [*map(_as_line, broken[:_MOST_NAMED]), *self._refused[:_MOST_NAMED]]
        others = tuple(self._others)[:_MOST_NAMED]
        return SamplesRead(**self._count, problems=tuple(problems), other_prompts=others)

    def drafts(self, prompt: Prompt, most: int) -> Drafts:
        """At most so many cases: first those that take new branches, then the most frequent.

        Args:
            prompt: With the cases that remain: what one of them takes needs no other case. Those
                with made-up inputs do not count.
        """
        return self._prompts[prompt.id].drafts(self._catalog, prompt, most)

    def _add(self, sample: Sample) -> None:
        self._counted("read")
        name = self._by_name.get(sample.prompt)
        if name is None:
            self._counted("unselected")
            self._others[sample.prompt] = None
        elif sample.inputs is None:
            self._counted("without_inputs")
        elif refused := self._prompts[name].add(sample):
            self._counted("refused")
            self._refused.append(f"{sample.path}: {sample.id}: {without_secrets(refused)}")
        else:
            self._counted("used")

    def _counted(self, name: str) -> None:
        self._count[name] = self._count.get(name, 0) + 1


class _PromptSamples:
    """The groups of one prompt."""

    def __init__(self, catalog: Catalog, prompt: Prompt) -> None:
        self._schemas = InputSchemas(prompt.inputs)
        self._renderer = Renderer(prompt, catalog.load, catalog.files.data)
        self._groups: dict[frozenset[BranchKey], _Group] = {}
        self.covered = 0

    def add(self, sample: Sample) -> str:
        """Count a sample, without personal data and secrets; why it can't be used, or ""."""
        inputs = _anonymous(sample_inputs(sample, self._schemas) or {})
        if inputs is None:
            return "it has much personal data"
        try:
            traced = self._renderer.trace(inputs)
        except RenderError as error:
            return error.message
        branches = branch_keys(traced.branches)
        order = sha256(sample.id.encode("utf-8", "surrogatepass")).hexdigest()
        group = self._groups.get(branches)
        if group is None:
            group = self._groups[branches] = _Group(Rendering(inputs, traced, branches), order)
        elif order < group.order:
            group.rendering, group.order = Rendering(inputs, traced, branches), order
        group.count += 1
        return ""

    def drafts(self, catalog: Catalog, prompt: Prompt, most: int) -> Drafts:
        real = [case for case in prompt.cases if not case.is_draft or PRODUCTION in case.tags]
        own = {branch_keys(each) for each in branches_of_cases(self._renderer, real)}
        self.covered = sum(
            group.count for branches, group in self._groups.items() if branches in own
        )
        new = [group for branches, group in self._groups.items() if branches not in own]
        new.sort(key=lambda group: (-group.count, group.order))
        found = [group.rendering for group in new]
        covered = frozenset[BranchKey]().union(*own)
        first = cover(found, frozenset[BranchKey]().union(*self._groups) - covered)
        ordered = [*first, *(each for each in found if each not in first)]
        return with_assertions(catalog, prompt, ordered[:most], found, [PRODUCTION])


def _as_line(broken: BrokenLine) -> str:
    line = line_at(broken.location, broken.offset)
    return f"{broken.path}:{line}:{broken.column}: {broken.message}"


def _anonymous(inputs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Inputs with made-up values for personal data and secrets; None if little would remain."""
    try:
        if places_in(inputs) > MOST_PLACES:
            return None
        replaced: dict[str, Any] = Pseudonyms([inputs]).replaced(inputs)
        return replaced if places_in(replaced) == 0 else None
    except RecursionError:
        return None
