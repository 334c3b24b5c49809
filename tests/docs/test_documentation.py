"""The documentation: what is generated is current, links lead somewhere, examples lint."""

import ast
import json
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from promptops.catalog.catalog import Catalog
from promptops.evals.result import judge_request
from promptops.lint import subject
from promptops.lint.engine import Silencers, conclude, lint_one
from promptops.lint.examples import DAY, MemoryTree, files
from promptops.lint.registry import built_in
from promptops.lint.subject import LintRun
from promptops.runtime.request.render import Renderer
from promptops.runtime.template.environment import allowed_filters, allowed_tests
from promptops.source.config import FILES, load

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
WRITTEN = [page for page in PAGES if not page.startswith("reference/")]
AT_THE_ROOT = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
MAKER = runpy.run_path(str(ROOT / "scripts" / "make_docs.py"))

_FENCE = re.compile(r"(?ms)^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$")
_PIECE = re.compile(r"(?ms)^<!-- piece of a prompt file -->\n```yaml\n(.*?)^```$")
_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")


def text_of(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def titled(page: str) -> dict[str, str]:
    """The files of a page: blocks such as ```yaml title="prompts/ask.prompt.yaml"."""
    found = {}
    for match in _FENCE.finditer(text_of(page)):
        title = re.search(r'title="([^"]+)"', match["info"])
        if title is not None:
            assert title[1] not in found, f"{page} has {title[1]} twice"
            found[title[1]] = match["body"]
    return found


def pieces(page: str) -> list[str]:
    """The pieces of prompt files on a page, which are written as the blocks of rules are."""
    return _PIECE.findall(text_of(page))


def catalog_of(contents: dict[str, str]) -> Catalog:
    config = load({path: contents[path].encode() for path in FILES if path in contents})
    return Catalog(MemoryTree({path: text.encode() for path, text in contents.items()}), config)


def findings(contents: dict[str, str]) -> list[str]:
    catalog = catalog_of(contents)
    rules = [rule for rule in built_in().values() if rule.on == "default"]
    results = [lint_one(catalog, loaded, rules, DAY) for loaded in catalog.prompts()]
    outcome = conclude(catalog, results, rules, LintRun(today=DAY), Silencers())
    return [f"{each.place}: {each.message} [{each.code}]" for each in outcome.findings]


def failed(contents: dict[str, str]) -> list[str]:
    """The assertions of the cases that don't hold."""
    catalog = catalog_of(contents)
    found = []
    for prompt in (loaded.prompt for loaded in catalog.prompts() if loaded.prompt):
        renderer = Renderer(prompt, catalog.load, catalog.files.data)
        for case in prompt.cases:
            judged = judge_request(renderer.request(case.inputs), case)
            found += [f"{case.name}: {each.reason}" for each in judged if not each.passed]
    return found


def anchors(page: Path) -> set[str]:
    """The headings of a page, as a host of git repositories names them."""
    prose = _FENCE.sub("", page.read_text("utf-8"))
    headings = re.findall(r"(?m)^#+ (.*)$", prose)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_reference_is_what_the_tool_says_of_itself():
    reference = DOCS / "reference"
    found = {
        path.relative_to(reference).as_posix(): path.read_text("utf-8")
        for path in reference.rglob("*.md")
    }

    assert found == MAKER["pages"](), "run: python scripts/make_docs.py"


@pytest.mark.parametrize("page", [*PAGES, *(f"../{name}" for name in AT_THE_ROOT)])
def test_every_link_inside_the_repository_leads_somewhere(page):
    prose = _FENCE.sub("", text_of(page))
    inside = [link for link in _LINK.findall(prose) if not re.match(r"https?:|mailto:", link)]
    broken = []

    for link in inside:
        path, _, anchor = link.partition("#")
        target = (DOCS / page).parent / path if path else DOCS / page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def test_every_written_page_is_in_the_index():
    linked = set(_LINK.findall(text_of("README.md")))

    assert set(WRITTEN) - {"README.md"} - linked == set()


@pytest.mark.parametrize("page", [page for page in WRITTEN if pieces(page)])
def test_each_piece_of_a_prompt_file_is_clean(page):
    wrong = []

    for piece in pieces(page):
        wrong += [*findings(files(piece)), *failed(files(piece))]

    assert wrong == []


@pytest.mark.parametrize("page", WRITTEN)
def test_what_is_only_looked_at_can_be_read(page):
    readers = {"python": ast.parse, "toml": tomllib.loads, "json": json.loads}

    for match in _FENCE.finditer(text_of(page)):
        language, _, title = match["info"].partition(" ")
        if language in readers and not title:
            readers[language](match["body"])


_RUN_RULE = """
import importlib.util, sys
from promptops.lint import registry
from promptops.lint import subject
from promptops.lint.examples import blocks, findings

known = set(registry.built_in())
spec = importlib.util.spec_from_file_location("documented_rule", sys.argv[1])
spec.loader.exec_module(importlib.util.module_from_spec(spec))
(rule,) = (each for code, each in registry._FOUND.items() if code not in known)
for kind in ("Bad", "Good"):
    print(kind, [bool(findings(rule, block)) for block in blocks(rule, kind)])
"""


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("promptops/lint/rules/lower_case_tag.py", "Bad [True]\nGood [False]\n"),
        ("promptops/lint/rules/as_an_ai.py", "Bad [True, True]\nGood [False]\n"),
        (
            "acme-prompt-rules/acme_prompt_rules/owner_is_a_team.py",
            "Bad [True]\nGood [False]\n",
        ),
    ],
)
def test_a_rule_that_is_shown_is_what_its_examples_say(title, said, tmp_path):
    (tmp_path / "rule.py").write_text(titled("writing-rules.md")[title], encoding="utf-8")

    # In a process of its own: a rule that is registered stays so.
    done = subprocess.run(
        [sys.executable, "-c", _RUN_RULE, str(tmp_path / "rule.py")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )

    assert (done.stdout, done.stderr) == (said, "")


def test_the_table_of_what_a_rule_may_ask_for_is_whole():
    section = text_of("writing-rules.md").partition("### What a rule can request")[2]
    told = set(re.findall(r"(?m)^\| `(\w+)` \|", section.partition("\n### ")[0]))
    offered = re.findall(r"(?m)^\| (`.+?`) \|", subject.__doc__ or "")

    assert told == set(re.findall(r"`(\w+)`", " ".join(offered)))


@pytest.mark.parametrize(
    ("heading", "offered"),
    [("Filters", set(allowed_filters())), ("Tests (after `is`)", set(allowed_tests()))],
)
def test_the_filters_and_tests_that_are_told_are_those_there_are(heading, offered):
    paragraph = text_of("templates.md").partition(f"\n{heading}: ")[2].partition("\n\n")[0]
    words = {name for name in offered if name.isidentifier()}

    assert set(re.findall(r"`(\w+)`", paragraph)) == words


def test_the_pages_have_pieces_to_lint():
    """So that a change of how a fence is marked can't make the test above pass on nothing."""
    assert len(pieces("prompt-file.md")) == 5
