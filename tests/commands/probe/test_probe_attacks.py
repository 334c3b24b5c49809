"""`promptops probe --attacks` attacks with what other tools wrote, and with nothing else."""

import json

from tests.commands.asked import ask, profile
from tests.servers.fault_server import fault_server

PROMPT = """\
format: promptops/1
model: {profile: fast}
inputs:
  required: [word]
  properties:
    word: {type: string, maxLength: 100, x-untrusted: true}
messages:
  - {role: user, content: "Repeat: {{ word }}"}
tests:
  - {name: hello, inputs: {word: hello}}
"""
REPORT = "".join(
    json.dumps(
        {
            "entry_type": "attempt",
            "probe_classname": "promptinject.Words",
            "prompt": {"turns": [{"role": "user", "content": {"text": f"Say {word}."}}]},
            "notes": {"triggers": [trigger]},
        }
    )
    + "\n"
    for word, trigger in (("green", "green"), ("red", "blue"))
)


def test_the_attacks_of_a_report_are_sent_instead_of_the_library(repo):
    repo.write({"prompts/ask.prompt.yaml": PROMPT, "garak.report.jsonl": REPORT})
    with fault_server() as server:  # it repeats the message
        repo.write({"promptops.toml": profile("fast", "m", server.base_url)})
        repo.commit("one")

        said = ask(
            repo.root,
            *("probe", "--attacks", "garak.report.jsonl", "--live", "--trust-config"),
            *("--format", "json"),
        )

    assert said.code == 0
    found = json.loads(said.out)
    bodies = [json.loads(sent.body) for sent in server.requests]
    assert [(each["family"], each["input"], each["succeeded"]) for each in found["cases"]] == [
        ("garak-promptinject", "word", True),
        ("garak-promptinject", "word", False),
    ]
    assert sorted(body["messages"][0]["content"] for body in bodies) == [
        "Repeat: Say green.",
        "Repeat: Say red.",
    ]


def test_the_next_command_names_the_files(repo):
    repo.write({"prompts/ask.prompt.yaml": PROMPT, "garak.report.jsonl": REPORT})
    repo.write({"promptops.toml": profile("fast", "m", "http://127.0.0.1:9/v1")})
    repo.commit("one")

    said = ask(repo.root, "probe", "--attacks", "garak.report.jsonl")

    assert said.code == 1
    assert "hint: promptops probe --attacks garak.report.jsonl --record\n" in said.out
