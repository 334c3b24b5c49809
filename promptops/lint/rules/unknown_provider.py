"""CFG015."""

from __future__ import annotations

from collections.abc import Iterator

from promptops.analysis.models import covers, providers
from promptops.catalog.catalog import Catalog
from promptops.json_pointer import escaped
from promptops.lint import Problem, Severity, rule
from promptops.model.config import ModelProfile
from promptops.model.place import Place
from promptops.source.config import FILES, SHARED_FILE
from promptops.source.toml_places import TomlPlaces
from promptops.suggestions import nearest_name


@rule("CFG015", severity=Severity.ERROR)
def unknown_provider(catalog: Catalog) -> Iterator[Problem]:
    """The provider of a profile is not a misspelt name of a known provider.

    Known are the providers of promptops, of installed plug-ins and of the model table. Any other
    name is accepted for your own server (a profile with `base_url`), unless it differs from a known
    one by a letter: it would be called in another format. Without `base_url`, a name unlike any
    known one is accepted, too: an application may have its own client for it.

    Bad:
        --- promptops.toml
        [models.fast]
        provider = "opneai"
        id = "gpt-5.4-mini-2026-03-17"

    Bad:
        --- promptops.toml
        [models.claude]
        provider = "antropic"
        id = "claude-opus-5"
        base_url = "https://gateway.acme.example"

    Good:
        --- promptops.toml
        [models.fast]
        provider = "openai"
        id = "gpt-5.4-mini-2026-03-17"

    Good:
        --- promptops.toml
        [models.own]
        provider = "acme"
        id = "acme-7b"
    """
    for name, profile in catalog.config.models.items():
        near = _misspelt(profile)
        if near is not None:
            yield Problem(
                f"there is no provider `{profile.provider}`",
                at=_place(catalog, name),
                hint=f"did you mean `{near}`?",
            )


_NEARLY_EQUAL = 0.85


def _misspelt(profile: ModelProfile) -> str | None:
    """The known provider that is probably meant; None if the name is correct or unlike all."""
    if covers(profile.provider):
        return None
    from promptops.evals.providers.registry import is_known, names

    if profile.base_url is not None:
        near = nearest_name(profile.provider, names(), _NEARLY_EQUAL)
        return near if near is not None and near not in profile.provider else None
    if is_known(profile):
        return None
    return nearest_name(profile.provider, {*names(), *providers()})


def _place(catalog: Catalog, profile: str) -> Place:
    path = catalog.config.path
    text = catalog.files.text(path) if path is not None else None
    if path is None or text is None:
        return Place(path or FILES[0])
    prefix = "/tool/promptops" if path == SHARED_FILE else ""
    return TomlPlaces(path, text.value, prefix).place(f"/models/{escaped(profile)}/provider")
