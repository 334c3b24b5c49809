"""Which bytes the gate judges: those of HEAD, of the index, or of the files on disk."""

import pytest

from promptops.cli.main import run

ASK = "prompts/ask.prompt.yaml"
PROMPT = """\
format: promptops/1
description: Greets one person.
inputs:
  required: [name]
  properties:
    name: {type: string, maxLength: 100, description: Of the person.}
messages:
  - role: user
    content: "Greet {{ name }} in one sentence."
tests:
  - name: Ada
    inputs: {name: Ada}
    rendered:
      - {type: contains, value: Greet Ada}
"""
MISSPELT = PROMPT.replace("{{ name }}", "{{ nmae }}")
INVISIBLE = PROMPT.replace("sentence.", "sentence.\U000e0049\U000e0067")
FINDING = f"{ASK}:9:24: error: `nmae` is not an input  [VAR001 undefined-variable]"
UNJUDGED = (
    f"note: not checked: uncommitted changes in {ASK}{{}} "
    "(--at worktree checks the files on disk, --at index the index)"
)
ON_DISK = f"{ASK} differs on disk from what is committed"


@pytest.fixture
def branch(repo):
    """A branch that left `main` with one good prompt."""
    repo.write({ASK: PROMPT, "promptops.toml": ""})
    repo.commit("one")
    repo.git("switch", "--quiet", "--create", "change")
    return repo


@pytest.fixture
def checked(branch, capsysbinary):
    """Run the gate: its exit code, and the lines of both streams."""

    def start(*arguments):
        code = run(["check", "-C", str(branch.root), *arguments])
        out, err = capsysbinary.readouterr()
        return code, out.decode().splitlines(), err.decode().splitlines()

    return start


def findings(lines):
    return [line for line in lines if line.startswith(f"{ASK}:") and " error: " in line]


def risks(lines):
    return [line.removeprefix("risk: ") for line in lines if line.startswith("risk: ")]


def test_with_a_base_the_commit_is_judged_and_what_is_on_disk_is_not(branch, checked):
    branch.write({ASK: MISSPELT})
    branch.commit("two")
    branch.write({ASK: PROMPT})

    code, out, err = checked("--since", "main")

    assert (code, out[0], findings(out), err) == (1, UNJUDGED.format(""), [FINDING], [])


@pytest.mark.parametrize(
    ("revision", "name"),
    [("HEAD", "committed"), ("index", "staged"), ("worktree", "disk")],
)
def test_uncommitted_changes_are_judged_where_an_option_names_them(branch, checked, revision, name):
    branch.write({ASK: MISSPELT.replace("nmae", "committed")})
    branch.commit("two")
    branch.write({ASK: MISSPELT.replace("nmae", "staged")})
    branch.git("add", ".")
    branch.write({ASK: MISSPELT.replace("nmae", "disk")})

    code, out, err = checked("--since", "main", "--at", revision)

    assert (code, findings(out), err) == (1, [FINDING.replace("nmae", name)], [])


@pytest.mark.parametrize("stage", [False, True])
def test_changes_that_are_not_judged_are_named_first(branch, checked, stage):
    branch.write({ASK: MISSPELT, "prompts/new.prompt.yaml": PROMPT, "elsewhere.txt": ""})
    if stage:
        branch.git("add", ".")

    result = checked("--since", "main")

    assert result == (
        0,
        [
            UNJUDGED.format(", prompts/new.prompt.yaml"),
            "pass: nothing to check, no file that prompts depend on changed",
        ],
        [],
    )


def test_the_page_shows_the_commit_and_its_notes(branch, checked):
    branch.write({ASK: MISSPELT})
    branch.commit("two")
    branch.write({ASK: PROMPT})

    code, out, err = checked("--since", "main", "--format", "html")

    assert (code, err) == (1, [])
    assert any("nmae" in line for line in out)
    assert f"not checked: uncommitted changes in {ASK}" in "\n".join(out)


def test_without_a_base_the_files_on_disk_are_judged(branch, checked):
    branch.write({ASK: MISSPELT})

    code, out, err = checked()

    assert (code, findings(out), err) == (1, [FINDING], [])


def test_invisible_instructions_can_not_hide_behind_an_encoding(branch, checked):
    branch.write({ASK: INVISIBLE})
    branch.commit("two")
    branch.write({".gitattributes": "# ours\n*.yaml working-tree-encoding=ASCII//TRANSLIT\n"})
    branch.git("add", ".gitattributes")
    branch.git("commit", "--quiet", "--message", "three")
    branch.write({ASK: PROMPT})  # as git writes it on checkout

    code, out, _ = checked("--since", "main")

    assert code == 1
    assert findings(out)[0].endswith("[SEC007 invisible-unicode]")
    attribute = "`working-tree-encoding=ASCII//TRANSLIT`"
    said = f"the git attribute {attribute} is set: {ON_DISK} (.gitattributes:2)"
    assert risks(out) == [said]


@pytest.mark.parametrize(
    ("attributes", "content", "expected"),
    [
        ("* text=auto eol=lf", PROMPT, []),
        ("* text=auto", PROMPT.replace("\n", "\r\n"), []),
        ("*.yaml working-tree-encoding=ASCII//TRANSLIT", PROMPT, []),
        ("*.yaml ident", PROMPT, []),
        ("*.yaml -text -ident -filter", INVISIBLE, []),
        (
            "*.yaml ident",
            f"# $Id: of it $\n{PROMPT}",
            [f"the git attribute `ident` is set: {ON_DISK} (.gitattributes:1)"],
        ),
        (
            "*.yaml filter=x",
            PROMPT,
            [f"the git attribute `filter=x` is set: {ON_DISK} (.gitattributes:1)"],
        ),
        (
            "/prompts/* eol=crlf",
            PROMPT,
            [f"the git attribute `eol=crlf` is set: {ON_DISK} (.gitattributes:1)"],
        ),
        (
            "[attr]odd filter=x\n*.yaml odd",
            PROMPT,
            [f"the git attribute `filter=x` is set: {ON_DISK} (.gitattributes:1)"],
        ),
    ],
)
def test_attributes_are_a_risk_where_they_change_the_bytes(
    branch, checked, attributes, content, expected
):
    branch.git("config", "core.safecrlf", "false")
    branch.git("config", "core.autocrlf", "false")
    branch.write({ASK: content})
    branch.commit("two")
    branch.write({".gitattributes": f"{attributes}\n"})
    branch.git("add", ".gitattributes")
    branch.git("commit", "--quiet", "--message", "three")

    _, out, _ = checked("--since", "main")

    assert risks(out) == expected
    assert risks(checked("--at", "HEAD")[1]) == expected


def test_attributes_in_the_folder_of_the_prompts_count_and_are_refused_with_other_risks(
    branch, checked
):
    branch.write({"prompts/.gitattributes": "ask* filter=x\n", "prompts/b.prompt.yaml": PROMPT})
    branch.commit("two")

    code, out, _ = checked("--since", "main", "--config", 'check.fail-on=["risk"]')

    refused = f"refused: the git attribute `filter=x` is set: {ON_DISK} (prompts/.gitattributes:1)"
    assert (code, risks(out), refused in out) == (1, [], True)


def test_attributes_that_the_base_has_for_the_same_content_are_no_risk(repo, checked, branch):
    branch.git("switch", "--quiet", "main")
    branch.write({".gitattributes": "*.yaml filter=x\n", "prompts/b.prompt.yaml": PROMPT})
    branch.commit("two")
    branch.git("switch", "--quiet", "--create", "later")
    branch.write({"prompts/b.prompt.yaml": PROMPT.replace("one sentence", "a sentence")})
    branch.commit("three")

    _, out, _ = checked("--since", "main")

    changed = ON_DISK.replace(ASK, "prompts/b.prompt.yaml")
    assert risks(out) == [f"the git attribute `filter=x` is set: {changed} (.gitattributes:1)"]


def test_many_files_and_many_attributes_are_counted(branch, checked):
    names = [f"prompts/p{number:02}.md.j2" for number in range(30)]
    branch.write(dict.fromkeys(names, "a\n"))
    lines = [f"p{number:02}.md.j2 filter=f{min(number, 25):02}\n" for number in range(30)]
    branch.write({".gitattributes": "".join(lines)})
    branch.commit("two")

    _, out, _ = checked("--since", "main")

    found = risks(out)
    assert found[0] == (
        "the git attribute `filter=f00` is set: prompts/p00.md.j2 differs on disk from what is "
        "committed (.gitattributes:1)"
    )
    assert (len(found), found[20]) == (
        21,
        "git attributes: prompts/p20.md.j2 and 9 more files differ on disk from what is committed",
    )


def test_a_bare_repository_is_judged_by_its_commits(branch, checked, tmp_path):
    branch.write({ASK: MISSPELT, ".gitattributes": "*.yaml filter=x\n"})
    branch.commit("two")
    bare = tmp_path / "bare.git"
    branch.git("clone", "--quiet", "--bare", ".", str(bare))

    code, out, err = checked("-C", str(bare), "--since", "main")

    assert (code, findings(out), err) == (1, [FINDING], [])
    assert risks(out) == [f"the git attribute `filter=x` is set: {ON_DISK} (.gitattributes:1)"]
