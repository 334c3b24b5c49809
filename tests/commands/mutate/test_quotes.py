"""Which assertions on the request quote the prompt, and which test what the request does."""

import pytest

from promptops.commands.mutate.tested_prompt import other_words
from tests.commands.mutate.mutated import ASK, HEAD, mutated

PROMPT = (
    HEAD
    + """\
inputs:
  required: [x]
  properties:
    x: {type: string}
    formal: {type: boolean, default: false}
    items: {type: array, default: []}
tools:
  - {name: find, parameters: {type: object, required: [id, by]}}
messages:
  - role: system
    content: |
      Sort what the customers send us. Refunds over {{ x }} EUR must wait.

      {% include "style.md.j2" %}
      {% if formal %}Use the family name.{% else %}Use the first name.{% endif %}

      {% for item in items %}
      - {{ item }} is known
      {% endfor %}
  - {role: user, content: "<ticket>{{ x | trim }}</ticket>"}
tests:
  - name: one
    inputs: {x: v-77, items: [Ida]}
    rendered:
      - ASSERTION
"""
)
STYLE = {"prompts/style.md.j2": "House style: be plain.\n"}
FACT, QUOTE, MISSED = "fact", "quote", "missed"

FIRST = 'delete "Sort what the customers send us."'
SECOND = 'delete "Refunds over {{ x }} EUR must wait."'
MUST = '"must" → "may"'
VALUE = "drop `{{ x }}`"
TICKET = "drop `{{ x | trim }}`"
INCLUDE = 'drop `{% include "style.md.j2" %}`'
CONDITION = "negate `formal`"
LOOP = "empty the loop over `items`"
SYSTEM = "drop the system message"
TOOL = "drop the tool `find`"
PARAMETER = "make `by` of the tool `find` optional"


def _found(repo, assertion):
    repo.write({ASK: PROMPT.replace("ASSERTION", assertion), **STYLE})
    found = {}
    for each in mutated(repo).mutants:
        noticed = MISSED if each.by is None else QUOTE if each.quoted else FACT
        found.setdefault(each.change, noticed)
    return found


@pytest.mark.parametrize(
    ("assertion", "expected"),
    [
        # A string of the prompt itself.
        ("{type: contains, value: Sort what the customers}", {FIRST: QUOTE, SECOND: MISSED}),
        ("{type: starts-with, value: Sort}", {FIRST: QUOTE, SYSTEM: QUOTE}),
        ('{type: regex, value: "(?s)Sort .* must"}', {FIRST: QUOTE, SECOND: QUOTE, MUST: QUOTE}),
        ("{type: not-contains, value: may wait}", {MUST: QUOTE}),
        ("{type: expr, value: \"'Sort' in messages[0].content\"}", {FIRST: QUOTE, SYSTEM: QUOTE}),
        ("{type: contains, value: House style}", {INCLUDE: QUOTE, SYSTEM: QUOTE}),
        # A count that is exactly that of the text is a copy of it, too.
        ("{type: expr, value: messages[0].content.split() | length == 25}", {}),
        # A value of the input: with its words around it a deleted rule is quoted.
        ("{type: contains, value: over v-77 EUR}", {SECOND: QUOTE, VALUE: FACT}),
        ("{type: contains, role: system, value: v-77}", {SECOND: FACT, VALUE: FACT, SYSTEM: FACT}),
        # A branch, a loop, a message: none of them is a word of the prompt.
        ("{type: contains, value: Use the first name.}", {CONDITION: FACT, SYSTEM: QUOTE}),
        ("{type: not-contains, value: family name}", {CONDITION: FACT, SYSTEM: MISSED}),
        ("{type: contains, value: Ida is known}", {LOOP: FACT, SYSTEM: QUOTE}),
        ("{type: message-count, value: 2}", {SYSTEM: FACT, "drop the user message": FACT}),
        # Tags around a value are no words.
        ("{type: equals, role: user, value: <ticket>v-77</ticket>}", {TICKET: FACT}),
        # Tools: a count is a fact, a name is a quote.
        ("{type: expr, value: tools | length == 1}", {TOOL: FACT, PARAMETER: MISSED}),
        ("{type: equals, path: /tools/0/name, value: find}", {TOOL: QUOTE}),
        (
            '{type: expr, value: "tools[0].parameters.required | length == 2"}',
            {PARAMETER: FACT, TOOL: FACT},
        ),
        ("{type: equals, path: /tools/0/parameters/required, value: [id, by]}", {PARAMETER: QUOTE}),
    ],
)
def test_an_assertion_quotes_if_other_words_at_the_place_break_it_too(repo, assertion, expected):
    found = _found(repo, assertion)

    assert {change: found[change] for change in expected} == expected


@pytest.mark.parametrize(
    "copy",
    [
        "type: equals, role: system, value: {}",
        "type: contains, role: system, value: {}",
        "type: starts-with, value: {}",
        "type: icontains, role: system, value: {}",
    ],
)
def test_a_copy_of_a_message_quotes_all_of_it_also_its_values_and_branches(repo, copy):
    rendered = (
        "Sort what the customers send us. Refunds over v-77 EUR must wait.\\n\\n"
        "House style: be plain.\\nUse the first name.\\n- Ida is known"
    )
    found = _found(repo, "{" + copy.replace("{}", f'"{rendered}"') + "}")

    kills = {noticed for change, noticed in found.items() if noticed != MISSED}
    assert kills == {QUOTE}
    assert len([change for change, noticed in found.items() if noticed == QUOTE]) >= 9


def test_a_copy_of_all_messages_quotes_each_of_them(repo):
    prompt = f"""{HEAD}inputs: {{required: [x], properties: {{x: {{type: string}}}}}}
messages:
  - {{role: system, content: "Sort what {{{{ x }}}} sends."}}
  - {{role: user, content: "Say what you know."}}
  - {{role: assistant, content: "I know all of it."}}
  - {{role: user, content: "Then say it now."}}
tests:
  - name: one
    inputs: {{x: Ida}}
    rendered: [ASSERTION]
"""
    texts = ("Sort what Ida sends.", "Say what you know.", "I know all of it.", "Then say it now.")
    value = "\\n\\n".join(texts)
    repo.write({ASK: prompt.replace("ASSERTION", f'{{type: equals, value: "{value}"}}')})

    found = mutated(repo)

    assert found.count.all >= 8
    assert (found.count.killed, found.count.quoted) == (found.count.all, found.count.all)


def test_a_short_message_in_the_words_of_an_assertion_makes_it_no_copy(repo):
    prompt = PROMPT.replace("<ticket>{{ x | trim }}</ticket>", "{{ x | trim }}")
    prompt = prompt.replace("v-77", "v").replace("ASSERTION", "{type: contains, value: over v EUR}")
    repo.write({ASK: prompt, **STYLE})

    found = mutated(repo, operators=["value"])

    assert next((each.status, each.quoted) for each in found.mutants) == ("killed", False)


def test_a_count_of_words_that_fits_exactly_is_a_quote(repo):
    found = _found(repo, "{type: word-count, role: system, value: {min: 24, max: 24}}")

    assert found[FIRST] == QUOTE
    assert found[INCLUDE] == QUOTE


def test_a_fact_of_a_later_case_counts_before_a_quote_of_an_earlier_one(repo):
    more = (
        "{type: contains, value: over v-77 EUR}\n"
        "  - name: two\n    inputs: {x: v-88}\n"
        "    rendered: [{type: contains, role: system, value: v-88}]"
    )
    repo.write({ASK: PROMPT.replace("ASSERTION", more), **STYLE})

    found = mutated(repo, operators=["sentence"])

    kill = next(each.by for each in found.mutants if each.change == SECOND)
    assert (kill.case, kill.quotes) == ("two", False)


def test_words_of_a_repeated_message_are_quoted_and_its_number_is_a_fact(repo):
    loop = """\
messages:
  - for_each: items
    as: item
    messages:
      - {role: user, content: "Question {{ item }}"}
      - {role: assistant, content: Noted.}
  - {role: user, content: "Now {{ x }}"}
tests:
  - {name: one, inputs: {x: v, items: [Ida]}, rendered: [ASSERTION]}
"""
    head = PROMPT.partition("messages:")[0]
    found = {}
    for assertion in ("{type: contains, value: Noted}", "{type: message-count, value: 3}"):
        repo.write({ASK: head + loop.replace("ASSERTION", assertion)})
        dropped = [
            each
            for each in mutated(repo, operators=["message"]).mutants
            if "assistant" in each.change
        ]
        found[assertion] = [(each.status, each.quoted) for each in dropped]

    assert list(found.values()) == [[("killed", True)], [("killed", False)]]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("Sort what we get.", " x  x."),
        ("{{ x }} must {% if y %}wait{% endif %} now", "{{ x }}  {% if y %}x{% endif %} "),
        ("<ticket>two words</ticket>", "<ticket> x</ticket>"),
        ("{# a note #}- eins, zwei", "{# a note #}- , x"),
        ("", ""),
    ],
)
def test_other_words_keep_tags_markup_and_punctuation(template, expected):
    assert other_words(template) == expected
