"""What is broken and what is left out: comments, changes, partials, prompts without cases."""

import pytest

from promptops.commands.lint.lint import LintOptions, lint
from promptops.commands.mutate import report as facts
from promptops.errors import UsageError
from promptops.model.mutant import MutationCount
from promptops.model.place import Place
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.commands.mutate.mutated import ASK, HEAD, mutated, statuses

NOTICED = "tests:\n  - {name: one, rendered: [{type: contains, value: Be brief.}]}\n"


def _prompt(*lines, tests=NOTICED, more=""):
    content = "".join(f"      {line}\n" for line in lines)
    return f"{HEAD}{more}messages:\n  - role: user\n    content: |\n{content}{tests}"


def test_a_line_with_an_ignore_comment_is_left_alone(repo):
    text = _prompt(
        "Be brief.", "", "{# promptops: ignore[MUT] only politeness #}", "Be kind.", "", "Be calm."
    )
    schema = (
        "output:\n  format: json\n  schema:\n    type: object\n    # promptops: ignore[mutant] x\n"
        "    properties: {a: {maxLength: 3}}\n"
    )
    repo.write({ASK: text.replace("messages:", f"{schema}messages:")})

    found = mutated(repo)

    assert statuses(found) == [
        ("sentence", 'delete "Be brief."', "killed"),
        ("sentence", 'delete "Be calm."', "survived"),
    ]
    assert found.rows[0].ignored == 2


@pytest.mark.parametrize("comment", ["ignore[MUT]", "ignore[VAR001] other", "ignore a reason"])
def test_a_comment_without_a_reason_or_for_a_rule_leaves_nothing_out(repo, comment):
    repo.write({ASK: _prompt("Be brief.", "", f"{{# promptops: {comment} #}}", "Be kind.")})

    found = mutated(repo)

    assert (len(found.mutants), found.rows[0].ignored) == (2, 0)


def test_assertions_that_fail_without_a_mutant_are_counted_and_kill_none(repo):
    wrong = NOTICED.replace("Be brief.}", "Be brief.}, {type: contains, value: Be loud.}")
    repo.write({ASK: _prompt("Be brief.", "", "Be kind.", tests=wrong)})

    found = mutated(repo)

    assert [each.status for each in found.mutants] == ["killed", "survived"]
    assert list(facts.remarks(found)) == [
        "ask: 1 assertion already fails and can't kill a mutant: `promptops test`",
        "1 mutant is noticed only because a test quotes the text; assert on the answer and run"
        " `--live`",
    ]


def test_lint_knows_the_code_of_mutants_and_never_calls_such_a_comment_unused(repo):
    repo.write({ASK: _prompt("Be brief.", "", "{# promptops: ignore[MUT] polite #}", "Be kind.")})
    repo.commit("one")

    with workspace(repo.root) as opened:
        report = lint(opened, SelectionOptions(), LintOptions(use_cache=False))

    assert [f.code for f in report.findings if f.code in ("REP008", "REP009")] == []


def test_with_since_only_changed_prompts_are_broken_and_changed_lines_are_marked(repo):
    other = _prompt("Be brief.", "", "Be quiet.")
    repo.write({ASK: _prompt("Be brief.", "", "Be kind."), "prompts/b.prompt.yaml": other})
    base = repo.commit("one")
    repo.write({ASK: _prompt("Be brief.", "", "Be kind.", "", "Be calm.")})
    repo.commit("two")

    found = mutated(repo, since=base)

    assert [row.name for row in found.rows] == ["ask"]
    assert [(each.change, each.in_changed_lines) for each in found.mutants] == [
        ('delete "Be brief."', False),
        ('delete "Be kind."', False),
        ('delete "Be calm."', True),
    ]
    assert [each.change for each in found.survivors_in_changed_lines] == ['delete "Be calm."']
    assert list(found.sources) == [ASK]


def test_a_change_can_t_lower_the_required_score(repo):
    repo.write(
        {ASK: _prompt("Be brief.", "", "Be kind."), "promptops.toml": "[mutate]\nfail-under = 60\n"}
    )
    base = repo.commit("one")
    repo.write({ASK: _prompt("Be brief.", "", "Be calm."), "promptops.toml": ""})
    repo.commit("two")

    found, trusted = (mutated(repo, since=base, trusted=flag) for flag in (False, True))

    assert (found.fail_under, found.count.behaviour_score, found.under) == (60, 0.0, True)
    assert (trusted.fail_under, trusted.under) == (None, False)
    assert mutated(repo, since=base, fail_under=0).under is False


SHARED = {
    "prompts/part.md.j2": "Be brief. Be kind.\n",
    "prompts/a.prompt.yaml": _prompt('{% include "part.md.j2" %}', "A only here."),
    "prompts/b.prompt.yaml": _prompt(
        '{% include "part.md.j2" %}',
        tests="tests:\n  - {name: b, rendered: [{type: contains, value: Be kind.}]}\n",
    ),
}


def test_a_shared_partial_is_broken_once_and_any_prompt_that_includes_it_may_notice(repo):
    repo.write(SHARED)

    found = mutated(repo, operators=["sentence", "include"])

    assert [(row.name, row.partial, row.prompts, row.cases) for row in found.rows] == [
        ("a", False, ("a",), 1),
        ("b", False, ("b",), 1),
        ("prompts/part.md.j2", True, ("a", "b"), 2),
    ]
    assert statuses(found.rows[2]) == [
        ("sentence", 'delete "Be brief."', "killed"),
        ("sentence", 'delete "Be kind."', "killed"),
    ]
    assert [each.by.prompt for each in found.rows[2].mutants] == ["a", "b"]
    assert found.rows[0].count == MutationCount(killed=1, quoted=1, survived=1)


def test_a_partial_of_prompts_that_are_not_selected_is_left_out(repo):
    repo.write(SHARED)

    found = mutated(repo, "a", operators=["sentence"])

    assert statuses(found) == [("sentence", 'delete "A only here."', "survived")]
    assert found.left_out == ("prompts/part.md.j2",)


def test_a_partial_of_one_prompt_belongs_to_that_prompt(repo):
    repo.write({name: SHARED[name] for name in ("prompts/part.md.j2", "prompts/a.prompt.yaml")})

    found = mutated(repo, "a", operators=["sentence"])

    assert [row.name for row in found.rows] == ["a"]
    assert len(found.mutants) == 3


def test_the_text_of_a_base_is_tested_by_the_cases_of_its_variants_too(repo):
    repo.write(
        {
            ASK: _prompt("Be brief.", "", "Be kind."),
            "prompts/de.prompt.yaml": "format: promptops/1\nextends: ./ask.prompt.yaml\n"
            "tests:\n  - {name: de, rendered: [{type: contains, value: Be kind.}]}\n",
        }
    )

    found = mutated(repo)

    base, variant = found.rows[0], found.rows[1]
    assert [each.by.case for each in base.mutants] == ["one", "de"]
    assert (variant.name, variant.mutants) == ("de", ())
    assert variant.nothing == "nothing in it can be broken with these operators"


def test_the_mutants_of_a_prompt_without_cases_count_as_not_noticed(repo):
    part = {"prompts/part.md.j2": "Be calm.\n"}
    bare = _prompt("Be brief.", '{% include "part.md.j2" %}', tests="")
    noticed = _prompt(
        "We call {{ x }} first.",
        tests="tests: [{name: b, inputs: {x: Ida}, rendered: [{type: contains, value: Ida}]}]\n",
        more="inputs: {properties: {x: {type: string}}}\n",
    )
    repo.write({ASK: bare, "prompts/b.prompt.yaml": noticed, **part})

    found = mutated(repo, fail_under=50)

    row = found.rows[0]
    assert (row.nothing, found.nothing) == ("there are no test cases: nothing was tested", "")
    assert [(each.change, each.status) for each in row.mutants] == [
        ('delete "Be brief."', "unseen"),
        ('drop `{% include "part.md.j2" %}`', "unseen"),
        ('delete "Be calm."', "unseen"),
    ]
    assert found.count == MutationCount(killed=2, unseen=3)
    assert (found.count.behaviour_score, found.count.score, found.under) == (0.4, 0.4, True)
    assert facts.title(row) == (
        "0%, 0 of 3 mutants noticed by behaviour, 3 unseen,"
        " there are no test cases: nothing was tested"
    )


def test_a_prompt_of_which_no_case_is_named_does_not_count(repo):
    repo.write({ASK: _prompt("Be brief."), "prompts/b.prompt.yaml": _prompt("Be quiet.")})
    repo.write({"prompts/b.prompt.yaml": _prompt("Be brief.").replace("name: one", "name: two")})

    found = mutated(repo, cases=("two",))

    assert [(row.name, row.count, row.nothing) for row in found.rows] == [
        ("ask", MutationCount(), "none of its test cases is named by `--case`"),
        ("b", MutationCount(killed=1, quoted=1), ""),
    ]


def test_a_prompt_that_can_t_be_read_is_a_row_with_its_error(repo):
    repo.write(
        {ASK: "format: promptops/1\nmessages: [\n", "prompts/b.prompt.yaml": _prompt("Be brief.")}
    )

    found = mutated(repo)

    assert [(row.name, row.unreadable) for row in found.rows] == [("ask", True), ("b", False)]
    assert found.rows[0].place.path == ASK
    assert facts.title(found.rows[0]) == f"not tested: {ASK}:3:1: {found.rows[0].nothing}"
    assert found.rows[0].nothing
    assert found.count == MutationCount(killed=1, quoted=1)


def test_nothing_is_selected_or_changed(repo):
    repo.write({ASK: _prompt("Be brief.")})
    base = repo.commit("one")

    assert mutated(repo, since=base).nothing == "no prompt changed: nothing was mutated"
    assert not mutated(repo, since=base, fail_under=100).under


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (
            {"operators": ["sentense"]},
            "there is no operator 'sentense'",
            "did you mean `sentence`?",
        ),
        ({"cases": ("two",)}, "no case has the name 'two'", "one of: 'one'"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_one(repo, arguments, error, hint):
    repo.write({ASK: _prompt("Be brief.")})

    with pytest.raises(UsageError) as caught:
        mutated(repo, **arguments)

    assert (caught.value.message, caught.value.hint) == (error, hint)


def test_a_mutant_that_hangs_ends_at_the_work_limit_of_the_runtime(repo):
    loops = "{% for a in range(1000) %}{% for b in range(1000) %}{{ a }}{% endfor %}{% endfor %}"
    text = f'{{% if x == "v" %}}Be brief.{{% else %}}{loops}{{% endif %}}'
    tests = NOTICED.replace("{name: one", "{name: one, inputs: {x: v}")
    repo.write(
        {ASK: _prompt(text, tests=tests, more="inputs: {properties: {x: {type: string}}}\n")}
    )

    found = mutated(repo, operators=["condition"])

    assert found.mutants[0].by.kind == "render"
    assert (
        "too much work" in found.mutants[0].by.reason
        or "string of over" in found.mutants[0].by.reason
    )


def test_secrets_of_a_prompt_are_never_shown(repo):
    key = "sk-proj-" + "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z" * 2
    repo.write({ASK: _prompt("Be brief.", "", f"The key is {key} here.")})

    found = mutated(repo)

    assert key not in repr(found)
    assert [each.place for each in found.mutants][1] == Place(
        ASK, 8, 7, 8, 7 + len(f"The key is {key} here.")
    )
