"""An id is made of the names that a source has: labels, headings, keys, names of rows."""

from __future__ import annotations

import json

import pytest

from tests.commands.import_.imported import imported

FOO = "providers: [echo]\ndescription: {description}\nprompts:\n{prompts}"
LISTED = """\
  - Say {{a}}
  - "# Triage\\nSort {{a}}"
  - "# Twice\\nSay {{a}}"
  - "# Twice\\nTell {{a}}"
  - {raw: "# Other\\nWrite {{a}}", label: Reply to all}
  - file://bot.txt
"""
BLOCKS = (
    "# Short\nSay {{a}}\n---\n# Long\nTell {{a}}\n---\nTell {{a}} all\n"
    "---\n# In_Parts\nTell {{a}} now\n"
)
SYSTEM = "You sort the tickets of our customers, and answer with one word."
OBJECT = f"""\
const PROMPTS = {{
  triage: {{ system: "{SYSTEM}" }},
  emailReply: {{ system: "{SYSTEM}" }},
  user: "{SYSTEM}",
}};
"""
ROWS = [
    {"act": "Linux Terminal", "prompt": "Act as a {kind} terminal."},
    {"id": "reply", "name": "Replies", "system": "Reply to {name}.", "user": "Reply."},
    {"name": "Twice", "prompt": "Say {name} twice."},
    {"name": "twice", "prompt": "Tell {name} twice."},
    {"name": "语气", "prompt": "Tell {name} all."},
    {"name": "Long_Form", "prompt": "Tell {name} more."},
]


@pytest.mark.parametrize(
    ("files", "ids"),
    [
        (
            {
                "promptfooconfig.yaml": FOO.format(description="The bot", prompts=LISTED),
                "bot.txt": BLOCKS,
            },
            [
                "the-bot-1",
                "triage",
                "the-bot-3",
                "the-bot-4",
                "reply-to-all",
                "bot-short",
                "bot-long",
                "bot-3",
                "bot-in_parts",
            ],
        ),
        (
            {
                "promptfooconfig.yaml": FOO.format(
                    description="Bot", prompts="- Say\n- file://bot.txt"
                ),
                "bot.txt": "Say {{a}}\n---\nTell {{a}}\n",
            },
            ["prompt-1", "bot-1", "bot-2"],
        ),
        ({"promptfooconfig.yaml": FOO.format(description="Bot", prompts="- Say {{a}}")}, ["bot"]),
        (
            {"a/promptfooconfig.yaml": FOO.format(description="Bot", prompts="- Say {{a}}")},
            ["a"],
        ),
        (
            {"a/promptfooconfig.yaml": FOO.format(description="Bot", prompts="- Say\n- Tell")},
            ["a/prompt-1", "a/prompt-2"],
        ),
        ({"p.ts": OBJECT}, ["p/triage-system", "p/email-reply-system", "p/user"]),
        (
            {"prompts.json": json.dumps(ROWS)},
            [
                "linux-terminal",
                "reply",
                "prompts/2",
                "prompts/3",
                "prompts/4",
                "long_form",
            ],
        ),
    ],
)
def test_an_id_has_the_name_that_the_source_has(repo, monkeypatch, files, ids):
    monkeypatch.chdir(repo.root)
    repo.write({f"old/{path}": text for path, text in files.items()})

    result = imported(repo.root, "old", dry_run=True)

    assert [(prompt.id, prompt.state) for prompt in result.prompts] == [
        (one, "would-write") for one in ids
    ]


def test_an_id_does_not_repeat_the_prompt_root_unless_another_prompt_has_it(repo, monkeypatch):
    repo.write(
        {
            "old/prompts/support/reply.txt": "Reply.",
            "old/support/reply.txt": "Answer.",
            "old/prompts/sort.txt": "Sort.",
        }
    )
    monkeypatch.chdir(repo.root)

    found = imported(repo.root, "old", dry_run=True)

    assert [prompt.path for prompt in found.prompts] == [
        "prompts/sort.prompt.yaml",
        "prompts/prompts/support/reply.prompt.yaml",
        "prompts/support/reply.prompt.yaml",
    ]


def test_two_names_that_no_id_can_have_get_two_ids(repo, monkeypatch):
    text = "'Sort the tickets of our customers, and answer with one word.'"
    repo.write(
        {"app.py": f"问候_PROMPT = {text}\n告别_PROMPT = {text}\n问 = {{'prompt': {text}}}\n"}
    )
    monkeypatch.chdir(repo.root)

    found = imported(repo.root, "app.py", dry_run=True)

    assert [prompt.id for prompt in found.prompts] == ["app", "app-2", "app-3"]


def test_an_id_repeats_no_word_of_the_names_around_it(repo, monkeypatch):
    text = "'Sort the tickets of our customers, and answer with one word.'"
    code = (
        f"def greeting_prompt():\n  prompt = {text}\n"
        f"def sort():\n  sort_prompt = {text}\n"
        f"class SortPrompt:\n  prompt_text = {text}\n"
        f"GRÜSSE_PROMPT = {text}\n"
    )
    repo.write({"app.py": code})
    monkeypatch.chdir(repo.root)

    found = imported(repo.root, "app.py", dry_run=True)

    assert [prompt.id for prompt in found.prompts] == [
        "app/greeting-prompt",
        "app/sort-prompt",
        "app/sortprompt-prompt-text",
        "app/grusse-prompt",
    ]
