"""The result of a search in words: for a terminal, and for a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from promptops.evals.deciding.decision import MOST_ADVISED_CASES, in_points
from promptops.evals.deciding.improvement import FEWEST_CASES
from promptops.model.optimization import (
    HeldOutDecision,
    Optimization,
    ProposedText,
    TriedProposal,
)
from promptops.model.report import Style, plain
from promptops.plurals import counted
from promptops.report.differences import by_words, marked, patch_lines, shortened
from promptops.report.document import Remark, ended_early
from promptops.report.markdown_text import block, code, sentence
from promptops.report.test.facts import cost
from promptops.report.visible import visible, visible_path

_LINES_OF_A_TEXT = 60
_SHOWN_PROPOSALS = 20


def summary(found: Optimization) -> str:
    """The verdict in one line, which is also the first one of the patch."""
    decision = found.held_out.decision
    if found.state != "none" and decision is not None:
        return _decided(found, decision)
    if found.search.score is None:
        return "nothing was searched: not all answers to the prompt as it stands came"
    if not found.search.proposals:
        full = "every case of the search has the full score already"
        return f"no proposal was made: {'not all answers came' if found.unanswered else full}"
    if found.state == "none":
        return f"no proposal is better on the {counted(found.search.cases, 'case')} of the search"
    what = "was not checked" if found.held_out.cases else "has no cases"
    return f"unproved: the held-out half {what}"


def _decided(found: Optimization, decision: HeldOutDecision) -> str:
    figures = _difference(decision)
    if found.state == "proved":
        claim = "better" if found.goal == "better" else "not worse with fewer tokens"
        return f"proved {claim}: {figures}, alpha {found.held_out.alpha:.2g}"
    if decision.contracts_lost:
        return f"not better: {figures}; contracts {_contracts(decision)}"
    if found.state == "not better":
        return f"not better: {figures}"
    return f"unproved: {figures}; {_what_would_decide(found, decision)}"


def _difference(decision: HeldOutDecision) -> str:
    points = in_points(decision.difference, decision.low, decision.high, unit=" points")
    sources = f" of {decision.sources} sources" if decision.sources != decision.cases else ""
    return f"{points}, n={decision.cases}{sources}"


def _contracts(decision: HeldOutDecision) -> str:
    """The shares of answers that keep all contracts: `98% → 97%`."""
    before, after = decision.contracts_kept or (1.0, 1.0)
    return f"{100 * before:.0f}% → {100 * after:.0f}%"


def _what_would_decide(found: Optimization, decision: HeldOutDecision) -> str:
    if found.held_out.missing:
        missing = counted(found.held_out.missing, "answer")
        return f"{missing} did not come or could not be scored"
    few = ""
    if decision.sources < FEWEST_CASES:
        shows = f"an effect of {100 * decision.visible:.0f} points"
        least = f"fewer than {FEWEST_CASES} held-out cases prove nothing"
        few = f"{least}" if decision.visible >= 1 else f"{least}, and these would show {shows}"
    needed = decision.cases_needed
    if needed is None:
        decides = "no number of cases would decide if the difference stays the same"
    elif needed > MOST_ADVISED_CASES:
        decides = f"even {MOST_ADVISED_CASES:,} held-out cases would not decide"
    else:
        decides = f"about {needed:,} held-out cases would decide"
    return "; ".join(filter(None, (few, decides)))


def facts(found: Optimization) -> Iterator[str]:
    """What the search did, what the held-out half shows, and what it cost, each in a line."""
    search, decision = found.search, found.held_out.decision
    asked = counted(len(search.proposals), "proposal")
    refused = ", ".join(f"{number} {why}" for why, number in search.refused.items())
    best = [each.score for each in search.proposals if each.score is not None]
    points = ""
    if search.score is not None:
        after = f" → {100 * max(best):.1f}" if best and found.texts else ""
        points = f", score {100 * search.score:.1f}{after}"
    left_out = f", {sum(search.refused.values())} refused ({refused})" if refused else ""
    yield f"search: {asked} on {counted(search.cases, 'case')}{left_out}{points}"
    if decision is not None:
        parts = [
            f"held out: {_difference(decision)} k={decision.repeats}",
            f"{decision.worse} worse, {decision.better} better, {decision.same} same",
        ]
        if decision.contracts_kept is not None:
            parts.append(f"contracts {_contracts(decision)}")
        if decision.cost_ratio is not None:
            parts.append(f"cost {100 * (decision.cost_ratio - 1):+.0f}%")
        yield " · ".join(parts)
    if found.proposed_tokens is not None:
        yield f"tokens of a request: {found.tokens:,} → {found.proposed_tokens:,}"
    if cost(found.cost_usd):
        yield f"cost of this run: {cost(found.cost_usd)}"


def remarks(found: Optimization) -> Iterator[str]:
    """What weakens the evidence, and what a reader must know, each in a line."""
    for each in _remarks(found):
        yield f"{each.label}: {each.text}" if each.label else each.text


def _remarks(found: Optimization) -> Iterator[Remark]:
    for note in found.notes:
        yield Remark(visible(note), "warning" if note.startswith("weak") else "note")
    if found.unanswered > found.unasked:
        missing = counted(found.unanswered - found.unasked, "request")
        why = f": {visible(found.problem)}" if found.problem else ""
        yield Remark(f"no answer to {missing}{why}", "warning")
    if found.ended:
        yield ended_early(found.ended, found.unasked)


def _next(found: Optimization) -> Iterator[str]:
    if found.apply:
        yield visible(found.apply)
    if found.next:
        yield visible(found.next)


def write_text(found: Optimization, *, style: Style = plain, **_: object) -> str:
    """For a person at a terminal."""
    return "".join(f"{line}\n" for line in _lines(found, style))


def _lines(found: Optimization, style: Style) -> Iterator[str]:
    for text in found.texts:
        yield f"{style('path', visible_path(text.path))}: {_title(text)}"
        for line in by_words(text.before, text.after):
            yield f"  {'…' if line is None else marked(shortened(line), style)}"
    for number, tried in enumerate(found.search.proposals, 1):
        yield f"{style('note', f'proposal {number}')}: {' · '.join(_facts_of(tried))}"
    yield from facts(found)
    for remark in _remarks(found):
        yield f"{style(remark.level, remark.label or remark.level)}: {remark.text}"
    for command in _next(found):
        yield f"{style('hint', 'hint')}: {command}"
    yield style("summary", summary(found))


def _title(text: ProposedText) -> str:
    return f"{text.role} message (`{visible(text.at)}`)"


def write_markdown(found: Optimization, **_: object) -> str:
    """For the pull request with the proposal."""
    return "\n".join(f"{part.rstrip()}\n" for part in _parts(found))


def _parts(found: Optimization) -> Iterator[str]:
    head = [f"**Wording of {code(visible(found.prompt))}**: {sentence(summary(found))}"]
    yield "\n".join(["<!-- promptops optimize -->", *head])
    yield "\n".join(f"- {sentence(fact)}" for fact in facts(found))
    remarked = [f"- {sentence(each)}" for each in remarks(found)]
    if remarked:
        yield "\n".join(remarked)
    for text in found.texts:
        yield f"{code(visible_path(text.path))}, {sentence(_title(text))}:"
        yield block("diff", patch_lines(text.before, text.after), _LINES_OF_A_TEXT)
    if found.search.proposals:
        yield "What was tried:"
        rows = islice(enumerate(found.search.proposals, 1), _SHOWN_PROPOSALS)
        yield "\n".join(f"{number}. {_tried(each)}" for number, each in rows)


def _tried(tried: TriedProposal) -> str:
    reason = [visible(tried.reason)] if tried.reason else []
    return " · ".join(map(sentence, (*reason, *_facts_of(tried))))


def _facts_of(tried: TriedProposal) -> Iterator[str]:
    """What became of a proposal: why it was refused, or its score, tokens and cost."""
    if tried.refused:
        yield f"refused: {visible(tried.refused)}"
    elif not tried.cases:
        yield "not tried"
    elif tried.score is None:
        yield "not better in its first cases"
    else:
        yield f"score {100 * tried.score:.1f}"
    if tried.tokens is not None:
        yield f"{tried.tokens:,} tokens"
    if tried.cost_usd_1000 and cost(tried.cost_usd_1000):
        yield f"{cost(tried.cost_usd_1000)} for 1,000 answers"
