"""A hostile prompt file with what it names: the one generator of every check."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import yaml

from .templates import expression, template
from .values import FORMATS, STRINGS, assertion, schema, value

ROOT = Path(__file__).parents[3]
REAL = [path.read_text("utf-8") for path in sorted((ROOT / "prompts").rglob("*.prompt.yaml"))]
NAMES = (
    *(
        "c.jsonl",
        "c.csv",
        "c.yaml",
        "c.yml",
        "C.JSONL",
        "c.txt",
        "c",
        "-c.csv",
        "c d.csv",
        "é.yaml",
    ),
    *(
        "c\n.csv",
        "c\x1b[31m.yaml",
        "\u202ec.csv",
        "c'.yaml",
        'c".csv',
        "::error::.csv",
        "c\\.yaml",
        "c:c.csv",
    ),
    *(
        "x" * 250 + ".csv",
        "x" * 300 + ".csv",
        "x" * 5000 + ".csv",
        "",
        ".",
        "..",
        "/",
        "a/b/c.csv",
        "../c.csv",
    ),
)
ANCHORED: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
PLAIN: Any = type("PlainDumper", (ANCHORED,), {"ignore_aliases": lambda _self, _data: True})
PIECES = (
    *(
        "{{ x }}",
        "{% if x %}",
        "{%",
        "%}",
        "{#",
        "&a ",
        "*a",
        "<<: ",
        "!!t ",
        "|\n",
        ">-\n",
        "? ",
        "- ",
    ),
    *(
        ": ",
        "'",
        '"',
        "\\",
        "#",
        "%",
        "[",
        "]",
        "{",
        "}",
        ",",
        "\n",
        "\r\n",
        "\r",
        "\t",
        "  ",
        "\0",
        "\ufeff",
    ),
    *(
        "\u2028",
        "\x85",
        "~",
        "null",
        "1e999",
        ".nan",
        ".inf",
        "-.INF",
        "0x1F",
        "9" * 500,
        "2024-02-30",
    ),
    *(
        "\ud800",
        "\u202e",
        "$ref",
        "../x",
        "# promptops: ignore[VAR001] x",
        "{# promptops: ignore #}",
        "---\n",
    ),
    *(
        "<<<<<<< HEAD\n",
        "=======\n",
        ">>>>>>> b\n",
        "\x1b]0;x\x07",
        "...\n",
        "%YAML 1.1\n",
        "!!python/object:a ",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """Files by path, relative to a folder of their own, and links by path.

    Attributes:
        prompt: What the prompt file holds before it becomes bytes; None for one that is only bytes.
    """

    files: dict[str, bytes]
    links: dict[str, str] = field(default_factory=dict)
    prompt: dict[str, Any] | None = None


PROMPT = "bad.prompt.yaml"


def hostile(random: Random) -> Hostile:
    """One prompt file, mutated in its structure, its text or its bytes, and its companions."""
    prompt = _prompt(random)
    files = _companions(random, prompt)
    found = Hostile(files={**files, PROMPT: written(random, prompt)}, prompt=prompt)
    return _displaced(random, found) if random.random() < 0.03 else found


def changed(random: Random, before: Hostile) -> Hostile:
    """The same with some of it mutated once more."""
    if before.prompt is None or random.random() < 0.1:
        return hostile(random)
    prompt = deepcopy(before.prompt)
    for _ in range(random.randint(1, 3)):
        _mutate(random, prompt)
    files = {**before.files, **_companions(random, prompt), PROMPT: written(random, prompt)}
    folders = {path.partition("/")[0] for path in files if "/" in path}
    taken = {*folders, *before.links}
    kept = {path: data for path, data in files.items() if path not in taken}
    return replace(before, files=kept, prompt=prompt)


def _prompt(random: Random) -> dict[str, Any]:
    prompt: dict[str, Any] = {
        "format": "promptops/1",
        "description": "d.",
        "owners": ["@a/b"],
        "inputs": {"properties": {"ticket": {"type": "string", "maxLength": 99}, "items": {"type": "array"}}},
        "messages": [{"role": "user", "content": "hello {{ ticket }}"}],
        "tests": [{"name": "one", "inputs": {"ticket": "t", "items": ["a", 1]}, "rendered": [{"type": "contains", "value": "hello"}]}],
    }  # fmt: skip
    for _ in range(random.choice((0, 1, 1, 2, 3, 5))):
        _mutate(random, prompt)
    return prompt


def _mutate(random: Random, prompt: dict[str, Any]) -> None:
    kind = random.choice(_MUTATIONS)
    kind(random, prompt)


def _messages(random: Random, prompt: dict[str, Any]) -> None:
    prompt["messages"] = [_turn(random) for _ in range(random.randint(1, 3))]


def _turn(random: Random) -> Any:
    text = template(random)
    return random.choice((
        *({"role": role, "content": text} for role in ("user", "user", "system", "assistant")),
        *({"role": "user", "content": text, "when": expression(random)},) * 2,
        {"for_each": random.choice(("items", "ticket", "nope")), "as": "x", "messages": [{"role": "user", "content": text}]},
        {"role": "user", "content": {"file": random.choice(("p.j2", "q.j2", *NAMES))}},
        {"role": "user", "content": [{"text": text}, {"image": {"file": random.choice(("x.png", *NAMES))}}]},
        {"history": random.choice(("items", "nope"))},
        value(random) if random.random() < 0.2 else {"role": "assistant", "tool_calls": [value(random)]},
    ))  # fmt: skip


def _inputs(random: Random, prompt: dict[str, Any]) -> None:
    properties = {name: schema(random) for name in ("ticket", "items", "user")}
    prompt["inputs"] = random.choice(
        ({"properties": properties, "required": ["ticket"]}, schema(random))
    )


def _output(random: Random, prompt: dict[str, Any]) -> None:
    prompt["output"] = {
        "format": "json",
        "schema": schema(random),
        "strict": random.choice((True, False)),
        "name": "o",
    }


def _tools(random: Random, prompt: dict[str, Any]) -> None:
    prompt["tools"] = [random.choice((
        {"name": "t", "description": random.choice(STRINGS), "parameters": schema(random)},
        {"ref": random.choice(("x.json", "y.json", *NAMES))},
        value(random),
    ))]  # fmt: skip


def _cases(random: Random, prompt: dict[str, Any]) -> None:
    prompt["tests"] = [_case(random) for _ in range(random.randint(0, 3))]


def _case(random: Random) -> Any:
    if random.random() < 0.4:
        return {"file": random.choice(("c.jsonl", "c.csv", "c.yaml", *NAMES))}
    return _case_value(random)


def _case_value(random: Random) -> Any:
    if random.random() < 0.02:
        return value(random)
    ticket, items = random.choice(STRINGS), [value(random) for _ in range(3)]
    found: dict[str, Any] = {
        "name": random.choice(("one", "two", *STRINGS)),
        "inputs": {"ticket": ticket, "items": items},
    }
    if random.random() < 0.1:
        found["inputs"] = value(random)
    for key in random.sample(("rendered", "output", "expected", "tags"), random.randint(0, 3)):
        found[key] = (
            [assertion(random) for _ in range(2)]
            if key in ("rendered", "output")
            else value(random)
        )
    if isinstance(found.get("tags"), str):
        found["tags"] = [found["tags"], "anchor"]
    return found


def _evaluation(random: Random, prompt: dict[str, Any]) -> None:
    prompt["evaluation"] = {
        "assertions": [assertion(random)],
        random.choice(("judge", "repeats", "score", "x")): random.choice(
            (3, 10**9, "bad", "fine", value(random))
        ),
    }


def _model(random: Random, prompt: dict[str, Any]) -> None:
    prompt["model"] = random.choice((
        {"provider": "openai", "id": "gpt-4o", "params": {"temperature": value(random, 0), "max_tokens": value(random, 0)}},
        {"profile": random.choice(STRINGS)},
        value(random),
    ))  # fmt: skip


def _other(random: Random, prompt: dict[str, Any]) -> None:
    key = random.choice(("title", "description", "owners", "tags", "metadata", "status", "sunset", "budget",
                         "aliases", "replaced_by", "tool_choice", "format", "x", *STRINGS))  # fmt: skip
    prompt[key] = random.choice((value(random), "draft", ["fine"], {"tokens": 1}, FORMATS[0]))


def _extends(random: Random, prompt: dict[str, Any]) -> None:
    prompt["extends"] = random.choice(("../fine.prompt.yaml", "bad.prompt.yaml", "x.json", *NAMES))


def _removed(random: Random, prompt: dict[str, Any]) -> None:
    if prompt:
        del prompt[random.choice(list(prompt))]


_MUTATIONS = (
    *(
        _messages,
        _messages,
        _messages,
        _inputs,
        _inputs,
        _output,
        _tools,
        _cases,
        _cases,
        _evaluation,
    ),
    *(_model, _other, _extends, _removed),
)


def _companions(random: Random, prompt: dict[str, Any]) -> dict[str, bytes]:
    """The files that a prompt may name, as far as it does."""
    said = repr(prompt)
    found: dict[str, bytes] = {}
    for name in ("p.j2", "q.j2"):
        if name in said:
            found[name] = encoded(random, template(random))
    for name in ("x.json", "y.json"):
        if name in said:
            tool = {"name": "t", "parameters": schema(random)}
            found[name] = encoded(
                random, _json(random.choice((schema(random), tool, value(random))))
            )
    for name in ("c.jsonl", "c.yaml", "c.csv"):
        if name in said:
            found[name] = encoded(random, _case_file(random, name))
    if "x.png" in said:
        found["x.png"] = random.randbytes(40)
    if random.random() < 0.2:
        lines = [_json(_recording(random)) for _ in range(random.randint(0, 3))]
        part = random.choice(("", ".part02", ".part2"))
        found[f"bad.recordings{part}.jsonl"] = encoded(random, "\n".join(lines))
    return found


def _case_file(random: Random, name: str) -> str:
    cases = [_case_value(random) for _ in range(random.randint(0, 4))]
    if name.endswith(".jsonl"):
        return "".join(f"{_json(case)}\n" for case in cases)
    if name.endswith(".yaml"):
        return _yaml(cases)
    cells = [
        random.choice(("x", '"a,b"', '"', _json(value(random, 1)), *STRINGS)) for _ in range(9)
    ]
    header = random.choice(("name,inputs.ticket,rendered", "name,inputs.a:json,tags", "a,a", ""))
    return "\n".join((header, *(",".join(cells[n : n + 3]) for n in (0, 3, 6))))


def _recording(random: Random) -> Any:
    found: dict[str, Any] = {
        "format": 1, "request": "0" * 64, "repeat": 0, "case": "one", "model": "m", "fingerprint": None,
        "finish_reason": "stop", "output": "hello", "usage": {"input": 1, "output": 1, "cached": 0},
    }  # fmt: skip
    for key in random.sample(sorted(found), random.randint(0, 2)):
        found[key] = value(random)
    return random.choice((found, found, value(random)))


def _json(given: Any) -> str:
    return json.dumps(given, ensure_ascii=False)


def _yaml(given: Any, dumper: Any = PLAIN) -> str:
    try:
        text: str = yaml.dump(given, Dumper=dumper, allow_unicode=True, sort_keys=False)
    except (yaml.YAMLError, ValueError):  # half a character
        return _json(given)
    return text


def written(random: Random, prompt: dict[str, Any]) -> bytes:
    """A prompt as the bytes of its file: mostly YAML, with its text and its encoding mutated."""
    text = _yaml(prompt, ANCHORED if random.random() < 0.03 else PLAIN)
    if random.random() < 0.1:
        text = _json(prompt)
    if random.random() < 0.1:
        text = random.choice(REAL)
    if random.random() < 0.12:
        text = _cut(random, text)
    return encoded(random, text)


def _cut(random: Random, text: str) -> str:
    for _ in range(random.randint(1, 6)):
        start = random.randint(0, len(text))
        end = min(len(text), start + random.randint(0, 40))
        put = random.choice(
            (*PIECES, text[start:end] * 2, text[start:end] * random.choice((1, 1, 300)))
        )
        text = text[:start] + put + text[end:]
    return text[:200_000]


def encoded(random: Random, text: str) -> bytes:
    """Mostly UTF-8; now and then another encoding, or bytes that are none."""
    data = text.encode("utf-8", "surrogatepass")
    if random.random() < 0.97:
        return data
    at = random.randint(0, len(data))
    wrong = random.choice(
        (b"\0", b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\x80")
    )
    return random.choice((
        text.encode("utf-16", "surrogatepass"),
        text.encode("latin-1", "replace"),
        text.encode("utf-8-sig", "surrogatepass"),
        data.replace(b"\n", b"\r\n"),
        data.replace(b"\n", b"\r"),
        data[:at] + wrong + data[at:],
        data[:at],
        b"",
    ))  # fmt: skip


def _displaced(random: Random, found: Hostile) -> Hostile:
    """One of the files is a link, or a folder stands in its place."""
    name = random.choice(sorted(found.files))
    rest = {path: data for path, data in found.files.items() if path != name}
    if random.random() < 0.5:
        target = random.choice(("/etc/passwd", name, "../fine.prompt.yaml", "gone", ".."))
        return replace(found, files=rest, links={name: target})
    return replace(found, files={**rest, f"{name}/inside.txt": b"x"})
