"""How prompts are named on the command line, on a real repository and through every command."""

from __future__ import annotations

import json
import shutil

import pytest

from promptops.cli.main import run
from promptops.errors import UsageError
from promptops.workspace.named_prompts import matching_prompts, required_prompt
from promptops.workspace.workspace import workspace

HOUSE = '{% include "partials/house.md.j2" %}'
FILES = {
    "prompts/support/triage.prompt.yaml": (
        "format: promptops/1\naliases: [desk/triage]\n"
        f"messages:\n  - {{role: user, content: '{HOUSE}'}}\n"
        "tests:\n  - {name: one, inputs: {}, rendered: [{type: contains, value: brief}]}\n"
    ),
    "prompts/support/triage.recordings.jsonl": "",
    "prompts/support/triage.recordings.part02.jsonl": "",
    "prompts/support/refund.prompt.yaml": (
        "format: promptops/1\nmessages:\n  - {role: user, content: "
        f"'{HOUSE} {{% include \"partials/refund.md.j2\" %}}'}}\n"
    ),
    "prompts/plain.prompt.yaml": (
        "format: promptops/1\nmessages:\n  - {role: user, content: Say hello.}\n"
        "tests:\n  - {file: plain.cases.jsonl}\n"
    ),
    "prompts/plain.cases.jsonl": '{"name": "one", "inputs": {}}\n',
    "prompts/partials/house.md.j2": "{% include './tone.md.j2' %}\n",
    "prompts/partials/tone.md.j2": "Be brief.\n",
    "prompts/partials/refund.md.j2": "Refunds take a week.\n",
    "prompts/partials/unused.md.j2": "Nobody includes this.\n",
    "docs/page.md": "# A page\n",
}
TRIAGE = "prompts/support/triage.prompt.yaml"
REFUND = "prompts/support/refund.prompt.yaml"
PLAIN = "prompts/plain.prompt.yaml"
ALL = [PLAIN, REFUND, TRIAGE]
LONG = "x" * 100_000


@pytest.fixture
def catalog(repo):
    repo.write(FILES)
    repo.commit("a catalog")
    return repo


def found(directory, name):
    with workspace(directory) as opened:
        return sorted(matching_prompts(opened.catalog, opened.repository, name))


@pytest.mark.parametrize(
    ("folder", "name", "expected"),
    [
        (".", "plain", [PLAIN]),
        ("docs", "support/*", [REFUND, TRIAGE]),
        (".", "desk/triage", [TRIAGE]),
        (".", TRIAGE, [TRIAGE]),
        (".", f"./{TRIAGE}", [TRIAGE]),
        (".", f"docs/../{TRIAGE}", [TRIAGE]),
        (".", "support/triage.prompt.yaml", [TRIAGE]),
        ("prompts/support", "triage.prompt.yaml", [TRIAGE]),
        ("prompts/support", "./triage.prompt.yaml", [TRIAGE]),
        ("prompts/support", "../plain.prompt.yaml", [PLAIN]),
        ("prompts/support", TRIAGE, [TRIAGE]),
        ("prompts/support", f"./{TRIAGE}", []),
        (".", "prompts/support", [REFUND, TRIAGE]),
        (".", "prompts/support/", [REFUND, TRIAGE]),
        (".", "support", [REFUND, TRIAGE]),
        (".", "prompts", ALL),
        (".", ".", ALL),
        ("prompts/support", ".", [REFUND, TRIAGE]),
        ("prompts/support", "..", ALL),
        ("docs", ".", []),
        (".", "prompts/support/*.prompt.yaml", [REFUND, TRIAGE]),
        ("prompts", "support/re*.yaml", [REFUND]),
        (".", "prompts/partials/tone.md.j2", [REFUND, TRIAGE]),
        (".", "partials/refund.md.j2", [REFUND]),
        ("prompts/partials", "refund.md.j2", [REFUND]),
        (".", "prompts/partials/unused.md.j2", []),
        (".", "prompts/plain.cases.jsonl", [PLAIN]),
        (".", "prompts/support/triage.recordings.jsonl", [TRIAGE]),
        (".", "prompts/support/triage.recordings.part02.jsonl", [TRIAGE]),
        (".", "docs/page.md", []),
        (".", "..", []),
        (".", "", []),
        (".", "a\0b", []),
    ],
)
def test_a_name_means_the_same_prompts_wherever_it_is_written(catalog, folder, name, expected):
    assert found(catalog.root / folder, name) == expected


@pytest.mark.parametrize("folder", [".", "docs", "prompts/support"])
def test_an_absolute_path_is_a_name_from_any_folder(catalog, folder):
    directory = catalog.root / folder

    assert found(directory, str(catalog.root / TRIAGE)) == [TRIAGE]
    assert found(directory, str(catalog.root / "prompts/support")) == [REFUND, TRIAGE]
    assert found(directory, str(catalog.root)) == ALL


def test_a_path_through_a_link_to_the_repository_is_a_name(catalog, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(catalog.root, target_is_directory=True)

    assert found(link / "prompts", "support/triage.prompt.yaml") == [TRIAGE]
    assert found(catalog.root, str(link / TRIAGE)) == [TRIAGE]


def test_in_a_bare_repository_paths_start_from_the_root(catalog, tmp_path):
    bare = tmp_path / "bare.git"
    catalog.git("clone", "-q", "--bare", ".", str(bare))

    assert found(bare, TRIAGE) == [TRIAGE]
    assert found(bare, "prompts/support") == [REFUND, TRIAGE]


def test_a_prompt_that_can_not_be_read_is_among_those_that_may_need_a_partial(catalog):
    catalog.write({"prompts/broken.prompt.yaml": f"format: [\n{HOUSE}\n"})

    broken = "prompts/broken.prompt.yaml"
    assert found(catalog.root, "prompts/partials/house.md.j2") == [broken, REFUND, TRIAGE]


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("plane", "no prompt matches 'plane'", "did you mean `plain`?"),
        (
            "prompts/support/traige.prompt.yaml",
            "no prompt matches 'prompts/support/traige.prompt.yaml'",
            "did you mean `prompts/support/triage.prompt.yaml`?",
        ),
        ("prompts/plian", "no prompt matches 'prompts/plian'", f"did you mean `{PLAIN}`?"),
        (
            "./prompts/suport/",
            "no prompt matches './prompts/suport/'",
            "did you mean `prompts/support`?",
        ),
        ("suport", "no prompt matches 'suport'", "did you mean `support`?"),
        (
            "prompts/partials/unused.md.j2",
            "no prompt matches 'prompts/partials/unused.md.j2'",
            "the file is not a prompt, and no prompt uses it",
        ),
        ("../x", "no prompt matches '../x'", "the path is outside the repository"),
        (
            "x" * 100_000,
            f"no prompt matches {'x' * 100_000!r}",
            "`promptops list` shows the prompts",
        ),
        (
            "prompts/support",
            "'prompts/support' matches 2 prompts, and one is required",
            "name one of them: support/refund, support/triage",
        ),
        (
            "partials/tone.md.j2",
            "'partials/tone.md.j2' matches 2 prompts, and one is required",
            "name one of them: support/refund, support/triage",
        ),
    ],
)
def test_where_one_prompt_is_needed_none_and_several_are_refused(catalog, name, message, hint):
    with workspace(catalog.root) as opened, pytest.raises(UsageError) as refused:
        required_prompt(opened, name)

    assert (refused.value.message, refused.value.hint) == (message, hint)


@pytest.mark.parametrize(
    "command",
    ["blame", "check", "diff", "lint", "list", "log", "render", "report", "show", "test"],
)
def test_every_command_that_takes_prompts_shows_the_nearest_path(catalog, capsys, command):
    written = "prompts/suport/triage"

    code = run([command, written, "-C", str(catalog.root)])

    hint = capsys.readouterr().err.splitlines()[-1]
    assert (code, hint.replace("the prompt ", "")) == (2, f"  tip: did you mean `{TRIAGE}`?")


def test_of_many_prompts_only_some_are_listed(repo):
    same = FILES[PLAIN].partition("tests:")[0]
    repo.write({f"prompts/p{n:02}.prompt.yaml": same for n in range(13)})

    with workspace(repo.root) as opened, pytest.raises(UsageError) as refused:
        required_prompt(opened, "prompts")

    listed = ", ".join(f"p{n:02}" for n in range(10))
    assert refused.value.hint == f"name one of them: {listed} and 3 more"


ONE = [
    ["show", "--format", "json"],
    ["render", "-c", "one"],
    ["blame"],
    ["log"],
    ["bisect", "-c", "one", "--here"],
]
MANY = [["list"], ["lint"], ["test"], ["check"], ["diff", "HEAD"], ["report", "-o", "-"]]


@pytest.mark.parametrize("command", [*ONE, *MANY], ids=lambda command: command[0])
def test_every_command_takes_the_path_of_a_file_from_where_it_is_run(catalog, capfd, command):
    def output(directory, name):
        code = run([*command, "-C", str(directory), name])
        return code, capfd.readouterr()

    expected = output(catalog.root, "support/triage")

    assert output(catalog.root / "prompts/support", "triage.prompt.yaml") == expected
    assert output(catalog.root / "docs", TRIAGE) == expected
    assert output(catalog.root, str(catalog.root / TRIAGE)) == expected
    assert expected[0] < 2 or command[0] == "bisect"


@pytest.mark.parametrize("command", MANY, ids=lambda command: command[0])
def test_commands_of_many_prompts_take_a_folder_and_a_partial(catalog, capfd, command):
    def output(name):
        code = run([*command, "-C", str(catalog.root), *name])
        return code, capfd.readouterr()

    expected = output(["support/refund", "support/triage"])

    assert output(["prompts/support"]) == expected
    assert output(["prompts/partials/house.md.j2"]) == expected


@pytest.mark.parametrize("command", [*ONE, *MANY], ids=lambda command: command[0])
def test_every_command_refuses_what_matches_nothing(catalog, capfd, command):
    code = run([*command, "-C", str(catalog.root), "suport/triage"])

    err = capfd.readouterr().err
    if command[0] == "bisect":  # for `git bisect run`, a commit without the prompt is skipped
        assert code == 125
    else:
        assert (code, "did you mean" in err) == (2, True)


@pytest.mark.parametrize("command", ONE, ids=lambda command: command[0])
def test_commands_of_one_prompt_list_those_that_a_folder_names(catalog, capfd, command):
    code = run([*command, "-C", str(catalog.root), "prompts/support"])

    out, err = capfd.readouterr()
    assert code == (125 if command[0] == "bisect" else 2)
    assert "support/refund, support/triage" in err or "matches 2 prompts" in out


def test_a_folder_in_the_first_place_of_a_comparison_names_prompts(catalog, capfd):
    catalog.git("tag", "-a", "v1.0.0", "-m", "v1.0.0")
    catalog.write({PLAIN: FILES[PLAIN].replace("hello", "goodbye")})
    catalog.commit("another greeting")

    code = run(["diff", "-C", str(catalog.root), "--format", "json", "prompts/support"])

    report = json.loads(capfd.readouterr().out)
    assert (code, report["prompts"], report["compared"]) == (0, [], 2)


def test_a_folder_with_another_catalog_is_still_a_side_of_a_comparison(catalog, tmp_path, capfd):
    shutil.copytree(catalog.root / "prompts", tmp_path / "old/prompts")

    code = run(["diff", "-C", str(catalog.root), "--format", "json", f"{tmp_path}/old"])

    assert (code, json.loads(capfd.readouterr().out)["base"]) == (0, f"{tmp_path}/old")


def test_the_history_of_a_prompt_that_is_gone_is_found_by_its_path(catalog, capfd):
    catalog.git("rm", "-q", PLAIN)
    catalog.commit("no greeting")

    code = run(
        ["log", "-C", str(catalog.root / "prompts"), "--format", "json", "plain.prompt.yaml"]
    )

    history = json.loads(capfd.readouterr().out)
    assert (code, history["prompt"]) == (0, "plain")
