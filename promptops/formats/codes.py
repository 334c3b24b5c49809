"""The codes of what `import` loses, changes or assumes: names, severities."""

from __future__ import annotations

from promptops.formats.document import Loss
from promptops.model.finding import Severity

_ERRORS = {
    "IMP001": "unknown-format",
    "IMP002": "unreadable",
    "IMP003": "nothing-in-it",
    "IMP004": "data-set",
    "IMP005": "target-differs",
    "IMP006": "id-taken",
    "IMP016": "self-check",
}
"""The prompt, or the whole file, is not written."""

_LOST = {
    "IMP101": "computed-role",
    "IMP102": "no-counterpart",
    "IMP103": "runs-code",
    "IMP104": "missing-file",
    "IMP105": "media-in-template",
    "IMP106": "tools",
    "IMP107": "no-model",
    "IMP108": "out-of-range",
    "IMP109": "role-attributes",
    "IMP110": "section",
    "IMP111": "connection",
    "IMP112": "api-kind",
    "IMP113": "sample-missing",
    "IMP114": "unknown-key",
    "IMP115": "unread-case-input",
    "IMP116": "assertion",
    "IMP117": "named-schema",
    "IMP118": "input-no-object",
    "IMP119": "output-format",
    "IMP120": "output-parser",
    "IMP121": "chain",
    "IMP122": "several-settings",
    "IMP123": "output-variable",
    "IMP124": "editor-context",
    "IMP127": "red-team",
    "IMP128": "test-generator",
    "IMP129": "configuration",
    "IMP130": "more-providers",
}
"""Something is gone."""

_CHANGED = {
    "IMP201": "renamed-input",
    "IMP202": "kept-as-x",
    "IMP203": "kept-as-metadata",
    "IMP204": "coerced",
    "IMP205": "means-default",
    "IMP206": "unknown-type",
    "IMP207": "safe-filter",
    "IMP208": "empty-message",
    "IMP209": "conversion",
    "IMP210": "html-escape",
    "IMP211": "partial-indent",
    "IMP212": "tidied",
    "IMP213": "prints-otherwise",
    "IMP214": "unenforced-output",
    "IMP215": "engine-name",
    "IMP216": "type-widened",
    "IMP217": "key-spelling",
    "IMP218": "literal-placeholder",
    "IMP219": "evaluator",
    "IMP220": "context-variable",
    "IMP221": "examples-inlined",
    "IMP222": "role-lines",
    "IMP223": "loose-front-matter",
    "IMP224": "computed-in-code",
    "IMP225": "conversation",
    "IMP226": "output-text",
    "IMP227": "assertion-changed",
    "IMP228": "score-added",
    "IMP229": "not-rendered-there",
    "IMP230": "templated-value",
    "IMP231": "empty-list",
    "IMP232": "section-kind",
    "IMP233": "repeated-replacement",
}
"""Everything is there, written in another way."""

_ASSUMED = {
    "IMP301": "provider-assumed",
    "IMP302": "history",
    "IMP303": "partial-by-name",
    "IMP304": "copy-file",
    "IMP305": "inferred-input",
    "IMP306": "may-be-left-out",
    "IMP307": "text-prompt",
    "IMP308": "maybe-variable",
    "IMP309": "syntax-guessed",
    "IMP310": "role-lines-found",
    "IMP311": "role-assumed",
    "IMP312": "case-file",
    "IMP313": "not-jinja",
    "IMP314": "shared-paragraph",
}
"""The source does not define it."""

NAMES = _ERRORS | _LOST | _CHANGED | _ASSUMED
"""The name of each code."""

MAY_REFUSE = frozenset(("IMP101", "IMP102", "IMP103", "IMP104", "IMP105", "IMP118", "IMP127"))
"""Losses that can refuse a prompt: see `Loss.refuses`."""

_RENDERS_OTHERWISE = frozenset(
    ("IMP210", "IMP211", "IMP213", "IMP219", "IMP227", "IMP230", "IMP231", "IMP233")
)


def severity_of(loss: Loss) -> Severity:
    """The severity of a loss; an error refuses its prompt."""
    if loss.refuses or loss.code in _ERRORS:
        return Severity.ERROR
    if loss.code in _LOST or loss.code in _RENDERS_OTHERWISE:
        return Severity.WARNING
    return Severity.INFO
