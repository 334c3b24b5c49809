"""The hook searches where the general path parses: both report the same, whatever the index is."""

from __future__ import annotations

import os
import shutil

import pytest

from promptops.catalog import files, graph, stored_facts
from promptops.cli.main import run
from promptops.repo import tree
from promptops.workspace import selection
from tests.tiers import fast_spread

HEAD = "format: promptops/1\nmodel: {provider: openai, id: gpt-5.4-mini-2026-03-17}\n"
ASK = (
    f"{HEAD}messages:\n  - role: user\n    content: |\n"
    "      {% include 'partials/style.md.j2' %}\n"
)
MORE = 12


def edited(repo):
    repo.write({"prompts/team/ask-1.prompt.yaml": f"{ASK}      {{{{ unknown }}}}\n"})
    repo.git("add", "--all")


def partial_edited(repo):
    repo.write({"prompts/partials/style.md.j2": "{{ missing }}\n"})
    repo.git("add", "--all")


def twin_added(repo):
    repo.write({"prompts/team/ASK-1.prompt.yml": ASK, "prompts/team/ask-2.prompt.yml": ASK})
    repo.git("add", "--all")


def twin_of_a_twin_edited(repo):
    repo.write({"prompts/Team/ask-3.prompt.yaml": ASK, "prompts/team/ask-3.prompt.yml": ASK})
    repo.commit("twins")
    repo.write({"prompts/team/ask-3.prompt.yml": f"{ASK}      more\n"})
    repo.git("add", "--all")


def folder_of_others_added(repo):
    repo.write({"prompts/team.prompt.yaml": ASK, "prompts/team/ask-1/deeper.prompt.yaml": ASK})
    repo.git("add", "--all")


def unfit_names(repo):
    names = ("Bad Name", "a\tb", "new\nline", "ünfit", "-dash")
    repo.write({f"prompts/{name}.prompt.yaml": f"{ASK}      {{{{ x }}}}\n" for name in names})
    repo.git("add", "--all")


def name_of_invalid_bytes(repo):
    with open(os.path.join(os.fsencode(repo.root), b"prompts", b"\xff.prompt.yaml"), "wb") as file:
        file.write(f"{ASK}      {{{{ x }}}}\n".encode())
    repo.git("add", "--all")


def folder_called_like_a_prompt(repo):
    repo.write({"prompts/ask.prompt.yaml/inside.prompt.yaml": ASK, "prompts/ask.prompt.yml": ASK})
    repo.git("add", "--all")


def renamed_without_ending(repo):
    repo.git("mv", "prompts/team/ask-1.prompt.yaml", "prompts/team/ask-1.yaml")


def removed_partial(repo):
    repo.git("rm", "--quiet", "--cached", "prompts/partials/style.md.j2")


def in_conflict(repo):
    conflicting(repo, "prompts/team/ask-1.prompt.yaml", f"{ASK}      a\n", f"{ASK}      b\n")
    repo.write({"prompts/team/ask-2.prompt.yaml": f"{ASK}      {{{{ x }}}}\n"})
    repo.git("add", "prompts/team/ask-2.prompt.yaml")


def configuration_in_conflict(repo):
    conflicting(repo, "promptops.toml", 'prompts = ["a"]\n', 'prompts = ["b"]\n')


def conflicting(repo, path, ours, theirs):
    repo.git("switch", "--quiet", "--create", "other")
    repo.write({path: theirs})
    repo.commit("theirs")
    repo.git("switch", "--quiet", "main")
    repo.write({path: ours})
    repo.commit("ours")
    repo._run(("merge", "--quiet", "other"), os.environ)


def configuration_is_a_link(repo):
    (repo.root / "promptops.toml").unlink()
    (repo.root / "promptops.toml").symlink_to("elsewhere.toml")
    repo.write({"elsewhere.toml": 'prompts = ["prompts"]\n'})
    repo.git("add", "--all")


def configuration_is_broken(repo):
    repo.write({"promptops.toml": "prompts = [\n"})
    repo.git("add", "--all")


def configuration_only_intended(repo):
    repo.git("rm", "--quiet", "--cached", "promptops.toml")
    repo.git("add", "--intent-to-add", "promptops.toml")
    edited_alone(repo)


def edited_alone(repo):
    repo.write({"prompts/team/ask-1.prompt.yaml": f"{ASK}      {{{{ unknown }}}}\n"})
    repo.git("add", "prompts/team/ask-1.prompt.yaml")


def in_pyproject(repo):
    repo.git("rm", "--quiet", "promptops.toml")
    repo.write({"pyproject.toml": '[tool.promptops]\nprompts = ["prompts/team"]\n'})
    edited(repo)


def everything_is_a_root(repo):
    repo.write({"promptops.toml": 'prompts = ["."]\n', "top.prompt.yaml": ASK})
    edited(repo)


def with_a_baseline(repo):
    repo.write({"prompts/team/Ask.prompt.yaml": f"{ASK}      {{{{ unknown }}}}\n"})
    repo.commit("to accept")
    os.chdir(repo.root)
    assert run(["lint", "--write-baseline"]) == 0
    repo.commit("accepted")
    edited(repo)


def baseline_is_a_folder(repo):
    repo.write({"promptops.toml": '[lint]\nbaseline = "docs"\n', "docs/a.prompt.yaml": ASK})
    edited(repo)


def baseline_is_broken(repo):
    repo.write({"promptops-baseline.json": "[]\n"})
    edited(repo)


def executable(repo):
    (repo.root / "prompts/team/ask-1.prompt.yaml").chmod(0o755)
    (repo.root / "prompts/team/ask-2.prompt.yaml").chmod(0o755)
    edited(repo)


def split_index(repo):
    repo.git("update-index", "--split-index")
    edited(repo)


def sparse_checkout(repo):
    repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "prompts/partials")
    partial_edited(repo)


def file_system_monitor(repo):
    repo.git("config", "core.fsmonitor", "false")
    repo.git("config", "core.untrackedCache", "true")
    edited(repo)


STATES = (
    *(edited, partial_edited, twin_added, twin_of_a_twin_edited, folder_of_others_added),
    *(unfit_names, name_of_invalid_bytes, folder_called_like_a_prompt, renamed_without_ending),
    *(removed_partial, in_conflict, configuration_in_conflict, configuration_is_a_link),
    *(configuration_is_broken, configuration_only_intended, in_pyproject, everything_is_a_root),
    *(with_a_baseline, baseline_is_a_folder, baseline_is_broken, executable, split_index),
    *(sparse_checkout, file_system_monitor),
)


@pytest.fixture
def catalog(repo):
    filled(repo)
    return repo


def filled(repo):
    repo.write({"promptops.toml": 'prompts = ["prompts"]\n', "notes.txt": "none of ours\n"})
    repo.write({"prompts/partials/style.md.j2": "Be brief.\n"})
    repo.write({f"prompts/team/ask-{number}.prompt.yaml": ASK for number in range(MORE)})
    repo.commit("all")


@pytest.fixture
def reports(capfd, monkeypatch, tmp_path):
    """What the hook prints in a folder: by the general path, then each time it is run again."""

    def of(root, common_dir):
        monkeypatch.chdir(root)
        capfd.readouterr()
        with monkeypatch.context() as general:
            for module in (tree, stored_facts):
                general.setattr(module, "FOUND_ONE_BY_ONE", -1)
            for module in (files, graph):
                general.setattr(module, "FEW", -1)
            general.setattr(selection, "GREP_FROM", 10**6)
            expected = run(["lint", "--staged", "--format", "full"]), *capfd.readouterr()
        shutil.rmtree(common_dir / "promptops", ignore_errors=True)
        monkeypatch.setattr(selection, "GREP_FROM", 4)
        again = [(run(["lint", "--staged"]), *capfd.readouterr()) for _ in range(3)]
        return expected, again

    return of


@pytest.mark.parametrize("state", fast_spread(STATES, 10), ids=lambda state: state.__name__)
def test_the_hook_reports_what_the_general_path_reports(catalog, reports, state):
    state(catalog)

    expected, again = reports(catalog.root, catalog.root / ".git")

    assert again == [expected] * 3
    assert expected[1] + expected[2] != "" or state in (executable, removed_partial)


def test_in_a_repository_of_sha_256(tmp_path, repo, reports):
    other = type(repo)(tmp_path / "other")
    other.root.mkdir()
    other.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    filled(other)
    edited(other)

    expected, again = reports(other.root, other.root / ".git")

    assert "undefined-variable" in expected[1]
    assert again == [expected] * 3


def test_in_a_linked_work_tree_and_from_a_folder_below(catalog, tmp_path, reports):
    catalog.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = type(catalog)(tmp_path / "linked")
    edited(linked)

    expected, again = reports(linked.root / "prompts" / "team", catalog.root / ".git")

    assert "undefined-variable" in expected[1]
    assert again == [expected] * 3


def test_with_another_index_and_with_a_repository_named_by_the_environment(
    catalog, monkeypatch, reports
):
    shutil.copy(catalog.root / ".git" / "index", catalog.root / ".git" / "other")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/other")
    edited(catalog)
    monkeypatch.setenv("GIT_DIR", str(catalog.root / ".git"))

    expected, again = reports(catalog.root, catalog.root / ".git")

    assert "undefined-variable" in expected[1]
    assert again == [expected] * 3


def test_before_the_first_commit(repo, reports):
    repo.write({"prompts/ask.prompt.yaml": f"{ASK}      {{{{ unknown }}}}\n"})
    repo.git("add", "--all")

    expected, again = reports(repo.root, repo.root / ".git")

    assert "undefined-variable" in expected[1]
    assert again == [expected] * 3


@pytest.mark.parametrize("damage", ["cut", "flipped", "older", "newer", "empty", "folder"])
def test_a_damaged_graph_is_as_good_as_none(catalog, monkeypatch, capfd, damage):
    partial_edited(catalog)
    monkeypatch.chdir(catalog.root)
    monkeypatch.setattr(selection, "GREP_FROM", 4)
    first, _ = [(run(["lint", "--staged"]), *capfd.readouterr()) for _ in range(2)]
    file = catalog.root / ".git" / "promptops" / "graph"
    kept = file.read_bytes()
    title, _, rest = kept.partition(b"\n")
    middle = len(kept) // 2

    if damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        file.write_bytes(
            {
                "cut": kept[:middle],
                "flipped": kept[:middle] + bytes([kept[middle] ^ 1]) + kept[middle + 1 :],
                "older": b"promptops include graph 3\n" + rest,
                "newer": title.replace(b" 4 ", b" 999 ") + b"\n" + rest,
                "empty": b"",
            }[damage]
        )

    assert (run(["lint", "--staged"]), *capfd.readouterr()) == first


def test_the_hook_starts_git_four_times_and_searches_with_git_grep_only_once(
    catalog, monkeypatch, tmp_path
):
    partial_edited(catalog)
    monkeypatch.chdir(catalog.root)
    monkeypatch.setattr(selection, "GREP_FROM", 4)

    commands = []
    for number in range(3):
        monkeypatch.setenv("GIT_TRACE", str(tmp_path / f"trace-{number}"))
        run(["lint", "--staged"])
        lines = (tmp_path / f"trace-{number}").read_text().splitlines()
        commands.append([line.split("git ")[1].split()[0] for line in lines if "built-in" in line])

    assert commands == [
        ["diff", "cat-file", "rev-parse", "ls-files", "grep"],
        ["diff", "cat-file", "rev-parse", "ls-files"],
        ["diff", "cat-file", "rev-parse", "ls-files"],
    ]
