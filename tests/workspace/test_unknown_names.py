"""A prompt that names a profile or a tool that does not exist has no request to send."""

import pytest

from promptops.bundles.build import bundle_of
from promptops.errors import InputError
from promptops.model.place import Place
from promptops.runtime.request.render import Renderer, RenderError
from promptops.workspace.render import render_case
from promptops.workspace.workspace import workspace

CONFIG = '[models.fast]\nprovider = "openai"\nid = "gpt-5.4-mini-2026-03-17"\n'
PROFILE = """\
format: promptops/1
model: {profile: fsat}
messages:
  - role: user
    content: Hello.
tests:
  - name: one
    rendered:
      - {type: contains, value: Hello}
"""
TOOL = PROFILE.replace("fsat", "fast").replace(
    "messages:",
    "tools:\n  - {name: find, description: Finds., parameters: {type: object}}\n"
    "tool_choice: {name: fnd}\nmessages:",
)
WRONG = [
    (PROFILE, "there is no profile `fsat`", "prompts/a.prompt.yaml:2:18", "did you mean `fast`?"),
    (TOOL, "the prompt has no tool `fnd`", "prompts/a.prompt.yaml:5:21", "did you mean `find`?"),
]


@pytest.fixture
def opened(repo):
    """A workspace with one prompt."""

    def start(prompt: str):
        repo.write({"promptops.toml": CONFIG, "prompts/a.prompt.yaml": prompt})
        return workspace(repo.root)

    return start


@pytest.mark.parametrize(("prompt", "message", "place", "hint"), WRONG, ids=["profile", "tool"])
def test_what_does_not_exist_is_not_rendered(opened, prompt, message, place, hint):
    with opened(prompt) as found, pytest.raises(InputError) as caught:
        render_case(found, "prompts/a.prompt.yaml", None)

    assert (caught.value.message, caught.value.where, caught.value.hint) == (message, place, hint)


@pytest.mark.parametrize(("prompt", "message", "place", "hint"), WRONG, ids=["profile", "tool"])
def test_no_bundle_contains_what_does_not_exist(opened, prompt, message, place, hint):
    with opened(prompt) as found, pytest.raises(InputError) as caught:
        bundle_of(found)

    assert (caught.value.message, caught.value.where) == (message, place)


def test_an_application_gets_no_request_without_a_model(opened):
    with opened(PROFILE) as found:
        prompt = found.catalog.loaded("prompts/a.prompt.yaml").prompt
        renderer = Renderer(prompt, found.catalog.load)

        with pytest.raises(RenderError) as caught:
            renderer.request({})

    assert (caught.value.message, caught.value.place) == (
        "there is no profile `fsat`: the request has no model",
        Place("prompts/a.prompt.yaml", 2, 18, 2, 22),
    )
