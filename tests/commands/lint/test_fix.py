"""What `--fix` mends, and what it leaves alone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import date

import pytest

from promptops.cli.main import run
from promptops.commands.lint import lint as lint_job
from promptops.commands.lint.fix import fix
from promptops.commands.lint.lint import LintOptions
from promptops.errors import GitError, InputError, UsageError
from promptops.lint.registry import Rule
from promptops.model.finding import Edit, Fix, Problem, Severity
from promptops.model.place import Place
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace

ASK = "prompts/ask.prompt.yaml"
EVERYTHING = SelectionOptions()


def replacing(code: str, word: str, better: str, *, safe: bool, reach: int = 0) -> Rule:
    """A rule that says it knows a better word, in the prompt file and what it includes."""

    def check(document, catalog, prompt) -> Iterator[Problem]:
        """A word has a better one."""
        files = [document.path, *(text.path for text in catalog.reached(prompt))]
        for path in files:
            text = (catalog.files.data(path) or b"").decode().removeprefix("\ufeff")
            for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
                at = line.find(word)
                if at >= 0:
                    place = Place(path, number, at + 1, number, at + 1 + len(word) + reach)
                    yield Problem(f"{word}", at=place, fix=Fix((Edit(place, better),), safe=safe))

    return Rule(
        code=code,
        name="better-word",
        severity=Severity.ERROR,
        check=check,
        needs=("document", "catalog", "prompt"),
    )


@pytest.fixture
def rules(monkeypatch):
    """The rules of this test, instead of all others."""
    chosen: list[Rule] = []
    monkeypatch.setattr(lint_job, "chosen_rules", lambda workspace, options: tuple(chosen))
    return chosen


def mended(repo, *, wanted=EVERYTHING, unsafe=False, dry=False, revision="worktree"):
    with workspace(repo.root, revision) as opened:
        return fix(opened, wanted, LintOptions(today=date(2026, 11, 24)), unsafe=unsafe, dry=dry)


def content(repo, path: str = ASK) -> bytes:
    return (repo.root / path).read_bytes()


HEAD = "format: promptops/1\ndescription: An old one.  # an old comment\nmessages:\n"
PLAIN = HEAD + "  - role: user\n    content: |\n      Say hello.\ntests:\n  - name: one\n"


def test_a_safe_fix_is_spliced_and_all_else_stays(repo, rules):
    repo.write({ASK: PLAIN})
    rules.append(replacing("X001", "comment", "remark", safe=True))

    done = mended(repo)

    assert content(repo).decode() == PLAIN.replace("comment", "remark")
    assert (done.report.findings, done.report.fixed, done.difference) == ((), 1, "")


@pytest.mark.parametrize(
    "written",
    [
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.rstrip("\n").encode(),
        PLAIN.replace("# an", "# \u2028\u0085é😀 an").encode(),
    ],
    ids=["CRLF", "no newline at the end", "what Python takes for newlines"],
)
def test_bytes_around_a_fix_stay(repo, rules, written):
    repo.write({ASK: written})
    rules.append(replacing("X001", "comment", "remark", safe=True))

    mended(repo)

    assert content(repo) == written.replace(b"comment", b"remark")


def test_a_fix_that_adds_lines_ends_them_as_the_file_does(repo, rules):
    repo.write({ASK: PLAIN.replace("\n", "\r\n")})
    rules.append(replacing("X001", "# an old comment", "# two\n# remarks", safe=True))

    mended(repo)

    expected = PLAIN.replace("# an old comment", "# two\n# remarks").replace("\n", "\r\n")
    assert content(repo).decode() == expected


def test_a_fix_that_claims_to_be_safe_and_changes_a_request_is_dropped(repo, rules):
    repo.write({ASK: PLAIN})
    rules.append(replacing("X001", "hello", "goodbye", safe=True))
    rules.append(replacing("X002", "comment", "remark", safe=True))

    done = mended(repo)

    assert content(repo).decode() == PLAIN.replace("comment", "remark")
    assert [finding.code for finding in done.report.findings] == ["X001"]


def test_one_that_changes_a_partial_of_a_partial_is_dropped_too(repo, rules):
    files = {
        ASK: PLAIN.replace("Say hello.", "{% include 'outer.md.j2' %}"),
        "prompts/outer.md.j2": "{% include 'inner.md.j2' %}\n",
        "prompts/inner.md.j2": "Say hello.\n",
    }
    repo.write(files)
    rules.append(replacing("X001", "hello", "goodbye", safe=True))

    mended(repo)

    assert {path: content(repo, path).decode() for path in files} == files


def test_one_that_changes_what_a_prompt_says_of_itself_is_dropped(repo, rules):
    repo.write({ASK: PLAIN})
    rules.append(replacing("X001", "An old one", "A new one", safe=True))

    mended(repo)

    assert content(repo).decode() == PLAIN


def test_an_unsafe_fix_needs_the_flag(repo, rules):
    repo.write({ASK: PLAIN})
    rules.append(replacing("X001", "hello", "goodbye", safe=False))
    rules.append(replacing("X002", "comment", "remark", safe=True))

    mended(repo)
    without = content(repo).decode()
    mended(repo, unsafe=True)

    assert without == PLAIN.replace("comment", "remark")
    assert content(repo).decode() == without.replace("hello", "goodbye")


def test_unsafe_fixes_without_a_command_to_fix_is_wrong_usage(repo, capfd):
    repo.write({ASK: PLAIN})
    repo.git("add", ".")

    code = run(["lint", "--unsafe-fixes", "-C", str(repo.root)])

    assert (code, capfd.readouterr().err) == (
        2,
        "error: --unsafe-fixes needs --fix or --diff\n"
        "  tip: to apply these fixes, too: promptops lint --fix --unsafe-fixes\n",
    )
    assert run(["lint", "--unsafe-fixes", "--diff", "-C", str(repo.root)]) == 0


def test_of_two_that_overlap_the_first_is_taken_and_the_other_asked_again(repo, rules):
    repo.write({ASK: PLAIN})
    rules.append(replacing("X001", "old comment", "old remark", safe=True))
    rules.append(replacing("X002", "an old", "a new", safe=True))

    mended(repo)

    assert "# a new comment" in content(repo).decode()


def test_mending_again_changes_nothing(repo, rules):
    repo.write({ASK: PLAIN})
    rules.append(replacing("X001", "comment", "remark", safe=True))
    mended(repo)
    once = content(repo)

    done = mended(repo)

    assert (content(repo), done.report.fixed) == (once, 0)


def test_fixes_that_chase_each_other_end(repo, rules):
    repo.write({ASK: PLAIN})
    rules.append(replacing("X001", "comment", "remark", safe=True))
    rules.append(replacing("X002", "remark", "comment", safe=True))

    assert len(mended(repo).report.findings) == 1


@pytest.mark.parametrize(
    "written",
    [
        PLAIN.encode(),
        PLAIN.rstrip("\n").encode().replace(b"name: one", b"name: one  # comment"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("an old", "an \x85 old").encode(),
    ],
    ids=["plain", "no newline at the end", "CRLF", "an odd character"],
)
@pytest.mark.parametrize("path", [ASK, "prompts/a b/ask it.prompt.yaml"])
def test_a_difference_writes_nothing_and_git_applies_it(repo, rules, written, path):
    repo.write({path: written})
    repo.commit("before")
    rules.append(replacing("X001", "comment", "remark", safe=True))

    done = mended(repo, dry=True)
    untouched = content(repo, path)
    applied = subprocess.run(
        ["git", "apply", "-"], cwd=repo.root, input=done.difference.encode(), check=False
    )

    assert (untouched, applied.returncode) == (written, 0)
    expected, _, _ = written.partition(b"\ntests")
    assert content(repo, path).startswith(expected.replace(b"comment", b"remark"))


def test_a_file_that_is_staged_in_part_is_refused(repo, rules):
    repo.write({ASK: PLAIN, "prompts/b.prompt.yaml": PLAIN})
    repo.commit("before")
    repo.write({ASK: PLAIN + "# staged\n"})
    repo.git("add", ASK)
    repo.write({ASK: PLAIN + "# staged\n# and more\n"})
    rules.append(replacing("X001", "comment", "remark", safe=True))

    with pytest.raises(GitError) as refused:
        mended(repo, wanted=SelectionOptions(staged=True))

    assert (refused.value.where, content(repo).decode()) == (
        ASK,
        PLAIN + "# staged\n# and more\n",
    )


def test_of_what_is_staged_only_that_is_mended(repo, rules):
    repo.write({ASK: "format: promptops/1\n", "prompts/b.prompt.yaml": PLAIN})
    repo.commit("before")
    repo.write({ASK: PLAIN})
    repo.git("add", ASK)
    rules.append(replacing("X001", "comment", "remark", safe=True))

    mended(repo, wanted=SelectionOptions(staged=True))

    assert "remark" in content(repo).decode()
    assert content(repo, "prompts/b.prompt.yaml").decode() == PLAIN


def test_only_the_work_tree_is_mended(repo, rules):
    repo.write({ASK: PLAIN})
    repo.commit("before")

    with pytest.raises(UsageError, match="only the work tree can be fixed"):
        mended(repo, revision="HEAD")


def test_a_file_that_can_not_be_written_is_told(repo, rules, monkeypatch):
    repo.write({ASK: PLAIN})
    rules.append(replacing("X001", "comment", "remark", safe=True))
    from promptops.commands.lint import fix as fix_job

    def refuse(self, data):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(fix_job.Path, "write_bytes", refuse)

    with pytest.raises(InputError) as refused:
        mended(repo)

    assert (refused.value.message, refused.value.where) == (
        "can't be fixed: permission denied",
        ASK,
    )


@pytest.mark.parametrize("odd", [b"\xff\xfe", b"\x00" * 10, b"", b"[" * 3000, b"- a list\n"])
def test_a_file_that_can_not_be_read_is_left_as_it_is(repo, odd):
    repo.write({ASK: odd, "prompts/b.prompt.yaml": PLAIN})

    done = mended(repo)

    assert content(repo) == odd
    assert "SCH001" in {finding.code for finding in done.report.findings}


def test_real_safe_fixes_mend_a_real_prompt(repo):
    written = (
        "format: promptops/1\nmessages:\n  - role: user\n"
        "    content: >\n      Say hello.\n\n"
        "      Be brief.\ntests:\n  - {name: one}\n"
    )
    repo.write({ASK: written})

    done = mended(repo)

    assert "SCH006" not in {finding.code for finding in done.report.findings}
    assert "content: |" in content(repo).decode()
