"""What is said of the ids of a few prompt files is the same as where all ids are worked out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from promptops.catalog.catalog import Catalog
from promptops.lint.examples import DAY
from promptops.lint.rules.bad_id import bad_id
from promptops.lint.rules.duplicate_id import duplicate_id
from promptops.lint.subject import LintRun
from promptops.model.config import Config
from promptops.repo.tree import Listing, Tree

STEMS = st.lists(st.sampled_from(["a", "A", "b", "a.b", "-c"]), min_size=1, max_size=3)
PATHS = st.builds(
    lambda root, stem, ending: f"{root}{'/'.join(stem)}{ending}",
    st.sampled_from(["prompts/", "Prompts/", "llm/", ""]),
    STEMS,
    st.sampled_from([".prompt.yaml", ".prompt.yml", ".PROMPT.yml", ".yaml", ".prompt.yaml/x.md"]),
)
ROOTS = st.sampled_from([("prompts",), ("llm", "prompts"), (".",), ("prompts/a", "prompts")])


def catalog(paths, roots):
    lines = "".join(f"100644 {'a' * 40} 0\t{path}\0" for path in sorted(paths))
    tree = Tree("index", lambda: Listing(lines.encode()), lambda _: {})
    return Catalog(tree, Config(prompts=roots))


def found(of, concerned, searched):
    """The problems in or about the concerned paths, in order, if the ids near some are searched."""
    run = LintRun(today=DAY, complete=False, concerned=searched)
    problems = [*bad_id(of, run), *duplicate_id(of, run)]
    paths = [{each.at.path, *(r.place.path for r in each.related)} for each in problems]
    kept = [each for each, about in zip(problems, paths, strict=True) if about & concerned]
    return sorted(kept, key=lambda each: (each.at, each.message))


@given(st.sets(PATHS, max_size=8), ROOTS, st.data())
def test_the_ids_near_some_files_collide_with_them_as_all_ids_do(paths, roots, data):
    concerned = data.draw(st.sets(st.sampled_from(sorted(paths)), max_size=3)) if paths else set()
    few = found(catalog(paths, roots), concerned, frozenset(concerned))

    assert few == found(catalog(paths, roots), concerned, None)
