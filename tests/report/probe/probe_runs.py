"""Runs of attacks for the tests of reports: a usual one, and one whose every text is hostile."""

from __future__ import annotations

from dataclasses import replace

from promptops.model.answer import Answer
from promptops.model.place import Place
from promptops.model.probe import (
    AttackRate,
    AttributeRate,
    BiasDirection,
    BiasResult,
    FamilyRate,
    MatrixCell,
    ProbedCase,
    ProbeRun,
    PromptProbes,
    SkippedProbe,
    TaskCount,
)
from promptops.model.test_run import AssertionResult, CaseRun, Decided, MessageText, Worse

HOSTILE = (
    "<script>document.title='pwned';alert(1)</script>\u202e\u200b\x1b[31m`</pre>|@everyone\n"
    "::error::x ##[error] ![](https://evil.example/?q=1)"
)
RATE = AttackRate(succeeded=1, n=2, low=0.0945, high=0.9055)
NONE = AttackRate(succeeded=0, n=2, low=0, high=0.6576)


def usual() -> ProbeRun:
    return run_of("persona-unbound", "ticket", "BBKM", "support/triage")


def hostile() -> ProbeRun:
    return run_of(HOSTILE, HOSTILE, HOSTILE, HOSTILE)


def accepted_too() -> ProbeRun:
    """Two successful attacks, of which the prompt accepts the second."""
    run = usual()
    first = run.cases[0]
    name = "authority-developer"
    accepted = replace(
        first,
        run=replace(first.run, name=f"{name} in ticket"),
        probe=name,
        family="authority",
        accepted=True,
    )
    return replace(run, cases=(*run.cases, accepted))


def nothing() -> ProbeRun:
    return ProbeRun(
        library=1, rate=AttackRate(), verdict="pass", nothing="no input is marked x-untrusted"
    )


def run_of(name: str, target: str, text: str, prompt: str) -> ProbeRun:
    place = Place("prompts/support/triage.prompt.yaml", 17, 5, 17, 11)
    attacks = [
        _case(name, target, text, prompt, place, succeeded=True),
        _case(f"{name} 2", target, text, prompt, place, succeeded=False),
        _stale(name, target, prompt, place),
    ]
    families = (
        FamilyRate(family="persona", title="Persona", owasp=("LLM01:2025",), rate=RATE),
        FamilyRate(family="authority", title="Authority", owasp=("LLM01:2025",), rate=NONE),
    )
    answer = Answer(text=text)
    worse = Worse(name=name, before=1, after=0, before_answer=answer, after_answer=answer)
    decided = Decided(
        prompt=prompt, score="resistance", verdict="fail", line=f"lower {text}", worst=(worse,)
    )
    attacked = PromptProbes(
        prompt=prompt,
        inputs=(target,),
        attacked=3,
        stale=1,
        rate=RATE,
        limited=RATE,
        max=5,
        families=families,
        matrix=(
            MatrixCell(family="persona", input=target, rate=RATE),
            MatrixCell(family="authority", input=target, rate=AttackRate(), stale=1),
        ),
        kept=TaskCount(1, 2),
        decided=decided,
        bias=BiasResult(
            decision="/category",
            rate=RATE,
            attributes=(AttributeRate(text, RATE),),
            directions=(BiasDirection(value=text, first=1, second=0, p=0.5),),
        ),
        failures=(f"certainly over `evaluation.probes.max`: {text}",),
        unused=(name,),
    )
    return ProbeRun(
        library=1,
        rate=RATE,
        verdict="fail",
        families=families,
        prompts=(attacked,),
        cases=tuple(attacks),
        skipped=(
            SkippedProbe(prompt=prompt, why=text, family="bias"),
            SkippedProbe(prompt=prompt, why=text, input=target),
            SkippedProbe(
                prompt=prompt,
                why="longer than `maxLength` (9 of 3 characters)",
                id=name,
                family="persona",
                input=target,
            ),
        ),
        problems=(CaseRun(prompt=prompt, name="", status="error", reason=text, place=place),),
        baseline=name,
        next=f"promptops probe {name}",
        ended=text,
        unasked=1,
    )


def _case(
    name: str, target: str, text: str, prompt: str, place: Place, *, succeeded: bool
) -> ProbedCase:
    status = "failed" if succeeded else "passed"
    assertion = AssertionResult(
        type="no-injection", status=status, must=True, reason=text, place=place, on="answer"
    )
    run = CaseRun(
        prompt=prompt,
        name=f"{name} in {target}",
        status=status,
        place=place,
        assertions=(assertion,),
        messages=(MessageText("system", text), MessageText("user", text)),
        answer=Answer(
            text=text, tool_calls=({"name": text, "arguments": {"a": text}},), model=text
        ),
        source="recorded",
    )
    return ProbedCase(
        run=run,
        probe=name,
        family="persona",
        owasp="LLM01:2025",
        input=target,
        succeeded=succeeded,
        kept=not succeeded,
    )


def _stale(name: str, target: str, prompt: str, place: Place) -> ProbedCase:
    run = CaseRun(prompt=prompt, name=f"{name} 3", status="stale", place=place, reason="missing")
    return ProbedCase(run=run, probe=name, family="authority", owasp="LLM01:2025", input=target)
