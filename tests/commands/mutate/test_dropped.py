"""A message, a loop, an example or a tool that is dropped is shown whole, as the file has it."""

import re
from html import unescape

from promptops.commands.mutate.page import write_html
from tests.commands.mutate.mutated import ASK, HEAD, mutated

PROMPT = f"""\
{HEAD}inputs:
  required: [questions]
  properties:
    questions: {{type: array, items: {{type: string}}}}
messages:
  - role: system
    content: |
      Be brief.

      Promise no money.  # this is text

  # a comment after the message
  - {{role: user, content: "An example?"}}
  - role: assistant
    content: Yes.
  - for_each: questions
    as: question
    messages:
      - role: user
        content:
          - text: "{{{{ question }}}}"
tools:
  - name: find
    description: |
      Finds it,
      if it exists.
    parameters: {{type: object}}
tests:
  - name: one
    inputs: {{questions: [why]}}
    rendered: [{{type: not-contains, value: zebra}}]
"""
SYSTEM = """\
role: system
  content: |
    Be brief.

    Promise no money.  # this is text"""
EXAMPLE = """\
{role: user, content: "An example?"}
- role: assistant
  content: Yes."""
LOOP = """\
for_each: questions
  as: question
  messages:
    - role: user
      content:
        - text: "{{ question }}\""""
TOOL = """\
name: find
  description: |
    Finds it,
    if it exists.
  parameters: {type: object}"""
OPERATORS = ("message", "loop", "example", "tool")


def test_the_page_strikes_out_all_lines_of_what_is_dropped(repo):
    repo.write({ASK: PROMPT})

    found = mutated(repo, operators=OPERATORS)

    struck = re.findall(r'<pre class="broken">(.*?)</pre>', write_html(found), re.DOTALL)
    wanted = [f"- <del>{text}</del>" for text in (SYSTEM, EXAMPLE, LOOP, TOOL)]
    assert [unescape(text) for text in struck] == wanted
    lines = [(each.place.line, each.place.end_line) for each in found.mutants]
    assert lines == [(8, 12), (15, 17), (18, 23), (25, 29)]
