"""Search for inputs that take each branch of a prompt's templates.

Every result is proved: the renderer took the branch with inputs that the schema accepts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from promptops.analysis.coverage import Branch, BranchKey, place_of, uses_of
from promptops.analysis.uses import ITEM
from promptops.commands.cases.changes import ELEMENTS, Solver, changed
from promptops.commands.cases.conditions import Chain, InputPath, TemplateConditions
from promptops.commands.cases.example_values import ExampleValues, Hint
from promptops.model.prompt import ConversationHistory, ForEach, Prompt
from promptops.plurals import counted
from promptops.records import record
from promptops.runtime.request.render import Renderer, RenderError, TracedRequest
from promptops.runtime.template.text_rendering import Load

MAX_RENDERINGS = 500
"""Renderings that are tried for a prompt."""

_OUTER_LEVELS = 6


@record(frozen=True, slots=True)
class Rendering:
    """Inputs, and what the prompt becomes with them."""

    inputs: dict[str, Any]
    traced: TracedRequest
    branches: frozenset[BranchKey]


class BranchSearch:
    """Keeps the renderings that take a branch that no earlier one took.

    Attributes:
        kept: In the order in which they were found; with the base inputs, which may take none.
        failure: Why the last base inputs could not be rendered; None if some could.
    """

    def __init__(
        self,
        renderer: Renderer,
        values: ExampleValues,
        chains: Mapping[BranchKey, Sequence[Chain]],
    ) -> None:
        self.kept: list[Rendering] = []
        self.failure: RenderError | None = None
        self._renderer = renderer
        self._values = values
        self._chains = chains
        self._solver = Solver(values)
        self._taken: set[BranchKey] = set()
        self._tried: dict[str, RenderError | None] = {}
        self._outcomes: dict[BranchKey, list[RenderError | None]] = {}
        self._bases: list[dict[str, Any]] = []

    def run(self, wanted: Iterable[BranchKey]) -> None:
        """Search for the wanted branches, those of outer tags first."""
        self._bases = list(base_inputs(self._values))
        for inputs in self._bases:
            self._try(inputs, keep=True)
        if self.kept:
            self.failure = None
        missing = [key for key in wanted if key in self._chains]
        missing.sort(key=lambda key: min(map(len, self._chains[key]), default=0))
        found = -1
        while found != len(self._taken):
            found = len(self._taken)
            for key in missing:
                if key not in self._taken:
                    self._search(key)

    def why_not(self, key: BranchKey) -> str:
        """Why no inputs take a branch that was searched for, with a place if there is one."""
        outer = [self._missing_around(chain) for chain in self._chains.get(key, ())]
        if outer and all(outer):
            return f"it is inside of the branch at {outer[0]}, which no inputs take"
        outcomes = self._outcomes.get(key, [])
        errors = [error for error in outcomes if error is not None]
        for error in errors:
            if error.place is not None:
                return f"rendering fails: {error.place}: {error.message}"
        if errors and len(errors) == len(outcomes):
            problems = "; ".join(problem.message for problem in errors[0].inputs)
            return f"its inputs are refused: {problems}"
        if len(self._tried) >= MAX_RENDERINGS:
            return f"the search ended after {MAX_RENDERINGS} renderings"
        if outcomes:
            return f"its condition stays the same with {counted(len(outcomes), 'changed input')}"
        return "it is not known which inputs its condition depends on"

    def _missing_around(self, chain: Chain) -> str | None:
        """The place of the outermost branch around the last one that nothing took."""
        branches = [level.branch for level in chain[:-1] if level.branch is not None]
        missing = next((key for key in branches if key not in self._taken), None)
        return "{}:{}:{}".format(*missing[:3]) if missing else None

    def _search(self, key: BranchKey) -> None:
        outcomes = self._outcomes[key] = []
        for chain in self._chains[key]:
            for inputs in self._candidates(key, chain):
                if len(self._tried) >= MAX_RENDERINGS:
                    return
                outcomes.append(self._try(inputs))
                if key in self._taken:
                    return

    def _candidates(self, key: BranchKey, chain: Chain) -> Iterator[dict[str, Any]]:
        own = self._solver.level(chain[-1])
        outer = self._solver.chain(chain[-_OUTER_LEVELS:]) if len(chain) > 1 else []
        everywhere = [each.inputs for each in self.kept] or self._bases
        for alternatives, starts in ((own, self._reaching(key)), (outer, everywhere)):
            for changes in alternatives:
                for start in starts:
                    orders = [changes] if len(changes) < 2 else [changes, changes[::-1]]
                    for order in orders:
                        for element in ELEMENTS if _in_list(order) else ELEMENTS[:1]:
                            inputs = changed(start, order, element, self._values)
                            if inputs is not None:
                                yield inputs

    def _reaching(self, key: BranchKey) -> list[dict[str, Any]]:
        """The kept inputs that reach the tag of a branch, or all."""
        tag = key[:3]
        found = [each for each in self.kept if any(own[:3] == tag for own in each.branches)]
        return [each.inputs for each in found or self.kept] or self._bases

    def _try(self, inputs: dict[str, Any], keep: bool = False) -> RenderError | None:
        written = json.dumps(inputs, sort_keys=True, default=str)
        if written in self._tried:
            return self._tried[written]
        self._tried[written] = None
        try:
            traced = self._renderer.trace(inputs)
        except RenderError as error:
            if keep:
                self.failure = error
            self._tried[written] = error.with_traceback(None)  # which would keep the rendering
            return error
        branches = branch_keys(traced.branches)
        if keep or branches - self._taken:
            self.kept.append(Rendering(inputs, traced, branches))
            self._taken |= branches
        return None


def branch_keys(taken: Iterable[Branch]) -> frozenset[BranchKey]:
    """Branches that renderings took, as they are compared."""
    return frozenset((*place_of(text, at), way) for text, at, way in taken)


def _in_list(changes: Iterable[Any]) -> bool:
    return any(not isinstance(step, str) for change in changes for step in change.path.steps)


def base_inputs(values: ExampleValues) -> Iterator[dict[str, Any]]:
    """Only what is required; all without a default; all."""
    yield {name: values.at(InputPath(name)) for name in values.required}
    names = values.names
    yield {name: values.at(InputPath(name)) for name in names if not values.has_default(name)}
    yield {name: values.at(InputPath(name)) for name in names}


def cover(renderings: Iterable[Rendering], wanted: Iterable[BranchKey]) -> list[Rendering]:
    """A small choice of renderings that takes all wanted branches that any of them takes."""
    missing = set(wanted)
    left = list(renderings)
    chosen: list[Rendering] = []
    while left:
        best = min(left, key=lambda each: (-len(each.branches & missing), _length(each.inputs)))
        if not best.branches & missing:
            break
        chosen.append(best)
        missing -= best.branches
        left.remove(best)
    return chosen


def _length(inputs: Mapping[str, Any]) -> int:
    return len(json.dumps(inputs, default=str))


def hints_of(prompt: Prompt, load: Load, found: TemplateConditions) -> dict[InputPath, Hint]:
    """What the templates of a prompt do with its inputs."""
    types: dict[InputPath, set[str]] = defaultdict(set)
    keys: dict[InputPath, dict[str, None]] = defaultdict(dict)
    for use in uses_of(prompt, load):
        if use.origin not in ("input", "branch"):
            continue
        path = InputPath(use.name)
        types[path]  # a name that is read
        for step in use.path:
            if isinstance(step, str):
                keys[path][step] = None
            else:
                types[path].add("array")
            path = path.step(step)
        if use.role == "loop":
            types[path].add("array")
    for turn in prompt.messages:
        if isinstance(turn, (ForEach, ConversationHistory)):
            types[InputPath(turn.source)].add("array")
    for path in found.numbers:
        types[path].add("number")
    for path in found.mappings:
        types[path] = types[path] - {"array"} | {"object"}
    for path in found.pairs:
        types[path.step(ITEM)].add("array")
    paths = dict.fromkeys([*types, *keys])
    return {
        path: Hint(frozenset(types[path]), tuple(keys[path]), found.pairs.get(path, 1))
        for path in paths
    }
