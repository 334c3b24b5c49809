"""The search of the handbook, as small as it can be: `evaluation.retrieve` calls it to record.

A team imports its own retriever here.
"""

from __future__ import annotations

import re
from collections import Counter
from math import log

HANDBOOK = {
    "P1": ("Leave", 14, "Everyone has 28 days of paid leave a year."),
    "P2": ("Joining", 15, "In the first year, leave is counted by the month."),
    "P3": ("Sick days", 16, "Call your manager by nine on the first day that you are sick."),
    "P4": ("Expenses", 22, "Your manager approves expenses of up to 500 euros."),
    "P5": ("Travel", 23, "Book trains in second class. Flights need an approval by finance."),
    "P6": ("Working from home", 31, "You may work from home on two days a week."),
    "P7": ("Parental leave", 17, "Parents have 16 weeks of paid parental leave after a birth."),
    "P8": ("Laptops", 40, "Report a lost laptop to the service desk within one hour."),
}
MOST = 3
COMMON = {"a", "the", "of", "to", "is", "in", "on", "at", "by", "for", "do", "does", "may"}
COMMON |= {"have", "has", "i", "my", "you", "your", "how", "who"}


def find(inputs: dict[str, object]) -> list[dict[str, object]]:
    """The passages that share rare words with the question, best first; at most three."""
    words = {name: _words(f"{title} {text}") for name, (title, _, text) in HANDBOOK.items()}
    number = Counter(word for each in words.values() for word in each)
    asked = _words(str(inputs["question"]))
    scores = {
        name: sum(log(1 + len(words) / number[word]) for word in asked & own)
        for name, own in words.items()
    }
    best = sorted((name for name in scores if scores[name]), key=lambda name: -scores[name])
    return [_passage(name) for name in best[:MOST]]


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower())) - COMMON


def _passage(name: str) -> dict[str, object]:
    title, page, text = HANDBOOK[name]
    return {"id": name, "title": title, "page": page, "text": text}
