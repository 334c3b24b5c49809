"""No page, template or line of code sends a reader or a CI job to an address that is not ours.

promptops is published nowhere yet. Whoever owns a name that it does not own could run code on the
machines of its users, so every address is an example or belongs to a third party on this list.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THIRD_PARTIES = {
    "ai.google.dev": "where a model's retirement date is from",
    "YOUR_RESOURCE.openai.azure.com": "no resource: its name cannot contain `_`",
    "aiplatform.googleapis.com": "the address of Vertex AI",
    "api-docs.deepseek.com": "where a model's retirement date is from",
    "api.anthropic.com": "the address of the provider `anthropic`",
    "api.openai.com": "the address of the provider `openai`",
    "cloud.google.com": "where a model's retirement date is from",
    "bedrock-runtime.us-west-2.amazonaws.com": "the address of Amazon Bedrock",
    "developers.openai.com": "where a model's retirement date is from",
    "distributed.dask.org": "the documentation of the cluster engine",
    "docs.aws.amazon.com": "where a model's retirement date is from",
    "docs.cloud.google.com": "where a model's retirement date is from",
    "docs.mistral.ai": "where a model's retirement date is from",
    "docs.x.ai": "where a model's retirement date is from",
    "generativelanguage.googleapis.com": "the address of the provider `gemini`",
    "github.com/actions": "a bug of actions/checkout",
    "github.com/dotnet": "how often the gate of another project changed its verdict",
    "github.com/your_org": "no account: a name on GitHub cannot contain `_`",
    "gitlab.com/GROUP": "the reader's own project",
    "json-schema.org": "the identifier of a dialect, never fetched",
    "json.schemastore.org": "the identifier of SARIF's schema, never fetched",
    "man.openbsd.org": "the format of allowed signers",
    "openrouter.ai": "the address of OpenRouter",
    "platform.claude.com": "where a model's retirement date is from",
    "www.rfc-editor.org": "standards",
}
ACTIONS = {"actions/checkout", "actions/setup-python", "actions/upload-artifact"} | {
    "github/codeql-action/upload-sarif",
    "your_org/promptops",
}
EXAMPLES = re.compile(
    r"(.*\.)?example(\.com|\.org|\.net)?|.*\.(invalid|test)|localhost|127(\.\d+){3}|\[::1?\]|host|HOST"
)
ADDRESS = re.compile(
    r"(?:https?|ssh|git)://(?:[^\s/@\"'`<>]*@)?(\[[^\]\s]*\]|[\w.-]+)(?::\d+)?(/[\w.-]+)?"
)
ACTION = re.compile(r"(?m)^[\s-]*uses: *[\"']?(\w[\w./-]+)@(\S+)")
SHORT = re.compile(r"git@([\w.-]+):")
OURS_BY_NAME = re.compile(
    r"pip3? install\b(?:(?!&&)[^\n`|])*?"
    r"[ '\"](?:git-)?promptops(?:\[[\w,]*\])?(?=['\"`\s]|$)(?! @ )"
)


def texts() -> dict[str, str]:
    """All that a reader or a machine follows, by path; tests may name whatever they refuse."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (Path(name) for name in listed.stdout.decode().split("\0") if name)
    kept = [path for path in paths if path.parts[0] not in ("tests", "benchmarks")]
    # It has the pages of its packages' donations; no address that npm installs from
    # (tests/editors/test_extension_sources.py).
    kept = [path for path in kept if path.name != "package-lock.json"]
    # Other people's code and licences; the policy of the workbench forbids all foreign addresses.
    built = ("app.js", "LICENSES.txt")
    kept = [path for path in kept if path.name not in built or "assets" not in path.parts]
    # A small model makes up addresses, which nothing requests; an answer must stay as it was.
    kept = [path for path in kept if not path.name.endswith(".recordings.jsonl")]
    return {str(path): _text(ROOT / path) for path in kept if (ROOT / path).is_file()}


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def foreign(text: str) -> list[str]:
    """The addresses of a text that are neither an example nor on the list."""
    found = [(match[1], match[2] or "") for match in ADDRESS.finditer(text)]
    found += [(match[1], "") for match in SHORT.finditer(text)]
    return [f"{host}{path}" for host, path in found if not _known(host, path)]


def _known(host: str, path: str) -> bool:
    is_listed = host in THIRD_PARTIES or f"{host}{path}" in THIRD_PARTIES
    return is_listed or EXAMPLES.fullmatch(host) is not None


def test_every_address_is_an_example_or_of_a_named_third_party():
    found = {path: foreign(text) for path, text in texts().items()}

    assert {path: addresses for path, addresses in found.items() if addresses} == {}


def test_every_third_party_is_named_somewhere():
    every = "\n".join(texts().values())

    assert [name for name in THIRD_PARTIES if name not in every] == []


def test_every_action_is_on_the_list_and_pinned_by_commit():
    found = {match.groups() for text in texts().values() for match in ACTION.finditer(text)}

    assert {name for name, _ in found} == ACTIONS
    assert [ref for _, ref in found if not re.fullmatch("[0-9a-f]{40}", ref)] == []


def test_nothing_installs_promptops_by_its_name_from_an_index():
    found = {path: OURS_BY_NAME.findall(text) for path, text in texts().items()}

    assert [path for path, names in found.items() if names] == []


@pytest.mark.parametrize(
    "text",
    [
        "git clone https://github.com/promptops/promptops",
        "repo: https://gitlab.com/promptops/promptops",
        "git clone git@github.com:promptops/promptops",
        "ssh://git@promptops.dev/promptops",
        "https://example.com.evil.io/a",
        "https://me:word@promptops.io/a",
    ],
)
def test_an_address_that_somebody_else_may_own_is_found(text):
    assert len(foreign(text)) == 1


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("pip install git-promptops", True),
        ("pip install -q 'git-promptops[all]'", True),
        ("pip install promptops", True),
        ("pip install ./promptops", False),
        ("pip install '../promptops[all]'", False),
        ("pip install 'git-promptops @ git+https://git.example.com/a@0'", False),
    ],
)
def test_an_installation_by_name_is_found(text, refused):
    assert bool(OURS_BY_NAME.search(text)) == refused
