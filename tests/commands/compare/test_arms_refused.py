"""Names that are no arm, arms that can't differ, and prompts that can't be compared."""

import pytest

from promptops.errors import UsageError
from promptops.workspace.selection import SelectionOptions
from tests.commands.compare.compared import (
    CONTRACT,
    MEASURED,
    PROMPT,
    arms,
    by_model,
    cases,
    compared,
    configured,
    recorded,
    verdicts,
)
from tests.servers.fault_server import fault_server

ASK = SelectionOptions(patterns=("ask",))


@pytest.fixture
def ready(repo):
    """A prompt with recorded answers of its own model."""
    with fault_server(by_model(lambda *_: "good")) as server:
        configured(repo, server, CONTRACT + cases(2))
        recorded(repo)
    repo.commit("one")
    repo.git("tag", "v1.0.0")
    return repo


@pytest.mark.parametrize(
    ("kind", "names", "options", "message", "hint"),
    [
        ("model", ("chaep",), {}, "there is no profile `chaep`", "did you mean `cheap`?"),
        (
            "model",
            ("zzz",),
            {},
            "there is no profile `zzz`",
            "the profiles are `fast`, `cheap`, `strong`",
        ),
        ("revision", ("v1.0.1",), {}, "there is no revision 'v1.0.1'", "did you mean `v1.0.0`?"),
        ("prompt", ("aks",), {}, None, "did you mean `ask`?"),
        ("model", ("cheap", "cheap"), {}, "the arm `cheap` is named twice", "leave one out"),
        (
            "model",
            tuple(f"m{n}" for n in range(9)),
            {},
            "9 arms are named, and at most 8 can be compared at once",
            "each further arm needs more cases to decide",
        ),
        (
            "model",
            ("fast",),
            {},
            "`fast` is the reference: there is nothing to compare it with",
            "name another arm",
        ),
        (
            "model",
            ("cheap",),
            {"require": "cheep"},
            "`cheep` is not one of the arms",
            "did you mean `cheap`?",
        ),
        (
            "model",
            ("cheap",),
            {"require": "fast"},
            "`fast` is the reference, not an arm",
            "arms: cheap",
        ),
        (
            "model",
            ("cheap",),
            {"cases": ("zzz",)},
            "no case has the name 'zzz'",
            "one of: 'c00', 'c01'",
        ),
        (
            "model",
            ("cheap",),
            {"reference": "fsat"},
            "there is no profile `fsat`",
            "did you mean `fast`?",
        ),
        (
            "revision",
            ("HEAD", "v1.0.0"),
            {},
            "`HEAD` and `v1.0.0` send the same requests: there is nothing to compare",
            "leave one out",
        ),
    ],
)
def test_a_name_that_is_no_arm_is_refused_with_the_nearest_one(
    ready, kind, names, options, message, hint
):
    with pytest.raises(UsageError) as caught:
        compared(ready, *names, kind=kind, wanted=ASK, **options)

    assert (message is None or message in caught.value.message, caught.value.hint) == (True, hint)


def test_profiles_with_the_same_settings_are_refused(ready):
    config = (ready.root / "promptops.toml").read_text()
    ready.write({"promptops.toml": config.replace('"cheap-1"', '"fast-1"')})

    with pytest.raises(UsageError) as caught:
        compared(ready, "cheap")

    assert caught.value.message == (
        "`fast` and `cheap` send the same requests: there is nothing to compare"
    )


def test_settings_of_profiles_that_the_prompt_replaces_are_named(ready):
    config = (ready.root / "promptops.toml").read_text().replace('"cheap-1"', '"fast-1"')
    hot = config.replace('id = "fast-1"\n', 'id = "fast-1"\nparams = {temperature = 0.9}\n', 1)
    prompt = CONTRACT.replace("{profile: fast}", "{profile: fast, params: {temperature: 0.5}}")
    ready.write({"promptops.toml": hot, "prompts/ask.prompt.yaml": prompt + cases(2)})

    with pytest.raises(UsageError) as caught:
        compared(ready, "cheap")

    assert caught.value.hint == "the prompt sets `temperature`, which the profiles set, too"


def test_one_revision_that_is_the_work_tree_is_refused(ready):
    with pytest.raises(UsageError) as caught:
        compared(ready, "HEAD", kind="revision")

    assert caught.value.message == (
        "`HEAD` sends the same requests as the work tree: there is nothing to compare"
    )


def test_variants_are_compared_with_one_prompt(ready):
    ready.write({"prompts/other.prompt.yaml": CONTRACT + cases(1)})

    with pytest.raises(UsageError) as caught:
        compared(ready, "other", kind="prompt")

    assert caught.value.message == "--prompt compares one prompt with others, and 2 are selected"


def test_a_folder_of_recordings_inside_a_prompt_root_is_refused_before_a_call(ready):
    config = (ready.root / "promptops.toml").read_text()
    ready.write({"promptops.toml": f'prompts = ["."]\n{config}'})

    with pytest.raises(UsageError) as caught:
        compared(ready, "cheap")

    assert (caught.value.message, caught.value.where) == (
        "the folder of recordings, `comparisons`, is in the prompt root `.`",
        "promptops.toml",
    )


def test_prompts_with_several_models_have_a_reference_named_current(ready):
    ready.write({"prompts/other.prompt.yaml": (CONTRACT + cases(1)).replace("fast", "strong")})

    found = compared(ready, "cheap")

    assert [arm.name for arm in found.totals] == ["current", "cheap"]
    assert found.reference == "current"


def test_a_prompt_without_measures_is_compared_by_contracts_alone(ready):
    found = compared(ready, "cheap")

    assert (found.prompts[0].score, arms(found)["cheap"].decided) == ("", None)


def test_the_margin_of_the_prompt_wins_over_the_configuration(ready):
    config = (ready.root / "promptops.toml").read_text() + "[compare]\nmargin = 7\n"
    own = MEASURED.replace("score: goodness\n", "score: goodness\n  margin: 5\n", 1)
    ready.write(
        {
            "promptops.toml": config,
            "prompts/ask.prompt.yaml": own + cases(2),
            "prompts/other.prompt.yaml": MEASURED + cases(2),
        }
    )

    found = compared(ready, "cheap")
    stated = compared(ready, "cheap", margin=9)

    assert {each.prompt: each.margin for each in found.prompts} == {"ask": 0.05, "other": 0.07}
    assert {each.margin for each in stated.prompts} == {0.09}


def test_a_selection_without_cases_says_why_nothing_was_compared(ready):
    ready.write({"prompts/ask.prompt.yaml": PROMPT})

    found = compared(ready, "cheap")

    assert (found.prompts, found.nothing) == ((), "there are no test cases")


def test_cases_without_assertions_on_the_answer_are_not_compared(ready):
    rendered = cases(1).replace("}}", "}, rendered: [{type: message-count, value: 1}]}")
    ready.write({"prompts/ask.prompt.yaml": PROMPT + rendered})

    found = compared(ready, "cheap")

    assert (found.prompts, found.nothing) == ((), "no test case has an assertion on the answer")


def test_prompts_without_assertions_on_the_answer_are_counted_as_left_out(ready):
    rendered = cases(1).replace("}}", "}, rendered: [{type: message-count, value: 1}]}")
    ready.write({"prompts/other.prompt.yaml": PROMPT + rendered})

    found = compared(ready, "cheap")

    assert ([each.prompt for each in found.prompts], found.left_out) == (["ask"], ("other",))


def test_a_case_that_can_not_be_rendered_leaves_all_arms_open(ready):
    broken = cases(2) + "  - {name: broken, inputs: {}}\n"
    ready.write({"prompts/ask.prompt.yaml": CONTRACT + broken})

    found = compared(ready, "cheap")

    (problem,) = arms(found)["fast"].problems
    assert (problem.name, str(problem.place)) == ("broken", "prompts/ask.prompt.yaml:17:28")
    assert (verdicts(found)["cheap"], found.fit) == ("open", ())


def test_an_unreadable_prompt_hides_no_other_prompt(ready):
    ready.write({"prompts/broken.prompt.yaml": "format: promptops/1\nmessages: 1\n"})

    found = compared(ready, "cheap")

    assert [each.prompt for each in found.prompts] == ["ask", "broken"]
    (problem,) = found.prompts[1].arms[0].problems
    assert problem.place.path == "prompts/broken.prompt.yaml"


def test_a_line_of_recordings_that_can_not_be_read_is_a_problem_of_its_arm(ready):
    ready.write({"comparisons/cheap/ask.recordings.jsonl": "{\n"})

    found = compared(ready, "cheap")

    (problem,) = arms(found)["cheap"].problems
    assert (str(problem.place), problem.reason) == (
        "comparisons/cheap/ask.recordings.jsonl:1:2",
        "not JSON: expecting property name enclosed in double quotes: remove the line, then run"
        " `promptops compare --model cheap --record`",
    )


def test_without_trust_nothing_is_asked(ready, monkeypatch):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    with pytest.raises(UsageError):
        compared(ready, "cheap", mode="record")

    assert compared(ready, "cheap").stale == 2
