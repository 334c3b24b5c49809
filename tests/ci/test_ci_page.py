"""What docs/ci.md shows is run, and what it says of the action is what the action says."""

import json
import os
import re
import shutil
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import yaml

from tests.ci.conftest import PROMPT, TRIAGE
from tests.ci.job import ROOT
from tests.ci.page import PAGE, block

KINDER = PROMPT.replace("You sort tickets.", "You kindly sort tickets.")
PROJECT = "/projects/5/merge_requests/7/notes"
MARKER = "<!-- promptops check -->"


def table(heading):
    """The rows of the first table below a heading, as lists of cells."""
    rows = re.findall(r"(?m)^\| (.*) \|$", PAGE.partition(f"\n{heading}\n")[2].partition("\n#")[0])
    return [[cell.strip() for cell in row.split("|")] for row in rows]


def test_the_inputs_that_are_told_are_those_there_are():
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))

    told = {row[0].strip("`"): row[1].strip("`") for row in table("### Inputs")[1:]}
    there = {name: each["default"] for name, each in action["inputs"].items()}
    assert told.keys() == there.keys()
    in_words = {"base", "token"}
    assert {name: told[name] for name in there if name not in in_words} == {
        name: default for name, default in there.items() if name not in in_words
    }


def test_the_outputs_that_are_told_are_those_there_are():
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    told = PAGE.partition("\nOutputs, for later steps:")[2].partition("\n\n")[0]

    assert set(re.findall(r"`(\w+)`", told)) >= action["outputs"].keys()


def test_the_permissions_that_are_told_are_those_of_the_workflow(workflow):
    told = {
        tuple(cell.strip("`") for cell in row[:2])
        for row in table("### What each permission is for")[1:]
    }

    assert told == {
        (f"{scope}: {level}", name)
        for name, job in workflow["jobs"].items()
        for scope, level in job["permissions"].items()
    }


def test_the_workflow_of_the_page_checks_a_pull_request(pull_request, github):
    job = pull_request({TRIAGE: KINDER}, workflow=yaml.safe_load(block("yaml", "permissions: {}")))

    assert (job.failed, len(github.comments)) == (False, 1)


def test_the_commands_for_another_ci_are_those_there_are(catalog, remote, command, tmp_path):
    catalog.git("push", "--quiet", "origin", "main")
    catalog.write({TRIAGE: KINDER})
    catalog.commit("two")
    lines = block("sh", "git fetch --tags origin").splitlines()
    assert (
        lines[0]
        == "pip install 'git-promptops @ git+https://git.example.com/acme/promptops@COMMIT'"
    )

    for line in lines[1:]:
        shown = line.replace("promptops", command, 1) if line.startswith("promptops") else line
        subprocess.run(["bash", "-ec", shown], cwd=catalog.root, check=True)

    assert (catalog.root / "comment.md").read_text("utf-8").startswith(MARKER)
    assert {each.name for each in catalog.root.glob("promptops.*")} == {
        "promptops.toml",
        "promptops.sarif",
        "promptops.xml",
    }


class GitLab(BaseHTTPRequestHandler):
    """Notes of one merge request; anybody can read them, and only a token can write."""

    notes: list[dict]

    def do_GET(self):
        self._answer({"id": 1} if self.path == "/user" else self.notes)

    def do_POST(self):
        self.notes.append({"id": len(self.notes) + 1, "author": {"id": 1}, **self._body()})
        self._answer(self.notes[-1])

    def do_PUT(self):
        note = self.notes[int(self.path.rpartition("/")[2]) - 1]
        note.update(self._body())
        self._answer(note)

    def log_message(self, *_):
        """Not into the tests' output."""

    def _body(self):
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, value):
        allowed = self.headers["PRIVATE-TOKEN"] == "a-token" and self.path.startswith(
            ("/user", PROJECT)
        )
        data = json.dumps(value).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def gitlab(tmp_path):
    """Run the job that comments: its exit code; the notes are kept between runs."""
    for name in ("curl", "jq"):
        if shutil.which(name) is None:
            pytest.skip(f"no {name}: apt-get install {name}")
    handler = type("Handler", (GitLab,), {"notes": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "apk").symlink_to("/bin/true")
    job = yaml.safe_load(block("yaml", "PROMPTOPS_COMMENT_TOKEN"))["promptops comment"]

    def run(report, token="a-token"):
        (tmp_path / "comment.md").write_text(report, "utf-8")
        variables = {
            "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}",
            "CI_PROJECT_ID": "5",
            "CI_MERGE_REQUEST_IID": "7",
            "PROMPTOPS_COMMENT_TOKEN": token,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "no_proxy": "127.0.0.1",
        }
        script = "\n".join(job["script"])
        return subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script], cwd=tmp_path, env=variables, check=False
        ).returncode

    run.notes = handler.notes
    yield run
    server.shutdown()
    server.server_close()


def test_the_comment_on_a_merge_request_is_written_once_and_brought_up_to_date(gitlab):
    theirs = {"id": 1, "author": {"id": 9}, "body": f"{MARKER}\ntrust me"}
    gitlab.notes.append(dict(theirs))

    codes = [gitlab(f"{MARKER}\n{said}\n") for said in ('fail: "$(touch pwned)"', "pass")]

    assert codes == [0, 0]
    assert gitlab.notes == [theirs, {"id": 2, "author": {"id": 1}, "body": f"{MARKER}\npass\n"}]


def test_a_token_that_is_wrong_fails_the_job_that_comments(gitlab):
    assert gitlab(f"{MARKER}\npass\n", token="another") != 0
    assert gitlab.notes == []


def test_the_comment_is_only_for_who_may_write_here():
    (rule,) = yaml.safe_load(block("yaml", "PROMPTOPS_COMMENT_TOKEN"))["promptops comment"]["rules"]

    assert rule["if"].split(" && ")[1:] == [
        "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID",
        "$PROMPTOPS_COMMENT_TOKEN",
    ]
