"""The documentation as a site: built without a warning, and whole without any other address."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.report.diff.browser import chromium

pytest.importorskip("material", reason="no mkdocs-material: pip install '.[docs]'")

pytestmark = pytest.mark.xdist_group("site")  # it is built once
ROOT = Path(__file__).parents[2]
HOOKS = runpy.run_path(str(ROOT / "scripts" / "site_hooks.py"))
PHONE = {"width": 390, "height": 844}
REPOSITORY = "https://git.example.com/acme/promptops"
PAGE = ROOT / "docs" / "page.md"


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(site)],
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert done.returncode == 0, done.stderr
    return folder


class Fetched(HTMLParser):
    """What a browser fetches to show a page: not what a reader may follow."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"link": ("href",)}.get(tag, ("src", "srcset", "poster", "data"))
        self.addresses += [value for name, value in attrs if name in names and value]


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_fetches_nothing_from_elsewhere(site):
    pages = sorted(site.rglob("*.html"))
    fetched = {address for page in pages for address in Fetched(page).addresses}
    for style in site.rglob("*.css"):
        fetched |= set(re.findall(r"url\(\s*[\"']?([^\"')]+)", style.read_text("utf-8")))
        fetched |= set(re.findall(r"@import\s*[\"']([^\"']+)", style.read_text("utf-8")))

    assert len(pages) > 80
    assert [each for each in sorted(fetched) if re.match(r"(?!data:)[a-z]+:|//", each)] == []


@pytest.mark.slow
def test_each_page_has_its_markdown_and_both_lists_have_all_pages(site):
    pages = {str(path.relative_to(site)) for path in site.rglob("*.html")} - {"404.html"}
    texts = {str(path.relative_to(site)) for path in site.rglob("*.md")}
    listed = re.findall(r"\]\(([^)]+)\)", (site / "llms.txt").read_text("utf-8"))
    whole = (site / "llms-full.txt").read_text("utf-8")

    assert {re.sub(r"README\.md$", "index.md", path) for path in texts} == {
        page.replace(".html", ".md") for page in pages
    }
    assert {path for path in listed if not (site / path).is_file()} == set()
    assert len(listed) == len(set(listed)) > 60
    assert {path for path in texts if f"<!-- {path} -->" not in whole} == set()
    assert whole.count("<!-- start.md -->\n\n# Five minutes") == 1


def test_the_list_for_language_models_has_the_topics_of_the_overview():
    overview = (
        "| topic | page |\n|---|---|\n| the gate: what it checks | [check.md](check.md) |\n"
        "| the page | [check.md](check.md#the-page) |\n| [author](guides/author.md) | edit it |\n"
    )
    nav = [
        {"Start": [{"Overview": "README.md"}]},
        {"Review": [{"The author": "guides/author.md"}, {"The gate": "check.md"}]},
    ]

    assert HOOKS["page_list"](nav, HOOKS["topics"](overview)) == (
        "\n## Start\n\n- [Overview](README.md)\n"
        "\n## Review\n\n- [The author](guides/author.md): edit it\n"
        "- [The gate](check.md): the gate: what it checks\n"
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[a](no-page.md)", "but the target is not found among documentation files"),
        ("[a](README.md#nowhere)", "there is no such anchor"),
        ("[a](/README.md)", "contains an absolute link"),
    ],
)
def test_a_link_that_leads_nowhere_ends_the_build(written, said, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "README.md").write_text(f"# Home\n\n{written}\n")
    config = tmp_path / "mkdocs.yml"
    config.write_text(
        f"INHERIT: {ROOT}/mkdocs.yml\nnav: [README.md]\nnot_in_nav: ''\nextra_css: []\nhooks: []\n"
    )

    done = build(config, tmp_path / "site")

    assert (done.returncode, said in done.stderr) == (1, True), done.stderr


def test_a_link_out_of_the_pages_leads_to_the_repository():
    written = (
        "[a](../README.md#try) [b](../prompts) [c](start.md) [d](./start.md)\n```\n](../x)\n```"
    )

    assert HOOKS["links_to_repository"](written, PAGE, REPOSITORY) == (
        f"[a]({REPOSITORY}/blob/main/README.md#try) [b]({REPOSITORY}/tree/main/prompts) "
        "[c](start.md) [d](./start.md)\n```\n](../x)\n```"
    )


@pytest.mark.parametrize("target", ["../nowhere.py", "../../elsewhere"])
def test_a_link_out_of_the_pages_to_nothing_ends_the_build(target):
    with pytest.raises(Exception, match=r"docs/page.md: there is no file \.\./"):
        HOOKS["links_to_repository"](f"[a]({target})", PAGE, REPOSITORY)


def test_code_in_a_table_has_its_bars_and_a_link_the_title_of_its_page():
    row = r"| `a \| b` | c \| d |"
    linked = "[hooks.md](hooks.md#forks) [here](hooks.md)"

    assert HOOKS["bars_in_code"](f"`a \\| b`\n{row}") == "`a \\| b`\n| `a | b` | c \\| d |"
    assert HOOKS["titles_for_names"](linked, PAGE) == "[Hooks](hooks.md#forks) [here](hooks.md)"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a server on loopback for a folder."""
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.mark.slow
def test_a_browser_asks_nobody_else_finds_words_and_copies_what_a_reader_types(site, browser):
    asked = []
    with served(site) as address, browser.new_context() as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=address)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{address}/start.html")
        page.locator(".highlight", has_text="promptops init").locator("button").click()
        page.wait_for_selector(".md-dialog--active")
        copied = page.evaluate("navigator.clipboard.readText()")
        page.locator("input[name=query]").click()
        page.keyboard.type("waiver")
        # What is typed is searched after each letter.
        page.locator(".md-search-result__item", has_text="waiver").first.wait_for()

    assert copied == "git init -q -b main\npromptops init --hooks"
    assert [each for each in asked if not each.startswith(address)] == []


@pytest.mark.slow
def test_no_page_is_wider_than_a_phone(site, browser):
    wide = {}
    with browser.new_context(viewport=PHONE) as context:
        page = context.new_page()
        for file in [*site.glob("*.html"), *site.glob("reference/*.html")]:
            page.goto(file.as_uri())
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > PHONE["width"]:
                wide[file.name] = width

    assert wide == {}
