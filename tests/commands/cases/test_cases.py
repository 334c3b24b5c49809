"""`promptops cases`: what it writes, what it leaves as it was, and how it exits."""

import json

import pytest
import yaml

from tests.commands.asked import ask
from tests.output_schemas import validate

PATH = "prompts/ask.prompt.yaml"
CASES = "prompts/ask.cases.yaml"
PROMPT = """\
format: promptops/1
description: Answer in a tone.
model: {provider: openai, id: gpt-4o}
inputs:
  required: [question]
  properties:
    question: {type: string}
    tone: {enum: [formal, casual], default: casual}
messages:
  - role: user
    content: |
      {% if tone == 'formal' %}Answer formally.{% else %}Answer as a friend.{% endif %}

      {{ question }}
"""
FORMAL = {
    "name": "tone formal",
    "inputs": {"question": "Why?", "tone": "formal"},
    "rendered": [{"type": "contains", "role": "user", "value": "formally"}],
}


@pytest.fixture
def asking(repo):
    repo.write({PATH: PROMPT})
    repo.commit("one")
    return repo


def drafts(repo, path=CASES):
    return yaml.safe_load((repo.root / path).read_text())


def test_the_drafts_are_written_beside_the_prompt_which_names_them(asking):
    done = ask(asking.root, "cases", "ask")

    assert done.code == 0
    assert done.out == (
        "ask: 2 cases, 2 of 2 branches -> prompts/ask.cases.yaml\n"
        "  with question\n"
        "  tone formal\n"
        "2 cases drafted\n"
        "next: read them, remove `draft` from their tags, and add the files to git;"
        " then promptops test\n"
    )
    assert (asking.root / PATH).read_text() == f"{PROMPT}\ntests:\n  - file: ./ask.cases.yaml\n"
    question = "How do I change my delivery address?"
    assert drafts(asking) == [
        {
            "name": "with question",
            "tags": ["draft"],
            "inputs": {"question": question},
            "rendered": [
                {"type": "contains", "role": "user", "value": "Answer as a friend."},
                {"type": "contains", "role": "user", "value": question},
            ],
        },
        {
            "name": "tone formal",
            "tags": ["draft"],
            "inputs": {"question": question, "tone": "formal"},
            "rendered": [{"type": "contains", "role": "user", "value": "Answer formally."}],
        },
    ]


def test_the_same_again_drafts_nothing_and_changes_nothing(asking):
    ask(asking.root, "cases")
    before = (asking.root / CASES).read_bytes(), (asking.root / PATH).read_bytes()

    done = ask(asking.root, "cases")

    assert (done.code, done.out) == (0, "0 cases drafted · 1 prompt covered already\n")
    assert ((asking.root / CASES).read_bytes(), (asking.root / PATH).read_bytes()) == before


def test_show_writes_no_file(asking):
    shown = ask(asking.root, "cases", "--show", "--format", "json").out

    found = json.loads(shown)
    validate("cases", found)
    assert (found["written"], found["drafted"], found["next"]) == (False, 2, None)
    assert asking.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ask.cases.yaml", f"# Kept.\n- {json.dumps(FORMAL)}\n"),
        ("ask.cases.jsonl", f"{json.dumps(FORMAL)}\n"),
    ],
)
def test_only_what_existing_cases_do_not_cover_is_added_to_their_file(asking, name, text):
    tests = f"tests: [{{file: ./{name}}}]\n"
    asking.write({PATH: f"{PROMPT}{tests}", f"prompts/{name}": text})

    done = ask(asking.root, "cases", "--format", "json")

    (prompt,) = json.loads(done.out)["prompts"]
    after = (asking.root / "prompts" / name).read_text()
    assert [case["name"] for case in prompt["cases"]] == ["other question, no tone"]
    assert after.startswith(text)
    assert (asking.root / PATH).read_text() == f"{PROMPT}{tests}"
    assert ask(asking.root, "test", "--quiet").code == 0


@pytest.mark.parametrize(
    ("tests", "after"),
    [
        ("tests: []\n", "tests: [{file: ./ask.cases.yaml}]\n"),
        (
            "tests: [{name: a, inputs: {question: a}}]\n",
            "tests: [{name: a, inputs: {question: a}}, {file: ./ask.cases.yaml}]\n",
        ),
        (
            "tests:\n- name: a\n  inputs: {question: a}\n# The end.\nowners: [me]\n",
            "tests:\n- name: a\n  inputs: {question: a}\n- file: ./ask.cases.yaml\n"
            "# The end.\nowners: [me]\n",
        ),
        (
            "tests:\n    - name: a\n      inputs:\n        question: a\n\nowners: [me]\n",
            "tests:\n    - name: a\n      inputs:\n        question: a\n"
            "    - file: ./ask.cases.yaml\n\nowners: [me]\n",
        ),
    ],
)
def test_the_case_file_is_named_in_tests_however_they_are_written(asking, tests, after):
    asking.write({PATH: PROMPT + tests})

    assert ask(asking.root, "cases", "--quiet").code == 0

    assert (asking.root / PATH).read_text() == PROMPT + after
    asking.git("add", "--all")
    assert ask(asking.root, "lint", "--quiet").code == 0


def test_refresh_replaces_the_drafts_and_keeps_what_somebody_read(asking):
    ask(asking.root, "cases")
    text = (asking.root / CASES).read_text()
    read = text.replace("  tags:\n  - draft\n", "", 1)
    asking.write({CASES: read, PATH: PROMPT.replace("formally", "politely") + _tests()})

    done = ask(asking.root, "cases", "--refresh", "--format", "json")

    (prompt,) = json.loads(done.out)["prompts"]
    kept, new = drafts(asking)
    assert (prompt["replaced"], [case["name"] for case in prompt["cases"]]) == (1, ["tone formal"])
    assert (kept["name"], "tags" in kept) == ("with question", False)
    assert new["rendered"][0] == {"type": "contains", "role": "user", "value": "Answer politely."}
    assert (asking.root / CASES).read_text().startswith(read.split("- name: tone")[0])


def test_a_draft_that_fails_is_a_warning_and_one_that_was_read_fails(asking):
    ask(asking.root, "cases")
    asking.write({PATH: PROMPT.replace("formally", "politely") + _tests()})
    asking.git("add", "--all")

    tested = ask(asking.root, "test")
    linted = ask(asking.root, "lint", "--format", "json")
    asking.write({CASES: (asking.root / CASES).read_text().replace("  tags:\n  - draft\n", "")})
    read = ask(asking.root, "test", "--format", "json")

    question = "How do I change my delivery address?"
    assert (tested.code, tested.out) == (
        0,
        "warning: a draft that fails, `promptops cases --refresh` drafts it again: `contains` does"
        " not hold: expected `Answer formally.` in the user message,"
        f" got `Answer politely.\\n{question}`\n"
        "  ask: tone formal\n"
        "pass: 2 cases, 3 assertions · 2 draft cases to read, 1 fails\n",
    )
    assert "TST012" not in {each["code"] for each in json.loads(linted.out)["findings"]}
    assert (read.code, json.loads(read.out)["count"]["failed"]) == (1, 1)


def test_a_draft_whose_inputs_do_not_fit_any_more_is_a_warning(asking):
    ask(asking.root, "cases")
    renamed = PROMPT.replace("question", "ask").replace("tone == 'formal'", "tone == 'polite'")
    asking.write({PATH: renamed + _tests()})

    tested = ask(asking.root, "test", "--format", "json")

    found = json.loads(tested.out)
    assert (tested.code, found["verdict"], found["count"]["warnings"]) == (0, "pass", 2)


def test_drafts_of_a_prompt_without_a_profile_are_errors(asking):
    ask(asking.root, "cases")
    asking.write(
        {PATH: PROMPT.replace("{provider: openai, id: gpt-4o}", "{profile: f}") + _tests()}
    )

    tested = json.loads(ask(asking.root, "test", "--format", "json").out)

    assert (tested["verdict"], tested["count"]["errors"]) == ("fail", 2)


def test_a_branch_about_the_state_of_a_loop_is_asserted_with_the_next_line(asking):
    loop = (
        "{% for e in rows %}{% if loop.first %}Rows of today:\n      {% endif %}- {{ e }}\n      "
    )
    rows = PROMPT.replace("{type: string}", "{type: array, items: {type: string}}")
    asking.write(
        {PATH: rows.replace("question", "rows").replace("{{ rows }}", loop + "{% endfor %}")}
    )

    ask(asking.root, "cases")

    (case, *_) = [case for case in drafts(asking) if len(case["inputs"]["rows"]) > 1]
    first = case["inputs"]["rows"][0]
    assert f"Rows of today:\n- {first}" in [each["value"] for each in case["rendered"]]


def test_a_case_file_of_two_prompts_gets_no_drafts_of_either(asking):
    shared = f"{PROMPT}tests: [{{file: ./shared.cases.yaml}}]\n"
    text = f"- {json.dumps(FORMAL)}\n"
    asking.write(
        {PATH: shared, "prompts/tell.prompt.yaml": shared, "prompts/shared.cases.yaml": text}
    )

    done = ask(asking.root, "cases", "--format", "json")

    written = {each["prompt"]: each["path"] for each in json.loads(done.out)["prompts"]}
    assert written == {"ask": CASES, "tell": "prompts/tell.cases.yaml"}
    assert (asking.root / "prompts/shared.cases.yaml").read_text() == text
    assert len(drafts(asking)) == len(drafts(asking, "prompts/tell.cases.yaml")) == 1


@pytest.mark.parametrize("kind", ["ignored", "a link"])
def test_a_file_that_git_does_not_list_is_not_replaced(asking, tmp_path, kind):
    outside = tmp_path / "outside.yaml"
    outside.write_text("precious")
    if kind == "a link":
        (asking.root / CASES).symlink_to(outside)
    else:
        asking.write({".gitignore": "*.cases.yaml\n", CASES: "precious"})

    done = ask(asking.root, "cases")

    assert (done.code, done.out.splitlines()[0]) == (
        1,
        "prompts/ask.prompt.yaml:1:1: prompts/ask.cases.yaml: there is a file that git does not"
        " list: it is ignored, or a link: move it away",
    )
    assert (asking.root / CASES).read_text() == outside.read_text() == "precious"
    assert (asking.root / CASES).is_symlink() == (kind == "a link")
    assert (asking.root / PATH).read_text() == PROMPT


def test_files_keep_their_newlines(asking):
    prompt = f"{PROMPT}tests: [{{file: ./x.cases.yaml}}]\n".replace("\n", "\r\n").encode()
    case = f"- {json.dumps(FORMAL)}\n".replace("\n", "\r\n").encode()
    asking.write({PATH: prompt, "prompts/x.cases.yaml": case})
    asking.write({"prompts/y.prompt.yaml": PROMPT.replace("\n", "\r\n").encode()})

    done = ask(asking.root, "cases")

    assert done.code == 0, done.out
    cases = (asking.root / "prompts/x.cases.yaml").read_bytes()
    named = (asking.root / "prompts/y.prompt.yaml").read_bytes()
    assert (asking.root / PATH).read_bytes() == prompt
    assert cases.startswith(case)
    assert named.endswith(b"\r\n\r\ntests:\r\n  - file: ./y.cases.yaml\r\n")
    assert cases.count(b"\n") == cases.count(b"\r\n") > 5
    assert named.count(b"\n") == named.count(b"\r\n")


def test_a_file_with_several_kinds_of_newlines_stays_as_it_is(asking):
    mixed = PROMPT.replace("\n", "\r\n", 3).encode()
    asking.write({PATH: mixed})

    done = ask(asking.root, "cases")

    assert (done.code, "it has several kinds of newlines" in done.out) == (1, True)
    assert (asking.root / PATH).read_bytes() == mixed
    assert not (asking.root / CASES).exists()


def _tests():
    return "\ntests:\n  - file: ./ask.cases.yaml\n"


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (
            {PATH: PROMPT.replace("{{ question }}", "{{ question | int + 'a' }}")},
            "prompts/ask.prompt.yaml:14:10: `+` does not work on a number and a string",
        ),
        (
            {PATH: PROMPT.replace("{{ q", "{% if question is none %}{% endif %}{{ 1 + q")},
            "prompts/ask.prompt.yaml:14:46: `+` does not work on a number and a string",
        ),
        (
            {CASES: "[]\n"},
            "prompts/ask.prompt.yaml:1:1: prompts/ask.cases.yaml exists,"
            " and the prompt does not name it",
        ),
        (
            {PATH: PROMPT.replace("messages:", "messages: [")},
            "prompts/ask.prompt.yaml:1:1: it has errors: see promptops lint ask --no-baseline",
        ),
    ],
)
def test_a_prompt_that_gets_no_drafts_is_named_and_nothing_changes(asking, files, line):
    asking.write(files)
    before = asking.git("status", "--porcelain")

    done = ask(asking.root, "cases")

    assert (done.code, done.out) == (1, f"{line}\n0 cases drafted · 1 prompt not drafted\n")
    assert asking.git("status", "--porcelain") == before


def test_a_branch_without_inputs_is_named_with_its_place(asking):
    impossible = "{% if tone == 'rude' %}Shout.{% endif %}"
    asking.write({PATH: PROMPT.replace("{{ question }}", f"{{{{ question }}}} {impossible}")})

    done = ask(asking.root, "cases")

    assert done.code == 0
    assert (
        "prompts/ask.prompt.yaml:14:28: `tone == 'rude'` is false in every case:"
        " no input that the schema accepts reaches it\n" in done.out
    )
    assert "2 cases drafted · 1 branch without inputs\n" in done.out


@pytest.mark.parametrize(
    ("template", "reasons"),
    [
        (
            "{% if question == 'x' %}{{ 1 + question }}{% endif %}",
            [f"rendering fails: {PATH}:14:49: `+` does not work on a number and a string"],
        ),
        (
            "{% if question == 'x' %}{% if question == 'y' %}a{% endif %}{% endif %}",
            ["its condition stays the same with 9 changed inputs"],
        ),
        (
            "{% if question | reverse | first == 'x' %}{% if tone %}a{% endif %}{% endif %}",
            [
                "its inputs are refused: `question` must be a string, not a list",
                f"it is inside of the branch at {PATH}:14:25, which no inputs take",
            ],
        ),
        (
            "{% if question | length > 99999999999999999999 or question * 2 == 'x' %}a{% endif %}",
            ["it is not known which inputs its condition depends on"],
        ),
        (
            "{% if question | length > 99999999 %}a{% endif %}",
            ["it is not known which inputs its condition depends on"],
        ),
    ],
)
def test_why_no_inputs_were_found_is_named(asking, template, reasons):
    asking.write({PATH: PROMPT.replace("{{ question }}", f"{{{{ question }}}} {template}")})

    done = ask(asking.root, "cases", "--show")

    found = [line.partition("no inputs found: ")[2] for line in done.out.splitlines()]
    assert [each for each in found if each] == reasons


def test_numbers_are_drafted_where_the_template_needs_them(asking):
    names = ["rate", "price", "share", "days", "total", "count", "limit", "note"]
    inputs = "".join(f"    {name}: {{type: [string, number]}}\n" for name in names)
    template = (
        "{{ '%.2f' | format(rate) }} {{ '%s: %d' | format(note, price) }} {{ share | round(1) }}"
        " {% if days < 2000 %}few{% endif %} {{ total + 1 }}"
        " {% for n in range(count) %}{{ n }}{% endfor %} {{ question[:limit] }}"
    )
    asking.write(
        {
            PATH: PROMPT.replace("[question]", f"[question, {', '.join(names)}]")
            .replace("    tone:", f"{inputs}    tone:")
            .replace("{{ question }}", template)
        }
    )

    done = ask(asking.root, "cases", "--format", "json")

    (prompt,) = json.loads(done.out)["prompts"]
    first = prompt["cases"][0]["inputs"]
    assert (prompt["problem"], prompt["unreached"]) == (None, [])
    assert [name for name in names if not isinstance(first[name], int)] == ["note"]


def test_a_variant_with_the_cases_of_its_base_gets_none(asking):
    asking.write(
        {
            PATH: f"{PROMPT}tests:\n  - {{name: a, inputs: {{question: a}}}}\n",
            "prompts/ask.de.prompt.yaml": "format: promptops/1\nextends: ./ask.prompt.yaml\n",
        }
    )

    done = ask(asking.root, "cases", "ask.de")

    assert done.code == 1
    assert "its cases are those of prompts/ask.prompt.yaml" in done.out
