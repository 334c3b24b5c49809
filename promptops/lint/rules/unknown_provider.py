"""CFG015."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from promptops.analysis.models import is_well_known, providers
from promptops.catalog.catalog import Catalog, profile_place
from promptops.lint import Problem, Severity, rule
from promptops.model.config import ModelProfile
from promptops.model.prompt import provider_name
from promptops.suggestions import nearest_name


@rule("CFG015", severity=Severity.ERROR)
def unknown_provider(catalog: Catalog) -> Iterator[Problem]:
    """The provider of a profile is not a misspelt name of a known provider.

    Known are the providers of promptops, of installed plug-ins and of the model table, in upper or
    lower case. Any other name is accepted for your own server (a profile with `base_url`), unless
    it differs from a known one by a letter or two exchanged ones: it would be called in another
    format. Without `base_url`, a name unlike any known one is accepted, too: an application may
    have its own client for it. CFG021 reports known providers that promptops can't call.

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
        provider = "OpenAI"
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
                at=profile_place(catalog, name, "provider", profile.provider),
                hint=f"did you mean `{near}`?",
            )


_NEARLY_EQUAL = 0.85


def _misspelt(profile: ModelProfile) -> str | None:
    """The known provider that is probably meant; None if the name is correct or unlike all."""
    name = provider_name(profile.provider)
    if is_well_known(name):
        return None
    from promptops.evals.providers.registry import is_known, names

    if profile.base_url is not None:
        near = nearest_name(name, names(), _NEARLY_EQUAL) or _with_exchanged_letters(name, names())
        return near if near is not None and near not in name else None
    if is_known(profile):
        return None
    return nearest_name(name, {*names(), *providers()})


def _with_exchanged_letters(name: str, known: Iterable[str]) -> str | None:
    return next((each for each in known if sorted(each) == sorted(name)), None)
