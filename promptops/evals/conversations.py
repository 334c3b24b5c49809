"""The conversation of a case: what is sent in each turn, and what all turns together are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from promptops.catalog.catalog import Catalog
from promptops.evals.json_values import NOTHING
from promptops.evals.judge_answer import flaw_of, record_of_answer
from promptops.evals.judge_replies import within_tags
from promptops.evals.packaged_prompts import packaged_prompt
from promptops.evals.parse import parse
from promptops.evals.result import Judgement
from promptops.evals.subject import Beside, Record, with_calls
from promptops.model.answer import Answer, AnsweredTurn, Usage
from promptops.model.prompt import Case, CaseTurn, Prompt, Request, SimulatedUser
from promptops.model.test_run import ENDED
from promptops.plurals import series
from promptops.records import record, replace
from promptops.runtime.request.canonical import canonical_json, request_digest
from promptops.runtime.request.render import Renderer

Message = Mapping[str, Any]


@record(frozen=True, slots=True, kw_only=True)
class Step:
    """The next request of a conversation.

    Attributes:
        digest: Of the request.
        at: JSON pointer of its turn in the file of the case.
        judge: What a recording of its answer is recorded as; "" for the model under test.
    """

    request: Request
    digest: str
    at: str
    judge: str = ""


SIMULATED_USER = "built-in user"
"""As which the messages of a simulated user are recorded; ids of prompts contain no space."""

Simulate = Callable[[SimulatedUser, str], Request | None]
"""The request for the next message of a simulated user, from the conversation so far as text.

None if no model plays users."""


def case_digest(request: Request, case: Case) -> str:
    """What identifies the answer to a case: the digest of its request and of what is said in turns.

    It is the digest of the request for a case without turns.
    """
    digest = request_digest(request)
    if not case.turns:
        return digest
    from hashlib import sha256

    said = [
        [_user_facts(turn.user), [[r.name, r.text] for r in turn.results]] for turn in case.turns
    ]
    return sha256(canonical_json([digest, said]).encode()).hexdigest()


def _user_facts(user: str | SimulatedUser | None) -> Any:
    if isinstance(user, SimulatedUser):
        return [user.character, user.goal, user.max_turns]
    return user


class Conversation:
    """The state of a conversation: give it the answer to each step until there is no next one.

    Attributes:
        turns: The answered turns.
        ended: Why it ended before its last turn, or "".
    """

    def __init__(
        self, request: Request, turns: Sequence[CaseTurn], simulate: Simulate | None = None
    ) -> None:
        """`request` is the rendered prompt; `simulate` is needed for a simulated user."""
        self.turns: list[AnsweredTurn] = []
        self.ended = ""
        self._request = request
        self._left = list(turns)
        self._simulate = simulate
        self._simulated = 0
        self._written: str | None = None
        self._step: Step | None = None

    @property
    def number(self) -> int:
        """The number of the turn that is asked next, 1-based."""
        return len(self.turns) + 1

    def next(self) -> Step | None:
        """The request to answer next; None after the end."""
        if self._step is None and self._left and not self.ended:
            self._step = self._next(self._left[0])
        return self._step

    def answer(self, answer: Answer, source: str = "recorded") -> None:
        """Add the answer to the next step."""
        step = self._step
        assert step is not None, "`next` was called"
        self._step = None
        if step.judge:
            self._hear(answer)
            return
        turn = self._left[0]
        self.turns.append(
            AnsweredTurn(
                number=self.number,
                at=turn.at,
                request=step.request,
                digest=step.digest,
                said=len(step.request.messages) - len(self._request.messages),
                answer=answer,
                source=source,
            )
        )
        own = spoken(answer, len(self.turns))
        self._request = replace(step.request, messages=(*step.request.messages, own))
        self._written = None
        if not isinstance(turn.user, SimulatedUser):
            del self._left[0]

    def whole(self) -> Answer | None:
        """The answer to the case: the last one, with all turns; None before the first one."""
        if not self.turns:
            return None
        answers = [turn.answer for turn in self.turns]
        latencies = [answer.latency_s for answer in answers]
        return replace(
            answers[-1],
            usage=_total([answer.usage for answer in answers]),
            latency_s=None if None in latencies else sum(filter(None, latencies)),
            turns=tuple(self.turns),
            ended=self.ended,
        )

    def _next(self, turn: CaseTurn) -> Step | None:
        reason = self._unanswerable(turn)
        if reason:
            self._end(reason)
            return None
        if isinstance(turn.user, SimulatedUser) and self._written is None:
            return self._ask_user(turn, turn.user)
        request = replace(
            self._request, messages=(*self._request.messages, *self._said(turn, self._written))
        )
        return Step(request=request, digest=request_digest(request), at=turn.at)

    def _ask_user(self, turn: CaseTurn, user: SimulatedUser) -> Step | None:
        if self._simulated == user.max_turns:
            self._left.clear()
            return None
        asked = self._simulate(user, transcript(self.turns)) if self._simulate else None
        if asked is None:
            self._end('no model plays the user: write `user = "PROFILE"` below `[test]`')
            return None
        digest = request_digest(asked)
        return Step(request=asked, digest=digest, at=turn.at, judge=SIMULATED_USER)

    def _hear(self, answer: Answer) -> None:
        """Take the next message of the simulated user."""
        text = answer.text.strip()
        if flaw_of(answer) == "incomplete" or not text:
            self._end("the simulated user wrote no complete message")
        elif text.strip(" .!*\"'`").upper() == GOAL_REACHED:
            self._left.clear()
            if not self.turns:
                self.ended = "the simulated user ended it before the first answer"
        else:
            self._simulated += 1
            self._written = text

    def _unanswerable(self, turn: CaseTurn) -> str:
        """Why the turn can't follow the last answer, or ""."""
        if self.turns and (flaw := flaw_of(self.turns[-1].answer)) is not None:
            nothing = ": no provider accepts it as a message, so nothing can follow it"
            return f"the answer of turn {len(self.turns)} is {flaw}{nothing * (flaw == 'empty')}"
        if not self.turns and turn.user is None and not turn.results:
            return ""
        before = f"turn {len(self.turns)}" if self.turns else "the prompt"
        calls = self._calls()
        if any(not isinstance(call.get("arguments", {}), Mapping) for call in calls):
            return f"{before} calls a tool with arguments that are not a JSON mapping"
        called = [str(call.get("name")) for call in calls]
        answered = [result.name for result in turn.results]
        if unanswered := _more(called, answered):
            simulated = isinstance(turn.user, SimulatedUser)
            by = "a simulated user" if simulated else f"turn {self.number}"
            return f"{before} calls {_names(unanswered)}, which {by} does not answer"
        if uncalled := _more(answered, called):
            return f"turn {self.number} answers {_names(uncalled)}, which {before} does not call"
        return ""

    def _calls(self) -> list[Mapping[str, Any]]:
        """The tool calls of the message before the next turn."""
        messages = self._request.messages
        return list(messages[-1].get("tool_calls") or ()) if messages else []

    def _said(self, turn: CaseTurn, written: str | None) -> tuple[Message, ...]:
        """The new messages of a turn."""
        if turn.results:
            calls = self._calls()
            return tuple(_result(result.name, result.text, calls) for result in turn.results)
        text = written if isinstance(turn.user, SimulatedUser) else turn.user
        return () if text is None else ({"role": "user", "content": text},)

    def _end(self, reason: str) -> None:
        self.ended = reason
        self._left.clear()


GOAL_REACHED = "GOAL REACHED"
"""What a simulated user writes in place of a message when the conversation is over."""

_MOST_NAMES = 3


def _names(tools: Sequence[str]) -> str:
    return series([f"`{name}`" for name in tools], "and", _MOST_NAMES)


def _more(names: Sequence[str], others: Sequence[str]) -> list[str]:
    """The names that occur more often than in `others`."""
    left = list(others)
    found = []
    for name in names:
        if name in left:
            left.remove(name)
        else:
            found.append(name)
    return found


def _result(name: str, text: str, calls: list[Mapping[str, Any]]) -> Message:
    """The message with the result of the first of these calls of a tool, which is removed."""
    call = next(each for each in calls if each.get("name") == name)
    calls.remove(call)
    return {"role": "tool", "tool_call_id": call["id"], "content": text}


def spoken(answer: Answer, number: int) -> Message:
    """An answer as the message of the assistant in later requests; `number` is its turn's."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if answer.tool_calls:
        message["tool_calls"] = [
            {**call, "id": f"call_{number}_{index}"}
            for index, call in enumerate(answer.tool_calls, 1)
        ]
    return message


def transcript(turns: Sequence[AnsweredTurn]) -> str:
    """A conversation as text, for judges and simulated users; without the prompt itself."""
    return "\n\n".join(line for turn in turns for line in _lines(turn))


def _lines(turn: AnsweredTurn) -> list[str]:
    said = turn.request.messages[len(turn.request.messages) - turn.said :] if turn.said else ()
    lines = [f"{str(message['role']).capitalize()}: {message['content']}" for message in said]
    return [*lines, f"Assistant: {with_calls(turn.answer.text, turn.answer.tool_calls)}"]


def _total(usages: Sequence[Usage]) -> Usage:
    return Usage(
        input=sum(usage.input for usage in usages),
        output=sum(usage.output for usage in usages),
        cached=sum(usage.cached for usage in usages),
    )


class SimulatedUsers:
    """The requests for the messages of simulated users, to the model that `[test]` names.

    Attributes:
        profile: That model; None if the configuration names none.
    """

    def __init__(self, catalog: Catalog) -> None:
        self.profile = catalog.config.models.get(catalog.config.test.user or "")

    def request(self, user: SimulatedUser, conversation: str) -> Request | None:
        """The request for the next message; None without a model."""
        if self.profile is None:
            return None
        renderer = Renderer(packaged_prompt("users", "user"), lambda _origin, _name: None)
        said = within_tags(conversation)
        inputs = {"character": user.character, "goal": user.goal, "conversation": said}
        model = {"provider": self.profile.provider, "id": self.profile.id}
        return replace(renderer.request(inputs), model=model, params=dict(self.profile.params))


# The conversation of a case as assertions receive it, and what is found in recordings.


def conversation_record(
    answer: Answer, request: Request, case: Case, prompt: Prompt, beside: Beside
) -> Record:
    """All turns as one record: the transcript as text, with the tool calls of every turn."""
    calls = tuple(call for turn in answer.turns for call in turn.answer.tool_calls)
    whole = replace(answer, text=transcript(answer.turns), tool_calls=calls)
    record = record_of_answer(whole, request, case, prompt, beside)
    return replace(record, on="conversation", root=NOTHING)


def case_of_turn(case: Case, turn: AnsweredTurn) -> Case:
    """A case with the assertions of one turn, at their places."""
    output = next((own.output for own in case.turns if own.at == turn.at), ())
    return replace(case, at=turn.at, output=output, turns=(), conversation=())


def ended_early(answer: Answer, case: Case) -> Iterator[Judgement]:
    """The failure of a conversation that ended before its last turn; nothing if it did not.

    With a simulated user, no case is a contract: then it counts as 0 in the score of the case.
    """
    if not answer.ended:
        return
    last = answer.turns[-1]
    measured = (parse(each, "conversation")[0] for each in case.conversation)
    scores = [each.score for each in measured if each is not None and each.score is not None]
    at = next((turn.at for turn in case.turns[last.number :]), last.at)
    yield Judgement(
        type=ENDED,
        status="failed",
        must=not case.simulated,
        score=scores[0] if case.simulated and scores else None,
        reason=answer.ended,
        place=case.locate(at, False),
        degree=0.0,
        turn=last.number,
    )


Find = Callable[[tuple[str, str]], Answer | None]
"""The recorded answer to a request, by its digest and by what it is recorded as."""


def recorded_conversation(conversation: Conversation, find: Find) -> Step | None:
    """Continue with recorded answers; returns the first step without one, None at the end."""
    while (step := conversation.next()) is not None:
        found = find((step.digest, step.judge))
        if found is None:
            return step
        conversation.answer(found)
    return None
