"""CHG309, CHG401 to CHG404: the model, its parameters, and the capabilities it needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from promptops.analysis.models import ModelFacts, canonical_provider, find
from promptops.analysis.secrets import without_secrets
from promptops.diff.changes import OWN_POLICY, change, equal
from promptops.diff.rendering import PromptSide
from promptops.model.change import ABSENT, CaseDiff, Change
from promptops.model.prompt import MediaPart, Model, Prompt, messages_of
from promptops.model.version import Bump
from promptops.patterns import lazy_pattern

_TOLD_ELSEWHERE = frozenset(("parallel_tool_calls", "stop"))
_ABILITIES = {"image": "see images", "audio": "hear sounds", "document": "read documents"}


def model_changes(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    """Changes in the model of a prompt and its parameters."""
    old, new = before.prompt.model, after.prompt.model
    if (old.provider, old.id) != (new.provider, new.id):
        yield _another(before, after)
    elif old.profile != new.profile:
        message = "another profile with the same model"
        yield change("CHG701", "/model/profile", message, before=old.profile, after=new.profile)
    yield from _endpoint(before, after)
    yield from _parameters(old, new)
    needed_before = _needed(before.prompt)
    for ability, path in _needed(after.prompt).items():
        if ability not in needed_before:
            yield change("CHG404", path, f"the model must be able to {ability}")


def long_context(
    before: PromptSide, after: PromptSide, cases: Iterable[CaseDiff]
) -> Iterator[Change]:
    """A request that fit into the old model's context window, but exceeds the new one's."""
    window = _window(before)
    if window is None:
        return
    for case in cases:
        if case.before_tokens <= window < case.after_tokens:
            message = f"the request of `{case.name}` exceeds the former limit of {window:,} tokens"
            facts = {"before": case.before_tokens, "after": case.after_tokens}
            yield change("CHG404", "/messages", message, **facts)
            return


def _window(side: PromptSide) -> int | None:
    model = side.prompt.model
    profile = side.catalog.config.models.get(model.profile or "")
    if profile is not None and profile.context_window is not None:
        return profile.context_window
    facts = find(model.provider or "", model.id or "")
    return facts.context_window if facts is not None else None


def _another(before: PromptSide, after: PromptSide) -> Change:
    old, new = before.prompt.model, after.prompt.model
    was, now = _named(old), _named(new)
    if now is None and new.profile is not None:
        message = f"there is no model: the profile `{new.profile}` does not exist"
        return change("CHG402", "/model", message, before=was, after=now)
    providers = [canonical_provider(each.provider or "") for each in (old, new)]
    if all(providers) and providers[0] != providers[1]:
        facts: dict[str, Any] = {"before": was, "after": now}
        if after.catalog.config.diff.provider_change == "minor":
            facts |= {"level": "BEHAVIOR", "bump": Bump.MINOR}
            if before.catalog.config.diff.provider_change != "minor":
                facts["risk"] = OWN_POLICY
        return change("CHG402", "/model", "the provider changed", **facts)
    message = f"the model changed{_compared(old, new)}"
    return change("CHG401", "/model", message, before=was, after=now)


def _endpoint(before: PromptSide, after: PromptSide) -> Iterator[Change]:
    """Changes of the server and the API key: not part of a request, but a risk."""
    name = after.prompt.model.profile or ""
    was, now = (side.catalog.config.models.get(name) for side in (before, after))
    if was is None or now is None:
        return
    for field in ("base_url", "api_key_env", "headers"):
        old, new = getattr(was, field), getattr(now, field)
        if old != new:
            message = f"`{field}` of the profile `{name}` differs"
            risk = "requests go to another server, or use another API key"
            facts = {} if field == "headers" else {"before": _shown(old), "after": _shown(new)}
            yield change("CHG701", f"/model/{field}", message, risk=risk, **facts)


def _named(model: Model) -> str | None:
    named = [name for name in (model.provider, model.id) if name]
    return "/".join(named) or None


def _compared(old: Model, new: Model) -> str:
    """Facts from the model table, such as a lower price or an earlier retirement."""
    facts = [find(each.provider or "", each.id or "") for each in (old, new)]
    if facts[0] is None or facts[1] is None:
        return ""
    differences = [*_price(facts[0], facts[1]), *_end(facts[0], facts[1])]
    return f": {', '.join(differences)}" if differences else ""


def _price(old: ModelFacts, new: ModelFacts) -> Iterator[str]:
    prices = [old.input_usd, old.output_usd, new.input_usd, new.output_usd]
    if None in prices or prices[:2] == prices[2:]:
        return
    word = "cheaper" if (new.output_usd or 0) < (old.output_usd or 0) else "more expensive"
    was, now = (f"{each.input_usd:g}/{each.output_usd:g}" for each in (old, new))
    yield f"{word} ({was} -> {now} USD per million tokens in/out)"


def _end(old: ModelFacts, new: ModelFacts) -> Iterator[str]:
    if new.retires_on and (not old.retires_on or new.retires_on < old.retires_on):
        yield f"it is retired on {new.retires_on}"


def _parameters(old: Model, new: Model) -> Iterator[Change]:
    for name in sorted(old.params.keys() | new.params.keys()):
        was, now = old.params.get(name, ABSENT), new.params.get(name, ABSENT)
        if equal(was, now) or name in _TOLD_ELSEWHERE:
            continue
        lower = name == "max_output_tokens" and _is_lower(now, was)
        message = f"`{name}` is lower: longer answers are cut off" if lower else f"`{name}` differs"
        path = f"/model/params/{name}"
        yield change("CHG403", path, message, before=was, after=now, warning=lower)
    was, now = (each.params.get("stop", ABSENT) for each in (old, new))
    if not equal(was, now):
        message = "the stop sequences changed"
        yield change("CHG309", "/model/params/stop", message, before=was, after=now)
    for name in sorted(old.provider_options.keys() | new.provider_options.keys()):
        was, now = (each.provider_options.get(name, ABSENT) for each in (old, new))
        if not equal(was, now):
            path = f"/model/provider_options/{name}"
            message = f"options for `{name}` differ"
            yield change("CHG403", path, message, before=_shown(was), after=_shown(now))


def _shown(value: Any) -> Any:
    """A setting without secrets."""
    if isinstance(value, str):
        # Any password in a URL is a secret, even one that does not look like a key.
        return without_secrets(_LOGIN.sub("***@", value))
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    return [_shown(item) for item in value] if isinstance(value, list) else value


_LOGIN = lazy_pattern(r"(?<=://)[^/?#]*@")


def _is_lower(now: Any, was: Any) -> bool:
    """Whether a limit is lower than before, or new."""
    return isinstance(now, int | float) and (was is ABSENT or now < was)


def _needed(prompt: Prompt) -> Mapping[str, str]:
    """The capabilities that the model needs, each with the first place that needs it."""
    found: dict[str, str] = {}
    for message in messages_of(prompt.messages):
        for part in message.parts:
            if isinstance(part, MediaPart):
                found.setdefault(_ABILITIES[part.kind], part.at)
    if prompt.tools:
        found["call tools"] = "/tools"
    return found
