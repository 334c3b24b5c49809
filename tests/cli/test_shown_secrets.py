"""A secret that somebody pasted is in no output of any command, in no format."""

from __future__ import annotations

import pytest

from tests.command_line import FILES
from tests.tiers import fast_spread

KEY = "gsk_Zq8Lm3WvXyRb7NcHs5KpDf2GjUe9QaTt4oPl6YhBn1CvXz0A"
PEM = "MIIEowIBAAKCAQEAq8Zt3LmWv0XyRb7NcHs5KpDf2GjUe9QaTt4oPl6YhBn1CvXz"
LINT = ("full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit", "markdown")
CHECK = ("text", "json", "markdown", "html", "github", "gitlab", "sarif", "junit")
MODEL = FILES["promptops.toml"].partition("[[")[0]
ASK = "prompts/support/triage.prompt.yaml"


def linted(repo, say, *secrets: str) -> set[int]:
    """The exit codes in all formats, after all that was printed was searched."""
    commands = [("lint", "--no-cache", "--format", name) for name in LINT]
    return searched(repo, say, secrets, [*commands, ("lint", "--no-cache", "--staged")])


def used(repo, say, *secrets: str) -> None:
    """The other commands that read the configuration."""
    commands = [("check", "--since", "HEAD", "--no-cache", "--format", each) for each in CHECK]
    commands += [("doctor", "--format", name) for name in ("text", "json")]
    commands += [("diff", "HEAD", "--worktree", "--format", name) for name in ("text", "json")]
    searched(repo, say, secrets, [*commands, ("test",), ("list",)])


def searched(repo, say, secrets, commands) -> set[int]:
    codes = set()
    for command in commands:
        said = say(*command, "-C", str(repo.root))
        assert [each for each in secrets if each in said.out + said.err] == [], command
        assert "there is no format" not in said.err
        codes.add(said.code)
    return codes


@pytest.fixture
def project(repo):
    repo.write(FILES)
    repo.commit("one")
    return repo


@pytest.mark.parametrize(
    "line",
    fast_spread(
        [
            f'api_key_env = "{KEY}"',
            f'api_key_env = "{KEY.replace("gsk_", "gsk-")}"',
            f'base_url = "{KEY}"',
            f'"{KEY}" = 1',
            f'headers = {{x = 1, "{KEY}" = 2}}',
            f'id = "{KEY}"\nid = 1',
        ],
        1,
    ),
    ids=["variable", "no variable", "address", "key", "header", "twice"],
)
def test_a_configuration_that_is_refused_is_quoted_without_its_secret(project, say, line):
    config = MODEL if "id" not in line else MODEL.replace('id = "gpt-5.4-mini-2026-03-17"\n', "")
    project.write({"promptops.toml": f"{config}{line}\n"})
    project.git("add", ".")

    assert linted(project, say, KEY[5:]) == {3}
    used(project, say, KEY[5:])


@pytest.mark.parametrize(
    "line",
    fast_spread(
        [
            f'base_url = "https://me:{KEY}@models.acme.test/v1"',
            f'headers = {{Authorization = "Bearer {KEY}"}}',
            f'headers = {{x-acme-token = "{KEY}"}}',
            f'provider_options = {{openai = {{extra = "{KEY}"}}}}',
            f"# {KEY}",
        ],
        1,
    ),
    ids=["password", "bearer", "header", "option", "comment"],
)
def test_a_secret_in_the_configuration_is_found_and_not_shown(project, say, line):
    project.write({"promptops.toml": f"{MODEL}{line}\n"})
    project.git("add", ".")

    assert linted(project, say, KEY[5:]) == {1}
    used(project, say, KEY[5:])


@pytest.mark.parametrize(
    "files",
    fast_spread(
        [
            {"channels.yaml": f"production: {{release: {KEY}, serial: 1}}\n"},
            {"prompts/checks.py": f"KEY = '{KEY}'\n"},
            {ASK: FILES[ASK].replace("You sort tickets.", f"Use {KEY} {{{{ tikcet }}}} the the.")},
            {ASK: FILES[ASK].replace("It blinks.", f"Use {KEY} now now", 1)},
            {ASK: FILES[ASK].replace("format: promptops/1", f"format: {KEY}")},
            {ASK: FILES[ASK].replace("profile: fast", f"profile: {KEY}")},
            {ASK: FILES[ASK].replace("tags: [support]", f"tags: {{a: {KEY}}}")},
            {
                ASK: FILES[ASK].replace(
                    "You sort tickets.",
                    "-----BEGIN RSA PRIVATE KEY-----\n"
                    f"      {PEM} {{{{ tikcet }}}}\n      {PEM[::-1]}  \n"
                    "      -----END RSA PRIVATE KEY-----",
                )
            },
        ],
        2,
    ),
    ids=["channels", "code", "text", "case", "format", "profile", "tags", "private key"],
)
def test_findings_beside_a_secret_do_not_show_it(project, say, files):
    project.write(files)
    project.git("add", ".")

    assert linted(project, say, KEY[5:], PEM, PEM[::-1]) == {1}


WRONG = {
    "profile": {"promptops.toml": FILES["promptops.toml"].replace("models.fast", f"models.{KEY}")},
    "model": {"promptops.toml": FILES["promptops.toml"].replace("gpt-5.4-mini-2026-03-17", KEY)},
    "tag": {"promptops.toml": f'{FILES["promptops.toml"]}\n[release]\ntag_format = "{KEY}"\n'},
    "attribute": {".gitattributes": f"*.yaml filter={KEY}\n"},
    "unknown key": {ASK: f"{FILES[ASK]}\n{KEY}: 1\n"},
    "base": {ASK: f"{FILES[ASK]}\nextends: {KEY}\n"},
    "yaml tag": {ASK: f"{FILES[ASK]}\nx-a: !{KEY} a\n"},
    "template": {ASK: FILES[ASK].replace("You sort tickets.", f"{{% include '{KEY}' %}}")},
    "branch": {
        ASK: FILES[ASK].replace(
            "You sort tickets.", f"{{% if ticket == 'x' %}}{{% include '{KEY}.md' %}}{{% endif %}}"
        )
    },
    "name": {ASK: FILES[ASK].replace("You sort tickets.", f"{{{{ {KEY} }}}}")},
    "suppression": {ASK: f"{FILES[ASK]}\n# promptops: ignore[{KEY}] because\n"},
}


@pytest.mark.parametrize("files", fast_spread(WRONG.values(), 2), ids=WRONG)
def test_a_secret_in_a_wrong_place_is_in_no_error_no_risk_and_no_change(project, say, files):
    project.write(files)
    project.commit("two")
    gate = [("check", "--since", "HEAD~1", "--no-cache", "--format", each) for each in CHECK]
    diffs = [("diff", "HEAD~1", "--format", each) for each in ("text", "json", "markdown")]
    commands = [*gate, *diffs, ("test", "--coverage"), ("doctor",), ("log", "support/triage")]

    searched(project, say, [KEY[5:], KEY[5:25]], commands)
