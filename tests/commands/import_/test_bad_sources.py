"""Any file gives a result: unreadable, hostile and misleading sources."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from time import process_time

import pytest

from promptops.errors import GitError, InputError, UsageError
from tests.commands.import_.imported import codes, imported, rendered, severe, states
from tests.hanging import ends_soon

KEY = "sk-proj-" + "aB3dE5gH7jK9mN1p" * 3
CYCLE = "prompt: &a\n  system: You are kind to everyone.\n  more: *a\n"


@pytest.fixture(autouse=True)
def _in_the_repository(repo, monkeypatch):
    monkeypatch.chdir(repo.root)


def test_files_that_can_not_be_read_are_errors_and_the_others_are_imported(repo):
    repo.write(
        {
            "old/good.txt": "Be kind.\n",
            "old/utf16.txt": "hello there".encode("utf-16"),
            "old/huge.txt": "word " * 300_000,
            "old/binary.txt": bytes(range(256)),
            "old/mark.txt": b"\xef\xbb\xbfBe brief.\n",
            "old/prompt_cycle.yaml": CYCLE,
            "old/prompt_broken.json": "{",
            "old/unknown.xyz": "?",
            "old/image.png": b"\x89PNG",
            "old/README.md": "About.\n",
        }
    )

    result = imported(repo.root, "old")

    assert states(result) == ["written good", "written mark"]
    assert severe(result) == [
        "old/binary.txt:3 IMP002 the file is not UTF-8",
        "old/huge.txt:1 IMP002 the file is larger than 1 MB",
        "old/utf16.txt:1 IMP002 the file is not UTF-8",
    ]
    assert [f"{one.path}: {one.reason}" for one in result.left_out] == [
        "old/README.md: documentation",
        "old/image.png: binary or lock file",
        "old/prompt_broken.json: can't be parsed",
        "old/prompt_cycle.yaml: can't be parsed",
        "old/unknown.xyz: unknown format",
    ]
    assert (result.files, result.skipped, result.failed) == (8, 2, True)
    assert "\ufeff" not in Path("prompts/mark.prompt.yaml").read_text("utf-8")


KEYS = {f"k{number}": number for number in range(60_000)}
MANY = {
    "chat_prompt.json": json.dumps({"messages": [{"role": "user", "content": "Hi"}], **KEYS}),
    "chat.prompty": "---\nmodel:\n  api: chat\n"
    + "".join(f"{name}: 1\n" for name in KEYS)
    + "---\nsystem:\nBe kind.\n",
    "values.txt": "Be kind.\n" + "".join(f"{{{{ {name} }}}}\n" for name in KEYS),
}


@pytest.mark.parametrize("name", MANY)
def test_a_source_over_a_limit_is_refused_clearly_and_soon(repo, name):
    repo.write({f"old/{name}": MANY[name]})

    with ends_soon():
        result = imported(repo.root, "old")

    what = {
        "values.txt": "a prompt has more than 1,000 inputs",
    }.get(name, "more than 1,000 parts of it can't be carried over")
    assert severe(result) == [f"old/{name}:1 IMP002 {what}"]
    assert states(result) == []


def test_on_a_full_disk_no_empty_file_is_left_that_a_second_run_respects(repo):
    repo.write({"old/kind.txt": "Be kind. " * 200})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(InputError, match="can't be created: file too large"):
            imported(repo.root, "old")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    left = list(Path("prompts").iterdir())

    result = imported(repo.root, "old")

    assert (left, states(result)) == ([], ["written kind"])


@pytest.mark.parametrize("start", range(20, 41))
def test_no_characters_of_a_key_are_quoted_where_a_paragraph_is_cut(repo, start):
    paragraph = ("Be kind to every customer, always. " * 2)[:start] + " " + KEY + " and brief" * 12
    repo.write({f"old/{name}.txt": f"{name}.\n\n{paragraph}\n" for name in "abc"})

    result = imported(repo.root, "old")

    assert not [one.message for one in result.findings if "sk-" in one.message]


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.xyz", "?", "a.xyz:1 IMP001 the format is not known"),
        ("empty.txt", "", "empty.txt:1 IMP003 there is no text in it"),
        (
            "prompt.yaml",
            CYCLE,
            "prompt.yaml:1 IMP002 YAML whose aliases contain themselves, or too many values",
        ),
        (
            "a.prompt.yaml",
            "format: promptops/1\nmessages: []\n",
            "a.prompt.yaml:1 IMP001 it is a prompt file of promptops already",
        ),
    ],
)
def test_a_file_without_a_prompt_that_is_named_is_an_error(repo, name, content, found):
    repo.write({name: content})

    result = imported(repo.root, name)

    assert (severe(result), result.nothing_readable) == ([found], True)


def test_a_data_set_is_not_imported(repo):
    rows = ",".join(f'{{"prompt": "Say number {n} in words, please", "n": {n}}}' for n in range(40))
    repo.write({"prompt_data.json": f"[{rows}]"})

    result = imported(repo.root, "prompt_data.json")

    assert severe(result) == [
        "prompt_data.json:1 IMP004 there is no prompt in it, but data: 40 rows with the same keys"
    ]
    assert result.findings[0].hint == (
        "if they are test cases, make them a case file;"
        " if they are prompts: --include 'prompt_data.json::*'"
    )


def test_more_than_200_prompts_in_a_file_are_a_data_set(repo):
    text = "Tell me in a few words what this number means to you"
    repo.write({"prompts.py": "".join(f'PROMPT_{n} = "{text}: {n}"\n' for n in range(201))})

    result = imported(repo.root, "prompts.py")

    assert (states(result), codes(result)) == ([], ["IMP004"])


def test_more_than_5000_files_are_refused(repo):
    folder = repo.root / "many"
    folder.mkdir()
    for number in range(5_001):
        (folder / f"{number}.txt").touch()

    with pytest.raises(InputError, match="there are more than 5,000 files"):
        imported(repo.root, "many")


def test_the_second_of_two_sources_with_one_id_is_refused(repo):
    repo.write(
        {
            "old/a b.txt": "One.\n",
            "old/a-b.txt": "Two.\n",
            "old/Triage.md": "Three.\n",
            "old/triage.txt": "Four.\n",
            "old/triage.prompty": "---\nname: x\nmodel: {id: m}\n---\nsystem:\nFive.\n",
        }
    )

    result = imported(repo.root, "old")

    assert states(result) == [
        "written triage",
        "written a-b",
        "refused a-b",
        "written triage-prompty",
        "refused triage",
    ]
    assert severe(result) == [
        "old/a-b.txt:1 IMP006 the id `a-b` is already that of old/a b.txt:1:1",
        "old/triage.txt:1 IMP006 the id `triage` is already that of old/Triage.md:1:1",
    ]


def test_an_id_that_differs_from_an_existing_one_in_case_is_refused(repo):
    repo.write(
        {"prompts/Ask.prompt.yaml": "format: promptops/1\nmessages: []\n", "ask.txt": "Hi.\n"}
    )

    result = imported(repo.root, "ask.txt")

    assert states(result) == ["refused ask"]
    assert severe(result) == ["ask.txt:1 IMP006 the id `ask` differs from `Ask` in case only"]


def test_an_existing_file_with_another_content_stays_and_the_lines_are_counted(repo):
    repo.write({"ask.txt": "Hi.\n"})
    imported(repo.root, "ask.txt")
    target = repo.root / "prompts/ask.prompt.yaml"
    _, _, written = target.read_text().split("\n", 2)
    changed = f"{written}description: mine\n"
    target.write_text(changed)

    result = imported(repo.root, "ask.txt")

    assert states(result) == ["refused ask"]
    assert severe(result) == [
        "ask.txt:1 IMP005 `prompts/ask.prompt.yaml` exists, and 2 lines of it differ: it is not"
        " overwritten"
    ]
    assert target.read_text() == changed


def test_a_link_in_place_of_the_target_is_not_followed(repo):
    repo.write({"ask.txt": "Hi.\n", "prompts/other.txt": "x"})
    (repo.root / "prompts/ask.prompt.yaml").symlink_to(repo.root / "nowhere")

    result = imported(repo.root, "ask.txt")

    assert states(result) == ["refused ask"]
    assert not (repo.root / "nowhere").exists()


def test_links_are_not_followed(repo, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("A text that is elsewhere.\n")
    repo.write({"old/a.txt": "Hi.\n", "old/b.j2": '{% include "secret.txt" %} hi'})
    (repo.root / "old/link.txt").symlink_to(secret)
    (repo.root / "old/secret.txt").symlink_to(secret)
    (repo.root / "named.txt").symlink_to(secret)

    result = imported(repo.root, "old")

    assert states(result) == ["written a", "refused b"]
    assert severe(result) == [
        "old/b.j2:1 IMP104 the included template `secret.txt` is missing",
    ]
    with pytest.raises(InputError, match="a symbolic link is not followed"):
        imported(repo.root, "named.txt")


def test_a_source_that_contains_the_prompts_reads_only_other_files(repo):
    repo.write({"a.j2": '{% include "part.j2" %} Hi.\n', "part.j2": "Part.\n"})
    first = imported(repo.root, ".", bodies=1)

    second = imported(repo.root, ".", bodies=1)

    assert (states(first), states(second)) == (["written a"], ["same a"])
    assert second.skipped == 2  # the prompt and its partial


def test_secrets_are_neither_copied_nor_shown(repo):
    repo.write(
        {
            "old/chat.prompty": "---\nname: a\nmodel:\n  configuration:\n    type: openai\n"
            f"    api_key: {KEY}\n    name: m\n---\nsystem:\nBe kind.\n",
            "old/text.txt": f"Call the API with {KEY} please.\n",
            "old/case.j2": f"{{{{ x.nope() }}}} {KEY}\n",
        }
    )

    result = imported(repo.root, "old")

    assert states(result) == ["refused case", "written chat", "refused text"]
    assert {found.code for found in result.findings} >= {"IMP102", "IMP111", "IMP131"}
    assert KEY not in repr(result)
    written = [path for path in (repo.root / "prompts").rglob("*") if path.is_file()]
    assert [path.name for path in written if KEY in path.read_text()] == []


SECRETS = {
    "aws": "AKIA" + "Z3QW7RTYPLK2MNBV",
    "google": "AIza" + "Sy7Qw2Er9Ty4Ui1Op6As3Df8Gh5Jk0LzXcV",
    "address": "postgres://bot:" + "q8Zt3LmWv0Xy" + "@db.acme.io/x",
    "assigned": 'api_key="' + "q8Zt3LmWv0XyRb7NcHs5KpDf2GjUe9Qa" + '"',
}


@pytest.mark.parametrize("kind", SECRETS)
def test_each_secret_that_lint_finds_refuses_its_prompt_and_is_not_shown(repo, kind):
    secret = SECRETS[kind]
    repo.write(
        {
            "old/tab.txt": f"Use this:\t{secret} and no other one.\x85\n",
            "old/prompts.py": f"KEY_PROMPT = f'Call the service with {secret} for {{user:>9}}.'\n",
            "old/prompts.json": json.dumps({"key prompt": f"Answer {{name}}:\n\t{secret}\n"}),
        }
    )

    result = imported(repo.root, "old")

    assert {prompt.state for prompt in result.prompts} == {"refused"}
    assert len(result.prompts) == 3
    assert secret.removeprefix('api_key="').rstrip('"') not in repr(result)
    assert not (repo.root / "prompts").exists()


def test_connection_settings_in_other_keys_are_not_carried(repo):
    repo.write(
        {
            "prompt_map.json": '{"system": "You are kind to everyone here.", "api_key": "opaque-1",'
            ' "settings": {"base_url": "https://opaque-2", "tone": "warm"}}'
        }
    )

    result = imported(repo.root, "prompt_map.json")

    written = Path(result.prompts[0].path).read_text()
    assert severe(result) == [
        "prompt_map.json:1 IMP111 connection settings are not carried: `api_key`",
        "prompt_map.json:1 IMP111 connection settings are not carried: `base_url`",
    ]
    assert ("opaque" in written, "tone: warm" in written, "opaque" in repr(result)) == (
        False,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("elsewhere", "`elsewhere` is not below a prompt root"),
        ("prompts/../..", "`prompts/../..` is not below a prompt root"),
        ("/tmp", "`/tmp` is not below a prompt root"),
        ("prompts/Old Ones", "`prompts/Old Ones` can't begin the ids of prompts"),
    ],
)
def test_a_folder_that_prompts_can_not_go_to_is_refused(repo, to, message):
    repo.write({"ask.txt": "Hi.\n"})

    with pytest.raises(UsageError) as found:
        imported(repo.root, "ask.txt", to=to)

    assert found.value.message == message
    assert found.value.hint is not None


def test_the_folder_may_be_absolute_and_relative_to_the_current_one(repo, monkeypatch):
    repo.write({"work/ask.txt": "Hi.\n"})
    monkeypatch.chdir(repo.root / "work")

    absolute = imported(repo.root, "ask.txt", to=str(repo.root / "prompts/a"))
    relative = imported(repo.root, "ask.txt", to="../prompts/b")

    assert states(absolute) + states(relative) == ["written a/ask", "written b/ask"]


def test_a_target_that_can_not_be_created_is_an_error_with_its_place(repo):
    repo.write({"ask.txt": "Hi.\n", "prompts/legacy": "a file"})

    with pytest.raises(InputError) as found:
        imported(repo.root, "ask.txt", to="prompts/legacy")

    assert (found.value.where, found.value.message) == (
        "prompts/legacy/ask.prompt.yaml",
        "can't be created: 'prompts/legacy' is a file, not a folder",
    )


def test_a_repository_without_a_work_tree_is_refused(repo, tmp_path, monkeypatch):
    repo.write({"ask.txt": "Hi.\n"})
    repo.commit("one")
    bare = tmp_path / "bare.git"
    repo.git("clone", "-q", "--bare", ".", str(bare))

    with pytest.raises(GitError, match="no work tree"):
        imported(bare, str(repo.root / "ask.txt"))


def test_every_part_of_a_chat_that_is_not_carried_is_reported(repo):
    chat = """[{"role": "user", "content": {"a": "lost"}}, {"role": "user", "content": ["x", 3]}]"""
    promptfoo = """\
providers: [openai:gpt-5]
prompts:
  - '[{"role": "user", "content": [{"type": "text"}, "hi"]},
    {"role": "assistant", "content": null, "tool_calls": [3]}]'
"""
    repo.write({"old/chat.json": chat, "old/promptfooconfig.yaml": promptfoo})

    result = imported(repo.root, "old")

    assert [line for line in severe(result) if "promptfoo" not in line] == [
        "old/chat.json:1 IMP114 the content of a message is neither a text nor a list: it is not"
        " carried",
        "old/chat.json:1 IMP114 a part that is neither a text nor an object is not carried",
    ]
    assert [line for line in severe(result) if "promptfoo" in line] == [
        "old/promptfooconfig.yaml:3 IMP105 a part of type `text` is not carried",
        "old/promptfooconfig.yaml:3 IMP106 a call of a tool can't be read",
    ]


def test_tests_after_the_limit_are_reported(repo):
    numbers = [str(number) for number in range(40)]
    repo.write(
        {
            "old/promptfooconfig.yaml": "prompts: ['{{a}} {{b}}']\nproviders: [openai:gpt-5]\n"
            f"tests: {{vars: {{a: {numbers}, b: {numbers}}}}}\n"
        }
    )

    result = imported(repo.root, "old", dry_run=True)

    assert severe(result) == [
        "old/promptfooconfig.yaml:3 IMP128 only the first 1,000 tests are carried"
    ]


def test_lines_of_requests_keep_their_instructions_and_report_what_differs(repo):
    lines = [
        '{"model": "openai/m", "instructions": "Be kind.", "input": "One?"}',
        '{"model": "openai/n", "instructions": "Be kind.", "input": "Two?"}',
        '{"model": "openai/m", "instructions": "Be kind.", "input": [{"role": "user", "content":'
        ' "Three?"}, {"role": "assistant", "content": "3"}, {"role": "user", "content": "Sure?"}]}',
    ]
    repo.write({"old.jsonl": "\n".join(lines + lines[:1] * 198)})

    result = imported(repo.root, "old.jsonl")

    assert rendered(repo.root, "prompts/old.prompt.yaml", question="Q") == ["Be kind.", "Q"]
    assert severe(result) == [
        "old.jsonl:201 IMP128 only the first 200 of 201 lines become test cases",
        "old.jsonl:2 IMP114 `model` differs from that of the first line, which is carried",
    ]


def test_lines_of_requests_without_messages_are_read(repo):
    repo.write({"old.jsonl": '{"messages": []}\n{"messages": []}\n'})

    assert states(imported(repo.root, "old.jsonl")) == ["written old"]


@pytest.mark.parametrize("name", ["a**b.txt", "a\\0b.txt", f"{'a' * 300}.txt", f"{'a' * 300}*.txt"])
def test_a_name_that_no_file_can_have_is_a_missing_file(repo, name):
    prompts = f'prompts: ["file://{name}", "Be kind."]\nproviders: [openai:gpt-5]\n'
    repo.write({"old/promptfooconfig.yaml": prompts})

    result = imported(repo.root, "old")

    assert codes(result)[0] == "IMP104"
    assert len([one for one in result.prompts if one.state == "written"]) == 1


@pytest.mark.slow
def test_code_with_ten_thousand_strings_names_them_in_bounded_time(repo, monkeypatch):
    """A limit that quadratic behaviour exceeds; prompts among many are selected by their names."""
    text = "'Please choose one of the orders in the list.'"
    repo.write(
        {
            "many.py": "".join(f"TEXT_{n} = {text}\n" for n in range(10_000)),
            "prompts.py": "".join(f"A_PROMPT_{n} = {text}\n" for n in range(201)),
        }
    )
    monkeypatch.chdir(repo.root)
    began = process_time()

    many = imported(repo.root, "many.py")

    assert process_time() - began < 8
    assert (many.total, many.strings_left_out) == (0, 10_000)
    refused = imported(repo.root, "prompts.py")
    assert [(found.code, found.hint) for found in refused.findings] == [
        ("IMP004", "select those that are prompts: --include 'prompts.py::NAME'")
    ]
    chosen = imported(repo.root, "prompts.py", include=("prompts.py::a-prompt-7",), dry_run=True)
    assert states(chosen) == ["would-write a-prompt-7"]
