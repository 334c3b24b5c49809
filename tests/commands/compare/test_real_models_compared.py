"""Two profiles on the real small model: recorded, and replayed to the same result."""

import json

import pytest

from tests.commands.asked import ask
from tests.commands.compare.compared import contents
from tests.real_model import MODEL, missing, real_model

PROMPT = """\
format: promptops/1
model: {profile: steady, params: {max_output_tokens: 12}}
inputs:
  required: [country]
  properties:
    country: {type: string, maxLength: 40}
messages:
  - role: user
    content: Name the capital of {{ country }}.
evaluation:
  contract_margin: 40
  assertions:
    - {type: max-chars, value: 200, allow: [incomplete]}
tests:
"""
COUNTRIES = ("France", "Italy", "Spain", "Austria", "Kenya", "Peru", "Japan", "Norway")
CASES = "".join(f"  - {{name: {each}, inputs: {{country: {each}}}}}\n" for each in COUNTRIES)
PROFILE = """\
[models.{name}]
provider = "openai"
id = "{model}"
base_url = "{address}"
params = {{temperature = {temperature}, seed = 7}}
price = {{input = {price}, output = {price}}}
"""
ARM = "comparisons/lively/capital.recordings.jsonl"
COMPARE = ("compare", "--model", "lively")


@pytest.mark.slow
def test_two_profiles_of_a_real_model_are_recorded_and_replayed_alike(repo):
    if reason := missing():
        pytest.skip(reason)
    with real_model() as address:
        profiles = (("steady", 0, 2.0), ("lively", 0.8, 1.0))
        config = "".join(
            PROFILE.format(
                name=name,
                model=MODEL,
                address=address.base_url,
                temperature=temperature,
                price=price,
            )
            for name, temperature, price in profiles
        )
        repo.write({"promptops.toml": config, "prompts/capital.prompt.yaml": PROMPT + CASES})
        assert ask(repo.root, "test", "--record").code == 0
        gate = contents(repo)
        recorded = ask(repo.root, *COMPARE, "--record", "-j", "1", "--format", "json")
    replayed = ask(repo.root, *COMPARE, "--format", "json")

    assert (recorded.code, replayed.code, replayed.err) == (0, 0, "")
    files = contents(repo)
    assert sorted(files) == [ARM, *gate]
    assert {file: files[file] for file in gate} == gate
    (prompt,) = json.loads(replayed.out)["prompts"]
    rows = [json.loads(line) for line in files[ARM].decode().splitlines()]
    tokens = [row["usage"]["input"] + row["usage"]["output"] for row in rows]
    costs = {arm["name"]: arm["cost_usd_1000"] for arm in prompt["arms"]}
    assert costs["lively"] == round(1000 * sum(tokens) / len(tokens) / 1e6, 9)
    assert [arm["verdict"] for arm in prompt["arms"]] == ["reference", "not worse"]
    assert {row["case"]: row["repeat"] for row in rows} == dict.fromkeys(COUNTRIES, 0)
    assert [each["fit"] for each in map(json.loads, (recorded.out, replayed.out))] == [
        ["lively"],
        ["lively"],
    ]
