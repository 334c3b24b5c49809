"""Each file is read as the format whose marks it has, and only as that one."""

from __future__ import annotations

import json

import pytest

from promptops.formats.source_file import (
    SourceFile,
    SourceFolder,
    UnreadableSource,
    known_readers,
    unread_format,
)

CHAT = [{"role": "user", "content": "hi"}]
PREDICTOR = {"signature": {"instructions": "Answer.", "fields": []}}
FLOW = "nodes:\n- {name: a, type: llm}\n"
HEADER = "---\nmodel: x\n---\n"

FILES = [
    # the endings of code
    ("prompts.py", "X = 1", "python"),
    ("prompts.ts", "{{#if x}}", "typescript"),
    ("prompts.mjs", "", "typescript"),
    ("main.baml", "function F() {}", "baml"),
    ("a.promptl", "text", "PromptL"),
    # LangChain
    ("a.json", {"lc": 1, "kwargs": {}}, "langchain"),
    ("a.json", {"_type": "prompt", "template": "x"}, "langchain"),
    ("a.json", {"input_variables": ["a"], "template": "{a}"}, "langchain"),
    ("a.yaml", "_type: few_shot\nexamples: []\nsuffix: x", "langchain"),
    ("a.yaml", "input_variables: [{name: a}]\ntemplate: x\n", "semantic-kernel"),
    ("a.json", {"lc": 2, "messages": CHAT}, "chat"),
    # DSPy, Langfuse, MLflow
    ("a.json", {"predict": PREDICTOR, "metadata": {}}, "DSPy"),
    ("a.json", {**PREDICTOR, "demos": [], "traces": []}, "DSPy"),
    ("a.json", {"self": {"demos": [], "traces": [], "signature_instructions": "x"}}, "DSPy"),
    ("a.json", {"name": "a", "prompt": "x", "labels": []}, "langfuse"),
    ("a.json", {"data": [{"name": "a", "prompt": CHAT, "type": "chat"}]}, "langfuse"),
    ("a.json", {"name": "a", "prompt": "x"}, "map"),
    ("a.json", {"name": "a", "version": 1, "template": "x"}, "mlflow"),
    ("a.json", {"prompts": [{"name": "a", "arguments": []}]}, "an MCP server"),
    ("a.json", {"prompts": [{"name": "a", "arguments": [], "template": "x"}]}, "map"),
    # llm, Gemini CLI
    ("a.yaml", "system: Be $tone.\n", "llm"),
    ("a.yaml", "prompt: Hi.\ndefaults: {a: b}\n", "llm"),
    ("a.yaml", "system: Be kind.\nprompt: Hi {x}.\n", "map"),
    ("a.yaml", "prompt: Hi $x.\nother: 1\n", "map"),
    ("a.toml", 'prompt = "Hi."', "gemini"),
    ("a.toml", "prompt = {}", None),
    ("a.toml", "prompt = ", None),
    # promptfoo
    ("a.yaml", "# yaml-language-server: promptfoo\nprompts: [x]\n", "promptfoo"),
    ("a.yaml", "prompts: [x]\nproviders: [echo]\n", "promptfoo"),
    ("a.json", {"prompts": ["x"], "targets": ["echo"]}, "promptfoo"),
    ("a.yaml", "redteam: {plugins: []}\ntargets: [x]\n", "promptfoo"),
    ("a.yaml", "# $schema=https://promptfoo.dev/x\nredteam: {}\ntargets: [x]\n", "promptfoo"),
    ("a.yaml", "# of promptfoo\nother: x\n", "map"),
    ("a.yaml", "prompts: {a: some words that are long enough}\n", "map"),
    # requests
    ("a.json", {"messages": CHAT}, "chat"),
    ("a.json", {"input": CHAT, "model": "x"}, "chat"),
    ("a.json", {"instructions": "x", "model": "x"}, "chat"),
    ("a.json", CHAT, "chat"),
    ("a.jsonl", json.dumps({"messages": CHAT}), "chat"),
    ("a.json", {"instructions": "x"}, "map"),
    ("a.jsonl", '{"row": 1}', None),
    # Semantic Kernel, Prompt flow, GitHub Models
    ("skprompt.txt", "{{$input}}", "semantic-kernel"),
    ("a.yaml", "template: x\ntemplate_format: handlebars\n", "semantic-kernel"),
    ("flow.dag.yaml", f"inputs: {{}}\n{FLOW}", "promptflow"),
    ("a.yaml", FLOW, "map"),
    ("a.yaml", "messages: []\nmodelParameters: {}\n", "github-models"),
    ("a.prompt.yml", "messages: []\n", "github-models"),
    ("a.prompt.yml", "format: promptops/1\nmessages: []\n", "map"),
    ("a.yaml", "messages: []\n", "map"),
    # a header, and `.prompt`, which has six languages
    ("a.prompty", "no header", "prompty"),
    ("a.md", f"\ufeff<!-- note -->\n\n{HEADER}system:\nhi\n", "prompty"),
    ("a.md", f"{HEADER}hi\n", "markdown"),
    ("a.md", f"{HEADER}{{{{role 'user'}}}}hi", "dotprompt"),
    ("a.prompt", f"{HEADER}hi {{{{name}}}}", "dotprompt"),
    ("a.prompt", f"{HEADER}system:\nhi\n", "prompty"),
    ("a.prompt", "{{#each xs}}{{this}}{{/each}}", "dotprompt"),
    ("a.prompt", "Plain {{name}}", "text"),
    ("a.prompt", "Look at {{{ input }}}", "Continue"),
    ("a.prompt", '{{{ url "https://example.com" }}}', "Continue"),
    ("a.prompt", "Read {{{ terminal }}}", "Continue"),
    ("a.prompt", "<system>\nBe kind.\n</system>\nHi.", "Continue"),
    ("a.prompt", "name: x\n---\n<system>\nBe kind.\n</system>\nHi.", "Continue"),
    ("a.prompt", "name: x\n---\nHi.", "markdown"),
    ("a.prompt", "config: {maxTokens: 5}\nprompts: {user: Hi.}\n", "DotPrompt.NET"),
    ("a.prompt", "model: x\nprompt: Hi.\n", "map"),
    ("a.prompt", "Role: editor\nTask: Edit.\n", "text"),
    ("a.prompt", "---\nauthor: me\n---\nHi.", "markdown"),
    ("a.txt", f"{HEADER}hi\n", "markdown"),
    ("a.prompt", "<System>\nhi\n</System>", "glass"),
    ("a.prompt", "<step>hi</step>", "PromptL"),
    ("a.txt", "<step>{{{input}}}</step>", "text"),
    # what is left
    ("a.md", "# Title", "text"),
    ("a.j2", "{{ x }}", "text"),
    ("a.csv", "a,b", None),
    ("a.yaml", "x: [", None),
]


@pytest.mark.parametrize(("name", "content", "format_name"), FILES)
def test_a_file_has_the_format_of_its_marks(name, content, format_name, tmp_path):
    text = content if isinstance(content, str) else json.dumps(content)

    found = SourceFile(SourceFolder(tmp_path, "", alone=True), name, text.encode())

    assert recognised(found) == format_name


def test_mappings_need_a_path_with_prompt_or_to_be_named(tmp_path):
    folder = SourceFolder(tmp_path, "")

    names = [
        recognised(SourceFile(folder, path, b'{"a": "b"}')) for path in ("a.json", "prompt/a.json")
    ]

    assert names == [None, "map"]


def recognised(file):
    """The name of its reader, of its format if that is not read, or None."""
    loss = unread_format(file)
    if loss is not None:
        return loss.message.removeprefix("it is a file of ").removesuffix(", which is not read")
    for reader in known_readers():
        try:
            if reader.recognises(file):
                return reader.NAME
        except UnreadableSource:
            continue
    return None
