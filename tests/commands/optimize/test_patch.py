"""Patches that git applies, whatever the file is like."""

import pytest

from promptops.commands.optimize.patch import patch_of


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\nc\n", b"a\nB\nc\n"),
        (b"a\nb", b"a\nB"),
        (b"a\nb", b"a\nB\n"),
        (b"a\nb\n", b"a\nB"),
        (b"a\r\nb\r\n", b"a\r\nB\r\n"),
        ("\ufeffa\x0cb\x85c\u2028d\nend\n".encode(), "\ufeffa\x0cB\x85c\u2028d\nend\n".encode()),
        (b"", b"new\n"),
    ],
)
@pytest.mark.parametrize("name", ["plain.md", "a b.md", 'quo"te\\.md', "größe.md", "tab\t.md"])
def test_git_applies_it(repo, name, before, after):
    repo.write({name: before.decode()})
    (repo.root / name).write_bytes(before)
    repo.git("add", "-A")
    (repo.root / ".git" / "p.patch").write_bytes(patch_of({name: (before, after)}, "unproved: x"))

    repo.git("apply", ".git/p.patch")

    assert (repo.root / name).read_bytes() == after


def test_its_first_line_is_the_heading():
    patch = patch_of({"b": (b"1\n", b"2\n"), "a": (b"1\n", b"2\n")}, "unproved: two\nlines")
    assert patch.decode().splitlines() == [
        "unproved: two",
        "lines",
        "",
        "diff --git a/a b/a",
        "--- a/a",
        "+++ b/a",
        "@@ -1 +1 @@",
        "-1",
        "+2",
        "diff --git a/b b/b",
        "--- a/b",
        "+++ b/b",
        "@@ -1 +1 @@",
        "-1",
        "+2",
    ]
