"""Where code uses its prompts, as `--format json` reports it."""

from __future__ import annotations

from promptops.model.place import Place
from tests.commands.import_.imported import imported

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
