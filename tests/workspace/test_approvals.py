"""An API key goes where the default branch sends it, or where this machine approved it."""

from __future__ import annotations

import ast
from contextlib import contextmanager
from pathlib import Path

import pytest

import promptops
from promptops.errors import PromptopsError, UsageError
from promptops.evals.providers.endpoint import Approved, approve, endpoint_of, shown_endpoint
from promptops.model.config import ModelProfile
from promptops.testing.model_calls import Unwatched
from promptops.testing.options import RunOptions
from promptops.testing.recordings.store import SampleSize
from promptops.testing.runner import test as run_cases
from promptops.workspace.approved_endpoints import HINT, Approvals
from promptops.workspace.selection import SelectionOptions
from promptops.workspace.workspace import workspace
from tests.servers.fault_server import fault_server

KEY = "acme7f3a9b2c5d1e4a6b8c0d"
SECRET = "another7f3a9b2c5d1e4a6b8c0d"
SET_HEAD = "git remote set-head origin -a"
NO_BRANCH = "the default branch is unknown"
NO_ENDPOINT = "the default branch, `main`, has no such endpoint"

PROMPT = """\
format: promptops/1
description: Answers.
owners: ["@a"]
model: {profile: fast}
messages:
  - {role: user, content: Say word.}
tests:
  - name: one
    output:
      - {type: contains, value: word}
"""
CODE = """\
      - {type: python, value: "./checks.py:polite"}
"""


def profile(address: str, variable: str = "ACME_KEY", name: str = "fast", more: str = "") -> str:
    return (
        f'[models.{name}]\nprovider = "openai"\nid = "m-1"\nbase_url = "{address}"\n'
        f'api_key_env = "{variable}"\nprice = {{input = 0.0, output = 0.0}}\n{more}'
    )


class Printed(Unwatched):
    """Keeps the lines that a person must see."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def calls(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(autouse=True)
def _keys(monkeypatch):
    monkeypatch.setenv("ACME_KEY", KEY)
    monkeypatch.setenv("SECRET_TOKEN", SECRET)


@pytest.fixture
def ours():
    with fault_server() as server:
        yield server


@pytest.fixture
def theirs():
    with fault_server() as server:
        yield server


@pytest.fixture
def catalog(repo, ours):
    """A repository whose default branch calls `ours` with ACME_KEY."""
    repo.write({"promptops.toml": profile(ours.base_url), "prompts/ask.prompt.yaml": PROMPT})
    repo.commit("one")
    return repo


@contextmanager
def refused(*lines: str, reason: str = NO_ENDPOINT, hint: str = HINT):
    with pytest.raises(UsageError) as caught:
        yield
    assert (caught.value.message, caught.value.hint) == (f"{'; '.join(lines)}: {reason}", hint)


def unknown(command: str) -> dict[str, str]:
    """What is refused and why, if git has to know the default branch first."""
    trust = HINT.removesuffix("; or commit the configuration to the default branch")
    return {"reason": NO_BRANCH, "hint": f"{command}; or {trust}"}


def run(repo, mode="record", wanted=None, **options):
    watcher = Printed()
    with workspace(repo.root) as opened:
        run_cases(
            opened, wanted or SelectionOptions(), RunOptions(mode=mode, watcher=watcher, **options)
        )
    return watcher.lines


def at(server, variable="ACME_KEY", name="fast"):
    return f"`{name}` at {server.base_url} with the API key in {variable}"


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "record"},
        {"mode": "live"},
        {"mode": "refresh"},
        {"mode": "replay", "audit": SampleSize(count=9)},
    ],
    ids=["record", "live", "refresh", "audit"],
)
@pytest.mark.parametrize("variable", ["ACME_KEY", "SECRET_TOKEN"])
def test_a_branch_can_send_no_key_to_its_own_address(catalog, theirs, options, variable):
    run(catalog)
    catalog.git("switch", "--quiet", "-c", "change")
    catalog.write({"promptops.toml": profile(theirs.base_url, variable)})
    catalog.commit("theirs")
    if options["mode"] == "record":
        catalog.write({"prompts/ask.prompt.yaml": PROMPT.replace("Say", "Repeat")})

    with refused(at(theirs, variable)):
        run(catalog, **options)

    assert theirs.requests == []


def test_a_branch_can_send_no_other_variable_to_an_address_that_is_approved(catalog, ours):
    catalog.write({"promptops.toml": profile(ours.base_url, "SECRET_TOKEN")})

    with refused(at(ours, "SECRET_TOKEN")):
        run(catalog)

    assert ours.requests == []


def test_what_is_trusted_once_is_remembered_by_this_machine_and_shown_before(catalog, theirs):
    catalog.write({"promptops.toml": profile(theirs.base_url, "SECRET_TOKEN")})

    shown = at(theirs, "SECRET_TOKEN")
    first = run(catalog, trusted=True)
    second = run(catalog, "refresh")

    assert (first, second) == (
        [f"approved on this machine: {shown}", f"calling {shown}"],
        [f"calling {shown}"],
    )
    assert [each.headers["authorization"] for each in theirs.requests] == [f"Bearer {SECRET}"] * 2


def test_an_approval_is_of_one_address_and_one_variable(catalog, theirs):
    catalog.write({"promptops.toml": profile(theirs.base_url, "SECRET_TOKEN")})
    run(catalog, trusted=True)
    catalog.write({"promptops.toml": profile(theirs.base_url, "ACME_KEY")})

    with refused(at(theirs)):
        run(catalog, "refresh")


def test_a_linked_work_tree_shares_the_approvals(catalog, theirs, tmp_path):
    catalog.git("switch", "--quiet", "-c", "change")
    catalog.write({"promptops.toml": profile(theirs.base_url)})
    catalog.commit("theirs")
    run(catalog, trusted=True)
    catalog.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    linked = type(catalog)(tmp_path / "linked")

    assert run(linked, "refresh") == [f"calling {at(theirs)}"]


def test_the_endpoint_of_the_default_branch_is_printed_and_called(catalog, ours):
    assert run(catalog) == [f"calling {at(ours)}"]
    assert [each.headers["authorization"] for each in ours.requests] == [f"Bearer {KEY}"]


def test_a_branch_that_keeps_the_endpoint_is_not_refused(catalog, ours):
    catalog.git("switch", "--quiet", "-c", "change")
    text = profile(ours.base_url).replace("m-1", "m-2").replace("models.fast", "models.quick")
    catalog.write(
        {
            "promptops.toml": profile(ours.base_url) + text,
            "prompts/ask.prompt.yaml": PROMPT.replace("fast", "quick"),
        }
    )

    assert run(catalog) == [f"calling {at(ours, name='quick')}"]


def test_a_branch_may_call_what_the_default_branch_named_where_it_began(catalog, ours, theirs):
    catalog.git("branch", "change")
    catalog.write({"promptops.toml": profile(theirs.base_url)})
    catalog.commit("moved")
    catalog.git("switch", "--quiet", "change")

    assert run(catalog) == [f"calling {at(ours)}"]


def test_since_names_no_commit_of_the_change_as_its_own_witness(catalog, theirs):
    catalog.git("switch", "--quiet", "-c", "change")
    catalog.write({"promptops.toml": profile(theirs.base_url)})
    catalog.commit("theirs")
    catalog.write({"prompts/ask.prompt.yaml": PROMPT.replace("Say", "Repeat")})
    catalog.commit("more")

    with refused(at(theirs)):
        run(catalog, wanted=SelectionOptions(since="HEAD~1"))


def test_uncommitted_edits_on_the_default_branch_are_a_difference(catalog, theirs):
    catalog.write({"promptops.toml": profile(theirs.base_url)})

    with refused(at(theirs)):
        run(catalog)


def test_a_repository_without_a_commit_calls_what_it_names(repo, ours):
    repo.write({"promptops.toml": profile(ours.base_url), "prompts/ask.prompt.yaml": PROMPT})

    assert run(repo) == [f"calling {at(ours)}"]


def test_the_only_branch_is_the_default_one_whatever_its_name(catalog, ours):
    catalog.git("branch", "-m", "main", "trunk")

    assert run(catalog) == [f"calling {at(ours)}"]


def test_of_several_branches_git_may_know_the_default_one(catalog, ours):
    catalog.git("branch", "-m", "main", "trunk")
    catalog.git("switch", "--quiet", "-c", "change")

    with refused(at(ours), **unknown("git config init.defaultBranch NAME")):
        run(catalog)
    catalog.git("config", "init.defaultBranch", "trunk")

    assert run(catalog) == [f"calling {at(ours)}"]


def test_in_a_clone_the_branch_of_the_remote_counts(catalog, ours, theirs, tmp_path):
    catalog.git("clone", "--quiet", "--depth=1", f"file://{catalog.root}", str(tmp_path / "clone"))
    clone = type(catalog)(tmp_path / "clone")
    before = run(clone)
    clone.write({"promptops.toml": profile(theirs.base_url)})
    clone.commit("merged from elsewhere, on the local default branch")

    with refused(at(theirs), reason=NO_ENDPOINT.replace("main", "origin/main")):
        run(clone, "refresh")

    assert before == [f"calling {at(ours)}"]


def test_a_job_that_fetched_no_default_branch_calls_nothing(catalog, ours, tmp_path):
    catalog.git("update-ref", "refs/pull/1/merge", "HEAD")
    clone = type(catalog)(tmp_path / "clone")
    clone.root.mkdir()
    clone.git("init", "--quiet", "--template=")
    clone.git("remote", "add", "origin", str(catalog.root))
    clone.git("fetch", "--quiet", "origin", "+refs/pull/1/merge:refs/remotes/pull/1/merge")
    clone.git("checkout", "--quiet", "--detach", "refs/remotes/pull/1/merge")

    with refused(at(ours), **unknown(SET_HEAD)):
        run(clone)
    clone.git("fetch", "--quiet", "origin", "main:refs/remotes/origin/main")

    assert run(clone) == [f"calling {at(ours)}"]


@pytest.fixture
def trunk(catalog, theirs, tmp_path):
    """A repository that fetched `trunk`, the default branch, and `main`, which a colleague pushed.

    `git remote add` with `git fetch` leaves `origin/HEAD` unset, and so does `actions/checkout`.
    """
    catalog.git("branch", "-m", "main", "trunk")
    catalog.git("switch", "--quiet", "-c", "main")
    catalog.write({"promptops.toml": profile(theirs.base_url)})
    catalog.commit("theirs")
    catalog.git("switch", "--quiet", "trunk")
    clone = type(catalog)(tmp_path / "clone")
    clone.root.mkdir()
    clone.git("init", "--quiet", "--template=")
    clone.git("remote", "add", "origin", str(catalog.root))
    clone.git("-c", "remote.origin.followRemoteHEAD=never", "fetch", "--quiet", "origin")
    return clone


@pytest.mark.parametrize("wanted", [None, "HEAD~1"], ids=["", "since"])
def test_a_pushed_main_receives_no_key_if_the_default_branch_is_unknown(
    trunk, ours, theirs, wanted
):
    trunk.git("switch", "--quiet", "main")
    trunk.write({"prompts/ask.prompt.yaml": PROMPT.replace("Say", "Repeat")})
    trunk.commit("a change of it")

    with refused(at(theirs), **unknown(SET_HEAD)):
        run(trunk, wanted=SelectionOptions(since=wanted))
    trunk.git("remote", "set-head", "origin", "-a")
    with refused(at(theirs), reason=NO_ENDPOINT.replace("main", "origin/trunk")):
        run(trunk)
    trunk.git("switch", "--quiet", "trunk")

    assert run(trunk) == [f"calling {at(ours)}"]
    assert theirs.requests == []


def test_code_of_a_pushed_main_does_not_run_beside_keys_if_the_default_branch_is_unknown(trunk):
    trunk.git("switch", "--quiet", "main")
    with workspace(trunk.root) as opened:
        approvals = Approvals(repository=opened.repository, announce=list, base="origin/main")

        reason = approvals.refused_code(
            "promptops.toml", trunk.root.joinpath("promptops.toml").read_bytes()
        )

    assert reason == f"promptops.toml is not approved: {NO_BRANCH}; {unknown(SET_HEAD)['hint']}"


@pytest.mark.parametrize(
    ("more", "shown"),
    [
        ('headers = {Host = "theirs.example.com"}', ", headers Host"),
        ('headers = {x-forward-to = "theirs"}', ", headers x-forward-to"),
    ],
)
def test_headers_are_compared_and_their_values_are_not_shown(catalog, ours, more, shown):
    catalog.write({"promptops.toml": profile(ours.base_url, more=more)})

    with refused(at(ours) + shown):
        run(catalog)


@pytest.mark.parametrize("setting", ["embeddings", "moderations", None])
def test_profiles_of_judges_and_services_are_refused_before_the_first_request(
    catalog, ours, theirs, setting
):
    more = profile(theirs.base_url, name="other")
    more += f'[test]\n{setting} = "other"\n' if setting else ""
    judge = PROMPT.replace("tests:", "evaluation:\n  judge: {profile: other}\ntests:")
    catalog.write(
        {"promptops.toml": profile(ours.base_url) + more, "prompts/ask.prompt.yaml": judge}
    )

    with refused(at(theirs, name="other")):
        run(catalog)

    assert ours.requests == []


def test_a_local_server_without_a_key_is_compared_too(catalog, ours, theirs):
    text = profile(theirs.base_url).replace('api_key_env = "ACME_KEY"\n', "")
    catalog.write({"promptops.toml": text})

    with refused(f"`fast` at {theirs.base_url} with no API key"):
        run(catalog)


def test_the_code_that_judges_is_the_default_branch_s_or_does_not_run(catalog, tmp_path):
    good = "def polite(output, facts):\n    return True\n"
    catalog.write({"prompts/ask.prompt.yaml": PROMPT + CODE, "prompts/checks.py": good})
    catalog.commit("code")
    catalog.git("switch", "--quiet", "-c", "change")
    ran = tmp_path / "ran"
    bad = f"open({str(ran)!r}, 'w').close()\n{good}"
    catalog.write({"prompts/checks.py": bad})

    def outcome(**options):
        with workspace(catalog.root) as opened:
            chosen = RunOptions(mode="record", watcher=Printed(), **options)
            (case,) = run_cases(opened, SelectionOptions(), chosen).cases
        wrong = [each.reason for each in case.assertions if each.status != "passed"]
        return case.status, wrong, ran.exists()

    reason = (
        "`python` assertions do not run here: "
        "prompts/checks.py is not approved: the default branch, "
        f"`main`, has no such code; {HINT}"
    )
    assert outcome() == ("error", [reason], False)
    assert outcome(trusted=True) == ("passed", [], True)
    assert outcome() == ("passed", [], True)


def test_code_that_the_default_branch_had_once_may_judge(catalog):
    code = "def polite(output, facts):\n    return True\n"
    catalog.write({"prompts/ask.prompt.yaml": PROMPT + CODE, "prompts/checks.py": code})
    catalog.commit("code")
    catalog.git("branch", "change")
    catalog.write({"prompts/checks.py": f"# newer\n{code}"})
    catalog.commit("newer")
    catalog.git("switch", "--quiet", "change")

    with workspace(catalog.root) as opened:
        (case,) = run_cases(opened, SelectionOptions(), RunOptions(mode="record")).cases

    assert case.status == "passed"


@pytest.mark.parametrize("mode", ["record", "live", "refresh"])
def test_untrusted_changes_call_nothing_even_where_the_endpoint_is_approved(
    catalog, ours, monkeypatch, mode
):
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")

    with pytest.raises(UsageError) as caught:
        run(catalog, mode, trusted=True)

    assert (caught.value.message, ours.requests) == (
        "no API calls for an untrusted change: PROMPTOPS_UNTRUSTED is set",
        [],
    )


def test_no_approval_is_made_by_hand_nor_for_another_endpoint(monkeypatch):
    known = ModelProfile(name="a", provider="openai", id="m", base_url="https://a.example.com")
    other = ModelProfile(name="a", provider="openai", id="m", base_url="https://b.example.com")
    trusted = {endpoint_of(known)}

    assert approve(known, trusted).profile is known
    with pytest.raises(TypeError):
        Approved(known, object())
    with pytest.raises(UsageError):
        approve(other, trusted)
    monkeypatch.setenv("PROMPTOPS_UNTRUSTED", "1")
    with pytest.raises(UsageError):
        approve(known, trusted)


def test_the_address_in_the_environment_is_printed_and_needs_no_approval(
    catalog, theirs, monkeypatch
):
    """The environment is the user's: no change can set it."""
    monkeypatch.setenv("OPENAI_BASE_URL", theirs.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    text = '[models.fast]\nprovider = "openai"\nid = "m-1"\nprice = {input = 0.0, output = 0.0}\n'
    catalog.git("checkout", "-q", "-b", "change")
    catalog.write({"promptops.toml": text})

    lines = run(catalog)

    assert lines == [f"calling {at(theirs, 'OPENAI_API_KEY')} (address from OPENAI_BASE_URL)"]
    assert [each.headers["authorization"] for each in theirs.requests] == [f"Bearer {KEY}"]


def test_the_address_in_the_environment_gets_no_other_key_without_approval(
    catalog, theirs, monkeypatch
):
    monkeypatch.setenv("OPENAI_BASE_URL", theirs.base_url)
    text = '[models.fast]\nprovider = "openai"\nid = "m-1"\napi_key_env = "SECRET_TOKEN"\n'
    catalog.git("checkout", "-q", "-b", "change")
    catalog.write({"promptops.toml": text})

    with refused("`fast` at https://api.openai.com/v1 with the API key in SECRET_TOKEN"):
        run(catalog)

    assert theirs.requests == []


@pytest.mark.parametrize("provider", ["anthropic", "gemini"])
def test_a_branch_can_send_the_key_of_a_provider_to_no_other_address(
    catalog, theirs, monkeypatch, provider
):
    variable = f"{provider.upper()}_API_KEY"
    monkeypatch.setenv(variable, KEY)
    text = profile(theirs.base_url, variable).replace('"openai"', f'"{provider}"')
    catalog.git("checkout", "-q", "-b", "change")
    catalog.write({"promptops.toml": text})

    with refused(at(theirs, variable)):
        run(catalog)

    assert theirs.requests == []


def test_options_of_a_plug_in_that_name_an_address_are_part_of_its_endpoint():
    plain = ModelProfile(name="a", provider="acme", id="m", provider_options={"acme": {"k": 1}})
    other = {"acme": {"k": 2, "nested": [{"api_base": "https://b.example.com"}]}}
    hidden = {"acme": {"target": "https://b.example.com"}}

    assert endpoint_of(plain) == endpoint_of(plain, {"acme": {"k": 2}})
    assert len({endpoint_of(plain), endpoint_of(plain, other), endpoint_of(plain, hidden)}) == 3
    assert shown_endpoint(plain) == ("the plug-in's own address with no API key, provider `acme`")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:pa55w0rd@host.example.com/v1?key=x", "https://host.example.com/v1"),
        ("https://api.openai.com@evil.example.com/v1", "https://evil.example.com/v1"),
        ("https://sk-hidden.example.com/v1", "https://sk-hidden.example.com/v1"),
        ("https://\u0430pi.example.com/v1", "https://xn--pi-6kc.example.com/v1"),
        (f"https://{'a' * 90}.evil.example.com", f"https://…{'a' * 63}.evil.example.com"),
    ],
)
def test_the_host_is_shown_as_it_is_and_nothing_secret_beside_it(address, shown):
    asked = ModelProfile(
        name="a", provider="openai", id="m", base_url=address, headers={"x": "example"}
    )

    assert shown_endpoint(asked) == f"{shown} with no API key, headers x"


def test_one_place_alone_makes_providers_and_one_alone_approves():
    callers = {name: set() for name in ("approve", "provider_of", "batches_of", "Approved")}
    root = Path(promptops.__file__).parent
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.name in callers:
                        callers[alias.name].add(file.relative_to(root).as_posix())

    assert callers == {
        "approve": {"workspace/approved_endpoints.py"},
        "provider_of": {"testing/model_calls.py"},
        "batches_of": {"testing/batches.py"},
        "Approved": {
            "evals/providers/registry.py",
            "workspace/approved_endpoints.py",
            # They pass approvals on.
            "testing/batches.py",
            "testing/model_calls.py",
        },
    }


def test_what_can_not_be_read_in_git_s_directory_approves_nothing(catalog, theirs):
    catalog.write(
        {"promptops.toml": profile(theirs.base_url), ".git/promptops/approved.json": "[broken"}
    )

    with pytest.raises(PromptopsError):
        run(catalog)
