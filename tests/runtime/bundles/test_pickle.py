"""Bundles, prompts and requests go to another process, as a process pool sends them."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from promptops.bundles.build import bundle_of
from promptops.errors import InputError
from promptops.runtime.bundle.bundle import Bundle
from promptops.runtime.bundle.format import read_bundle
from promptops.workspace.workspace import workspace
from tests.runtime.bundles.made import FILES, INPUTS, ROOT

CHILD = """
import pickle, sys
bundle, prompt, inputs = pickle.load(sys.stdin.buffer)
request = prompt.render(**inputs)
found = bundle.digest, bundle.channel, bundle.stale, list(bundle), prompt.id, request.openai()
sys.stdout.buffer.write(pickle.dumps(found))
"""


@pytest.fixture
def bundle(repo):
    repo.write(FILES)
    repo.commit("everything")
    with workspace(repo.root, "HEAD") as opened:
        data = bundle_of(opened)
    return Bundle(read_bundle(data, "here"), where="here", channel="production", stale=True)


def test_another_process_renders_a_pickled_prompt_the_same(bundle):
    prompt = bundle["was/this"]
    expected = prompt.render(**INPUTS[0]).openai()

    sent = pickle.dumps((bundle, prompt, INPUTS[0]))
    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=sent, capture_output=True, check=True, cwd=ROOT
    )

    assert pickle.loads(done.stdout) == (
        bundle.digest,
        "production",
        True,
        list(bundle),
        prompt.id,
        expected,
    )


def test_a_prompt_and_its_bundle_stay_together(bundle):
    prompt = bundle["was/this"]

    both, one = pickle.loads(pickle.dumps((bundle, prompt)))
    request = pickle.loads(pickle.dumps(prompt.render(**INPUTS[0])))

    assert both[one.id] is one
    assert request.openai() == prompt.render(**INPUTS[0]).openai()
    assert copy.deepcopy(prompt).render(**INPUTS[0]).openai() == request.openai()


def test_changed_bytes_are_refused(bundle):
    sent = pickle.dumps(bundle)

    with pytest.raises(InputError, match="here"):
        pickle.loads(sent.replace(b"All that", b"All this"))
