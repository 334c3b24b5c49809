"""The baseline arm: the prompts of an earlier revision, with the candidate's cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.case_assertions import assertions_of
from promptops.evals.parse import parse
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering, Want
from promptops.jobs.testing.judging import Heard, Judging, profile_of, want_of
from promptops.jobs.testing.plan import Planned
from promptops.model.answer import Answer
from promptops.model.prompt import Prompt
from promptops.records import replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer, RenderError


def compares(plan: Iterable[Planned]) -> bool:
    """Whether any assertion needs a baseline: a measure, or a judge's comparison."""
    return any(
        assertion is not None and (assertion.score is not None or assertion.judged)
        for planned in plan
        if not planned.repeat and not planned.error
        for each in assertions_of(planned.case, planned.prompt)
        for assertion in (parse(each.written, "answer")[0],)
    )


class Baseline:
    """The prompts of an earlier revision, with the cases of this one.

    Both arms run the candidate's cases and assertions.

    Attributes:
        title: The name of the revision to show.
        outdated: Ids of the prompts whose recorded answers are from another model and no longer
            used.
        opinions: The judges' verdicts on the baseline's answers.
    """

    def __init__(self, title: str, catalog: Catalog, head: Catalog, opinions: Answering) -> None:
        """`opinions` has the judges' verdicts on the answers recorded in `catalog`."""
        self.title = title
        self.outdated: set[str] = set()
        self._catalog = catalog
        self._store = Store(catalog)
        self.opinions = opinions
        self._judging = Judging(head, opinions, self.answer)
        self._asked: dict[tuple[str, str, int], Answer] = {}
        self._renderers: dict[str, tuple[Prompt, Renderer] | None] = {}

    def counterpart(self, planned: Planned) -> Planned | None:
        """The same case for the baseline's prompt; None if its inputs don't accept it.

        Also None for a case without assertions on the answer.
        """
        prompt = planned.prompt
        if planned.request is None or not planned.asks:
            return None
        found = self._found(prompt)
        if found is None:
            return None
        before, renderer = found
        try:
            request = renderer.request(planned.case.inputs)
        except RenderError:
            return None
        answered = replace(prompt, path=before.path, model=before.model)
        digest = request_digest(request)
        return replace(planned, prompt=answered, request=request, digest=digest)

    def wants(self, plan: Iterable[Planned]) -> Iterator[Want]:
        """The answers that its prompts need for those cases."""
        for each in map(self.counterpart, plan):
            if each is not None and each.request is not None:
                yield want_of(each.request, each, profile_of(self._catalog, each))

    def learn(self, planned: Planned, answer: Answer) -> None:
        """Add the answers of this run."""
        self._asked[_key(planned)] = answer

    def answer(self, planned: Planned) -> Answer | None:
        """The known answer to a case and repeat, or None."""
        return self._asked.get(_key(planned)) or (
            None if planned.prompt.id in self.outdated else self.recorded(planned)
        )

    def recorded(self, planned: Planned) -> Answer | None:
        """The committed recordings of the baseline."""
        same = self.counterpart(planned)
        if same is None:
            return None
        found = self._store.find(same.prompt.path, same.digest, same.repeat)
        return found.answer if found is not None else None

    def heard(self, plan: Iterable[Planned]) -> list[Heard]:
        """The known answers to those cases, judged."""
        same = ((self.counterpart(each), self.answer(each)) for each in plan)
        return self._judging.heard([(each, said) for each, said in same if each and said])

    def evaluation_of(self, prompt: Prompt) -> Mapping[str, Any]:
        """The measures of its own version of a prompt; empty if there are none."""
        found = self._found(prompt)
        return found[0].evaluation if found is not None else {}

    def answered_by_another(self, planned: Planned, answer: Answer) -> bool:
        """Whether the model behind the same name has changed since the recording."""
        same, before = self.counterpart(planned), self.recorded(planned)
        if same is None or same.request is None or before is None or planned.request is None:
            return False
        named_alike = same.request.model == planned.request.model
        return named_alike and _who(before) != _who(answer)

    def _found(self, prompt: Prompt) -> tuple[Prompt, Renderer] | None:
        if prompt.id not in self._renderers:
            self._renderers[prompt.id] = self._opened(prompt)
        return self._renderers[prompt.id]

    def _opened(self, prompt: Prompt) -> tuple[Prompt, Renderer] | None:
        names = (prompt.id, *prompt.aliases)
        path = next((self._catalog.paths[n] for n in names if n in self._catalog.paths), None)
        before = self._catalog.loaded(path).prompt if path is not None else None
        if before is None:
            return None
        try:
            return before, Renderer(before, self._catalog.load, self._catalog.files.data)
        except RenderError:
            return None


def _key(planned: Planned) -> tuple[str, str, int]:
    return planned.prompt.id, planned.case.name, planned.repeat


def _who(answer: Answer) -> tuple[str, str | None]:
    return answer.model, answer.fingerprint
