"""What `git commit` refuses, and which content it looks at."""

import subprocess

import pytest

from tests.tiers import fast_spread

TRIAGE = "prompts/support/triage.prompt.yaml"
STYLE = "prompts/partials/style.md.j2"
CLOSING = "prompts/partials/closing.md.j2"
NEW = "prompts/support/refund.prompt.yaml"
SECRET = "sk-proj-" + "Qx7Lm2Vb9Tz4Rk8Wn3Yc6Hd1Jf5Gs0PaUeIoKj"

both = pytest.mark.parametrize("hooked", ["plain", "pre-commit"], indirect=True)
WRONG = {
    "a misspelt variable": (
        {TRIAGE: ("{{ ticket }}", "{{ tikcet }}")},
        [f"{TRIAGE}:19:10 VAR001"],
    ),
    "a misspelt variable in a partial, two includes deep": (
        {CLOSING: ("End with", "{{ tikcet }} End with")},
        [f"{CLOSING}:1:4 VAR001"],
    ),
    "an include of a file that stands on disk and was never added": (
        {TRIAGE: ("partials/style.md.j2", "partials/forgotten.md.j2")},
        [f"{TRIAGE}:15:19 REP005"],
    ),
    "a required input that a case lacks": (
        {TRIAGE: ("{ticket: The light blinks red., urgency: 4}", "{urgency: 4}")},
        [f"{TRIAGE}:23:13 TST002"],
    ),
    "a value of the wrong type in a case": (
        {TRIAGE: ("urgency: 4", "urgency: high")},
        [f"{TRIAGE}:23:54 TST002"],
    ),
    "a `rendered` assertion that does not hold": (
        {TRIAGE: ("value: The light blinks red.", "value: The light is green.")},
        [f"{TRIAGE}:25:9 TST012"],
    ),
    "a template whose case expects the former text": (
        {TRIAGE: ("{{ ticket }}", "{{ ticket | upper }}")},
        [f"{TRIAGE}:25:9 TST012"],
    ),
    "a partial in which the case of a prompt expects the former text": (
        {
            TRIAGE: ("role: user, value: The light blinks red.", "value: a step to take"),
            CLOSING: ("a step to take", "a step"),
        },
        [f"{TRIAGE}:25:9 TST012"],
    ),
    "a secret": (
        {TRIAGE: ("You sort tickets.", f"You sort tickets with {SECRET}.")},
        [f"{TRIAGE}:14:29 SEC001"],
    ),
    "a character that nobody sees": (
        {TRIAGE: ("You sort", "You\u200b sort")},
        [f"{TRIAGE}:14:10 SEC007"],
    ),
    "a misspelt key": (
        {TRIAGE: ("description: Sort", "descripton: Sort")},
        [f"{TRIAGE}:2:1 SCH002"],
    ),
}


def edit(repository, path, old, new):
    text = (repository.root / path).read_text("utf-8")
    assert old in text
    repository.write({path: text.replace(old, new, 1)})


@pytest.mark.parametrize("what", fast_spread(WRONG, 4))
def test_a_commit_is_refused_at_the_character(what, hooked, refused):
    changes, expected = WRONG[what]
    hooked.write({"prompts/partials/forgotten.md.j2": "Nobody added this.\n"})
    for path, (old, new) in changes.items():
        edit(hooked, path, old, new)
        hooked.git("add", path)

    assert refused(hooked, "commit", "-m", "three") == expected


@pytest.mark.slow
def test_a_refused_commit_never_shows_the_secret(hooked, run):
    edit(hooked, TRIAGE, "You sort", f"{SECRET} sort")
    hooked.git("add", TRIAGE)

    code, said = run(hooked, "git", "commit", "-m", "three")

    assert (code, SECRET in said, SECRET[:20] in said) == (1, False, False)


@pytest.mark.slow
@both
def test_a_clean_change_is_committed(hooked, run):
    edit(hooked, TRIAGE, "You sort", "You order")

    assert run(hooked, "git", "commit", "--quiet", "-a", "-m", "three")[0] == 0
    assert "You order" in hooked.git("show", f"HEAD:{TRIAGE}")


def test_commit_all_sees_what_it_adds_itself(hooked, refused):
    edit(hooked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")

    assert refused(hooked, "commit", "-a", "-m", "three") == [f"{TRIAGE}:19:10 VAR001"]


@both
def test_commit_of_a_path_sees_that_path(hooked, refused):
    edit(hooked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")

    assert refused(hooked, "commit", "-m", "three", TRIAGE) == [f"{TRIAGE}:19:10 VAR001"]


@pytest.mark.slow
def test_commit_of_a_path_does_not_see_what_else_is_staged(hooked, run):
    edit(hooked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")
    hooked.git("add", TRIAGE)
    hooked.write({CLOSING: "End with one step to take.\n"})

    assert run(hooked, "git", "commit", "-m", "three", CLOSING)[0] == 0
    assert hooked.git("diff", "--cached", "--name-only") == TRIAGE


@both
def test_of_a_half_staged_file_the_staged_half_is_judged(hooked, refused):
    edit(hooked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")
    hooked.git("add", TRIAGE)
    edit(hooked, TRIAGE, "{{ tikcet }}", "{{ ticket }}")

    assert refused(hooked, "commit", "-m", "three") == [f"{TRIAGE}:19:10 VAR001"]


# pre-commit stashes what is not staged: then the file on disk does not differ.
@pytest.mark.parametrize("hooked", ["plain"], indirect=True)
def test_a_finding_in_a_half_staged_file_names_the_difference_from_the_disk(hooked, run):
    edit(hooked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")
    edit(hooked, STYLE, "{%", "{{ tikcet }}{%")
    hooked.git("add", TRIAGE, STYLE)
    edit(hooked, TRIAGE, "{{ tikcet }}", "{{ ticket }}")

    code, said = run(hooked, "git", "commit", "-m", "three")[:2]

    note = "note: {}: the staged content was checked; the file on disk differs"
    assert code != 0
    assert note.format(TRIAGE) in said
    assert f"  tip: git add '{TRIAGE}'" in said
    assert note.format(STYLE) not in said


def test_what_is_not_staged_refuses_nothing(hooked, run):
    edit(hooked, TRIAGE, "You sort", "You order")
    hooked.git("add", TRIAGE)
    edit(hooked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")

    assert run(hooked, "git", "commit", "-m", "three")[0] == 0
    assert "{{ tikcet }}" in (hooked.root / TRIAGE).read_text("utf-8")


def test_a_deleted_partial_is_missed_where_it_is_included(hooked, refused):
    hooked.git("rm", "--quiet", CLOSING)

    assert refused(hooked, "commit", "-m", "three") == [f"{STYLE}:2:13 TPL003"]


def test_a_merge_without_conflicts_is_judged(hooked, run, refused):
    """Each side is clean: one removes an input that the other one uses anew."""
    run(hooked, "git", "switch", "--quiet", "--create", "uses")
    edit(hooked, CLOSING, "End with", "Urgency {{ urgency }}. End with")
    assert run(hooked, "git", "commit", "--quiet", "--all", "--message", "uses")[0] == 0
    run(hooked, "git", "switch", "--quiet", "main")
    edit(hooked, TRIAGE, '<ticket urgency="{{ urgency }}">', "<ticket>")
    edit(hooked, TRIAGE, ", urgency: 4", "")
    text = (hooked.root / TRIAGE).read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.strip().startswith("urgency:")]
    hooked.write({TRIAGE: "\n".join(lines) + "\n"})
    assert run(hooked, "git", "commit", "--quiet", "--all", "--message", "removes")[0] == 0
    before = hooked.git("rev-parse", "HEAD")

    assert refused(hooked, "merge", "--no-edit", "uses") == [f"{CLOSING}:1:12 VAR001"]
    assert hooked.git("rev-parse", "HEAD") == before


@pytest.mark.slow
def test_an_amended_commit_is_judged(hooked, refused):
    edit(hooked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")
    hooked.git("add", TRIAGE)

    assert refused(hooked, "commit", "--amend", "--no-edit") == [f"{TRIAGE}:19:10 VAR001"]


@pytest.mark.slow
def test_a_linked_work_tree_sees_its_own_content(hooked, refused, tmp_path):
    hooked.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    linked = type(hooked)(tmp_path / "linked")
    edit(linked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")

    assert refused(linked, "commit", "-a", "-m", "three") == [f"{TRIAGE}:19:10 VAR001"]


@pytest.mark.slow
def test_from_a_folder_inside_the_whole_is_judged(hooked, refused):
    edit(hooked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")

    said = refused(hooked, "-C", "prompts", "commit", "-a", "-m", "three")

    assert said == [f"{TRIAGE}:19:10 VAR001"]


@pytest.mark.slow
def test_a_new_file_is_judged(hooked, refused):
    text = (hooked.root / TRIAGE).read_text("utf-8")
    hooked.write({NEW: text.replace("{{ ticket }}", "{{ tikcet }}")})
    hooked.git("add", NEW)

    assert refused(hooked, "commit", "-m", "three") == [f"{NEW}:19:10 VAR001"]


@pytest.mark.slow
def test_the_first_commit_is_judged(catalog, refused, run):
    catalog.git("checkout", "--quiet", "--orphan", "other")
    assert run(catalog, "promptops", "init", "--hooks")[0] == 0
    edit(catalog, TRIAGE, "{{ ticket }}", "{{ tikcet }}")
    catalog.git("add", TRIAGE)

    assert refused(catalog, "commit", "-m", "first") == [f"{TRIAGE}:19:10 VAR001"]


@pytest.mark.slow
def test_deleting_all_prompts_is_silent(hooked, run):
    hooked.git("rm", "--quiet", "-r", "prompts", "promptops.toml")

    code, said = run(hooked, "git", "commit", "--quiet", "-m", "three")

    assert (code, [line for line in said.splitlines() if "error" in line]) == (0, [])


def test_a_commit_of_other_files_is_silent(catalog, run):
    assert run(catalog, "promptops", "init", "--hooks")[0] == 0
    catalog.write({"README.md": "Other words.\n"})
    catalog.git("add", "README.md")

    assert run(catalog, "git", "commit", "--quiet", "-m", "two") == (0, "")


def test_the_hook_changes_neither_index_nor_work_tree(hooked, run):
    edit(hooked, TRIAGE, "{{ ticket }}", "{{ tikcet }}")
    hooked.write({"untracked.txt": "x"})
    hooked.git("add", TRIAGE)
    before = (hooked.git("status", "--porcelain"), hooked.git("ls-files", "--stage"))

    run(hooked, "git", "commit", "-m", "three")

    after = (hooked.git("status", "--porcelain"), hooked.git("ls-files", "--stage"))
    assert after == before


@pytest.mark.slow
def test_a_push_of_prompts_that_do_not_pass_the_gate_is_refused(catalog, run, tmp_path):
    bare = tmp_path / "remote.git"
    catalog.git("init", "--quiet", "--bare", "--template=", str(bare))
    catalog.git("remote", "add", "origin", str(bare))
    assert run(catalog, "promptops", "init", "--hooks", "--pre-push")[0] == 0
    edit(catalog, TRIAGE, "value: The light blinks red.", "value: Something else.")
    catalog.git("commit", "--quiet", "--no-verify", "--all", "--message", "two")

    code, said = run(catalog, "git", "push", "--quiet", "origin", "main")

    assert (code, f"{TRIAGE}:25:9: failed: `contains`" in said) == (1, True), said
    assert catalog.git("ls-remote", "origin") == ""


def test_without_promptops_on_path_the_hook_refuses_and_says_why(catalog, run, monkeypatch):
    assert run(catalog, "promptops", "init", "--hooks")[0] == 0
    hook = catalog.root / ".git" / "hooks" / "pre-commit"
    hook.write_text(
        "\n".join(
            "installed=''" if line.startswith("installed=") else line
            for line in hook.read_text().split("\n")
        )
    )
    monkeypatch.setenv("PATH", "/usr/bin:/bin")

    done = subprocess.run(
        [str(hook)], cwd=catalog.root, capture_output=True, check=False, encoding="utf-8"
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "error: promptops is not on PATH, so the prompts of this commit can't be checked",
        "  tip: activate its environment, or pip install PATH-OF-YOUR-CLONE",
    ]


@pytest.mark.slow
def test_without_path_the_hook_runs_the_promptops_that_installed_it(catalog, run, on_path):
    assert run(catalog, "promptops", "init", "--hooks")[0] == 0
    hook = catalog.root / ".git" / "hooks" / "pre-commit"
    lines = hook.read_text().split("\n")
    at = next(index for index, line in enumerate(lines) if line.startswith("installed="))
    lines[at] = f"installed='{on_path}/promptops'"
    hook.write_text("\n".join(lines))
    edit(catalog, TRIAGE, "{{ ticket }}", "{{ tikcet }}")
    catalog.git("add", TRIAGE)

    code, said = run(catalog, "env", "PATH=/usr/bin:/bin", str(hook))

    assert (code, f"{TRIAGE}:19:10: error" in said) == (1, True)
