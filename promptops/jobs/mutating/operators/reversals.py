"""The phrases that oblige or forbid, each with one that does not.

They are the phrases of `promptops.diff.obligation_words` whose reversal is a word for word
replacement, and their contractions.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

Reversal = tuple[tuple[str, ...], str]
"""The words of a phrase in lower case, and the replacement; "" deletes the phrase."""

_MUST_BECOMES_MAY = """
    must: may, always: sometimes, only: also, shall: may, required: optional, mandatory: optional,
    ensure: consider, make sure: consider, be sure: feel free, have to: may, has to: may,
    need to: may, needs to: may, at all times: sometimes, no matter what: if possible,
    without exception: with exceptions, at all costs: if possible, exclusively: preferably,
    strictly: loosely, solely: partly, exactly: about, nothing but: anything besides,
    nothing else: anything else, is essential: is optional,
    muss: darf, musst: darfst, müssen: dürfen, müsst: dürft, soll: kann, sollst: kannst,
    sollen: können, immer: manchmal, stets: manchmal, nur: auch, ausschließlich: auch,
    lediglich: auch, unbedingt: möglichst, zwingend: möglichst, stelle sicher: versuche,
    stellen sie sicher: versuchen sie, achte darauf: überlege, erforderlich: optional,
    verpflichtend: optional, in jedem fall: manchmal, auf jeden fall: manchmal,
    ausnahmslos: meistens,
    doit: peut, dois: peux, doivent: peuvent, devez: pouvez, toujours: parfois, seulement: aussi,
    uniquement: aussi, exclusivement: aussi, obligatoire: facultatif,
    obligatoirement: facultativement, impérativement: éventuellement, assure toi: essaie,
    assurez vous: essayez, veille à: essaie de, veillez à: essayez de, il faut: on peut,
    debe: puede, debes: puedes, deben: pueden, siempre: a veces, solo: también, sólo: también,
    solamente: también, únicamente: también, exclusivamente: también, obligatorio: opcional,
    obligatoria: opcional, asegúrate: intenta, asegúrese: intente, hay que: se puede,
    tienes que: puedes, tiene que: puede, sin excepción: con excepciones,
    deve: può, devi: puoi, devono: possono, sempre: a volte, soltanto: anche,
    esclusivamente: anche, obbligatorio: facoltativo, assicurati: prova, bisogna: si può,
    deves: podes, devem: podem, apenas: também, somente: também, só: também,
    obrigatório: opcional, certifique se: tente, assegure se: tente, tem que: pode
"""

_NEVER_BECOMES_SOMETIMES = """
    never: sometimes, must not: may, may not: may, shall not: may, do not: do, can not: can,
    will not: will, not allowed: allowed, not permitted: permitted, are not to: are to,
    nothing: anything, under no circumstances: under any circumstances, in no case: in any case,
    on no account: on any account, at no time: at any time, ❌: ✅, 🚫: ✅, ⛔: ✅,
    cannot: can, can't: can, don't: do, doesn't: does, won't: will, mustn't: must, isn't: is,
    aren't: are,
    nie: manchmal, niemals: manchmal, nicht: , kein: ein, keine: eine, keinen: einen,
    keinem: einem, keiner: einer, keinerlei: beliebige, keinesfalls: gegebenenfalls,
    auf keinen fall: auf jeden fall, unter keinen umständen: unter umständen,
    jamais: parfois, pas: , aucun: un, aucune: une,
    en aucun cas: en tout cas,
    nunca: a veces, jamás: a veces, ningún: algún, ninguna: alguna,
    en ningún caso: en algún caso, bajo ninguna circunstancia: bajo cualquier circunstancia,
    nessun: un, nessuna: una, in nessun caso: in ogni caso,
    não: , nenhum: algum, nenhuma: alguma, em hipótese alguma: em qualquer hipótese
"""

_REFUSE_BECOMES_ACCEPT = """
    refuse: accept, forbidden: allowed, prohibited: allowed, disallowed: allowed,
    refrain from: consider, refrain: hesitate, decline: accept, off limits: allowed,
    verboten: erlaubt, untersagt: erlaubt, verweigere: erlaube, unterlasse: erlaube,
    interdit: permis, interdite: permise, refusez: acceptez,
    prohibido: permitido, prohibida: permitida, rechaza: acepta, rechace: acepte,
    vietato: permesso, vietata: permessa, proibito: permesso, rifiuta: accetta,
    proibido: permitido, proibida: permitida, recuse: aceite,
    should not: should, shouldn't: should, ought not to: ought to,
    avoid: use, avoiding: using, vermeide: verwende, vermeiden: verwenden, évite: utilise,
    évitez: utilisez, éviter: utiliser, evita: usa, evite: use, evitar: usar, evitare: usare
"""

_MOST_BECOMES_LEAST = """
    at most: at least, no more than: no less than, not more than: not less than,
    maximum: minimum, höchstens: mindestens, maximal: mindestens, au plus: au moins,
    au maximum: au minimum, como máximo: como mínimo, máximo: mínimo, al massimo: almeno,
    massimo: minimo, no máximo: no mínimo,
    at least: at most, no less than: no more than, no fewer than: no more than,
    not less than: not more than, minimum: maximum, mindestens: höchstens, au moins: au plus,
    al menos: como máximo, como mínimo: como máximo, almeno: al massimo,
    pelo menos: no máximo, no mínimo: no máximo
"""

_NOT_IS_DROPPED = "not: , nor: or, neither: either, nobody: anybody"


@lru_cache(maxsize=1)
def reversals() -> dict[str, list[Reversal]]:
    """All of them by the first word of the phrase, the longest phrase first."""
    table: dict[str, list[Reversal]] = defaultdict(list)
    for part in (
        _MUST_BECOMES_MAY,
        _NEVER_BECOMES_SOMETIMES,
        _REFUSE_BECOMES_ACCEPT,
        _MOST_BECOMES_LEAST,
        _NOT_IS_DROPPED,
    ):
        for entry in part.split(","):
            phrase, _, replacement = entry.partition(":")
            words = tuple(phrase.split())
            table[words[0]].append((words, " ".join(replacement.split())))
    return {first: sorted(found, key=lambda each: -len(each[0])) for first, found in table.items()}
