"""Detects words that oblige or forbid, in six languages."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import lru_cache

from promptops.patterns import lazy_pattern
from promptops.records import record

Words = tuple[str, ...]
Marks = tuple[tuple[Words, str], ...]
"""Phrases of the table below, each with its kind."""


@record(frozen=True, slots=True)
class Force:
    """How strongly a sentence obliges or forbids.

    Attributes:
        strength: 3 for must and never, 2 for should not and avoid, 0 without a demand.
        kinds: The kinds of its phrases, as named in the table.
        softeners: The phrases that allow exceptions.
        content: The first letters of its other words.
    """

    strength: int
    kinds: frozenset[str]
    softeners: frozenset[Words]
    content: Words


_STRENGTH = {"demand": 3, "ban": 3, "deny": 3, "most": 3, "least": 3, "mild": 2, "shun": 2}
_TURNS = frozenset(("ban", "mild", "not", "no")), frozenset(("deny", "shun")), frozenset(("lack",))
_PHRASES = {
    "demand": """must, always, only, shall, required, mandatory, ensure, make sure, be sure,
        have to, has to, need to, needs to, at all times, no matter what, without exception,
        at all costs, exclusively, strictly, solely, exactly, nothing but, nothing else,
        is essential, muss, musst, müssen, müsst, soll, sollst, sollen, immer, stets, nur,
        ausschließlich, lediglich, unbedingt, zwingend, stelle sicher, stellen sie sicher,
        achte darauf, erforderlich, verpflichtend, in jedem fall, auf jeden fall, ausnahmslos,
        doit, dois, doivent, devez, toujours, seulement, uniquement, exclusivement, obligatoire,
        obligatoirement, impérativement, assure toi, assurez vous, veille à, veillez à, il faut,
        debe, debes, deben, siempre, solo, sólo, solamente, únicamente, exclusivamente, obligatorio,
        obligatoria, asegúrate, asegúrese, hay que, tienes que, tiene que, sin excepción,
        deve, devi, devono, sempre, soltanto, esclusivamente, obbligatorio, assicurati, bisogna,
        deves, devem, apenas, somente, só, obrigatório, certifique se, assegure se, tem que""",
    "ban": """never, must not, may not, shall not, do not, can not, will not, not allowed,
        not permitted, are not to, nothing, under no circumstances, in no case, on no account,
        at no time,
        ❌, 🚫, ⛔,
        nie, niemals, nicht, kein, keine, keinen, keinem, keiner, keinerlei, keinesfalls,
        auf keinen fall, unter keinen umständen, jamais, pas, aucun, aucune, en aucun cas,
        nunca, jamás, ningún, ninguna, en ningún caso, bajo ninguna circunstancia,
        nessun, nessuna, in nessun caso, não, nenhum, nenhuma, em hipótese alguma""",
    "deny": """refuse, forbidden, prohibited, disallowed, refrain, decline, off limits, verboten,
        untersagt, verweigere, unterlasse, interdit, interdite, refusez, prohibido, prohibida,
        rechaza, rechace, vietato, vietata, proibito, rifiuta, proibido, proibida, recuse""",
    "mild": "should not, ought not to",
    "shun": """avoid, avoiding, vermeide, vermeiden, évite, évitez, éviter, evita, evite, evitar,
        evitare""",
    "most": """at most, no more than, not more than, maximum, höchstens, maximal, au plus,
        au maximum, como máximo, máximo, al massimo, massimo, no máximo""",
    "least": """at least, no less than, no fewer than, not less than, minimum, mindestens, au moins,
        al menos, como mínimo, almeno, pelo menos, no mínimo""",
    "not": "not, nor, neither, nobody",
    "no": "no, non",
    "lack": """without, fail, fails, forget, neglect, hesitate, ohne, vergiss, sans, oublie,
        oubliez, sin, olvides, olvide, senza, dimenticare, sem, esqueça""",
    "soft": """should, ought to, could, might, try, attempt to, aim to, if possible, where possible,
        when possible, whenever possible, as far as possible, ideally, prefer, preferably, consider,
        usually, generally, normally, typically, optionally, optional, feel free, unless, except,
        recommended, if appropriate, when appropriate, where appropriate, sollte, sollten, solltest,
        könnte, könnten, versuche, versuchen, möglichst, wenn möglich, falls möglich, bevorzugt,
        idealerweise, nach möglichkeit, es sei denn, außer, devrait, devrais, devriez, si possible,
        essaie, essayez, de préférence, sauf, à moins, debería, deberías, si es posible, intenta,
        intente, preferiblemente, salvo, excepto, a menos, dovrebbe, dovresti, se possibile, prova,
        cerca di, preferibilmente, tranne, a meno, deveria, deverias, se possível, tente, procure,
        preferencialmente, exceto""",
    "permit": """may, can, allowed, permitted, free to, darf, darfst, dürfen, dürft, kann, kannst,
        können, erlaubt, peut, peux, pouvez, puede, puedes, pueden, permitido, può, puoi, possono,
        permesso, pode, podes, podem""",
}
_FILLERS = frozenset(
    str.split(
        "you your to of and or in on for with it its is are be this that any if as by at from i we"
        " they them their der die das den und zu de la le les des et à el los las y il lo gli e o"
    )
)
# Languages in which `no` and `non` commonly express prohibition.
_ROMANCE = frozenset(str.split("el los las una que del por con il gli che di della le"))


@lru_cache(maxsize=1)
def _table() -> dict[str, list[tuple[Words, str]]]:
    """The phrases by their first word, longest first."""
    table: dict[str, list[tuple[Words, str]]] = defaultdict(list)
    for kind, phrases in _PHRASES.items():
        for phrase in phrases.split(","):
            words = plain_words(" ".join(phrase.split()))
            table[words[0]].append((words, kind))
    return {first: sorted(found, key=lambda f: -len(f[0])) for first, found in table.items()}


def force_of(words: Words, intro: Marks = ()) -> Force:
    """How strongly a sentence obliges; `intro` are the phrases that introduce its list."""
    found, content = phrases_in(words)
    kinds = frozenset(kind for _, kind in found + intro)
    strength = max((_STRENGTH.get(kind, 0) for kind in kinds), default=0)
    if "no" in kinds and (words[:1] in (("no",), ("non",)) or not _ROMANCE.isdisjoint(words)):
        strength = 3
    # `may not`, `darfst das nicht` and `no puedes` forbid: there, `may` is not an exception.
    soft = ("soft",) if kinds & _TURNS[0] else ("soft", "permit")
    softeners = frozenset(words for words, kind in found if kind in soft)
    return Force(strength, kinds, softeners, content)


def phrases_in(words: Words) -> tuple[Marks, Words]:
    """The phrases of the table, and the first letters of the other words, without fillers."""
    found: list[tuple[Words, str]] = []
    content: list[str] = []
    at = 0
    while at < len(words):
        choices = _table().get(words[at], ())
        phrase = next(
            (option for option in choices if words[at : at + len(option[0])] == option[0]),
            None,
        )
        if phrase is not None:
            found.append(phrase)
        elif words[at] not in _FILLERS:
            content.append(words[at][:4])
        at += len(phrase[0]) if phrase is not None else 1
    return tuple(found), tuple(content)


def forbids(kinds: frozenset[str]) -> bool:
    """Whether phrases of these kinds forbid rather than demand; a double negation demands."""
    return sum(bool(kinds & turning) for turning in _TURNS) % 2 == 1


_LABEL = lazy_pattern(
    r"\A[\W_]*(?:important|note|remember|reminder|warning|caution|critical|wichtig|achtung|attention"
    r"|importante?|atenci[óo]n|attenzione|atenção)[*_]*[:!–—][\W_]*(?=\w)",
    re.IGNORECASE,
)
_WORD = lazy_pattern(r"(?<!\w)-?\d+(?:[.,]\d+)*|[^\W_]+|[<>=≤≥≠%$€£+❌🚫⛔]")
_NOT = lazy_pattern(
    r"\b(?:(can)(?=not\b)|(ca|do|does|did|is|are|was|should|must|wo|would|could|has|have)n'?t\b)"
)
_BARE = {"ca": "can", "wo": "will"}
_NUMBERS = dict(
    zip(str.split("two three four five six seven eight nine ten"), "23456789", strict=False)
)
_NOTHING = frozenset(("a", "an", "the", "please"))


def plain_words(line: str) -> Words:
    """The significant parts of a line: words in lower case, numbers, and comparison signs."""
    line = unicodedata.normalize("NFC", _LABEL.sub("", line, count=1)).casefold()
    line = line.replace("’", "'").replace("'re ", " are ").replace("'ll ", " will ")
    line = _NOT.sub(_with_not, line)
    return tuple(_number(word) for word in _WORD.findall(line) if word not in _NOTHING)


def _with_not(found: re.Match[str]) -> str:
    if found[1]:
        return "can "
    return f"{_BARE.get(found[2], found[2])} not"


def _number(word: str) -> str:
    if word[-1].isdigit():
        grouped = re.fullmatch(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?", word)
        return (word.replace(",", "") if grouped else word).removesuffix(".0")
    return _NUMBERS.get(word, word)
