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
                "prompts/linux-terminal",
                "prompts/reply",
                "prompts/2",
                "prompts/3",
                "prompts/4",
                "prompts/long_form",
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
