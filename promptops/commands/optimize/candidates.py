"""The prompt with other texts: made from a proposal, and refused before a model is asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, Literal

from promptops.analysis.tokens import estimate
from promptops.catalog.catalog import Catalog
from promptops.diff.compare import CompareOptions, compare
from promptops.errors import InputError
from promptops.evals.overlap import copied_run
from promptops.evals.subject import text_of_messages
from promptops.lint.engine import lint_one
from promptops.lint.registry import Rule
from promptops.lint.rules.unused_input import used_inputs
from promptops.lint.subject import PromptFacts
from promptops.model.editable_text import EditableText
from promptops.model.loaded import LoadedPrompt
from promptops.model.optimization import Goal, ProposedText
from promptops.model.prompt import Case, Prompt, SimulatedUser
from promptops.patterns import lazy_pattern
from promptops.records import record, replace
from promptops.report.visible import visible
from promptops.testing.plan import PlannedCase, plan_cases
from promptops.workspace.edits import with_changes
from promptops.workspace.message_texts import edited, texts_of
from promptops.workspace.selection import prompts_reaching
from promptops.workspace.workspace import Workspace

MOST_TOKENS = 1.2
"""The tokens of a proposal, as a multiple of those of the prompt as it stands."""

_MORE_TOKENS = 25
"""A short prompt may have so many more, which is one rule."""

_TAG = lazy_pattern(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_LOST_OBLIGATION = "CHG311"
_STALE_RECORDINGS = "TST006"
"""Every other wording makes them stale."""

Why = Literal[
    "no text", "same", "unwritable", "inputs", "lint", "copied", "tokens", "cases", "obligations"
]
"""Kinds of reasons to refuse a proposal."""


class Refused(Exception):
    """A proposal that no model is asked about; `why` is the kind of the reason.

    Attributes:
        for_proposer: The reason without what a held-out case contains.
    """

    def __init__(
        self, why: Why, message: str, tokens: int | None = None, for_proposer: str = ""
    ) -> None:
        super().__init__(message)
        self.why = why
        self.message = message
        self.tokens = tokens
        self.for_proposer = for_proposer or message


@record(frozen=True, slots=True, kw_only=True)
class Candidate:
    """The prompt with some texts.

    Attributes:
        texts: By JSON pointer, as they are in the files.
        contents: The files that differ from those on disk.
        plan: The first repeat of each case that can be rendered, by the name of the case.
        tokens: Of its request, estimated: the mean over the cases.
    """

    texts: Mapping[str, str]
    contents: Mapping[str, bytes]
    catalog: Catalog
    loaded: LoadedPrompt
    plan: Mapping[str, PlannedCase]
    tokens: int

    @property
    def prompt(self) -> Prompt:
        assert self.loaded.prompt is not None
        return self.loaded.prompt


class Candidates:
    """Makes candidates of one prompt, and refuses those that are no other wording of it.

    Attributes:
        texts: The texts that may change, by JSON pointer: the prompt's own ones.
        original: The prompt as it stands.
    """

    def __init__(
        self,
        workspace: Workspace,
        path: str,
        cases: Sequence[Case],
        rules: Sequence[Rule],
        goal: Goal,
    ) -> None:
        """`cases` have all inputs, also those that retrievers return."""
        self._workspace = workspace
        self._path = path
        self._cases = tuple(cases)
        self._rules = tuple(rule for rule in rules if rule.code != _STALE_RECORDINGS)
        self._goal = goal
        self._today = date.today()
        own = texts_of(workspace.catalog, workspace.catalog.loaded(path), "")
        self.texts = {each.at: each for each in own if self._may_change(each)}
        self.original = self._candidate({}, workspace)

    def _may_change(self, text: EditableText) -> bool:
        """Not a text of another prompt, nor a file that other prompts use, too."""
        if not text.editable or not text.text.strip():
            return False
        if text.kind == "text":
            return True
        reached = prompts_reaching(self._workspace.catalog, frozenset((text.path,)), None)
        return set(reached) == {self._path}

    def admitted(self, texts: Mapping[str, str], shown: Sequence[str]) -> Candidate:
        """The candidate with these texts; raises Refused.

        Args:
            texts: By JSON pointer; all that may change.
            shown: What must not be copied: texts of the cases, and what the proposer saw of them.
        """
        texts = {at: self._as_written(at, text) for at, text in texts.items()}
        changed = {at: text for at, text in texts.items() if text != self.texts[at].text}
        if not changed:
            raise Refused("same", "it is the text as it stands")
        self._refuse_new_tags(changed)
        self._refuse_copies(changed, shown)
        candidate = self._candidate(texts, self._changed(changed))
        self._refuse_other_inputs(candidate)
        self._refuse_tokens(candidate)
        self._refuse_broken_cases(candidate)
        self._refuse_findings(candidate)
        self._refuse_lost_obligations(candidate)
        return candidate

    def _as_written(self, at: str, text: str) -> str:
        """With the white space that the text as it stands has at both ends."""
        before = self.texts[at].text
        core = before.strip()
        start = before.index(core) if core else 0
        body = text.replace("\r\n", "\n").strip()
        return f"{before[:start]}{body}{before[start + len(core) :]}"

    def _changed(self, texts: Mapping[str, str]) -> Workspace:
        """The workspace with these texts."""
        workspace, contents = self._workspace, dict[str, bytes]()
        for at, text in texts.items():
            catalog = workspace.catalog
            found = texts_of(catalog, catalog.loaded(self._path), "")
            own = next((each for each in found if each.at == at), None)
            try:
                if own is None:
                    raise InputError("the prompt can't be read with it")
                contents[own.path] = edited(catalog, own, text, None)
            except InputError as error:
                raise Refused("unwritable", error.message) from None
            workspace = with_changes(self._workspace, contents)
        return workspace

    def _candidate(self, texts: Mapping[str, str], workspace: Workspace) -> Candidate:
        catalog = workspace.catalog
        loaded = catalog.loaded(self._path)
        if loaded.prompt is None:
            problem = next(iter(loaded.problems), None)
            raise Refused("unwritable", problem.message if problem else "it can't be read")
        with_inputs = replace(loaded, prompt=replace(loaded.prompt, cases=self._cases))
        found = {at: text.text for at, text in self.texts.items()} | dict(texts)
        changed = (path for path in {text.path for text in self.texts.values()})
        plan = {planned.case.name: planned for planned in plan_cases(catalog, [with_inputs], 1)}
        return Candidate(
            texts=found,
            contents={
                path: data
                for path in changed
                if (data := catalog.files.data(path)) is not None
                and data != self._workspace.catalog.files.data(path)
            },
            catalog=catalog,
            loaded=with_inputs,
            plan=plan,
            tokens=_tokens(plan.values()),
        )

    # Reasons to refuse a proposal.

    def _refuse_new_tags(self, texts: Mapping[str, str]) -> None:
        """A condition or an include that the prompt lacks may hide an answer, or a long text."""
        known = {tag for text in self.texts.values() for tag in _tags(text.text)}
        for text in texts.values():
            for tag in _tags(text):
                if tag not in known:
                    raise Refused("inputs", f"it adds the template tag `{tag}`")

    def _refuse_copies(self, texts: Mapping[str, str], known: Sequence[str]) -> None:
        for at, text in texts.items():
            copied = copied_run(text, known, self.texts[at].text)
            if copied:
                raise Refused("copied", f"it copies words of a test case: {copied!r}")

    def _refuse_tokens(self, candidate: Candidate) -> None:
        ours, theirs = self.original.tokens, candidate.tokens
        if theirs > max(MOST_TOKENS * ours, ours + _MORE_TOKENS):
            share = f"{100 * (MOST_TOKENS - 1):.0f}%"
            message = f"it has {theirs} tokens, over {share} and {_MORE_TOKENS} more than {ours}"
            raise Refused("tokens", message, theirs)
        if self._goal == "cheaper" and theirs >= ours:
            raise Refused("tokens", f"it has {theirs} tokens, not fewer than {ours}", theirs)

    def _refuse_other_inputs(self, candidate: Candidate) -> None:
        before, after = self._inputs, self._inputs_of(candidate)
        if before != after:
            new, lost = sorted(after - before), sorted(before - after)
            what = f"uses the new name `{new[0]}`" if new else f"does not use `{lost[0]}`"
            raise Refused("inputs", f"it {what}", candidate.tokens)

    @cached_property
    def _inputs(self) -> frozenset[str]:
        return self._inputs_of(self.original)

    def _inputs_of(self, candidate: Candidate) -> frozenset[str]:
        """The names that its templates read."""
        facts = PromptFacts(candidate.catalog, candidate.loaded, self._today)
        return frozenset(used_inputs(candidate.prompt, facts.scopes))

    def _refuse_findings(self, candidate: Candidate) -> None:
        new = self._findings_of(candidate) - self._findings
        names = {rule.code: rule.name for rule in self._rules}
        for code, message in new:
            raise Refused(
                "lint",
                f"lint reports {code}: {visible(message)}",
                candidate.tokens,
                f"it breaks the lint rule {code} {names.get(code, '')}".rstrip(),
            )

    @cached_property
    def _findings(self) -> Counter[tuple[str, str]]:
        return self._findings_of(self.original)

    def _findings_of(self, candidate: Candidate) -> Counter[tuple[str, str]]:
        result = lint_one(candidate.catalog, candidate.loaded, self._rules, self._today)
        return Counter((finding.code, finding.message) for finding in result.findings)

    def _refuse_broken_cases(self, candidate: Candidate) -> None:
        for name, before in self.original.plan.items():
            after = candidate.plan[name]
            if after.error and not before.error:
                message = f"case {name!r}: {after.error}"
                what = "it can't be rendered with the inputs of a test case"
                raise Refused("cases", message, candidate.tokens, what)
            for was, now in zip(before.rendered, after.rendered, strict=False):
                if was.passed and not now.passed:
                    message = f"case {name!r}: `{now.type}` on the request fails: {now.reason}"
                    what = "a check of the request of a test case fails with it"
                    raise Refused("cases", message, candidate.tokens, what)

    def _refuse_lost_obligations(self, candidate: Candidate) -> None:
        found = compare(
            self.original.catalog,
            candidate.catalog,
            [self._path],
            list(candidate.contents),
            CompareOptions(today=self._today),
        )
        for change in (change for each in found for change in each.changes):
            if change.code == _LOST_OBLIGATION:
                message = f"{change.message}: {change.before}"
                raise Refused("obligations", message, candidate.tokens, change.message)

    # What a candidate changes.

    def proposed(self, candidate: Candidate) -> Iterator[ProposedText]:
        """The texts that a candidate changes, in the order of the prompt."""
        for at, text in self.texts.items():
            if candidate.texts[at] != text.text:
                yield ProposedText(
                    at=at,
                    role=text.role,
                    path=text.path,
                    before=text.text,
                    after=candidate.texts[at],
                )

    def files(self, candidate: Candidate) -> dict[str, tuple[bytes, bytes]]:
        """The files that a candidate changes, before and after, by path."""
        data = self._workspace.catalog.files.data
        return {path: (data(path) or b"", after) for path, after in candidate.contents.items()}


def _tags(text: str) -> list[str]:
    """The template tags of a text, with equal white space."""
    return [
        " ".join(re.sub(r"[-+]?([{}%#]+)[-+]?", r" \1 ", tag).split()) for tag in _TAG.findall(text)
    ]


def _tokens(plan: Iterable[PlannedCase]) -> int:
    known = [each.request for each in plan if each.request is not None]
    texts = (text_of_messages(request.messages) for request in known)
    return round(sum(map(estimate, texts)) / len(known)) if known else 0


def texts_of_case(case: Case) -> Iterator[str]:
    """Its inputs, what is said in its turns, and what its assertions expect."""
    yield from _strings((case.inputs, case.expected, case.on_answers, case.rendered))
    for turn in case.turns:
        yield from (result.text for result in turn.results)
        if isinstance(turn.user, SimulatedUser):
            yield from (turn.user.character, turn.user.goal)
        elif turn.user is not None:
            yield turn.user


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)
