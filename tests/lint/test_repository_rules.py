"""SCH005, REP001 to REP005 and REP007: what only the repository as a whole can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from promptops.catalog.catalog import Catalog
from promptops.lint.engine import lint_catalog, lint_one
from promptops.lint.examples import DAY, MemoryTree, files, findings
from promptops.lint.registry import built_in
from promptops.lint.subject import LintRun
from promptops.model.config import Config, DriftSettings
from promptops.model.finding import Finding

ASK = "prompts/ask.prompt.yaml"
SAY = "format: promptops/1\nmessages:\n  - {role: user, content: Say hello.}\n"


def _line(finding: Finding) -> str:
    return f"{finding.place} {finding.message}"


def found(code: str, block: Mapping[str, str]) -> list[str]:
    return [_line(finding) for finding in findings(built_in()[code], block)]


def related(code: str, block: Mapping[str, str]) -> list[list[str]]:
    return [
        [f"{each.place} {each.message}" for each in finding.related]
        for finding in findings(built_in()[code], block)
    ]


def including(name: str, head: str = "") -> str:
    return (
        f"format: promptops/1\n{head}messages:\n"
        f"  - role: user\n    content: '{{% include \"{name}\" %}}'\n"
    )


# Ids.


def test_an_id_that_is_a_folder_of_others_is_told_at_the_file_that_can_move() -> None:
    block = {f"prompts/{name}.prompt.yaml": SAY for name in ("a", "a/b", "a/b/c", "ab", "a.b")}

    assert found("SCH005", block) == [
        "prompts/a.prompt.yaml:1:1 the id `a` is a folder of other ids",
        "prompts/a/b.prompt.yaml:1:1 the id `a/b` is a folder of other ids",
    ]
    assert related("SCH005", block) == [
        ["prompts/a/b.prompt.yaml:1:1 below it", "prompts/a/b/c.prompt.yaml:1:1 below it"],
        ["prompts/a/b/c.prompt.yaml:1:1 below it"],
    ]


def test_ids_that_differ_in_case_alone_are_one_finding() -> None:
    block = {"prompts/Ask.prompt.yaml": SAY, ASK: SAY}

    assert found("REP001", block) == [
        "prompts/Ask.prompt.yaml:1:1 the ids `Ask` and `ask` are the same on some file systems"
    ]
    assert (found("SCH005", block), related("REP001", block)) == (
        [],
        [[f"{ASK}:1:1 the other one"]],
    )


# The graph.


# What a partial needs.

PRODUCT = "inputs: {properties: {product: {type: string, default: x}}}\n"
DESK = {"prompts/desk.j2": '{% include "two.j2" %}', "prompts/two.j2": "é {{ product }}"}
READ = "prompts/two.j2:1:6"
LACKING = f"{ASK}:4:27 `prompts/two.j2` needs `product`, which is not defined here"


def test_an_includer_that_lacks_a_name_is_told_where_another_has_it() -> None:
    block = {
        ASK: including("desk.j2"),
        "prompts/b.prompt.yaml": including("desk.j2", PRODUCT),
        **DESK,
    }

    assert (found("REP004", block), found("VAR001", block)) == (
        [LACKING],
        [],
    )
    assert related("REP004", block) == [
        [f"{READ} `product` is read here", "prompts/desk.j2:1:12 included from here"]
    ]


def test_a_name_that_no_includer_has_is_told_at_the_partial() -> None:
    block = {ASK: including("desk.j2"), "prompts/b.prompt.yaml": including("two.j2"), **DESK}

    assert (found("REP004", block), found("VAR001", block)) == (
        [],
        [f"{READ} `product` is not an input"],
    )


GIVERS = [
    "'{% set product = 1 %}{% include \"desk.j2\" %}'",
    "'{% with product = 1 %}{% include \"desk.j2\" %}{% endwith %}'",
    "'{% for product in [1] %}{% include \"desk.j2\" %}{% endfor %}'",
]


@pytest.mark.parametrize("content", GIVERS)
def test_a_name_may_be_given_by_the_template_around_the_include(content: str) -> None:
    giver = f"format: promptops/1\nmessages:\n  - role: user\n    content: {content}\n"
    block = {ASK: including("desk.j2"), "prompts/b.prompt.yaml": giver, **DESK}

    assert (len(found("REP004", block)), found("VAR001", block)) == (1, [])


def test_a_name_that_for_each_gives_counts_and_a_mention_does_not() -> None:
    each = (
        "format: promptops/1\ninputs: {properties: {list: {type: array, default: []}}}\n"
        "messages:\n  - for_each: list\n    as: product\n    messages:\n"
        "      - role: user\n        content: '{% include \"desk.j2\" %}'\n"
    )
    mention = including("desk.j2", "description: about product\n")

    given = {ASK: including("desk.j2"), "prompts/b.prompt.yaml": each, **DESK}
    only_mentioned = {ASK: including("desk.j2"), "prompts/b.prompt.yaml": mention, **DESK}

    assert (len(found("REP004", given)), found("REP004", only_mentioned)) == (1, [])


def test_a_macro_without_context_sees_no_input_of_any_prompt() -> None:
    block = {
        ASK: (
            f"format: promptops/1\n{PRODUCT}messages:\n  - role: user\n"
            "    content: '{% from \"m.j2\" import m %}{{ m() }} {{ product }}'\n"
        ),
        "prompts/m.j2": "{% macro m() %}{{ product }}{% endmacro %}",
    }

    assert (found("REP004", block), found("VAR001", block)) == (
        [],
        [
            "prompts/m.j2:1:19 `product` is an input, which a template without context can't read",
        ],
    )


def test_a_guarded_name_is_nobodys_debt() -> None:
    block = {
        ASK: including("a.j2"),
        "prompts/b.prompt.yaml": including("a.j2", PRODUCT),
        "prompts/a.j2": (
            "{{ product | default('x') }}{% if product is defined %}{{ product }}{% endif %}"
        ),
    }

    assert (found("REP004", block), found("VAR001", block)) == ([], [])


# What a commit would lack.


@dataclass(frozen=True)
class Lacking:
    """A tree, and what stands beside it on the disk."""

    contents: Mapping[str, str]
    beside: Mapping[str, str] = field(default_factory=dict)
    untracked: tuple[str, ...] = ()

    def found(self, *codes: str) -> list[str]:
        tree = MemoryTree({path: text.encode() for path, text in self.contents.items()})
        entries: dict[str, Any] = dict(tree.entries)
        entries |= {path: replace(entries[path], tracked=False) for path in self.untracked}
        object.__setattr__(tree, "entries", entries)
        catalog = Catalog(tree, Config(), elsewhere=self.beside.get)
        rules = [built_in()[code] for code in codes]
        results = [lint_one(catalog, loaded, rules, DAY) for loaded in catalog.prompts()]
        return [f"{f.code} {_line(f)} ({f.hint})" for result in results for f in result.findings]


def test_a_partial_two_includes_deep_that_was_never_added_is_told_once() -> None:
    given = Lacking(
        {ASK: including("a.j2"), "prompts/a.j2": 'é {% include "b.j2" %}'},
        {"prompts/b.j2": "untracked"},
    )

    assert given.found("REP005", "TPL003") == [
        "REP005 prompts/a.j2:1:15 `b.j2` is not in the commit: `prompts/b.j2` is untracked "
        "(git add 'prompts/b.j2')"
    ]


STATES = [
    ("untracked", "is untracked (git add 'prompts/a.j2')"),
    (
        "ignored",
        "is ignored by git (git add --force 'prompts/a.j2', or name a file that is not ignored)",
    ),
    ("unstaged", "is on disk, but not staged (git add 'prompts/a.j2')"),
    ("tracked", "is on disk only (commit 'prompts/a.j2' with it)"),
]


@pytest.mark.parametrize(("state", "said"), STATES)
def test_the_hint_fits_what_the_file_is(state: str, said: str) -> None:
    given = Lacking({ASK: including("a.j2")}, {"prompts/a.j2": state})

    assert given.found("REP005") == [
        f"REP005 {ASK}:4:27 `a.j2` is not in the commit: `prompts/a.j2` {said}"
    ]


KINDS = [
    ("messages:\n  - {role: user, content: {file: ./a.md}}\n", "prompts/a.md", "3:34"),
    ("extends: ./a.prompt.yaml\n", "prompts/a.prompt.yaml", "2:10"),
    (
        "messages:\n  - {role: user, content: [{image: {file: a.png}}]}\n",
        "prompts/a.png",
        "3:43",
    ),
    ("messages: [{role: user, content: x}]\ntests: [{file: a.csv}]\n", "prompts/a.csv", "3:16"),
    (
        "messages: [{role: user, content: x}]\ntools: [{ref: a.tool.json}]\n",
        "schemas/a.tool.json",
        "3:15",
    ),
    (
        "messages: [{role: user, content: x}]\ninputs: {properties: {a: {$ref: a.schema.json}}}\n",
        "schemas/a.schema.json",
        "3:33",
    ),
    (
        "messages: [{role: user, content: x}]\n"
        "output: {format: json, schema: {$ref: './a.schema.json#/$defs/x'}}\n",
        "prompts/a.schema.json",
        "3:39",
    ),
]


@pytest.mark.parametrize(("text", "path", "at"), KINDS)
def test_every_kind_of_file_is_needed_in_the_commit(text: str, path: str, at: str) -> None:
    contents = {ASK: f"format: promptops/1\n{text}"}

    beside = Lacking(contents, {path: "untracked"}).found("REP005", "TPL003", "SCH002")
    nowhere = Lacking(contents).found("REP005")

    written = text[text.index("a.") - 2 :].startswith("./")
    name = path.rpartition("/")[2]
    assert beside == [
        f"REP005 {ASK}:{at} `{'./' * written}{name}` is not in the commit: `{path}` is untracked "
        f"(git add '{path}')"
    ]
    assert nowhere == []


def test_a_schema_that_only_a_schema_names_is_told_at_the_ref_that_leads_there() -> None:
    given = Lacking(
        {
            ASK: f"{SAY}inputs: {{properties: {{a: {{$ref: a.schema.json}}}}}}\n",
            "schemas/a.schema.json": '{"$ref": "./b.schema.json"}',
        },
        {"schemas/b.schema.json": "untracked"},
    )

    assert given.found("REP005", "SCH002") == [
        f"REP005 {ASK}:4:33 `./b.schema.json` is not in the commit: `schemas/b.schema.json` "
        "is untracked (git add 'schemas/b.schema.json')"
    ]


def test_in_the_work_tree_a_tracked_file_needs_tracked_ones() -> None:
    contents = {ASK: including("a.j2"), "prompts/a.j2": "x"}

    apart = Lacking(contents, untracked=("prompts/a.j2",)).found("REP005")
    both_new = Lacking(contents, untracked=("prompts/a.j2", ASK)).found("REP005")

    assert apart == [
        f"REP005 {ASK}:4:27 `a.j2` is not in the commit: `prompts/a.j2` is untracked "
        "(git add 'prompts/a.j2')"
    ]
    assert both_new == []


# Channels.

DIGEST = f"sha256:{'a' * 64}"


def channels(
    text: str, releases: Mapping[str, str | None] | None = None, before: str | None = None
) -> list[str]:
    catalog = Catalog(
        MemoryTree({"channels.yaml": text.encode()}),
        Config(),
        releases=None if releases is None else lambda: releases,
    )
    run = LintRun(today=DAY, base=lambda _path: None if before is None else before.encode())
    rule = built_in()["REP007"]
    return [_line(f) for f in lint_catalog(catalog, [rule], {"catalog": catalog, "run": run})]


def at(place: str, message: str) -> list[str]:
    return [f"channels.yaml:{place} {message}"]


FINE = f"production: {{release: v1.8.0, bundle: '{DIGEST}', serial: 12}}\n"


def no_name(name: str, reason: str) -> list[str]:
    return at("1:1", f"`{name}` can't be the name of a channel: {reason}")


LETTERS = "a name has letters, digits, `.`, `_` and `-`"

ENTRIES = [
    (FINE, []),
    ("", []),
    ("- production\n", at("1:1", "the file is not a mapping")),
    ("production:\n", at("1:1", "expected a mapping with `release` and `serial`, got null")),
    ("a b: {release: v1, serial: 1}\n", no_name("a b", LETTERS)),
    (
        "Latest: {release: v1, serial: 1}\n",
        no_name("Latest", "there is no implicit latest release"),
    ),
    ("'1.2': {release: v1, serial: 1}\n", no_name("1.2", "it could be a version")),
    ("cafe: {release: v1, serial: 1}\n", no_name("cafe", "it could be a commit id")),
    ("^1: {release: v1, serial: 1}\n", no_name("^1", LETTERS)),
    (
        "a@b: {release: v1, serial: 1}\n",
        no_name("a@b", "the tag of one prompt is not a release of the whole catalog"),
    ),
    ("main: {serial: 1}\n", at("1:1", "`release` is missing")),
    ("main: {release: v1}\n", at("1:1", "`serial` is missing")),
    ("main: {release: v1, serial: 1, relaese: v2}\n", at("1:32", "unknown key `relaese`")),
    (
        "main: {release: 1.8, serial: 1}\n",
        at("1:17", "expected a release's tag, got the number 1.8"),
    ),
    (
        "main: {release: v1, serial: true}\n",
        at("1:29", "expected a whole number, 1 or more, got true"),
    ),
    (
        "main: {release: v1, serial: 1, bundle: abc}\n",
        at("1:40", "expected `sha256:` and 64 hexadecimal digits, got the string `abc`"),
    ),
    (
        "main: {release: v1, serial: 1, canary: {release: v2, percent: 5}, x-who: me}\n",
        at("1:32", "`canary` is not supported yet: no reader would serve it"),
    ),
    ("main: {release: v1, serial: 1, x-canary: {release: v2}}\n", []),
    (
        "main: {release: v1, serial: 9223372036854775808}\n",
        at("1:29", "expected a whole number, 1 or more, got the number 9223372036854775808"),
    ),
]


@pytest.mark.parametrize(("text", "expected"), ENTRIES)
def test_an_entry_of_the_channels_is_well_formed(text: str, expected: list[str]) -> None:
    assert channels(text) == expected


def test_a_channel_names_a_release_that_exists_with_its_digest() -> None:
    other = f"sha256:{'b' * 64}"

    assert channels(FINE, {"v1.8.0": DIGEST}) == []
    assert channels(FINE, {"v1.8.0": None}) == []
    assert channels(FINE, {"v1.8.1": DIGEST}) == at("1:23", "there is no release `v1.8.0`")
    assert channels(FINE, {"v1.8.0": other}) == at(
        "1:39", f"`v1.8.0` has another digest: `{other}`"
    )


def test_a_serial_only_grows() -> None:
    def before(serial: int) -> str:
        return FINE.replace("12", str(serial))

    assert (channels(FINE, None, before(12)), channels(FINE, None, before(11))) == ([], [])
    assert channels(FINE, None, "staging: {release: v1, serial: 99}\n") == []
    assert channels(FINE, None, before(13)) == at("1:122", "the serial went down from 13 to 12")


def test_a_serial_does_not_jump() -> None:
    def now(serial: int) -> str:
        return FINE.replace("12", str(serial))

    assert channels(now(1452), None, FINE) == []
    assert channels(now(1453), None, FINE) == at("1:122", "the serial jumped from 12 to 1453")


def test_files_of_a_block_are_those_below_their_lines() -> None:
    assert files("--- a\nx\n--- b (untracked)\ny\n") == {"a": "x\n", "b (untracked)": "y\n"}


ALERTS = """\
--- promptops.toml
[[score.alerts]]
metric = "tone"
below = 90
prompts = ["ask", "mail/*"]
--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - {role: user, content: Say hello.}
evaluation:
  assertions:
    - {type: max-chars, value: 20, score: NAME}
"""


def test_an_alert_may_name_a_score_and_its_globs_must_match() -> None:
    no_mail = "promptops.toml:4:19 no prompt matches `mail/*`"

    assert found("CFG019", files(ALERTS.replace("NAME", "tone"))) == [no_mail]
    assert found("CFG019", files(ALERTS.replace("NAME", "style"))) == [
        "promptops.toml:2:10 there is no metric `tone` for an alert",
        no_mail,
    ]


def test_a_metric_is_one_that_samples_have() -> None:
    """Not one of labels or of a plug-in, nor of an output that is not checked."""
    recall = ALERTS.replace("type: max-chars, value: 20", "type: recall, value: passages")
    plugin = ALERTS.replace("type: max-chars, value: 20", "type: acme.tone")

    def metrics(block: str) -> list[str]:
        return found("CFG019", files(block.replace(', "mail/*"', "").replace("NAME", "tone")))

    def unknown(name: str) -> list[str]:
        return [f"promptops.toml:2:10 there is no metric `{name}` for an alert"]

    def named(name: str, more: str = "") -> str:
        return ALERTS.replace('metric = "tone"', f'metric = "{name}"') + more

    assert [metrics(recall), metrics(plugin)] == [unknown("tone"), unknown("tone")]
    assert metrics(named("max-chars")) == []
    assert [metrics(named(name)) for name in ("quality", "output")] == [
        unknown("quality"),
        unknown("output"),
    ]
    assert metrics(named("output", "output: {format: json}\n")) == []
    rubric = ALERTS.replace(
        "max-chars, value: 20, score: NAME", "llm-rubric, value: The tone is polite."
    )
    assert metrics(rubric.replace('metric = "tone"', 'metric = "quality"')) == []


def test_alerts_in_an_inline_array_are_checked_too() -> None:
    block = """\
--- promptops.toml
[score]
alerts = [
  {metric = "contracts", below = 98},
  {metric = "contrcats", below = 98, prompts = ["aks"]},
]
--- prompts/ask.prompt.yaml
format: promptops/1
messages:
  - {role: user, content: Say hello.}
"""

    assert found("CFG019", files(block)) == [
        "promptops.toml:4:13 there is no metric `contrcats` for an alert",
        "promptops.toml:4:49 no prompt matches `aks`",
    ]


def test_the_glob_of_an_alert_may_match_an_earlier_id() -> None:
    renamed = ALERTS.replace("NAME", "tone") + "aliases: [mail/old]\n"

    assert found("CFG019", files(renamed)) == []


def test_in_a_clone_without_tags_the_release_of_drift_has_the_hint_to_fetch_them() -> None:
    def problems(tags: Mapping[str, str | None]) -> list[tuple[str, str | None]]:
        tree = {"channels.yaml": FINE, "promptops.toml": '[drift]\nrelease = "v2.9.1"\n'}
        catalog = Catalog(
            MemoryTree({path: text.encode() for path, text in tree.items()}),
            Config(path="promptops.toml", drift=DriftSettings(release="v2.9.1")),
            releases=lambda: tags,
        )
        rule, run = built_in()["CFG019"], LintRun(today=DAY)
        facts = {"catalog": catalog, "run": run}
        return [(_line(f), f.hint) for f in lint_catalog(catalog, [rule], facts)]

    message = "promptops.toml:2:11 there is no release and no channel `v2.9.1`"
    assert problems({}) == [(message, "run `git fetch --tags`, or name another release or channel")]
    assert problems({"v1.8.0": None}) == [(message, "known here: production, v1.8.0")]


def test_a_prompt_that_replaces_itself_is_reported() -> None:
    text = f"--- {ASK}\n{SAY}status: deprecated\nreplaced_by: ask\n"

    assert found("REP012", files(text)) == [f"{ASK}:5:14 a prompt can't replace itself"]


def test_metrics_are_not_judged_while_a_prompt_can_not_be_read() -> None:
    unreadable = ALERTS.replace("value: 20,", "value: 20: [").replace(', "mail/*"', "")

    assert found("CFG019", files(unreadable)) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("a b", "rename the file so that the id is `a-b`"),
        ("a\uff0fb", "rename the file so that the id is `a-b`"),
        ("a/care \u2105 b", "rename the file so that the id is `a/care-c-o-b`"),
        ("!!!", "rename the file to a name of letters and digits, such as `triage.prompt.yaml`"),
        ("a/!!", "rename the file to a name of letters and digits, such as `triage.prompt.yaml`"),
    ],
)
def test_a_bad_id_has_a_hint_that_can_be_followed(name, hint) -> None:
    path = f"prompts/{name}.prompt.yaml"
    block = f"--- {path}\nformat: promptops/1\nmessages:\n  - {{role: user, content: a}}\n"

    (finding,) = findings(built_in()["SCH005"], files(block))

    assert finding.hint == hint
