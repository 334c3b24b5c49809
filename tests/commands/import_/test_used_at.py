"""Where code uses its prompts, as `--format json` reports it."""

from __future__ import annotations

import yaml

from promptops.model.place import Place
from tests.commands.import_.imported import imported, severe

TEXT = "Sort the ticket {text} into groups, and give your reasons."
FILES = {
    "app/texts.py": f"""\
SORT_PROMPT = "{TEXT}"
KIND_PROMPT = "Sort the ticket %s into groups, and give your reasons."
LONE_PROMPT = "Sort the tickets into groups, and give your reasons."


def ask_prompt(name):
    return f"Greet {{name}} in one sentence, and ask for the number of the order."
""",
    "app/main.py": """\
from app import texts
from app.texts import KIND_PROMPT as KIND
from app.texts import ask_prompt

prompt = texts.SORT_PROMPT.format(text=ticket, *more)
ask(KIND % ticket, system=texts.SORT_PROMPT)
ask(ask_prompt(name), texts.SORT_PROMPT.upper(), [texts.SORT_PROMPT])
client.chat.completions.create(messages=[{"role": "user", "content": "Sort these tickets."}])
""",
    "app/broken.py": "from app.texts import (\n",
    "web/ask.ts": """\
import { sortPrompt } from "./texts";
ask(sortPrompt);
ask(sortPrompt(ticket));
""",
    "web/texts.ts": """\
export const sortPrompt = "Sort the tickets into groups, and give your reasons.";
""",
}


def test_each_prompt_has_the_places_that_use_it(repo, monkeypatch):
    repo.write(FILES)
    monkeypatch.chdir(repo.root)

    found = imported(repo.root, "app", "web", dry_run=True)

    uses = {
        prompt.id: [
            (f"{use.place.path}:{use.place.line}:{use.place.column}", use.kind, use.arguments)
            for use in prompt.used_at
        ]
        for prompt in found.prompts
    }
    assert uses == {
        "main/request": [("app/main.py:8:1", "inline", ())],
        "texts/sort-prompt": [
            ("app/main.py:5:10", "format", ("*more", "text")),
            ("app/main.py:6:27", "argument", ("system",)),
            ("app/main.py:7:23", "method", ("upper",)),
            ("app/main.py:7:51", "read", ()),
        ],
        "texts/kind-prompt": [("app/main.py:6:5", "percent", ())],
        "texts/lone-prompt": [],
        "texts/ask-prompt": [("app/main.py:7:5", "call", ("name",))],
        "texts/sort-prompt-typescript": [
            ("web/ask.ts:2:5", "read", ()),
            ("web/ask.ts:3:5", "call", ()),
        ],
    }


def test_places_are_in_characters_and_have_an_end(repo, monkeypatch):
    files = {
        "a.py": f'SORT_PROMPT = "{TEXT}"\nask("größer als", SORT_PROMPT)\n',
        "b.ts": f'const sortPrompt = "{TEXT}";\nask("größer als", sortPrompt);\n',
    }
    repo.write(files)
    monkeypatch.chdir(repo.root)

    found = imported(repo.root, "a.py", "b.ts", dry_run=True)

    assert [use.place for prompt in found.prompts for use in prompt.used_at] == [
        Place("a.py", 2, 19, 2, 30),
        Place("b.ts", 2, 19, 2, 29),
    ]


CALLED = {
    "app/texts.py": f"""\
SORT_PROMPT = "{TEXT}"
RULES_PROMPT = "You sort the tickets of a shop into groups, and give your reasons."
TONE_PROMPT = "You answer in short sentences, and you are kind to everyone."
KIND_PROMPT = "Sort this ticket into groups, and give your reasons: %s"
STEPS_PROMPT = "Sort this ticket step by step, and give your reasons at the end."
MESSAGES = [{{"role": "system", "content": "Sort the ticket of a customer."}}]


def ask_prompt(name):
    return f"Greet {{name}} in one sentence, and ask for the number of the order."
""",
    "app/main.py": """\
from app.texts import KIND_PROMPT, MESSAGES, RULES_PROMPT, SORT_PROMPT, STEPS_PROMPT, ask_prompt


def sort(ticket):
    prompt = SORT_PROMPT.format(text=ticket)
    messages = [{"role": "system", "content": RULES_PROMPT}]
    messages.append({"role": "user", "content": prompt})
    return client.chat.completions.create(model="gpt-5", temperature=0.2, messages=messages)


def kind(ticket):
    prompt = KIND_PROMPT % ticket
    messages = [{"role": "user", "content": prompt}]
    return client.messages.create(model="claude-sonnet-4-5", max_tokens=limit, messages=messages)


def steps():
    a = client.responses.create(model="gpt-5", instructions=STEPS_PROMPT, input=ticket)
    return a, client.responses.create(model="gpt-5-mini", instructions=STEPS_PROMPT, input="x")


def greet(name):
    text = ask_prompt(name)
    settings = types.GenerateContentConfig(temperature=0.1)
    return client.models.generate_content(model="gemini-3-flash", contents=text, config=settings)


client.chat.completions.create(model="gpt-5-nano", messages=MESSAGES)
""",
    "app/agents.py": """\
from app import texts

agent = Agent(instructions=texts.TONE_PROMPT)
""",
}


def test_a_prompt_has_the_role_and_the_model_of_the_call_in_another_file(repo, monkeypatch):
    repo.write(CALLED)
    monkeypatch.chdir(repo.root)

    result = imported(repo.root, "app")

    found = {}
    for prompt in result.prompts:
        value = yaml.safe_load((repo.root / prompt.path).read_text())
        found[prompt.id] = [value.get("model"), *(one["role"] for one in value["messages"])]
    gpt = {"provider": "openai", "id": "gpt-5"}
    assert found == {
        "texts/sort-prompt": [{**gpt, "params": {"temperature": 0.2}}, "user"],
        "texts/rules-prompt": [{**gpt, "params": {"temperature": 0.2}}, "system"],
        "texts/tone-prompt": [None, "system"],
        "texts/kind-prompt": [{"provider": "anthropic", "id": "claude-sonnet-4-5"}, "user"],
        "texts/steps-prompt": [None, "system"],
        "texts/messages": [{"provider": "openai", "id": "gpt-5-nano"}, "system"],
        "texts/ask-prompt": [{"provider": "gemini", "id": "gemini-3-flash"}, "user"],
    }
    assert severe(result) == [
        "app/main.py:14 IMP107 `max_tokens` is computed: it is not carried",
        "app/texts.py:5 IMP107 calls with different models or parameters send this prompt:"
        " app/main.py:18, app/main.py:19",
    ]
