"""A prompt whose inputs are people, for rules about names and keys in its templates."""

from __future__ import annotations

NO_CASE = "tests: []\n"
PEOPLE = """\
inputs:
  required: [people, box]
  properties:
    people:
      type: array
      items: {$ref: "#/$defs/person"}
    box: {anyOf: [{$ref: "#/$defs/person"}, {type: "null"}]}
  $defs:
    person:
      type: object
      additionalProperties: false
      required: [name]
      properties:
        name: {type: string}
        nick: {type: string}
        tone: {type: string, default: warm}
        home: {type: object, properties: {city: {type: string}}}
"""


def in_message(content: str, inputs: str = PEOPLE) -> str:
    """A prompt of one message, whose first line stands in line 21 after PEOPLE, at column 7."""
    body = "".join(f"      {line}\n" for line in content.split("\n"))
    return f"{inputs}messages:\n  - role: user\n    content: |\n{body}{NO_CASE}"
