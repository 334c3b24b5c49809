"""Comparisons that contain untrusted text wherever it may be, and large ones."""

from __future__ import annotations

from dataclasses import replace

from promptops.model.answer import Answer
from promptops.model.arm import ArmAnswer, ArmComparison, ComparedCase, KeptContracts, Violation
from promptops.model.place import Place
from promptops.model.test_run import CaseRun, Decided, MessageText, Worse
from tests.report.compare.comparisons import arm, case, comparison, contracts, prompt, reference
from tests.report.test.hostile_runs import ATTACK


def hostile(text: str = ATTACK) -> ArmComparison:
    """The text is in every string that a model, a provider or the author of a change writes."""
    place = Place(text, 1, 1, 1, 2)
    calls = ({"name": text, "arguments": {text: text}},)
    answer = Answer(text=f"{text}\nsame", tool_calls=calls, finish_reason=text, model=text)
    decided = Decided(
        prompt=text,
        score=text,
        verdict="fail",
        line=text,
        worst=tuple(
            Worse(name=text, before=1, after=0, before_answer=before, after_answer=answer)
            for before in (Answer(text=f"same\n{text}"), answer, Answer(text=""))
        ),
    )
    failing = CaseRun(prompt=text, name=text, status="error", place=place, reason=text)
    worse = arm(
        f"1 {text}",
        90,
        model=text,
        note=text,
        needs=text,
        unpaired=(text,),
        kept=contracts(text),
        contracts=KeptContracts(kept=1, of=2),
        decided=decided,
        others=(decided,),
        problems=(failing,),
    )
    arms = reference(text, model=text), worse, replace(worse, name=f"2 {text}", verdict="open")
    answers = tuple(
        ArmAnswer(
            arm=each.name,
            answer=answer,
            source="recorded",
            violated=(Violation(text, text),),
            reason=text,
        )
        for each in arms
    )
    attacked = ComparedCase(
        name=text,
        place=place,
        messages=(MessageText(text, text), MessageText("user", text)),
        answers=answers,
    )
    return comparison(
        replace(prompt(*arms, cases=0), prompt=text, score=text, cases=(attacked,)),
        nothing=text,
        next=text,
        ended=text,
        required=text,
    )


def large(prompts: int, cases: int) -> ArmComparison:
    """Four arms besides the reference, with two answers to each case."""
    arms = (reference(), *(arm(f"arm {number}", number) for number in range(4)))
    every = tuple(case(number, arms) for number in range(cases))
    return comparison(
        *(
            replace(prompt(*arms, cases=0), prompt=f"prompt-{number:03}", cases=every)
            for number in range(prompts)
        )
    )
