"""What a command line selects, on real repositories."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.errors import UsageError
from promptops.workspace import selection
from promptops.workspace import workspace as graph_cache
from promptops.workspace.selection import SelectionOptions, select
from promptops.workspace.workspace import save_graph, workspace
from tests.tiers import examples

STAGED = SelectionOptions(staged=True)
SAY = "format: promptops/1\nmessages:\n  - {role: user, content: Say hello.}\n"


def prompt(content: str = "Say hello.", more: str = "") -> str:
    body = "".join(f"      {line}\n" for line in content.split("\n"))
    return f"format: promptops/1\n{more}messages:\n  - role: user\n    content: |\n{body}"


CATALOG = {
    "prompts/support/triage.prompt.yaml": prompt(
        '{% include "partials/outer.md.j2" %}', "aliases: [triage]\ntags: [desk]\n"
    ),
    "prompts/support/triage.de.prompt.yaml": (
        "format: promptops/1\nextends: ./triage.prompt.yaml\nowners: ['@acme/dach']\n"
    ),
    "prompts/data/extract.prompt.yaml": prompt(
        "Read {{ x.id }}.",
        "status: draft\n"
        "inputs:\n  required: [x]\n  properties:\n    x: {$ref: outer.schema.json}\n"
        "tools:\n  - {ref: find.tool.json}\n"
        "tests:\n  - {file: ./extract.cases.jsonl}\n",
    ),
    "prompts/data/extract.cases.jsonl": '{"name": "one", "inputs": {"x": {"id": "1"}}}\n',
    "prompts/plain.prompt.yaml": SAY,
    "prompts/partials/outer.md.j2": '{% include "partials/inner.md.j2" %}\n',
    "prompts/partials/inner.md.j2": "Be brief.\n",
    "schemas/outer.schema.json": '{"$ref": "inner.schema.json"}',
    "schemas/inner.schema.json": '{"type": "object", "properties": {"id": {"type": "string"}}}',
    "schemas/find.tool.json": '{"name": "find", "parameters": {"type": "object"}}',
    "README.md": "# A repository\n",
}
TRIAGE = "prompts/support/triage.prompt.yaml"
GERMAN = "prompts/support/triage.de.prompt.yaml"
EXTRACT = "prompts/data/extract.prompt.yaml"
PLAIN = "prompts/plain.prompt.yaml"
INNER = "prompts/partials/inner.md.j2"
OUTER = "prompts/partials/outer.md.j2"


@pytest.fixture
def catalog(repo):
    repo.write(CATALOG)
    repo.commit("a catalog")
    return repo


def selected(root: Path, wanted: SelectionOptions, revision: str | None = None) -> dict[str, str]:
    revision = revision or ("index" if wanted.staged else "worktree")
    with workspace(root, revision) as opened:
        return select(opened, wanted).why


def staged(repo, changes: Mapping[str, str | None]) -> dict[str, str]:
    for path, content in changes.items():
        if content is None:
            repo.git("rm", "-q", path)
        else:
            repo.write({path: content})
            repo.git("add", path)
    return selected(repo.root, STAGED)


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (("support/triage",), [TRIAGE]),
        (("support/*",), [GERMAN, TRIAGE]),
        (("*",), [EXTRACT, PLAIN, GERMAN, TRIAGE]),
        (("**/extract", "plain"), [EXTRACT, PLAIN]),
        (("**/plain",), [PLAIN]),
        (("triage",), [TRIAGE]),
        (("support/triage", "triage"), [TRIAGE]),
        ((), [EXTRACT, PLAIN, GERMAN, TRIAGE]),
    ],
)
def test_ids_globs_and_former_names_select(catalog, patterns, expected):
    assert list(selected(catalog.root, SelectionOptions(patterns=patterns))) == expected


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("support/traige", "did you mean `support/triage`?"),
        ("zzz", "`promptops list` shows the prompts"),
        ("x/*", "`promptops list` shows the prompts"),
        ("", "`promptops list` shows the prompts"),
    ],
)
def test_a_pattern_that_matches_nothing_is_refused_with_what_is_near(catalog, pattern, hint):
    with pytest.raises(UsageError) as refused:
        selected(catalog.root, SelectionOptions(patterns=("plain", pattern)))

    assert (refused.value.message, refused.value.hint) == (f"no prompt matches {pattern!r}", hint)


@pytest.mark.parametrize(
    ("selectors", "expected"),
    [
        (("tag:desk",), {GERMAN, TRIAGE}),
        (("owner:@acme/dach",), {GERMAN}),
        (("status:draft",), {EXTRACT}),
        (("status:active", "tag:desk", "owner:@acme/dach"), {GERMAN}),
        (("status:draft", "tag:desk"), set()),
    ],
)
def test_selectors_must_all_hold(catalog, selectors, expected):
    assert set(selected(catalog.root, SelectionOptions(selectors=selectors))) == expected


def test_a_prompt_that_can_not_be_read_is_never_left_out_by_a_selector(catalog):
    catalog.write({"prompts/broken.prompt.yaml": "format: [\n"})

    found = selected(catalog.root, SelectionOptions(selectors=("tag:none",)))

    assert list(found) == ["prompts/broken.prompt.yaml"]


def test_what_no_prompt_has_selects_nothing_by_mistake(catalog):
    with pytest.raises(UsageError, match="no prompt has tag:none"):
        selected(catalog.root, SelectionOptions(selectors=("tag:none",)))


@pytest.mark.parametrize("path", [TRIAGE, f"./{TRIAGE}"])
def test_a_prompt_is_found_by_its_path_too(catalog, path):
    assert set(selected(catalog.root, SelectionOptions(patterns=(path,)))) == {TRIAGE}


@pytest.mark.parametrize("selector", ["tag:", "colour:red", "desk"])
def test_a_selector_of_no_kind_is_refused(catalog, selector):
    with pytest.raises(UsageError, match="selects nothing"):
        selected(catalog.root, SelectionOptions(selectors=(selector,)))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"README.md": "other\n"}, {}),
        ({PLAIN: SAY + "# more\n"}, {PLAIN: f"{PLAIN} changed"}),
        (
            {TRIAGE: prompt("Hello.")},
            {TRIAGE: f"{TRIAGE} changed", GERMAN: f"it reaches {TRIAGE}, which changed"},
        ),
        (
            {INNER: "Be very brief.\n"},
            {
                TRIAGE: f"it reaches {INNER}, which changed, through {OUTER}",
                GERMAN: f"it reaches {INNER}, which changed, through {OUTER}, through {TRIAGE}",
            },
        ),
        (
            {INNER: None},
            {
                TRIAGE: f"it reaches {INNER}, which changed, through {OUTER}",
                GERMAN: f"it reaches {INNER}, which changed, through {OUTER}, through {TRIAGE}",
            },
        ),
        (
            {"schemas/inner.schema.json": "{}"},
            {
                EXTRACT: "it reaches schemas/inner.schema.json, which changed,"
                " through schemas/outer.schema.json"
            },
        ),
        (
            {"schemas/find.tool.json": "{}"},
            {EXTRACT: "it reaches schemas/find.tool.json, which changed"},
        ),
        (
            {"prompts/data/extract.cases.jsonl": "{}\n"},
            {EXTRACT: "it reaches prompts/data/extract.cases.jsonl, which changed"},
        ),
        (
            {"prompts/plain.recordings.jsonl": "{}\n", PLAIN: f"{SAY}# Kindly.\n"},
            {PLAIN: f"{PLAIN} changed"},
        ),
        (
            {"prompts/plain.recordings.jsonl": "{}\n"},
            {PLAIN: "prompts/plain.recordings.jsonl changed"},
        ),
        (
            {"prompts/plain.recordings.part07.jsonl": "{}\n"},
            {PLAIN: "prompts/plain.recordings.part07.jsonl changed"},
        ),
        ({"prompts/plain.recordings.part7.jsonl": "{}\n"}, {}),
        ({PLAIN: None}, {}),
        ({"pyproject.toml": "[project]\nname = 'x'\n"}, {}),
        (
            {"promptops.toml": "[lint]\nignore = ['TST']\n"},
            dict.fromkeys([EXTRACT, PLAIN, GERMAN, TRIAGE], "the configuration changed"),
        ),
        (
            {"pyproject.toml": "[tool.promptops.lint]\nignore = ['TST']\n"},
            dict.fromkeys([EXTRACT, PLAIN, GERMAN, TRIAGE], "the configuration changed"),
        ),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else None,
)
def test_what_is_staged_selects_all_that_reaches_it_and_says_why(catalog, changes, expected):
    assert staged(catalog, changes) == expected


def test_a_judge_that_changed_selects_the_prompts_it_judges(catalog):
    judge, judged = "prompts/judges/tone.prompt.yaml", "prompts/judged.prompt.yaml"
    catalog.write({judge: SAY, judged: SAY + "evaluation: {judge: judges/tone}\n"})
    catalog.commit("a judge")

    assert staged(catalog, {judge: SAY + "# more\n"}) == {
        judge: f"{judge} changed",
        judged: f"it reaches {judge}, which changed",
    }


def test_a_renamed_partial_selects_those_that_name_the_old_one(catalog):
    catalog.git("mv", INNER, "prompts/partials/other.md.j2")

    assert list(selected(catalog.root, STAGED)) == [GERMAN, TRIAGE]


def test_the_index_counts_and_not_the_work_tree(catalog):
    catalog.write({PLAIN: SAY + "# staged\n"})
    catalog.git("add", PLAIN)
    catalog.write({PLAIN: SAY, EXTRACT: SAY})

    assert list(selected(catalog.root, STAGED)) == [PLAIN]


def test_the_index_of_a_commit_of_everything_counts(catalog, monkeypatch):
    catalog.write({PLAIN: SAY + "# not added\n"})
    other = catalog.root / ".git" / "next-index"
    monkeypatch.setenv("GIT_INDEX_FILE", str(other))
    other.write_bytes((catalog.root / ".git" / "index").read_bytes())
    catalog.git("add", "--all")

    found = selected(catalog.root, STAGED)
    monkeypatch.delenv("GIT_INDEX_FILE")

    assert (list(found), selected(catalog.root, STAGED)) == ([PLAIN], {})


def test_before_the_first_commit_everything_staged_is_selected(repo):
    repo.write(CATALOG)
    repo.git("add", "--all")

    assert list(selected(repo.root, STAGED)) == [EXTRACT, PLAIN, GERMAN, TRIAGE]


def test_since_compares_with_the_merge_base(catalog):
    catalog.git("branch", "topic")
    catalog.write({EXTRACT: SAY})
    catalog.commit("on main")
    catalog.git("checkout", "-q", "topic")
    catalog.write({PLAIN: SAY + "# more\n"})
    catalog.commit("on topic")
    since = SelectionOptions(since="main")

    by_default = selected(catalog.root, since)
    catalog.git("checkout", "-q", "main")

    assert list(by_default) == [PLAIN]
    assert list(selected(catalog.root, since, "topic")) == [PLAIN]


def test_a_new_file_in_an_earlier_root_is_reached_by_those_it_shadows(repo):
    repo.write(
        {
            "promptops.toml": 'prompts = ["a", "b"]\n',
            "a/one.prompt.yaml": prompt('{% include "tone.md.j2" %}'),
            "b/tone.md.j2": "Be kind.\n",
        }
    )
    repo.commit("two roots")

    found = staged(repo, {"a/tone.md.j2": "Be brief.\n"})

    assert found == {"a/one.prompt.yaml": "it reaches a/tone.md.j2, which changed"}


def escaped(char: str) -> str:
    return f"\\u{ord(char):04x}"


NAMES = st.sampled_from(["a.j2", "b.j2", "c.j2", "d e.j2", "é.j2"])
FORMS = st.sampled_from(["{{% include '{0}' %}}", "{{% import './{0}' as x %}}", "in words: {0}"])
TEXTS = st.lists(st.builds(str.format, FORMS, NAMES), max_size=3).map("\n".join)
PROMPTS = st.one_of(
    TEXTS.map(lambda text: prompt(text or "Hello.")),
    NAMES.map(
        lambda name: (
            "format: promptops/1\nmessages:\n  - role: user\n    content: "
            + f"\"{{% include '{''.join(map(escaped, name))}' %}}\"\n"
        )
    ),
    st.integers(0, 5).map(lambda n: f"format: promptops/1\nextends: ./p{n}.prompt.yaml\n"),
    NAMES.map(
        lambda name: (
            f"format: promptops/1\nmessages:\n  - {{role: user, content: {{file: '{name}'}}}}\n"
        )
    ),
    NAMES.map(lambda name: f"format: [broken\n{name}\n"),
)


@pytest.mark.slow
@settings(
    max_examples=examples(100),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    partials=st.dictionaries(NAMES, TEXTS, max_size=5),
    prompts=st.lists(PROMPTS, min_size=1, max_size=6),
    changed=st.lists(NAMES, min_size=1, max_size=2, unique=True),
)
def test_stored_facts_and_git_grep_select_what_reading_everything_selects(
    repo, tmp_path_factory, monkeypatch, partials, prompts, changed
):

    repo = type(repo)(tmp_path_factory.mktemp("equal"))
    repo.git("init", "--quiet", "--initial-branch=main", "--template=")
    repo.write({f"prompts/{name}": text for name, text in partials.items()})
    repo.write({f"prompts/p{number}.prompt.yaml": text for number, text in enumerate(prompts)})
    repo.commit("all")
    repo.write({f"prompts/{name}": "changed\n" for name in changed})
    repo.git("add", "--all")

    monkeypatch.setattr(selection, "GREP_FROM", 10**6)
    by_reading = selected(repo.root, STAGED)
    monkeypatch.setattr(selection, "GREP_FROM", -1)
    by_grep = selected(repo.root, STAGED)
    with workspace(repo.root, "index") as opened:
        opened.catalog.graph.parse(opened.catalog.graph.unparsed[:1])
        save_graph(opened.catalog, opened.repository.common_dir)
    by_words = selected(repo.root, STAGED)
    with workspace(repo.root, "index") as opened:
        opened.catalog.graph.read_words(opened.catalog.graph.without_words)
        monkeypatch.setattr(graph_cache, "SAVED_FROM", 0)
        save_graph(opened.catalog, opened.repository.common_dir)
    with workspace(repo.root, "index") as opened:
        seen = opened.catalog.graph.without_words == []
    by_kept_words = selected(repo.root, STAGED)
    with workspace(repo.root, "index") as opened:
        opened.catalog.graph.parse(opened.catalog.graph.unparsed)
        save_graph(opened.catalog, opened.repository.common_dir)
    with workspace(repo.root, "index") as opened:
        known = opened.catalog.graph.unparsed == []
    by_facts = selected(repo.root, STAGED)

    assert (by_grep, by_facts, known) == (by_reading, by_reading, True)
    assert (by_words, by_kept_words, seen) == (by_reading, by_reading, True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"promptops include graph 999\nyabc\tpx.j2\n",
        b"promptops include graph 1\nyabc",
    ],
)
def test_a_broken_graph_file_is_as_good_as_none(catalog, content):
    file = catalog.root / ".git" / "promptops" / "graph"
    file.parent.mkdir()
    file.write_bytes(content)

    assert list(staged(catalog, {INNER: "Be very brief.\n"})) == [GERMAN, TRIAGE]


def test_the_graph_is_kept_where_it_can_be_and_nowhere_else(catalog):
    (catalog.root / ".git" / "promptops").write_text("in the way")
    with workspace(catalog.root) as opened:
        opened.catalog.graph.parse(opened.catalog.graph.unparsed)

        save_graph(opened.catalog, opened.repository.common_dir)

    assert catalog.git("status", "--porcelain") == ""
    assert sorted(os.listdir(catalog.root / ".git")).count("promptops") == 1
