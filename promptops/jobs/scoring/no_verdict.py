"""Why a judge gave no verdict, without text that may quote a sample."""

from __future__ import annotations

from promptops.patterns import lazy_pattern

_REASON = lazy_pattern(
    r"(?s)(?P<who>the [^\n]*?) gave no answer: (?P<why>(?:`[^`]*` \([^()]*\): )?(?:"
    r"it can't be called: (?:write `|there is no |it has no model).*"
    r"|the server answered with status \d+"
    r"|connection refused.*|the host is not found|the connection (?:failed|timed out)"
    r"|the server closed the connection|the stream ended[^:]*))?"
)


def reason_without_content(reason: str) -> str:
    """The part of a reason that promptops wrote: a server or a judge may quote the sample."""
    found = _REASON.match(reason)
    if found is None:
        return "the reply can't be used"
    why = found["why"] or "the reply can't be used"
    return f"{found['who']} gave no answer: {why}"
