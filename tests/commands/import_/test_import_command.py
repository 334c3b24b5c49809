"""`promptops import` and `promptops export`: what they print, and how they exit."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

OLD = {
    "old/triage.system.j2": "You triage for {{ product }}.\n",
    "old/triage.user.txt": "Ticket: {ticket}\n",
    "old/chat.prompty": "---\nname: chat\nmodel:\n  api: chat\n  configuration:\n"
    "    type: openai\n    name: gpt-5\n    api_key: x\n---\nsystem:\nBe kind.\n",
    "old/bad.j2": "{{ x.center(3) }} of you\n",
}
KEY = "sk-proj-" + "aB3dE5gH7jK9mN1p" * 3
GREETING = 'GREETING_PROMPT = "Greet {name} in a kind way, in at most two words."\n'
TABLE = """\
bad     text       1 message   1 input   -  1 loss   refused
chat    prompty 1  1 message   0 inputs  -  1 loss   {0}
triage  text       2 messages  2 inputs  -  3 notes  {0}
old/bad.j2:1:6: error: the method `center` has no counterpart in promptops  [IMP102 no-counterpart]
    1 | {{{{ x.center(3) }}}} of you
      |      ^^^^^^
old/chat.prompty:3:1: warning: connection settings are not carried: `api_key`  [IMP111 connection]
notes:
  old/triage.user.txt
    1:1: variables are assumed to be written as `{{x}}`  [IMP309 syntax-guessed]
  undeclared inputs of 1 prompt are inferred from their uses: product, ticket\
  [IMP305 inferred-input]
3 prompts of 4 files: 1 without loss, 1 with, 1 refused
"""


@pytest.fixture
def old(repo, monkeypatch):
    """A committed folder of sources in the current directory."""
    repo.write({**OLD, "sample.json": '{"tikcet": "It blinks."}'})
    repo.commit("old prompts")
    monkeypatch.chdir(repo.root)
    return repo


def test_lint_accepts_how_a_text_on_one_line_is_written(repo, say, monkeypatch):
    texts = ["""Say "hi", don't shout.""", 'A \u2028 line of "its own".', "It's in C:\\temp."]
    repo.write({f"old/{number}.txt": text for number, text in enumerate(texts)})
    monkeypatch.chdir(repo.root)

    assert say("import", "old").code == 0

    found = say("lint", "--rule", "SCH006")
    assert (found.code, found.out) == (0, "")


def test_a_dry_run_an_import_and_the_same_again(old, say):
    dry = say("import", "old", "--dry-run")
    wet = say("import", "old", "--to", "prompts")
    again = say("import", "old")

    assert [run.code for run in (dry, wet, again)] == [1, 1, 1]
    assert dry.out.startswith(TABLE.format("would be written"))
    assert dry.out.endswith(
        "next: fix the errors above; to write the 2 other prompts: promptops import old\n"
    )
    assert wet.out.startswith(TABLE.format("written"))
    assert wet.out.endswith(
        "without a model: triage; --profiles gives each a model profile\n"
        "next: promptops cases prompts, which drafts test cases, then:\n"
        "next: git add .promptops/prompt.schema.json prompts"
        " && promptops lint --extend-select TST008 --write-baseline\n"
    )
    assert again.out == (
        "bad     text       1 message   1 input   -  1 loss  refused\n"
        "chat    prompty 1  1 message   0 inputs  -  -       unchanged\n"
        "triage  text       2 messages  2 inputs  -  -       unchanged\n"
        "old/bad.j2:1:6: error: the method `center` has no counterpart in promptops"
        "  [IMP102 no-counterpart]\n"
        "    1 | {{ x.center(3) }} of you\n"
        "      |      ^^^^^^\n"
        "3 prompts of 4 files: 0 without loss, 0 with, 1 refused, 2 exist already\n"
    )


def test_what_was_imported_before_stays_and_is_listed_in_one_line(repo, say, monkeypatch):
    """IMP316: the user changed one prompt, and `cases` the tests of another."""
    texts = "".join(
        f'{one}_PROMPT = "Greet {{name}} in a short and kind way, {one}."\n' for one in "ABC"
    )
    repo.write({"p.py": texts})
    monkeypatch.chdir(repo.root)
    assert say("import", "p.py").code == 0
    assert say("cases", "p/b-prompt").code == 0
    edited = repo.root / "prompts/p/c-prompt.prompt.yaml"
    edited.write_text(edited.read_text().replace("short", "long"))
    repo.write({"p.py": f"{texts}D_PROMPT = {GREETING.partition(' = ')[2]}"})

    again = say("import", "p.py", "--dry-run")
    found = json.loads(say("import", "p.py", "--dry-run", "--format", "json").out)

    assert again.code == 0
    assert again.out == (
        "p/a-prompt  python  1 message  1 input  -  -        unchanged\n"
        "p/b-prompt  python  1 message  1 input  -  -        unchanged\n"
        "p/c-prompt  python  1 message  1 input  -  1 note   kept\n"
        "p/d-prompt  python  1 message  1 input  -  3 notes  would be written\n"
        "notes:\n"
        "  p.py\n"
        "    4:12: variables are assumed to be written as `{x}`  [IMP309 syntax-guessed]\n"
        "    4:12: nothing defines the role: `user` is assumed  [IMP311 role-assumed]\n"
        "  undeclared inputs of 1 prompt are inferred from their uses: name"
        "  [IMP305 inferred-input]\n"
        "4 prompts of 1 file: 1 without loss, 0 with, 0 refused, 3 exist already\n"
        "kept, because their files or the sources changed: p/c-prompt; to compare: --to NAME\n"
        "without a model: p/d-prompt; --profiles gives each a model profile\n"
        "next: promptops import p.py\n"
    )
    assert [(one["code"], one["message"]) for one in found["findings"]][:1] == [
        (
            "IMP316",
            "`prompts/p/c-prompt.prompt.yaml` exists already, and 2 lines of it differ: it stays"
            " as it is",
        )
    ]


def test_long_texts_of_an_import_are_compared_and_missing_ones_written_again(
    repo, say, monkeypatch
):
    """IMP316: a test was added to the prompt file; the long text is in a file of its own."""
    body, lines = repo.root / "prompts/a.system.md.j2", "Be kind.\n" * 20
    repo.write({"a.system.txt": lines})
    monkeypatch.chdir(repo.root)
    arguments = ("import", "a.system.txt", "--bodies", "12", "--format", "json")
    assert say(*arguments).code == 0
    with (repo.root / "prompts/a.prompt.yaml").open("a") as file:
        file.write("tests:\n  - name: one\n    inputs: {}\n")

    def again(*options):
        found = json.loads(say(*arguments, *options).out)
        codes = [one["code"] for one in found["findings"] if one["severity"] != "info"]
        messages = [one["message"] for one in found["findings"] if one["code"] == "IMP316"]
        return found["sources"][0]["prompts"][0]["state"], codes + messages

    unchanged = again()
    body.unlink()
    dry, written = again("--dry-run"), again()
    is_back = body.read_text() == lines
    repo.write({"a.system.txt": f"{lines}Be short.\n"})
    changed = again()
    body.unlink()
    repo.write({"a.system.txt": f"{lines}The key is {KEY}.\n"})
    refused = again()

    kept = "`prompts/a.system.md.j2` exists already, and 1 line of it differ: it stays as it is"
    assert (unchanged, dry, written) == (("same", []), ("would-write", []), ("written", []))
    assert (is_back, changed) == (True, ("kept", [kept]))
    assert (refused, body.exists()) == (("refused", ["IMP131"]), False)


def test_a_name_that_selects_nothing_beside_others_is_an_error(repo, say, monkeypatch):
    repo.write({"app/p.py": f"{GREETING}NOTE = 'Answer in one short sentence, please.'\n"})
    repo.write({"app/AGENTS.md": "# Agents\n\nRun the tests before each commit.\n"})
    monkeypatch.chdir(repo.root)
    options = ["import", "app", "--include", "p.py::greeting-prompt", "--include"]

    found = [say(*options, name) for name in ("p.py::GREETINGS_PROMPT", "p.py::not", "q.py")]

    assert [one.code for one in found] == [2, 2, 2]
    assert [one.err for one in found] == [
        "error: --include 'p.py::GREETINGS_PROMPT' matches nothing in the sources\n"
        "  tip: did you mean `p.py::greeting-prompt`?\n",
        "error: --include 'p.py::not' matches nothing in the sources\n"
        "  tip: did you mean `p.py::note`?\n",
        "error: --include 'q.py' matches nothing in the sources\n"
        "  tip: list the names: the same command with --list\n",
    ]


def test_what_init_writes_is_not_offered(repo, say, monkeypatch):
    monkeypatch.chdir(repo.root)
    repo.write({"p.py": GREETING, "AGENTS.md": "# Agents\n\nRun the tests before each commit.\n"})
    assert [say("init").code, say("init", "--agents").code] == [0, 0]

    listed = say("import", ".", "--list")

    assert listed.out == (
        "p.py:1  p/greeting-prompt  53 characters  name\n"
        "not imported:\n"
        "  hidden: .agents/, .vscode/, .gitignore and 1 more\n"
        "  instructions for coding agents: AGENTS.md\n"
        "  configuration of promptops: promptops.toml\n"
        "  used by a prompt of this repository: prompts/example/summary.prompt.yaml,"
        " prompts/partials/house-style.md.j2\n"
        "  all of them: --format json\n"
    )


def test_sources_that_are_complete_are_removed_in_the_same_commit(old, say):
    (old.root / "old/bad.j2").unlink()

    said = say("import", "old")

    assert said.code == 0
    assert said.out.splitlines()[-3:] == [
        "git keeps the history of long texts (`git log --follow`) with --bodies, if the sources are"
        " removed in the same commit",
        "next: promptops cases prompts, which drafts test cases, then:",
        "next: git rm -qr old && git add .promptops/prompt.schema.json prompts"
        " && promptops lint --extend-select TST008 --write-baseline",
    ]


def test_sources_whose_new_text_is_not_in_a_prompt_file_are_not_removed(repo, say, monkeypatch):
    repo.write({"old/a.txt": "Be kind.\n"})
    monkeypatch.chdir(repo.root)
    assert say("import", "old").code == 0
    repo.write({"old/a.txt": "Be short.\n", "old/b.txt": "Be brief.\n"})
    repo.commit("texts")

    found = json.loads(say("import", "old", "--format", "json").out)

    states = [one["state"] for source in found["sources"] for one in source["prompts"]]
    assert (states, found["removable"]) == (["kept", "written"], [])


def test_profiles_are_tables_to_add_to_the_configuration_before_the_next_command(old, say):
    old.write({"pyproject.toml": "[tool.promptops]\n"})

    said = say("import", "old/chat.prompty", "--profiles")

    assert said.code == 0
    assert said.out.endswith(
        "add to pyproject.toml:\n"
        "  [tool.promptops.models.gpt-5]\n"
        '  provider = "openai"\n'
        '  id = "gpt-5"\n'
        "next: add the table above to pyproject.toml, then:\n"
        "next: promptops cases prompts/chat.prompt.yaml, which drafts test cases, then:\n"
        "next: git rm -qr old/chat.prompty && git add pyproject.toml"
        " .promptops/prompt.schema.json 'prompts/chat.*'"
        " && promptops lint --extend-select TST008 --write-baseline\n"
    )


def test_candidates_need_no_repository(say, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.py").write_text(GREETING)

    said = say("import", "p.py", "--list")

    assert (said.code, said.err) == (0, "")
    assert said.out == "p.py:1  p/greeting-prompt  53 characters  name\n"


def test_candidates_are_listed_with_what_can_not_be_read_and_what_is_left_out(say, tmp_path):
    (tmp_path / "p.py").write_text(GREETING)
    (tmp_path / "bad.py").write_text("(\n")
    (tmp_path / "other.py").write_text("x = 1\n")

    listed = say("import", ".", "--list", "-C", str(tmp_path))
    bad = say("import", "bad.py", "--list", "-C", str(tmp_path))
    nothing = say("import", "other.py", "--list", "-C", str(tmp_path))

    assert (listed.code, bad.code, nothing.code) == (1, 3, 3)
    assert listed.out.replace(f"{tmp_path}/", "") == (
        "p.py:1  p/greeting-prompt  53 characters  name\n"
        "bad.py:1:1: error: the code can't be parsed: '(' was never closed"
        "  [IMP002 unreadable]\n"
        "    1 | (\n"
        f"      | ^ promptops runs on Python {sys.version_info.major}.{sys.version_info.minor}: for"
        " code in newer syntax, run it on that Python\n"
        "not imported:\n"
        "  no string looks like a prompt, by its name, length and words: other.py\n"
    )
    assert nothing.err.replace(f"{tmp_path}/", "") == (
        "error: no prompt was found\n"
        "  tip: no string looks like a prompt, by its name, length and words: other.py\n"
    )


def test_files_that_are_left_out_are_listed_by_reason(old, say):
    old.write(
        {
            **{f"old/{name}.png": "" for name in "abcd"},
            "old/README.md": "About.\n",
            "old/broken.json": "{",
            "old/x.xyz": "?",
            "old/node_modules/a.txt": "Be kind.\n",
            "old/.env": "",
        }
    )

    said = say("import", "old", "--dry-run")
    value = json.loads(say("import", "old", "--dry-run", "--format", "json").out)

    assert said.out.partition("not imported:\n")[2].splitlines()[:8] == [
        "  dependencies or build output: old/node_modules/",
        "  hidden: old/.env",
        "  documentation: old/README.md",
        "  binary or lock file: old/a.png, old/b.png, old/c.png and 1 more",
        "  can't be parsed: old/broken.json",
        "  unknown format: old/x.xyz",
        "  all of them: --format json",
        "3 prompts of 6 files: 1 without loss, 1 with, 1 refused",
    ]
    assert [f"{one['path']}: {one['reason']}" for one in value["left_out"]][-2:] == [
        "old/broken.json: can't be parsed",
        "old/x.xyz: unknown format",
    ]
    assert (len(value["left_out"]), value["skipped"]) == (9, 7)


def test_a_prompt_that_is_code_is_refused(old, say):
    old.write(
        {
            "foo/promptfooconfig.yaml": "providers: [openai:gpt-5]\nprompts:\n"
            "  - file://code.py\n  - Say {{ word }}.\n"
        }
    )

    said = say("import", "foo/promptfooconfig.yaml")

    assert said.code == 1
    assert said.out.splitlines()[1] == (
        "foo/promptfooconfig.yaml:3:5: error: `file://code.py` is code, which is not run"
        "  [IMP102 no-counterpart]"
    )
    assert "2 prompts of 1 file: 1 without loss, 0 with, 1 refused\n" in said.out


def test_formats_are_those_that_can_be_read_and_written(say):
    from promptops.formats.exported import known_writers
    from promptops.formats.source_file import known_readers

    read, written = say("import", "--formats"), say("export", "--formats")

    assert [line.split()[0] for line in read.out.splitlines()] == [
        reader.NAME for reader in known_readers()
    ]
    assert [line.split()[0] for line in written.out.splitlines()] == list(known_writers())
    docs = Path(__file__).parents[3] / "docs"
    rows = [
        [
            re.findall(r"`([a-z-]+)`", row.split("|")[1])
            for row in page.splitlines()
            if row[:3] == "| `"
        ]
        for page in (
            docs.joinpath("export.md").read_text("utf-8"),
            docs.joinpath("import.md").read_text("utf-8").partition("\n## Options")[0],
        )
    ]
    written_names, read_names = (sorted(name for row in page for name in row) for page in rows)
    assert written_names == sorted(known_writers())
    assert read_names == sorted(reader.NAME for reader in known_readers())


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        ((), 2, "error: no source is given\n  tip: name a file or a folder\n"),
        (
            ("old", "--from", "promty"),
            2,
            "error: there is no format `promty`\n  tip: did you mean `prompty`?\n",
        ),
        (
            ("old/chat.prompty", "--id", "Chat Bot"),
            2,
            "error: 'Chat Bot' can't be an id: it is made of a-z, 0-9, '-', '_', '.' and '/', and"
            " begins with a letter or a digit\n  tip: write 'chat-bot'\n",
        ),
        (
            ("old", "--id", "one"),
            2,
            "error: --id names one prompt, and there are 3\n"
            "  tip: leave out --id, or select one with --include 'FILE::NAME'\n",
        ),
        (
            ("old", "--to", "elsewhere"),
            2,
            "error: `elsewhere` is not below a prompt root\n  tip: such as --to prompts/NAME\n",
        ),
        (("nope",), 3, "nope: error: there is no such file or folder\n"),
        (
            ("old", "--include", "*.xyz"),
            3,
            "error: no prompt was found\n"
            "  tip: not selected by --include: old/bad.j2, old/chat.prompty, old/triage.system.j2"
            " and 1 more\n",
        ),
        (
            ("old/chat.prompty", "--include", "*::bot"),
            3,
            "error: no prompt was found\n"
            "  tip: not selected by --include: old/chat.prompty::chat\n",
        ),
        (
            ("old/triage.user.txt", "--inputs", "sample.json"),
            2,
            "error: no prompt has the input `tikcet` of --inputs\n  tip: did you mean `ticket`?\n",
        ),
        (("old", "--inputs", "nope.json"), 3, None),
    ],
)
def test_what_is_wrong_is_an_error_with_the_next_step(old, say, arguments, code, error):
    said = say("import", *arguments)

    assert (said.code, said.out) == (code, "")
    assert said.err == error if error is not None else ": error: " in f": {said.err}"


def test_the_prompts_of_the_repository_are_not_imported(small, say, monkeypatch):
    monkeypatch.chdir(small.root)

    said = say("import", "prompts")

    assert (said.code, said.out) == (3, "")
    assert said.err == (
        "error: no prompt was found\n"
        "  tip: used by a prompt of this repository: prompts/partials/desk.md.j2,"
        " prompts/partials/terms.j2, prompts/partials/tone.md.j2 and 2 more\n"
    )


def test_nothing_in_a_known_format_exits_3_with_its_finding(old, say):
    old.write({"x.xyz": "?"})

    said = say("import", "x.xyz")

    assert said.code == 3
    first = "x.xyz:1:1: error: the format is not known  [IMP001 unknown-format]"
    assert said.out.splitlines()[0] == first


def test_outside_of_a_repository_an_import_is_an_error_of_git(say, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("Be kind.\n")

    said = say("import", "a.txt")

    assert (said.code, said.out) == (4, "")
    assert said.err.endswith("  tip: create one here: git init\n")


READER = """
from promptops.formats.document import SourceDocument, SourceMessage, TextContent
from promptops.formats.document import TextPart

NAME = "acme"
MARKS = "`.acme`: one message"
RANK = 1


def recognises(file):
    return file.suffix == ".acme"


def documents(file, options):
    if file.text.value.startswith("fail"):
        raise ZeroDivisionError
    content = (TextContent(parts=(TextPart(file.text.value),)),)
    if file.text.value.startswith("wrong"):
        content = (None,)
    yield SourceDocument(
        id=file.name.partition(".")[0],
        format=NAME,
        place=file.place(),
        messages=(SourceMessage(role="user", content=content),),
    )
"""


def test_a_reader_of_another_package_is_used_and_its_bug_ends_one_file_or_prompt(
    old, process, tmp_path
):
    packages = tmp_path / "packages"
    info = packages / "acme_prompts-1.0.dist-info"
    info.mkdir(parents=True)
    (packages / "acme_reader.py").write_text(READER)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-prompts\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[promptops.formats]\nacme = acme_reader\n")
    old.write({"new/one.acme": "Be kind.\n", "new/two.acme": "fail\n", "new/zero.acme": "wrong\n"})

    done = process("import", "new", "--format", "json", cwd=old.root, path=[str(packages)])

    value = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert [(source["path"], source["format"]) for source in value["sources"]] == [
        ("new/one.acme", "acme"),
        ("new/two.acme", None),
        ("new/zero.acme", "acme"),
    ]
    assert [(found["code"], found["prompt"]) for found in value["findings"]] == [
        ("IMP016", None),
        ("IMP016", "zero"),
    ]
    assert Path(old.root, "prompts/one.prompt.yaml").is_file()


@pytest.mark.parametrize(
    ("code", "first"),
    [
        ("imp111", "IMP111 connection (warning)"),
        ("EXP005", "EXP005 not-expressible (error)"),
        ("syntax-guessed", "IMP309 syntax-guessed (info)"),
    ],
)
def test_a_code_of_an_import_is_explained(say, code, first):
    said = say("rule", code)

    assert (said.code, said.out.splitlines()[0]) == (0, first)


def test_an_export_never_overwrites(small, say, monkeypatch):
    monkeypatch.chdir(small.root)
    first = say("export", "openai", "support/triage", "--to", "out")
    again = say("export", "openai", "support/triage", "--to", "out")
    Path("out/batch.jsonl").write_text("mine\n")
    other = say("export", "openai", "support/triage", "--to", "out")

    assert [run.code for run in (first, again, other)] == [0, 0, 1]
    assert first.out.splitlines()[0] == "wrote out/batch.jsonl"
    assert again.out.splitlines()[0] == "unchanged out/batch.jsonl"
    assert other.out.splitlines()[0] == "refused out/batch.jsonl"
    assert "[EXP002 file-differs]" in other.out
    assert Path("out/batch.jsonl").read_text() == "mine\n"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        ((), 2, "error: no format is given\n  tip: list the formats: promptops export --formats\n"),
        (
            ("promptfo",),
            2,
            "error: there is no format `promptfo` to export\n  tip: did you mean `promptfoo`?\n",
        ),
        (("openai", "nope"), 2, None),
        (
            ("prompty", "--templates"),
            2,
            "error: `prompty` has no --templates\n  tip: leave it out: promptops export prompty\n",
        ),
    ],
)
def test_what_is_wrong_with_an_export_is_an_error(small, say, monkeypatch, arguments, code, error):
    monkeypatch.chdir(small.root)

    said = say("export", *arguments)

    assert (said.code, said.out) == (code, "")
    assert said.err == error if error is not None else "error: " in said.err


def test_an_export_of_a_case_names_the_inputs_with_its_values(small, say, monkeypatch):
    monkeypatch.chdir(small.root)

    said = say("export", "langfuse", "support/triage", "--case", "nothing", "--dry-run")

    assert (said.code, said.out.splitlines()[:2]) == (
        0,
        [
            "would write support/triage.json",
            "prompts/support/triage.prompt.yaml:9:1: warning: `known` and `product` have the"
            " values of the case `nothing is known`  [EXP111 fixed-input]",
        ],
    )
    assert said.out.splitlines()[-1] == "1 prompt as langfuse, 1 file would be written"


def test_a_case_of_a_prompt_without_cases_is_an_error_with_the_options_of_export(
    small, say, monkeypatch
):
    monkeypatch.chdir(small.root)
    messages = "messages:\n  - {role: user, content: hi}\n"
    small.write({"prompts/bare.prompt.yaml": f"format: promptops/1\n{messages}"})

    said = say("export", "langfuse", "bare", "--case", "one")

    assert (said.code, said.err) == (
        2,
        "prompts/bare.prompt.yaml: error: the prompt has no test case\n"
        "  tip: leave out --case, name other prompts, or add the test case below `tests`\n",
    )
