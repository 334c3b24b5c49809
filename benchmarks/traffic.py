"""Samples of production, and the repository that they were released from; the same every time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from repositories import commit, git, write

PROMPTS = ("support/plain", "support/private")
"""Six plain assertions; the same and `no-leak`."""

_CONFIGURATION = """\
prompts = ["prompts"]
[models.fast]
provider = "openai"
id = "gpt-4o-mini"
"""
_PROMPT = """\
format: promptops/1
model: {profile: fast}
inputs:
  required: [ticket, product]
  properties:
    ticket: {type: string, minLength: 1, maxLength: 4000}
    product: {type: string, enum: [router, camera, hub]}
messages:
  - role: system
    content: |
      You sort support tickets about the Acme {{ product }}.
      Choose the category by what the customer needs done, and draft the first reply in at most
      four sentences. Promise nothing on behalf of Acme, name no price, and ask for the serial
      number only if the customer describes a defect. Answer with a JSON object and nothing else.
  - role: user
    content: |
      <ticket>
      {{ ticket }}
      </ticket>
evaluation:
  assertions:
    - {type: one-of, path: /category, value: [bug, how_to, billing, other]}
    - {type: word-count, path: /reply, value: {min: 1, max: 60}}
    - {type: max-chars, path: /reply, value: 400}
    - {type: not-contains, value: guarantee}
    - {type: regex, value: '"urgency": ?[1-5]'}
    - {type: starts-with, value: "{"}
"""
_NO_LEAK = "    - {type: no-leak, value: 10}\n"

_TEXT = (
    "router light red blinks since the update this morning nobody online cable unplugged again "
    "camera hub pair second invoice charged twice month please help thank you serial number "
    "hold reset button ten seconds wait green then try page manual says works want know how"
)
_WORDS = _TEXT.split()
_CATEGORIES = ("bug", "how_to", "billing", "other")
_PRODUCTS = ("router", "camera", "hub")
_DAYS, _DAY_S, _FIRST_DAY_S = 14, 86_400, 1_795_046_400
_IN_CONVERSATION = 4


def make(folder: Path) -> None:
    """Two prompts, released twice."""
    write(folder, "promptops.toml", _CONFIGURATION)
    for name, more in zip(PROMPTS, ("", _NO_LEAK), strict=True):
        write(folder, f"prompts/{name}.prompt.yaml", _PROMPT + more)
    for version in ("v1.0.0", "v1.1.0"):
        commit(folder, version)
        git(folder, "tag", "-a", "-m", version, version)


def samples(count: int, prompt: str, seed: int = 0) -> Iterator[str]:
    """JSON lines of about 900 bytes; one in 33 violates a contract, one in 50 is an error."""
    draw = Random(f"{seed} {prompt}")
    for number in range(count):
        yield json.dumps(_sample(draw, number, prompt))


def write_samples(file: Path, count: int, prompt: str, seed: int = 0) -> None:
    """A file with these lines."""
    with file.open("w", encoding="utf-8") as opened:
        opened.writelines(f"{line}\n" for line in samples(count, prompt, seed))


def _sample(draw: Random, number: int, prompt: str) -> dict[str, object]:
    conversation = number // _IN_CONVERSATION
    tokens = draw.randrange(180, 400)
    sample: dict[str, object] = {
        "id": f"{number:012x}",
        "at": _FIRST_DAY_S + draw.randrange(_DAYS * _DAY_S),
        "prompt": prompt,
        "version": draw.choice(("1.0.0", "1.1.0")),
        "channel": "production",
        "conversation": f"c{conversation:08x}",
        "inputs": {"ticket": _text(draw, 55), "product": draw.choice(_PRODUCTS)},
        "model": "gpt-4o-mini-2024-07-18",
        "usage": {"input": tokens, "output": draw.randrange(40, 90)},
        "latency_s": round(draw.lognormvariate(0.2, 0.5), 3),
    }
    if draw.random() < 1 / 50:
        return {**sample, "error": "timeout"}
    return {**sample, "output": _answer(draw), "finish_reason": "stop"}


def _answer(draw: Random) -> str:
    answer = {
        "category": draw.choice(_CATEGORIES),
        "urgency": draw.randrange(1, 6),
        "reply": _text(draw, 45),
    }
    if draw.random() < 1 / 33:
        answer["category"] = "unknown"
    return json.dumps(answer)


def _text(draw: Random, words: int) -> str:
    return " ".join(draw.choices(_WORDS, k=words)).capitalize() + "."
