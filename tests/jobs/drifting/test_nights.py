"""Nights of a release: what is asked, decided and written."""

from tests.jobs.drifting.nightly import night, released, verdicts


def test_a_broken_model_is_found_and_blamed(repo):
    with released(repo) as model:
        first = night(repo)
        for _ in range(10):
            steady = night(repo)
        model.name, model.wrong, model.text = "m-2", 6, "so good"
        found = night(repo)

    print(first.prompts[0].line, first)
    print(steady.prompts[0].line)
    print(found.prompts[0])
    print(
        repo.git(
            "notes", "--ref", "refs/notes/promptops-drift", "show", repo.git("rev-parse", "v1.0.0")
        )
    )
    assert verdicts(found) == {"ask": "drifted"}
