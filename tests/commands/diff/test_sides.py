"""The two sides of a comparison, on real repositories and directories."""

from __future__ import annotations

import shutil

import pytest

from promptops.commands.diff.comparison import ComparisonOptions, open_sides
from promptops.errors import GitError, InputError, PromptopsError, UsageError
from promptops.repo.revisions import FETCH_ALL

SAY = "prompts/say.prompt.yaml"
ASK = "prompts/ask.prompt.yaml"


def prompt(content: str, more: str = "") -> str:
    return f"format: promptops/1\n{more}messages:\n  - {{role: user, content: {content}}}\n"


@pytest.fixture
def history(prepared, tmp_path):
    """Tags v1 and v2, one commit behind them on `main`, and a branch `topic` from v2."""
    return prepared(releases).copied_to(tmp_path / "repo")


def releases(repo):
    repo.write({SAY: prompt("one"), "README.md": "one"})
    repo.commit("one")
    repo.git("tag", "-a", "v1", "-m", "release")
    repo.write({SAY: prompt("two"), ASK: prompt("two")})
    repo.commit("two")
    repo.git("tag", "-a", "v2", "-m", "release")
    repo.git("checkout", "--quiet", "-b", "topic")
    repo.write({ASK: prompt("topic")})
    repo.commit("topic")
    repo.git("checkout", "--quiet", "main")
    repo.write({SAY: prompt("three"), "README.md": "three"})
    repo.commit("three")


def shown(folder, *arguments, **flags):
    """Both titles and what differs, by prompt what each side says."""
    with open_sides(folder, ComparisonOptions(arguments=arguments, **flags)) as found:
        base, head = (_texts(side.catalog) for side in (found.base, found.head))
        differing = {
            path: (base.get(path), head.get(path))
            for path in sorted(base.keys() | head.keys())
            if base.get(path) != head.get(path)
        }
        paths = {**found.base.catalog.paths, **found.head.catalog.paths}
        assert {paths[identity] for identity in differing} <= found.changed
        return found.base.title, found.head.title, differing


def _texts(catalog):
    prompts = (loaded.prompt for loaded in catalog.prompts())
    return {each.id: each.messages[0].parts[0].text.value for each in prompts if each}


def refusal(kind, folder, *arguments, **flags):
    with (
        pytest.raises(PromptopsError) as caught,
        open_sides(folder, ComparisonOptions(arguments=arguments, **flags)),
    ):
        pass
    assert type(caught.value) is kind, caught.value
    return caught.value.message, caught.value.hint


def patterns(folder, *arguments, **flags):
    with open_sides(folder, ComparisonOptions(arguments=arguments, **flags)) as found:
        return found.base.title, found.head.title, found.patterns


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("v1..v2",), ("v1", "v2", {"ask": (None, "two"), "say": ("one", "two")})),
        (("v2..v1",), ("v2", "v1", {"ask": ("two", None), "say": ("two", "one")})),
        (("v1",), ("v1", "HEAD", {"ask": (None, "two"), "say": ("one", "three")})),
        (("v2..",), ("v2", "HEAD", {"say": ("two", "three")})),
        (("..v2",), ("HEAD", "v2", {"say": ("three", "two")})),
        (("HEAD..HEAD",), ("HEAD", "HEAD", {})),
        (("main..topic",), ("main", "topic", {"ask": ("two", "topic"), "say": ("three", "two")})),
        (("topic^..topic",), ("topic^", "topic", {"ask": ("two", "topic")})),
        (("refs/tags/v1..v1",), ("refs/tags/v1", "v1", {})),
    ],
)
def test_a_range_is_read_as_git_reads_it(history, arguments, expected):
    assert shown(history.root, *arguments) == expected


@pytest.mark.parametrize("arguments", [("main...topic",), ("...topic",)])
def test_three_dots_compare_from_where_the_histories_parted(history, arguments):
    parting = history.git("rev-parse", "v2^{}")

    assert shown(history.root, *arguments) == (parting[:12], "topic", {"ask": ("two", "topic")})


def test_a_commit_id_is_a_title_of_twelve_digits(history):
    whole = history.git("rev-parse", "v1^{}")

    titles = [shown(history.root, f"{name}..v2")[0] for name in (whole, whole[:9], whole[:15])]

    assert titles == [whole[:12], whole[:9], whole[:12]]


def test_the_ids_of_commits_are_told_and_of_others_not(history):
    with open_sides(history.root, ComparisonOptions(arguments=("v1",))) as found:
        assert found.base.commit == found.base.revision == history.git("rev-parse", "v1^{}")
        assert found.head.commit == history.git("rev-parse", "HEAD")
        assert found.repository.root == history.root
    with open_sides(history.root, ComparisonOptions(staged=True)) as found:
        assert (found.head.commit, found.head.revision) == (None, "index")


def test_all_files_that_differ_between_commits_are_told(history):
    with open_sides(history.root, ComparisonOptions(arguments=("v2..main",))) as found:
        assert found.changed == {"README.md", SAY}


@pytest.mark.parametrize("state", ["main", "detached"])
def test_without_arguments_the_latest_release_is_compared_with_the_work_tree(history, state):
    if state == "detached":
        history.git("checkout", "--quiet", "--detach")
    history.write({ASK: prompt("on disk")})

    assert shown(history.root) == (
        "v2",
        "the work tree",
        {"ask": ("two", "on disk"), "say": ("two", "three")},
    )


@pytest.mark.parametrize(
    ("files", "note"),
    [
        ({}, "v2..work tree, all committed"),
        ({"README.md": "no prompt"}, "v2..work tree, all committed"),
        ({SAY: prompt("on disk")}, "v2..work tree, 1 file not committed"),
        (
            {"prompts/new.prompt.yaml": prompt("new"), "promptops.toml": ""},
            "v2..work tree, 2 files not committed",
        ),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("say",)])
def test_without_a_base_a_note_says_what_is_compared(history, arguments, files, note):
    history.write(files)

    with open_sides(history.root, ComparisonOptions(arguments=arguments)) as found:
        assert found.notes == (note,)


def test_a_bare_repository_compares_the_latest_release_with_head(history, tmp_path):
    history.git("clone", "--quiet", "--bare", str(history.root), str(tmp_path / "bare.git"))

    with open_sides(tmp_path / "bare.git", ComparisonOptions()) as found:
        assert (found.base.title, found.head.title, found.notes) == ("v2", "HEAD", ("v2..HEAD",))


def upstream(repo, tmp_path):
    repo.git("clone", "--quiet", "--bare", str(repo.root), str(tmp_path / "origin.git"))
    repo.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    repo.git("fetch", "--quiet", "origin")
    repo.git("remote", "set-head", "origin", "main")


def test_on_a_branch_the_release_is_the_base_and_before_it_where_the_branch_began(
    history, tmp_path
):
    upstream(history, tmp_path)
    history.git("checkout", "--quiet", "topic")
    parting = history.git("rev-parse", "v2^{}")
    released = shown(history.root)
    history.git("tag", "--delete", "v1", "v2")

    title = f"{parting[:12]} (where this branch left origin/main)"
    assert released == ("v2", "the work tree", {"ask": ("two", "topic")})
    assert shown(history.root) == (title, "the work tree", {"ask": ("two", "topic")})


def stage_and_edit(repo):
    repo.write({SAY: prompt("staged"), "README.md": "staged"})
    repo.git("add", ".")
    repo.write({SAY: prompt("on disk"), ASK: prompt("on disk")})


def test_the_index_and_the_work_tree_are_compared_with_head(history):
    stage_and_edit(history)

    assert shown(history.root, staged=True) == ("HEAD", "the index", {"say": ("three", "staged")})
    assert shown(history.root, worktree=True) == (
        "HEAD",
        "the work tree",
        {"ask": ("two", "on disk"), "say": ("three", "on disk")},
    )
    with open_sides(history.root, ComparisonOptions(staged=True)) as found:
        assert found.changed == {SAY, "README.md"}


def test_the_index_and_the_work_tree_are_compared_with_what_is_named(history):
    stage_and_edit(history)
    parting = history.git("rev-parse", "v2^{}")

    assert shown(history.root, "v2", staged=True) == (
        "v2",
        "the index",
        {"say": ("two", "staged")},
    )
    assert shown(history.root, "topic...", worktree=True) == (
        parting[:12],
        "the work tree",
        {"ask": ("two", "on disk"), "say": ("two", "on disk")},
    )


@pytest.mark.parametrize("flag", ["staged", "worktree"])
def test_before_the_first_commit_everything_is_new(repo, flag):
    repo.write({SAY: prompt("new")})
    repo.git("add", ".")

    base, _, differing = shown(repo.root, **{flag: True})

    assert (base, differing) == ("nothing", {"say": (None, "new")})


@pytest.mark.parametrize("flag", ["staged", "worktree"])
def test_the_first_prompts_of_an_old_repository_are_new(repo, flag):
    repo.write({"README.md": "no prompts"})
    repo.commit("one")
    repo.write({SAY: prompt("new")})
    repo.git("add", ".")

    base, _, differing = shown(repo.root, **{flag: True})

    assert (base, differing) == ("HEAD", {"say": (None, "new")})


def test_against_nothing_every_prompt_is_new(history):
    assert shown(history.root, root=True) == (
        "nothing",
        "HEAD",
        {"ask": (None, "two"), "say": (None, "three")},
    )
    assert shown(history.root, "..v1", root=True) == ("nothing", "v1", {"say": (None, "one")})
    assert shown(history.root, "say", root=True, staged=True)[:2] == ("nothing", "the index")


def test_of_a_merge_the_result_is_compared_with_what_is_merged_into(history):
    assert shown(history.root, "main..topic", merge=True) == (
        "main",
        "main merged with topic",
        {"ask": ("two", "topic")},
    )
    assert shown(history.root, "topic", merge=True) == (
        "topic",
        "topic merged with HEAD",
        {"say": ("two", "three")},
    )
    with open_sides(history.root, ComparisonOptions(arguments=("topic",), merge=True)) as found:
        assert found.changed == {SAY, "README.md"}
        assert found.head.commit is None
        hits = found.repository.grep(found.head.revision, ["three"], ["prompts"])
        assert hits == (SAY,)


def test_a_branch_is_merged_into_the_upstream_default_one(history, tmp_path):
    upstream(history, tmp_path)
    history.git("checkout", "--quiet", "topic")

    assert shown(history.root, merge=True) == (
        "origin/main",
        "origin/main merged with HEAD",
        {"ask": ("two", "topic")},
    )


def test_where_to_merge_must_be_said_on_the_default_branch_itself(history, tmp_path):
    upstream(history, tmp_path)

    assert refusal(GitError, history.root, merge=True) == (
        "there is no upstream default branch to merge into, or it is the current branch",
        "name it: promptops diff --merge BASE",
    )


def test_a_merge_with_conflicts_is_refused(history):
    history.write({ASK: prompt("main")})
    history.commit("against topic")

    assert refusal(GitError, history.root, "main..topic", merge=True) == (
        f"`topic` can't be merged into `main` without conflicts: `{ASK}`",
        "resolve them on `topic` and commit: git merge main",
    )


@pytest.fixture
def exported(history, tmp_path):
    """The files of v1 in the directory `old`, those of `main` in `new`; neither a repository."""
    for name, revision in (("old", "v1"), ("new", "main")):
        history.git("worktree", "add", "--quiet", "--detach", str(tmp_path / name), revision)
        (tmp_path / name / ".git").unlink()
    return history


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("../old",), ("../old", "HEAD", {"ask": (None, "two"), "say": ("one", "three")})),
        (("../old..v2",), ("../old", "v2", {"ask": (None, "two"), "say": ("one", "two")})),
        (("v2..../new",), ("v2", "../new", {"say": ("two", "three")})),
        (
            ("../old..../new",),
            ("../old", "../new", {"ask": (None, "two"), "say": ("one", "three")}),
        ),
        (("..../new",), ("HEAD", "../new", {})),
        (("./..v2",), ("./", "v2", {"say": ("three", "two")})),
        ((".",), (".", "HEAD", {})),
        (("..../prompts",), (".", "./prompts", {"ask": ("two", None), "say": ("three", None)})),
    ],
)
def test_a_directory_is_a_side(exported, arguments, expected):
    assert shown(exported.root, *arguments) == expected


def test_what_is_a_directory_as_a_whole_is_no_range(exported):
    (exported.root.parent / "old" / "..x").mkdir()

    message, _ = refusal(GitError, exported.root, "..")
    assert message == "`..` has no prompts and no configuration to compare with"
    message, _ = refusal(GitError, exported.root, "../old/..x")
    assert message == "`../old/..x` has no prompts and no configuration to compare with"


def test_a_directory_is_compared_with_the_index_and_the_work_tree(exported):
    stage_and_edit(exported)

    staged = shown(exported.root, "../new", staged=True)
    on_disk = shown(exported.root, "../new", worktree=True)

    assert staged == ("../new", "the index", {"say": ("three", "staged")})
    assert on_disk[2] == {"ask": ("two", "on disk"), "say": ("three", "on disk")}


def test_equal_files_of_a_directory_and_a_commit_do_not_differ(exported):
    with open_sides(exported.root, ComparisonOptions(arguments=("../new",))) as found:
        assert found.changed == frozenset()
        assert found.base.commit is None


def test_two_directories_need_no_repository(exported, tmp_path):
    shutil.rmtree(exported.root / ".git")

    with open_sides(tmp_path, ComparisonOptions(arguments=("./old.../new", "say"))) as found:
        assert (found.base.title, found.head.title) == ("./old", "./new")
        assert (found.repository, found.patterns) == (None, ("say",))
        assert found.changed == {ASK, SAY}
    message, _ = refusal(GitError, tmp_path, "./old")
    assert message.startswith("not a git repository")


def test_a_directory_has_the_roots_of_its_own_configuration(exported, tmp_path):
    (tmp_path / "old" / "promptops.toml").write_text("prompts = ['texts']\n")
    (tmp_path / "old" / "prompts").rename(tmp_path / "old" / "texts")

    _, _, differing = shown(exported.root, "../old")

    assert differing == {"ask": (None, "two"), "say": ("one", "three")}


@pytest.mark.parametrize("place", ["a bare repository", "a linked work tree", "a subdirectory"])
def test_commits_are_compared_in(history, tmp_path, place):
    root = tmp_path / "there"
    if place == "a bare repository":
        history.git("clone", "--quiet", "--bare", str(history.root), str(root))
    elif place == "a linked work tree":
        history.git("worktree", "add", "--quiet", "--detach", str(root), "main")
    else:
        root = history.root / "prompts"

    expected = {"ask": (None, "two"), "say": ("one", "two")}
    assert shown(root, "v1..v2") == ("v1", "v2", expected)


@pytest.mark.parametrize("flag", ["staged", "worktree"])
def test_a_bare_repository_has_neither_index_nor_work_tree(history, tmp_path, flag):
    history.git("clone", "--quiet", "--bare", str(history.root), str(tmp_path / "bare"))

    assert refusal(GitError, tmp_path / "bare", **{flag: True}) == (
        "this repository has no work tree",
        "name a revision, or enter a work tree",
    )


def test_a_linked_work_tree_has_an_index_of_its_own(history, tmp_path):
    history.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "there"), "main")
    stage_and_edit(history)

    assert shown(tmp_path / "there", staged=True)[2] == {}


def test_a_tag_of_a_tag_is_peeled(history):
    history.git("-c", "advice.nestedTag=false", "tag", "-a", "outer", "v1", "-m", "of a tag")

    assert shown(history.root, "v1..outer") == ("v1", "outer", {})


def test_what_a_replacement_ref_shows_in_a_commits_place_is_not_believed(history):
    history.git("replace", "v1^{}", "main")

    assert shown(history.root, "v1..v2") == (
        "v1",
        "v2",
        {"ask": (None, "two"), "say": ("one", "two")},
    )


LOOK = "list branches and tags: git branch --all; git tag"


@pytest.mark.parametrize("argument", ["v9..v1", "v1..v9", "v9...main", "..v9", "v9.."])
def test_an_unknown_half_of_a_range_is_named(history, argument):
    assert refusal(GitError, history.root, argument) == ("there is no revision 'v9'", LOOK)


def test_what_git_alone_could_mean_is_refused_as_a_revision(history):
    message = "the revision 'HEAD:prompts' is a tree, not a commit"
    assert refusal(GitError, history.root, "HEAD:prompts..v1")[0] == message
    assert refusal(GitError, history.root, "HEAD:prompts")[0] == message
    assert refusal(GitError, history.root, "HEAD~9") == ("there is no revision 'HEAD~9'", LOOK)


def test_a_branch_called_like_a_tag_is_ambiguous(history):
    history.git("branch", "v1", "main")

    expected = (
        "the revision 'v1' is ambiguous: several refs have this name",
        "write the full ref: refs/tags/v1 or refs/heads/v1",
    )
    assert refusal(GitError, history.root, "v1") == expected
    assert refusal(GitError, history.root, "v1..v2") == expected
    assert shown(history.root, "refs/tags/v1..v2")[0] == "refs/tags/v1"


def test_too_few_digits_of_an_id_are_ambiguous_unless_they_are_a_prompts_id(history):
    tree = history.git("rev-parse", "HEAD^{tree}")
    seen = set()
    for number in range(2000):
        start = history.git("commit-tree", tree, "-m", str(number))[:4]
        if start in seen:
            break
        seen.add(start)

    assert refusal(GitError, history.root, start) == (
        f"the revision {start!r} is ambiguous",
        "write more of its digits",
    )
    history.write({f"prompts/{start}.prompt.yaml": prompt("digits")})
    history.commit("called like an id")
    assert patterns(history.root, start) == ("v2", "the work tree", (start,))


def shallow(repo, tmp_path):
    repo.git("clone", "--quiet", "--depth=1", f"file://{repo.root}", str(tmp_path / "shallow"))
    return tmp_path / "shallow"


@pytest.mark.parametrize("argument", ["v1", "v1..HEAD", "topic...main", "HEAD~1"])
def test_a_shallow_clone_that_lacks_the_base_says_how_to_fetch_it(history, tmp_path, argument):
    clone = shallow(history, tmp_path)

    _, hint = refusal(GitError, clone, argument)

    assert hint == FETCH_ALL


def test_a_shallow_clone_has_no_base_of_itself(history, tmp_path):
    clone = shallow(history, tmp_path)

    assert refusal(GitError, clone) == (
        "there is nothing to compare with: no upstream default branch and no annotated tag",
        FETCH_ALL,
    )


def test_without_a_release_the_base_must_be_said(repo):
    repo.write({SAY: prompt("one")})
    repo.commit("one")

    assert refusal(GitError, repo.root) == (
        "there is nothing to compare with: no upstream default branch and no annotated tag",
        "promptops diff --worktree compares with HEAD;"
        " or name the revision to compare with: promptops diff BASE",
    )


def unrelated(repo):
    repo.git("checkout", "--quiet", "--orphan", "other")
    repo.write({SAY: prompt("other")})
    repo.commit("alone")


def test_unrelated_histories_have_no_parting(history):
    unrelated(history)

    assert refusal(GitError, history.root, "main...other") == (
        "'main' and 'other' have no common ancestor",
        "compare with a commit of its history",
    )


def test_a_branch_unrelated_to_the_default_one_has_no_base(history, tmp_path):
    upstream(history, tmp_path)
    unrelated(history)

    assert refusal(GitError, history.root)[0] == (
        "'refs/remotes/origin/main' and 'HEAD' have no common ancestor"
    )


def test_a_base_without_a_catalog_is_refused(repo):
    repo.write({"README.md": "no prompts"})
    repo.commit("one")
    repo.write({SAY: prompt("new")})
    repo.commit("two")

    expected = (
        "`HEAD~1` has no prompts and no configuration to compare with",
        "if every prompt is new: promptops diff --root",
    )
    assert refusal(GitError, repo.root, "HEAD~1") == expected
    assert refusal(GitError, repo.root, "HEAD~1", staged=True) == expected


def test_a_newer_side_without_a_catalog_has_lost_every_prompt(repo):
    repo.write({SAY: prompt("one"), "README.md": ""})
    repo.commit("one")
    repo.git("rm", "--quiet", "-r", "prompts")
    repo.commit("two")

    assert shown(repo.root, "HEAD~1") == ("HEAD~1", "HEAD", {"say": ("one", None)})


def test_two_sides_without_prompts_do_not_differ(repo):
    repo.write({"README.md": "no prompts"})
    repo.commit("one")

    assert shown(repo.root, "HEAD") == ("HEAD", "HEAD", {})


def test_each_side_has_its_own_configuration(history):
    history.git("mv", "prompts", "texts")
    history.write({"promptops.toml": "prompts = ['texts']\n"})
    history.commit("moved")

    assert shown(history.root, "HEAD~1") == ("HEAD~1", "HEAD", {})
    with open_sides(history.root, ComparisonOptions(arguments=("HEAD~1",))) as found:
        assert (found.base.config.prompts, found.head.config.prompts) == (("prompts",), ("texts",))


def test_what_a_side_no_longer_manages_differs(history):
    history.write({"promptops.toml": "prompts = ['other']\n"})
    history.commit("other roots")

    with open_sides(history.root, ComparisonOptions(arguments=("HEAD~1",))) as found:
        assert found.changed == {"promptops.toml", ASK, SAY}


def test_overrides_are_of_both_sides(history):
    with open_sides(
        history.root, ComparisonOptions(arguments=("v1",)), ("prompts=['elsewhere']",)
    ) as found:
        assert (found.base.config.prompts, found.head.config.prompts) == (("elsewhere",),) * 2


@pytest.mark.parametrize(
    ("arguments", "flags", "where"),
    [
        (("main..broken",), {}, "broken:promptops.toml:1:11"),
        (("main..../old",), {}, "../old/promptops.toml:1:11"),
        ((), {"staged": True}, "the index:promptops.toml:1:11"),
        ((), {"worktree": True}, "promptops.toml:1:11"),
    ],
)
def test_a_broken_configuration_is_named_with_its_side(exported, tmp_path, arguments, flags, where):
    exported.write({"promptops.toml": "prompts = \n"})
    (tmp_path / "old" / "promptops.toml").write_text("prompts = \n")
    exported.git("add", ".")
    tree = exported.git("write-tree")
    exported.git("tag", "broken", exported.git("commit-tree", tree, "-m", "broken"))

    with (
        pytest.raises(InputError) as caught,
        open_sides(exported.root, ComparisonOptions(arguments=arguments, **flags)),
    ):
        pass

    assert (caught.value.message, caught.value.where) == ("not TOML: invalid value", where)


def test_a_root_that_became_a_link_hides_nothing_silently(history):
    (history.root / "prompts").rename(history.root / "real")
    (history.root / "prompts").symlink_to("real")
    history.commit("a link")

    message = "a root of prompts is a symbolic link: its content can't be compared"
    assert refusal(InputError, history.root, "v2") == (message, "commit the folder itself")
    assert refusal(InputError, history.root, "HEAD..v2")[0] == message
    assert refusal(InputError, history.root, root=True)[0] == message


def test_a_submodule_in_a_roots_place_that_moved_hides_nothing_silently(repo):
    repo.write({SAY: prompt("one")})
    inside = repo.commit("one")
    repo.git("rm", "--quiet", "-r", "prompts")
    for commit in (inside, "1" * 40):
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},prompts")
        repo.git("commit", "--quiet", "-m", "a submodule")

    assert refusal(InputError, repo.root, "HEAD~1") == (
        "a root of prompts is a submodule: its content can't be compared",
        "compare inside of it: promptops -C prompts diff",
    )
    assert shown(repo.root, "HEAD") == ("HEAD", "HEAD", {})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("say",), ("v2", "the work tree", ("say",))),
        (("say", "ask"), ("v2", "the work tree", ("say", "ask"))),
        (("s*",), ("v2", "the work tree", ("s*",))),
        (("v1", "say"), ("v1", "HEAD", ("say",))),
        (("v1..v2", "say", "a*"), ("v1", "v2", ("say", "a*"))),
        ((), ("v2", "the work tree", ())),
    ],
)
def test_the_first_argument_may_be_a_range_or_a_prompt(history, arguments, expected):
    assert patterns(history.root, *arguments) == expected


def test_a_prompt_of_the_older_side_can_be_named(history):
    history.git("rm", "--quiet", ASK)
    history.write({SAY: prompt("three", "aliases: [tell]\n")})
    history.commit("without ask")

    assert patterns(history.root, "ask") == ("v2", "the work tree", ("ask",))
    assert patterns(history.root, "tell") == ("v2", "the work tree", ("tell",))


def test_a_prompt_that_is_only_staged_can_be_named(history):
    history.write({"prompts/new.prompt.yaml": prompt("new")})
    history.git("add", ".")

    assert patterns(history.root, "new", staged=True) == ("HEAD", "the index", ("new",))


def test_a_name_of_a_revision_and_of_a_prompt_is_ambiguous(history):
    history.git("branch", "say", "v1")

    assert refusal(UsageError, history.root, "say") == (
        "`say` is both a revision and a prompt",
        "for the revision write `say --`, for the prompt `-- say`",
    )
    assert patterns(history.root, "say", behind=0) == ("say", "HEAD", ())
    assert patterns(history.root, "say", behind=1) == ("v2", "the work tree", ("say",))
    assert patterns(history.root, "say", "say", behind=1) == ("say", "HEAD", ("say",))


def test_behind_dashes_nothing_is_a_revision_and_before_them_nothing_a_prompt(history):
    assert patterns(history.root, "v1", "v2", behind=2) == ("v2", "the work tree", ("v1", "v2"))
    assert refusal(GitError, history.root, "nope", "say", behind=1)[0] == (
        "there is no revision 'nope'"
    )


@pytest.mark.parametrize(
    ("argument", "hint"),
    [
        ("sya", "did you mean the prompt `say`?"),
        ("topci", "did you mean the revision `topic`?"),
        ("sayin", "did you mean the prompt `say` or the revision `saying`?"),
        ("quite-other", "list prompts and revisions: promptops list; git branch --all; git tag"),
        ("docs", "for the directory write ./docs"),
    ],
)
@pytest.mark.parametrize("released", [True, False])
def test_what_is_neither_is_answered_with_what_is_near(history, argument, hint, released):
    history.write({"docs/page.md": ""})
    history.git("branch", "saying")
    if not released:
        history.git("tag", "-d", "v1", "v2")

    expected = (f"`{argument}` is neither a prompt nor a revision", hint)
    assert refusal(UsageError, history.root, argument) == expected
    assert refusal(UsageError, history.root, argument, merge=True) == expected


def test_two_revisions_side_by_side_are_one_range(history):
    assert refusal(UsageError, history.root, "v1", "v2") == (
        "`v2` is a revision, not a prompt",
        "to compare the two, write `v1..v2`",
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("README.md",), ("`README.md` is a file", "name a revision or a prompt")),
        (
            ("README.md..v1",),
            ("`README.md` is a file", "name a revision, or a directory with a `/` in it"),
        ),
        (
            ("v1..../repo/README.md",),
            ("`../repo/README.md` is a file", "name a revision, or a directory with a `/` in it"),
        ),
        (
            ("../nowhere",),
            (
                "there is no directory `../nowhere`",
                "name a revision, or a directory with a `/` in it",
            ),
        ),
        (
            ("./nowhere..v1",),
            (
                "there is no directory `./nowhere`",
                "name a revision, or a directory with a `/` in it",
            ),
        ),
        (
            ("v1...docs/",),
            ("`...` compares commits only, and `docs/` is a directory", "write `..`"),
        ),
        (
            ("both/names",),
            (
                "`both/names` is both a revision and a directory",
                "write `./both/names` for the directory, or the whole name of the ref",
            ),
        ),
    ],
)
def test_what_can_not_be_compared_is_named_with_what_can(history, arguments, expected):
    history.write({"docs/page.md": "", "both/names/page.md": ""})
    history.git("branch", "both/names")

    assert refusal(UsageError, history.root, *arguments) == expected


def test_a_commit_that_is_sought_by_dots_in_its_message_is_named_by_its_id(history):
    commit = history.commit("dots .. in it")

    assert refusal(UsageError, history.root, "v1..HEAD^{/dots ..}") == (
        "`HEAD^{/dots ..}` could also be a range",
        f"write the commit's id: {commit[:12]}",
    )


@pytest.mark.parametrize(
    ("arguments", "flags", "message"),
    [
        ((), ("staged", "worktree"), "--staged and --worktree exclude each other"),
        ((), ("staged", "merge"), "--staged and --merge exclude each other"),
        (("v1..v2",), ("staged",), "--staged and `v2` exclude each other"),
        (("v1..v2",), ("worktree",), "--worktree and `v2` exclude each other"),
        (("v1",), ("root",), "--root compares with nothing else"),
        (("...v1",), ("root",), "--root compares with nothing else"),
        ((), ("root", "merge"), "--root and --merge exclude each other"),
        (("v1...v2",), ("merge",), "--merge finds the merge base itself"),
        (("./..v2",), ("merge",), "`./` is a directory, which can't be merged"),
    ],
)
def test_what_contradicts_itself_is_refused(history, arguments, flags, message):
    assert refusal(UsageError, history.root, *arguments, **dict.fromkeys(flags, True))[0] == message


@pytest.mark.parametrize(
    "argument", ["", "--all", "-rf", "^HEAD", "\n", "\udcff", "." * 9, "..", "a" * 5000, "//", "@{"]
)
def test_any_argument_has_an_answer(history, argument):
    with (
        pytest.raises(PromptopsError),
        open_sides(history.root, ComparisonOptions(arguments=(argument,))),
    ):
        pass


def test_an_argument_full_of_dots_is_refused_at_once(history):
    with (
        pytest.raises(PromptopsError),
        open_sides(history.root, ComparisonOptions(arguments=("a.." * 40_000,))),
    ):
        pass
