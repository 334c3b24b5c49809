"""What an application renders is what was tested: to the order of keys and the point of 1.0."""

from __future__ import annotations

import pytest

from promptops.bundles.build import bundle_of
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import Fields, read_bundle
from promptops.runtime.bundle.prompts import prompt_of, prompt_value
from promptops.runtime.request.render import Renderer, RenderError
from promptops.workspace.workspace import workspace
from tests.runtime.bundles.made import FILES, INPUTS, ROOT, comparable, ordered, readable


@pytest.fixture
def full(repo):
    """A prompt with one of everything."""
    repo.write(FILES)
    repo.commit("everything")
    return repo


def outcome(render, inputs):
    """The request, or the reason why it is missing; the place of an error is that in the file."""
    try:
        return ordered(render(inputs))
    except RenderError as error:
        return error.message, str(error.place) if error.frame else None


def both(catalog, prompt, bundle):
    """The same prompt as the repository renders it, and as an application does."""
    here = Renderer(prompt, catalog.load, catalog.files.data)
    return here.request, lambda inputs: bundle[prompt.id].render_from(inputs).request


def test_a_prompt_with_everything_is_what_it_was(full):
    with workspace(full.root, "HEAD") as opened:
        (prompt,) = readable(opened.catalog.prompts())
        again = prompt_of(Fields(prompt_value(prompt)))

        assert comparable(again) == comparable(prompt)
        assert ordered(again.inputs) == ordered(prompt.inputs)
        assert ordered(again.output) == ordered(prompt.output)
        assert ordered([again.tools, again.tool_choice]) == ordered(
            [prompt.tools, prompt.tool_choice]
        )
        assert ordered([again.model, again.metadata]) == ordered([prompt.model, prompt.metadata])


SAID = [
    r"Rate from 1.0; z=1 a=2.5 \nOne.",
    r"{{ x }} {% raw %} </s>",
    "this object has no `text`",
]


@pytest.mark.parametrize(("inputs", "said"), list(zip(INPUTS, SAID, strict=True)))
def test_a_request_is_the_same_from_a_bundle(full, inputs, said):
    with workspace(full.root, "HEAD") as opened:
        bundle = Bundle(read_bundle(bundle_of(opened), "here"), where="here")
        (prompt,) = readable(opened.catalog.prompts())
        here, there = both(opened.catalog, prompt, bundle)

        assert said in str(outcome(here, inputs))
        assert outcome(there, inputs) == outcome(here, inputs)


def test_all_cases_of_our_own_catalog_render_the_same_from_a_bundle(repo):
    files = {
        str(path.relative_to(ROOT)): path.read_bytes()
        for folder in ("prompts", "schemas")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    repo.write({**files, "promptops.toml": (ROOT / "promptops.toml").read_bytes()})
    repo.commit("our own")
    compared = 0

    with workspace(repo.root, "HEAD") as opened:
        bundle = Bundle(read_bundle(bundle_of(opened), "here"), where="here")
        for prompt in readable(opened.catalog.prompts()):
            here, there = both(opened.catalog, prompt, bundle)
            for case in prompt.cases:
                assert outcome(there, case.inputs) == outcome(here, case.inputs), prompt.id
                compared += 1

        assert set(bundle) == set(opened.catalog.paths)
    assert compared > 20


def test_an_error_in_a_partial_is_told_at_its_place(full):
    full.write({"prompts/partials/two.md.j2": "Two:\n\n  {{ question + 1 }}\n"})
    full.commit("broken")
    with workspace(full.root, "HEAD") as opened:
        bundle = Bundle(read_bundle(bundle_of(opened), "here"), where="here")

    with pytest.raises(RenderError) as raised:
        bundle["all/full"].render_from(INPUTS[0])

    assert str(raised.value.place) == "prompts/partials/two.md.j2:3:6"


def test_an_old_id_leads_to_the_prompt(full):
    with workspace(full.root, "HEAD") as opened:
        bundle = Bundle(read_bundle(bundle_of(opened), "here"), where="here")

    assert bundle["was/this"].id == "all/full"
    assert list(bundle) == ["all/full"]
