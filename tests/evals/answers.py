"""Answers to be judged, written as short as a case is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from promptops.evals.conversations import Conversation, conversation_record
from promptops.evals.judge_answer import judge_answer, questions, record_of_answer
from promptops.evals.python_functions import Functions
from promptops.evals.result import Judgement
from promptops.evals.subject import Beside, Record
from promptops.evals.verdict import Embedding, ModerationReply, NoReply, Opinion, Question, Reply
from promptops.model.answer import Answer, Usage
from promptops.model.place import Offsets, Place
from promptops.model.prompt import Case, CaseTurn, Prompt, Request, ToolResult

Written = Mapping[str, Any]


def located(pointer: str, key: bool = False, within: Offsets | None = None) -> Place:
    """A place that is the pointer itself, marked where it is that of a key."""
    return Place(f"key {pointer}" if key else pointer)


def answer_of(written: str | Written) -> Answer:
    """A text, or the fields of an answer."""
    if isinstance(written, str):
        return Answer(text=written)
    usage = Usage(**written.get("usage", {}))
    calls = tuple(written.get("tool_calls", ()))
    return Answer(**{"text": "", **written, "usage": usage, "tool_calls": calls})


def case_of(written: Written) -> Case:
    return Case(
        name=written.get("name", "one"),
        inputs=written.get("inputs", {}),
        expected=written.get("expected"),
        at="",
        locate=located,
        rendered=tuple(written.get("rendered", ())),
        output=tuple(written.get("output", ())),
        turns=tuple(_turns(written.get("answers", ()))),
        conversation=tuple(written.get("conversation", ())),
    )


def _turns(answers: Sequence[Written]) -> Iterator[CaseTurn]:
    """Turns that give each answer what it waits for: a message, or the results of its tools."""
    calls: Sequence[Written] = ()
    for index, written in enumerate(answers):
        results = tuple(ToolResult(name=call["name"], text="done") for call in calls)
        user = None if results else f"message {index + 1}"
        yield CaseTurn(at=f"/turns/{index}", user=user, results=results)
        calls = written.get("tool_calls", ())


def prompt_of(*cases: Case, **evaluation: Any) -> Prompt:
    return Prompt(id="p", path="p", locate=located, messages=(), cases=cases, evaluation=evaluation)


def record(written: Written, prompt: Prompt, **beside: Any) -> Record:
    """The record of `answer` to `messages` and `tools`, with `others`, `files` and `price`."""
    request = Request(
        messages=tuple(written.get("messages", ())),
        tools=tuple(written.get("tools", ())),
        model=written.get("model", {"provider": "acme", "id": "m"}),
    )
    files = written.get("files")
    functions = Functions(lambda path, _: _content(files, path), allowed=True) if files else None
    others = {name: answer_of(each) for name, each in written.get("others", {}).items()}
    given = {"others": others, "functions": functions, "price": written.get("price", {}), **beside}
    case = case_of(written)
    if case.turns:
        conversation = Conversation(request, case.turns)
        for each in written["answers"]:
            assert conversation.next() is not None, conversation.ended
            conversation.answer(answer_of(each))
        whole = conversation.whole()
        assert whole is not None
        return conversation_record(whole, request, case, prompt, Beside(**given))
    answer = answer_of(written.get("answer", "An answer."))
    return record_of_answer(answer, request, case, prompt, Beside(**given))


def asked(written: Written, **evaluation: Any) -> tuple[Question, ...]:
    """What has to be asked about an answer."""
    prompt = prompt_of(**evaluation)
    return questions(record(written, prompt), case_of(written), prompt)


def judged(
    written: Written, *, beside: Written | None = None, **evaluation: Any
) -> list[Judgement]:
    """What is said of an answer; `replies` are those to its questions, in their order."""
    prompt = prompt_of(**evaluation)
    replies = dict(
        zip(
            (question.key for question in asked(written, **evaluation)),
            map(_reply, written.get("replies", ())),
            strict=False,
        )
    )
    given = record(written, prompt, **{"replies": replies, **(beside or {})})
    return list(judge_answer(given, case_of(written), prompt))


def _reply(written: Written) -> Reply:
    if "flagged" in written:
        return ModerationReply(flagged=tuple(written["flagged"]))
    if "vector" in written:
        return Embedding(vector=tuple(written["vector"]))
    return Opinion(**written) if len(written) > 1 else NoReply(**written)


def _content(files: Mapping[str, str], path: str) -> bytes | None:
    return files[path].encode() if path in files else None
