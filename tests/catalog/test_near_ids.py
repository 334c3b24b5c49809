"""What is said of the ids of a few prompt files is the same as where all ids are worked out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from promptops.catalog.catalog import Catalog
from promptops.lint.rules.bad_id import bad_id
from promptops.lint.rules.duplicate_id import duplicate_id
from promptops.model.config import Config
from promptops.repo.listing import Listing
from promptops.repo.tree import Tree

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


def found(of, concerned):
    """The problems that are in or about some paths, in order."""
    of.whole = False
    problems = [*bad_id(of), *duplicate_id(of)]
    paths = [{each.at.path, *(r.place.path for r in each.related)} for each in problems]
    kept = [each for each, about in zip(problems, paths, strict=True) if about & concerned]
    return sorted(kept, key=lambda each: (each.at, each.message))


@given(st.sets(PATHS, max_size=8), ROOTS, st.data())
def test_ids_in_question_decide_what_all_ids_decide(paths, roots, data):
    concerned = data.draw(st.sets(st.sampled_from(sorted(paths)), max_size=3)) if paths else set()
    few = catalog(paths, roots)
    few.concerned = frozenset(concerned)

    assert found(few, concerned) == found(catalog(paths, roots), concerned)
