"""One alternative in a comparison: the prompts of a catalog, with the cases of another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.jobs.recordings.store import Store
from promptops.jobs.testing.answering import Answering
from promptops.jobs.testing.judging import AnswerJudge, JudgedAnswer
from promptops.jobs.testing.plan import PlannedCase
from promptops.jobs.testing.requests import planned_profile, wanted_answer
from promptops.jobs.testing.wanted_answers import WantedAnswer
from promptops.model.answer import Answer
from promptops.model.prompt import Prompt
from promptops.model.request import Request
from promptops.records import replace
from promptops.runtime.request.canonical import request_digest
from promptops.runtime.request.render import Renderer, RenderError


class Arm:
    """One alternative in a comparison: a catalog, and where the answers to its requests are.

    It runs the cases and assertions of the catalog `head`, which has the candidate or, in a
    comparison of several arms, the reference.

    Attributes:
        title: Its name in reports, such as a revision.
        outdated: Ids of the prompts whose recorded answers are from another model and no longer
            used.
        opinions: The judges' verdicts on its answers.
    """

    def __init__(
        self,
        title: str,
        catalog: Catalog,
        head: Catalog,
        *,
        opinions: Answering,
        store: Store,
        ids: Mapping[str, str] = MappingProxyType({}),
        reference: Arm | None = None,
    ) -> None:
        """`store` has the recorded answers to the requests of `catalog`.

        Args:
            opinions: Finds the judges' verdicts on the answers in `store`.
            ids: From the id of a prompt in `head` to its id in `catalog`, where they differ.
            reference: The arm whose answers a judge compares with; None for this one.
        """
        self.title = title
        self.outdated: set[str] = set()
        self._catalog = catalog
        self._store = store
        self._ids = ids
        self.opinions = opinions
        self._judging = AnswerJudge(head, opinions, (reference or self).answer)
        self._answers: dict[tuple[str, str, int], Answer] = {}
        self._renderers: dict[str, tuple[Prompt, Renderer] | None] = {}
        self._requests: dict[tuple[str, str], tuple[Prompt, Request, str] | None] = {}

    def counterpart(self, planned: PlannedCase) -> PlannedCase | None:
        """The same case for the prompt of this arm; None if its inputs don't accept it.

        Also None for a case without assertions on the answer.
        """
        if planned.request is None or not planned.needs_answer:
            return None
        key = planned.prompt.id, planned.case.name
        if key not in self._requests:
            self._requests[key] = self._request(planned)
        found = self._requests[key]
        if found is None:
            return None
        prompt, request, digest = found
        return replace(planned, prompt=prompt, request=request, digest=digest)

    def _request(self, planned: PlannedCase) -> tuple[Prompt, Request, str] | None:
        """The request to a case, with its digest; of all repeats, because they are equal."""
        found = self._own_version(planned.prompt)
        if found is None:
            return None
        own, renderer = found
        try:
            request = renderer.request(planned.case.inputs)
        except RenderError:
            return None
        prompt = replace(planned.prompt, path=own.path, model=own.model)
        return prompt, request, request_digest(request)

    def wants(self, plan: Iterable[PlannedCase]) -> Iterator[WantedAnswer]:
        """The answers that its prompts need for those cases."""
        for planned in map(self.counterpart, plan):
            if planned is not None and planned.request is not None:
                yield wanted_answer(
                    planned.request, planned, planned_profile(self._catalog, planned)
                )

    def learn(self, planned: PlannedCase, answer: Answer) -> None:
        """Add the answers of this run."""
        self._answers[_key(planned)] = answer

    def answer(self, planned: PlannedCase) -> Answer | None:
        """The known answer to a case and repeat, or None."""
        return self._answers.get(_key(planned)) or (
            None if planned.prompt.id in self.outdated else self.recorded(planned)
        )

    def recorded(self, planned: PlannedCase) -> Answer | None:
        """The recorded answer to a case and repeat, or None."""
        same = self.counterpart(planned)
        if same is None:
            return None
        found = self._store.find(same.prompt.path, same.digest, same.repeat)
        return found.answer if found is not None else None

    def judged(self, plan: Iterable[PlannedCase]) -> list[JudgedAnswer]:
        """The known answers to those cases, judged."""
        same = ((self.counterpart(planned), self.answer(planned)) for planned in plan)
        return self._judging.judged(
            [(planned, answer) for planned, answer in same if planned and answer]
        )

    def evaluation_of(self, prompt: Prompt) -> Mapping[str, Any]:
        """The measures of its own version of a prompt; may be empty."""
        found = self._own_version(prompt)
        return found[0].evaluation if found is not None else {}

    def answered_by_another(self, planned: PlannedCase, answer: Answer) -> bool:
        """Whether the model behind the same name has changed since the recording."""
        same, before = self.counterpart(planned), self.recorded(planned)
        if same is None or same.request is None or before is None or planned.request is None:
            return False
        named_alike = same.request.model == planned.request.model
        return named_alike and _who(before) != _who(answer)

    def _own_version(self, prompt: Prompt) -> tuple[Prompt, Renderer] | None:
        if prompt.id not in self._renderers:
            self._renderers[prompt.id] = self._open(prompt)
        return self._renderers[prompt.id]

    def _open(self, prompt: Prompt) -> tuple[Prompt, Renderer] | None:
        names = (self._ids.get(prompt.id, prompt.id), *prompt.aliases)
        path = next((self._catalog.paths[n] for n in names if n in self._catalog.paths), None)
        own = self._catalog.loaded(path).prompt if path is not None else None
        if own is None:
            return None
        try:
            return own, Renderer(own, self._catalog.load, self._catalog.files.data)
        except RenderError:
            return None


def _key(planned: PlannedCase) -> tuple[str, str, int]:
    return planned.prompt.id, planned.case.name, planned.repeat


def _who(answer: Answer) -> tuple[str, str | None]:
    return answer.model, answer.fingerprint
