"""A schema file is read once, with all that is wrong with it."""

from promptops.catalog.catalog import Catalog
from promptops.lint.examples import MemoryTree
from promptops.source.config import load

PROMPT = """\
format: promptops/1
inputs:
  properties:
    one: {$ref: issue.schema.json}
    two: {$ref: issue.schema.json}
messages:
  - {role: user, content: "{{ one.id }} {{ two.id }}"}
"""


def test_a_key_that_stands_twice_in_a_schema_is_told_once_at_its_place():
    files = {
        "prompts/ask.prompt.yaml": PROMPT,
        "schemas/issue.schema.json": '{"type": "object",\n "type": "string"}\n',
    }
    tree = MemoryTree({path: text.encode() for path, text in files.items()})

    problems = Catalog(tree, load({})).loaded("prompts/ask.prompt.yaml").problems

    assert [(each.code, str(each.at)) for each in problems] == [
        ("SCH003", "schemas/issue.schema.json:2:2")
    ]
