"""A string that code sends to a model is a prompt, whatever its name and its length are."""

from __future__ import annotations

import pytest

from promptops.formats.document import SourceDocument
from promptops.formats.readers import python, typescript
from promptops.formats.registry import ReadOptions
from promptops.formats.source_file import SourceFile, SourceFolder

PYTHON = [
    ("RULES = 'Sort the tickets.'\nask(system=RULES)", ["rules"]),
    ("RULES = 'Sort it now: {text}'\nask(system=RULES.format(text=a))", ["rules"]),
    ("RULES = 'Sort the tickets.'\nask([{'role': 'user', 'content': RULES}])", ["rules"]),
    ("RULES = 'Sort %s by %s now'\nprompt = RULES % (a, b)", ["rules"]),
    ("Agent(name='Sorts all tickets', instructions='Sort the tickets.')", ["instructions"]),
    ("def sort(text):\n  return llm.invoke(f'Sort it now: {text}')", ["sort-prompt"]),
    ("RULES = 'Sort the tickets.'\nllm.invoke(RULES)", ["rules"]),
    ("openai.Completion.create(prompt='Sort it now: ' + text)", ["prompt"]),
    ("RULES = 'Sort the tickets.'\nask(title=RULES)", []),
    ("click.prompt('Enter the name of a ticket to sort now, or an empty line')", []),
    ("click.option('--name', prompt='Enter the name of a ticket to sort, or nothing')", []),
    ("kind = 'f-string'\nPromptTemplate(template=text, template_format=kind)", []),
    ("RULES = 'tickets'\nask(system=RULES)", []),
    ("RULES = '<div>Sort the tickets now</div>'\nask(system=RULES)", []),
]
TYPESCRIPT = [
    ("const rules = 'Sort the tickets.';\nask({ system: rules });", ["rules"]),
    ("const rules = 'Sort it.' + ` Now: ${text}`;\nask({ instructions: rules });", ["rules"]),
    ("const rules = 'Sort it all.';\nlist.push({ role: 'user', content: rules });", ["rules"]),
    ("const rules = 'Sort the tickets.';\nask({ title: rules, content: rules });", []),
    ("const rules = 'Sort the tickets.';\nask({ system: rules.length });", []),
]


@pytest.mark.parametrize(
    ("reader", "code", "names"),
    [
        *((python, code, names) for code, names in PYTHON),
        *((typescript, code, names) for code, names in TYPESCRIPT),
    ],
)
def test_a_string_that_code_sends_to_a_model_is_a_prompt(reader, code, names, tmp_path):
    file = SourceFile(SourceFolder(tmp_path, "", alone=True), "a.py", code.encode())

    found = [
        one.id for one in reader.documents(file, ReadOptions()) if isinstance(one, SourceDocument)
    ]

    assert found == [f"a/{name}" for name in names]
