"""Answers with the request itself, at once and for free, to try out a run."""

from __future__ import annotations

import re

from promptops.analysis.tokens import estimate
from promptops.evals.providers import OnText, Provider, Reply, refuse_other_apis
from promptops.evals.providers.registry import provider
from promptops.model.answer import Answer, Usage
from promptops.model.config import ModelProfile
from promptops.model.prompt import Request
from promptops.runtime.request.canonical import canonical_json


@provider("echo")
def echo(_profile: ModelProfile, _key: str | None) -> Provider:
    return _Echo()


class _Echo:
    async def ask(self, request: Request, deadline_s: float) -> Reply:
        refuse_other_apis(request, "echo")
        text = canonical_json({"messages": list(request.messages)})
        tokens = estimate(text)
        model = str(request.model.get("id", "echo"))
        return Reply(
            answer=Answer(text=text, model=model, usage=Usage(input=tokens, output=tokens))
        )

    async def stream(self, request: Request, deadline_s: float, on_text: OnText) -> Reply:
        reply = await self.ask(request, deadline_s)
        for found in re.finditer(r"\s*\S+|\s+$", reply.answer.text):
            on_text(found[0])
        return reply

    async def close(self) -> None:
        pass
