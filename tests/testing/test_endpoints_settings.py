"""Who is asked for embeddings and moderations: a profile by its name, or an error at its place."""

import pytest

from promptops.errors import InputError, UsageError
from promptops.source.config import load

MODELS = b'[models.embedder]\nprovider = "openai"\nid = "e-1"\n'


def test_the_names_are_read() -> None:
    config = load({"promptops.toml": MODELS + b'[test]\nembeddings = "embedder"\n'})

    assert (config.test.embeddings, config.test.moderations) == ("embedder", None)


@pytest.mark.parametrize("key", ["embeddings", "moderations"])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("embeder", "did you mean `embedder`?"),
        ("other", "give it a profile: [models.other]"),
    ],
)
def test_a_name_that_is_no_profile_is_an_error_at_its_place(key: str, name: str, hint: str) -> None:
    text = MODELS + f'[test]\n{key} = "{name}"\n'.encode()

    with pytest.raises(InputError) as caught:
        load({"promptops.toml": text})

    error = caught.value
    assert (error.message, error.where, error.hint) == (
        f"there is no model `{name}`",
        "promptops.toml:5:1",
        hint,
    )


def test_an_override_that_names_no_profile_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="there is no model `x`"):
        load({"promptops.toml": MODELS}, ['test.embeddings = "x"'])


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(InputError, match="expected a non-empty string, got an empty string"):
        load({"promptops.toml": MODELS + b'[test]\nembeddings = ""\n'})
