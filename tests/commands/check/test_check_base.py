"""What the gate takes from the base of a change, and never from the change itself."""

from promptops.cli.main import run

ASK = "prompts/ask.prompt.yaml"

PROMPT = """\
format: promptops/1
description: Answers.
messages:
  - {role: user, content: Say please.}
tests:
  - name: one
    rendered:
      - {type: contains, value: please}
"""

INCLUDING = PROMPT.replace(
    "{role: user, content: Say please.}",
    "role: user\n    content: |\n      Say please.\n      {% include 'part.md.j2' %}",
)


def test_the_roots_of_the_base_do_not_hide_what_the_change_broke(repo, base, checked):
    base({"promptops.toml": "", ASK: INCLUDING, "prompts/part.md.j2": "Be kind.\n"})
    (repo.root / "lib").mkdir()
    repo.git("mv", ASK, "lib/ask.prompt.yaml")
    repo.write({"promptops.toml": 'prompts = ["lib"]\n'})

    code, lines = checked("--since", "main", "--at", "worktree")

    assert code == 1
    assert any("there is no template `part.md.j2`" in line for line in lines)


def test_a_change_does_not_make_its_own_model_cheap(repo, base, checked):
    model = '[models.fast]\nprovider = "openai"\nid = "acme-1-2026-01-01"\nprice = {{input = {}}}\n'
    budget = PROMPT + "budget: {cost_usd: 0.001}\nmodel: {profile: fast}\n"
    base({"promptops.toml": model.format("10.0"), ASK: budget})
    long = budget.replace("Say please.", f"Say please. {'word ' * 400}")
    repo.write({"promptops.toml": model.format("0.01"), ASK: long})

    code, lines = checked("--since", "main", "--at", "worktree")

    assert code == 1
    assert any("TOK001" in line for line in lines)


def test_a_root_that_is_a_link_is_refused_as_diff_does(repo, base, capsys):
    base({ASK: PROMPT})
    repo.git("rm", "-r", "--quiet", "prompts")
    (repo.root / "prompts").symlink_to("/etc")
    repo.commit("a link")

    code = run(["check", "-C", str(repo.root), "--since", "main"])

    assert code == 3
    assert "prompts: error: the root `prompts` is a symbolic link" in capsys.readouterr().err


def test_sarif_knows_nothing_of_rules_that_only_the_change_has(repo, base, checked):
    base({"promptops.toml": "", ASK: PROMPT})
    rule = (
        '[[lint.rules]]\ncode = "X001"\nname = "x"\nkind = "existence"\ntokens = ["(("]\n'
        'message = "a stranger\'s"\n'
    )
    repo.write({"promptops.toml": rule, ASK: PROMPT.replace("Answers.", "Answers all.")})

    code, lines = checked("--since", "main", "--format", "sarif")

    assert (code, "X001" in "\n".join(lines)) == (0, False)
