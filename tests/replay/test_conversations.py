"""An application that calls tools gets the answers of a case with turns, whatever ids it uses."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from promptops.evals.conversations import Conversation
from promptops.model.answer import Answer, Recording
from promptops.model.prompt import Request
from promptops.replay.known import differences
from promptops.replay.requests import APIS, Api, ApiRequest, read_request, rendered_request
from promptops.source.recordings import recordings_bytes
from promptops.testing.plan import plan_cases
from promptops.workspace.workspace import workspace
from tests.replay.conftest import WAY_OUT
from tests.replay.test_requests import ARGUMENTS, PROVIDERS, sender
from tests.servers.fault_server import fault_server
from tests.testing.served import FILE, run
from tests.testing.test_conversations import (
    CASE,
    LOOKUP,
    PROMPT,
    REFUND,
    agent,
    configured,
    rewritten,
)

SAID = [("", [LOOKUP]), ("You have 14 days. Shall I?", []), ("", [REFUND])]
RESULT = '{"days": 12}'


def _recorded(repo: Any, provider: str) -> Request:
    """Record the answers of a model of a provider; returns what the application sends first."""
    profile = f'[models.served]\nprovider = "{provider}"\nid = "m"\n'
    config = f"{profile}params = {{max_output_tokens = 100}}\n"
    repo.write({"promptops.toml": config, "prompts/ask.prompt.yaml": PROMPT + CASE})
    with workspace(repo.root) as opened:
        (planned,) = plan_cases(opened.catalog, opened.catalog.prompts(), 1)
    assert planned.request is not None
    conversation, lines = Conversation(planned.request, planned.case.turns), []
    for text, calls in SAID:
        step = conversation.next()
        assert step is not None
        answer = Answer(text=text, tool_calls=tuple(calls), model="m-1")
        lines.append(Recording(request=step.digest, repeat=0, case="a refund", answer=answer))
        conversation.answer(answer)
    (repo.root / FILE).write_bytes(recordings_bytes(lines))
    return conversation.turns[0].request


def _first_request(repo: Any) -> Request:
    """What an application sends first."""
    with workspace(repo.root) as opened:
        (planned,) = plan_cases(opened.catalog, opened.catalog.prompts(), 1)
    assert planned.request is not None
    step = Conversation(planned.request, planned.case.turns).next()
    assert step is not None
    return step.request


def _chat(arguments: dict[str, Any], answer: Any, further: str | None) -> tuple[str, list[Any]]:
    message = answer.choices[0].message
    arguments["messages"].append(message.model_dump(exclude_none=True))
    for call in message.tool_calls or ():
        said = {"role": "tool", "tool_call_id": call.id, "content": RESULT}
        arguments["messages"].append(said)
    if further:
        arguments["messages"].append({"role": "user", "content": further})
    return message.content or "", [call.function for call in message.tool_calls or ()]


def _responses(
    arguments: dict[str, Any], answer: Any, further: str | None
) -> tuple[str, list[Any]]:
    calls = [item for item in answer.output if item.type == "function_call"]
    arguments["input"] += [item.model_dump(exclude_none=True) for item in answer.output]
    arguments["input"] += [
        {"type": "function_call_output", "call_id": call.call_id, "output": RESULT}
        for call in calls
    ]
    if further:
        arguments["input"].append({"role": "user", "content": further})
    return answer.output_text, calls


def _messages(arguments: dict[str, Any], answer: Any, further: str | None) -> tuple[str, list[Any]]:
    calls = [block for block in answer.content if block.type == "tool_use"]
    said = [block.model_dump(exclude_none=True) for block in answer.content]
    arguments["messages"].append({"role": "assistant", "content": said})
    content: list[dict[str, Any]] = [
        {"type": "tool_result", "tool_use_id": call.id, "content": RESULT} for call in calls
    ]
    content += [{"type": "text", "text": further}] if further else []
    if content:
        arguments["messages"].append({"role": "user", "content": content})
    return "".join(block.text for block in answer.content if block.type == "text"), calls


def _gemini(arguments: dict[str, Any], answer: Any, further: str | None) -> tuple[str, list[Any]]:
    calls = answer.function_calls or []
    arguments["contents"].append(answer.candidates[0].content.model_dump(exclude_none=True))
    parts = [
        {"function_response": {"id": call.id, "name": call.name, "response": {"days": 12}}}
        for call in calls
    ]
    parts += [{"text": further}] if further else []
    if parts:
        arguments["contents"].append({"role": "user", "parts": parts})
    return "" if calls else answer.text, calls


GOES_ON = {"chat": _chat, "responses": _responses, "messages": _messages, "gemini": _gemini}


@pytest.mark.parametrize("api", APIS)
def test_an_agent_gets_the_answers_of_a_case_with_turns(api: Api, repo: Any, served: Any) -> None:
    arguments = ARGUMENTS[api](_recorded(repo, PROVIDERS[api]))
    server = served(repo.root)

    said = []
    with sender(api, server.address) as send:
        for further in (None, "Thanks, do it.", None):
            text, calls = GOES_ON[api](arguments, send(arguments), further)
            said.append((text, [call.name for call in calls]))

    assert said == [(text, [call["name"] for call in calls]) for text, calls in SAID]
    assert [each.status for each in server.replay.requests] == [200, 200, 200]
    assert {each.case for each in server.replay.requests} == {"a refund"}
    assert server.replay.problems == []


def test_a_turn_without_a_recording_is_named(repo: Any, served: Any) -> None:
    with fault_server(agent) as model:
        configured(repo, model)
        run(repo, "record")
    rewritten(repo, lambda row: row.update(output=row["output"].replace("Shall I?", "May I?")))
    with workspace(repo.root) as opened:
        (planned,) = plan_cases(opened.catalog, opened.catalog.prompts(), 1)
    server = served(repo.root)
    conversation = server._known._cases._store.conversation(planned)
    step = conversation.next()
    assert step is not None
    request = rendered_request("chat", step.request)

    found = server._known.explain(request, WAY_OUT)
    assert found.startswith(
        "turn 3 of the case `a refund` of `ask` sends another request than when it was recorded:"
        " promptops test ask --record; nearest with an answer is turn 2 of the case `a refund` of"
    )


def test_a_changed_line_of_a_released_prompt_is_shown(repo: Any, served: Any) -> None:
    with fault_server(agent) as model:
        configured(repo, model)
        run(repo, "record")
        repo.commit("recorded")
        repo.git("tag", "-a", "-m", "one", "v1.0.0")
        configured(repo, model)
    text = (repo.root / "prompts/ask.prompt.yaml").read_text("utf-8")
    repo.write({"prompts/ask.prompt.yaml": text.replace("You support", "You help")})
    arguments = ARGUMENTS["chat"](_first_request(repo))
    server = served(repo.root)
    with sender("chat", server.address) as send, pytest.raises(openai.BadRequestError) as refused:
        send(arguments)

    message = refused.value.body["message"]
    assert "nearest with an answer is turn 1 of the case `a refund` of `ask` in v1.0.0" in message
    assert 'system message, line 1: "help" instead of "support"' in message
    assert WAY_OUT not in message


@pytest.mark.parametrize("spelling", ['{"days":12}', '{ "days" : 12 }'])
def test_the_result_of_a_tool_is_compared_as_data(spelling: str) -> None:
    def request(result: str) -> str:
        call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": result}}
        said = [
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "a", "content": result},
        ]
        return read_request("chat", "", "", {"model": "m", "messages": said}, {}).digest

    assert request(spelling) == request(RESULT)
    assert request(spelling) != request('{"days": 13}')


def test_a_difference_of_tools_is_shown_where_it_is() -> None:
    def request(description: str) -> ApiRequest:
        tools = [{"function": {"description": "Finds an order by its number.", "name": "find"}}]
        tools.append({"function": {"description": description, "name": "refund"}})
        return read_request("chat", "", "", {"model": "m", "tools": tools, "messages": []}, {})

    found = differences(request("Refunds an order."), request("Refunds one order."))
    assert found == ['`tools` is "an" instead of "one"']
