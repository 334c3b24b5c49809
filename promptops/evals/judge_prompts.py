"""Judges as prompts: the built-in ones, the requests to judges, and their replies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from promptops.catalog.catalog import Catalog
from promptops.errors import InputError
from promptops.evals.agreement import ANCHOR, Agreement, agreement
from promptops.evals.json_values import parsed
from promptops.evals.verdict import BUILT_IN, NoReply, Opinion, Question
from promptops.evals.wording import shown
from promptops.model.config import Config
from promptops.model.prompt import Case, Prompt, Request
from promptops.model.tree import TreeEntry
from promptops.records import replace
from promptops.runtime.request.render import Renderer
from promptops.runtime.template.scope import Load

_FOLDER = Path(__file__).with_name("judges")


class Judge:
    """A prompt that judges."""

    def __init__(self, prompt: Prompt, load: Load) -> None:
        """`load` finds the templates it includes.

        Raises InputError if it has no input for the answer, and RenderError as a Renderer does.
        """
        self._renderer = Renderer(prompt, load)
        self._declared = frozenset(prompt.inputs.get("properties", {}))
        if "output" not in self._declared:
            hint = "declare it: without the answer a judge gives every answer the same verdict"
            message = f"the judge {prompt.id!r} has no input 'output'"
            raise InputError(message, where=prompt.path, hint=hint)

    def request(self, question: Question) -> Request:
        """The request to the judge, with those inputs that it declares. Raises RenderError.

        The model is the question's, as written: the caller looks up `{profile}`.
        """
        known = {key: value for key, value in question.inputs.items() if key in self._declared}
        request = self._renderer.request(known)
        return replace(request, model=question.model) if question.model else request


@cache
def built_in_judge(name: str) -> Judge:
    """The built-in judge that a question names, `built-in NAME`."""
    file = f"{name.removeprefix(BUILT_IN)}.prompt.yaml"
    loaded = Catalog(_BuiltInJudges(), Config(prompts=(".",))).loaded(file)
    if loaded.prompt is None:
        raise InputError(f"the judge {name!r} can't be read", where=str(loaded.problems[0].at))
    return Judge(loaded.prompt, lambda _origin, _name: None)


def opinion_of(text: str) -> Opinion | NoReply:
    """The reply of a judge: JSON with `reason`, and `verdict` or `score`, and nothing else."""
    value = parsed(text)
    if not isinstance(value, Mapping):
        return NoReply(reason=f"expected a JSON mapping, got {shown(text)}")
    reason, verdict, score = (value.get(key) for key in ("reason", "verdict", "score"))
    if not isinstance(reason, str):
        return NoReply(reason=f"`reason` is not a string in {shown(text)}")
    if isinstance(verdict, str):
        return Opinion(reason=reason, verdict=verdict)
    if isinstance(score, (int, float)) and not isinstance(score, bool) and 0 <= score <= 1:
        return Opinion(reason=reason, score=float(score))
    return NoReply(reason=f"neither a `verdict` nor a `score` from 0 to 1 in {shown(text)}")


def is_anchor(case: Case) -> bool:
    """Whether a case has the verdict of people."""
    expected = case.expected
    named = isinstance(expected, Mapping) and isinstance(expected.get("verdict"), str)
    return named and ANCHOR in case.tags


def agreement_of(answered: Iterable[tuple[Case, str]]) -> Agreement:
    """The agreement of a judge with its anchors, from its answers to its own cases.

    An answer that can't be parsed is a disagreement. Cases that are not anchors are skipped.
    """
    return agreement(
        [
            (case.expected["verdict"], _verdict_in(text))
            for case, text in answered
            if is_anchor(case)
        ]
    )


def _verdict_in(text: str) -> str:
    """The verdict of an answer; a score is `pass` from one half on."""
    opinion = opinion_of(text)
    if isinstance(opinion, NoReply):
        return ""
    if opinion.verdict is not None:
        return opinion.verdict
    return "pass" if (opinion.score or 0) >= 0.5 else "fail"


class _BuiltInJudges:
    """The folder of the built-in judges as a tree."""

    revision = "built-in"

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        names = sorted(file.name for file in _FOLDER.iterdir())
        return {name: TreeEntry(path=name, blob="") for name in names}

    def read(self, paths: Iterable[str]) -> dict[str, bytes]:
        return {path: (_FOLDER / path).read_bytes() for path in paths}
