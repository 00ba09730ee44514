"""Words of many languages, in tables that a person can read and extend: what a text says, asks, and is written in."""

# ruff: noqa: RUF001
from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from kvqa_audit.spelling import folded

Asked = Literal["yes or no", "how many", "something else"]

# Language → the words that say yes, and those that say no.
YES_NO: Mapping[str, tuple[str, str]] = {
    "Arabic": ("نعم أجل", "لا كلا"),
    "Bengali": ("হ্যাঁ হাঁ", "না"),
    "Bulgarian": ("да", "не"),
    "Chinese": (
        "是 是的 有 对 能 可以 会 包含 存在 可见 有的",
        "否 不是 没有 无 不对 不能 不可以 不会 不包含 不存在 不可见 不",
    ),
    "Chinese, traditional": ("對 會 是的", "沒有 不對 不會 無"),
    "Croatian, Serbian, Slovenian": ("da", "ne"),
    "Czech": ("ano", "ne"),
    "Danish, Norwegian, Swedish": ("ja", "nej nei"),
    "Dutch": ("ja", "nee neen"),
    "English": ("yes y yeah yep true", "no n nope false"),
    "Estonian": ("jah", "ei"),
    "Finnish": ("kyllä", "ei"),
    "French": ("oui si vrai", "non faux"),
    "German": ("ja wahr", "nein falsch"),
    "Greek": ("ναι", "όχι οχι"),
    "Hebrew": ("כן", "לא"),
    "Hindi": ("हाँ हां", "नहीं"),
    "Hungarian": ("igen", "nem"),
    "Indonesian": ("ya iya", "tidak"),
    "Italian": ("sì si vero", "no falso"),
    "Japanese": ("はい ええ", "いいえ いえ"),
    "Korean": ("예 네 있음", "아니요 아니오 아니 없음"),
    "Lithuanian": ("taip", "ne"),
    "Malay": ("ya", "tidak tak"),
    "Persian": ("بله آری", "خیر نه"),
    "Polish": ("tak", "nie"),
    "Portuguese": ("sim verdadeiro", "não nao falso"),
    "Romanian": ("da", "nu"),
    "Russian": ("да есть", "нет"),
    "Slovak": ("áno", "nie"),
    "Spanish": ("sí si verdadero", "no falso"),
    "Swahili": ("ndiyo", "hapana"),
    "Tamil": ("ஆம்", "இல்லை"),
    "Telugu": ("అవును", "కాదు లేదు"),
    "Thai": ("ใช่ มี", "ไม่ใช่ ไม่มี ไม่"),
    "Turkish": ("evet", "hayır hayir"),
    "Ukrainian": ("так", "ні"),
    "Urdu": ("ہاں", "نہیں"),
    "Vietnamese": ("có đúng", "không sai"),
}

# Language → words a yes/no question opens with, words that ask for something else, and phrases that ask for a number.
# Words of languages written without spaces may stand anywhere.
QUESTIONS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "English": (
        "is are was were does do did has have had isn't aren't doesn't don't",
        "what which where when who whom whose why how",
        ("how many", "what number of", "what is the number of", "what is the total number of", "what is the count of"),
    ),
    "French": (
        "est-ce y-a-t-il existe-t-il est-il est-elle sont-ils sont-elles",
        "qu'est-ce quoi quel quelle quels quelles où quand qui pourquoi comment combien",
        ("combien", "quel est le nombre"),
    ),
    "German": (
        "ist sind war waren hat haben gibt",
        "was welche welcher welches welchen wo wann wer wen wessen warum wie wieso woran womit",
        ("wie viele", "wieviele", "welche anzahl"),
    ),
    "Italian": (
        "c'è ci è sono ha hanno",
        "che cosa quale quali dove quando chi perché come quanti quante",
        ("quanti", "quante"),
    ),
    "Portuguese": (
        "há é são existe existem está estão",
        "que qual quais onde quando quem por como quantos quantas",
        ("quantos", "quantas"),
    ),
    "Spanish": (
        "hay es son está están existe existen",
        "qué cuál cuáles dónde cuándo quién quiénes por cómo cuántos cuántas",
        ("cuántos", "cuántas"),
    ),
    "Russian": (
        "есть является видно",
        "что какой какая какое какие каков где когда кто почему как сколько",
        ("сколько",),
    ),
    "Chinese": (
        "吗 是否 是不是 有没有 有無 嗎 能否",
        "什么 甚麼 什麼 哪 谁 誰 几 幾 多少 怎么 怎樣 怎样 为什么 如何 何",
        ("多少个", "几个", "多少", "幾個"),
    ),
}
NUMBERS = """
zero no none one two three four five six seven eight nine ten eleven twelve dozen single both pair couple once
twice only
zéro aucun aucune un une deux trois quatre cinq sept huit neuf dix
null kein keine ein eine zwei drei vier fünf sechs sieben acht neun zehn
cero ninguno ninguna uno una dos tres cuatro cinco seis siete ocho nueve diez
nenhum nenhuma um uma dois duas três quatro sete oito nove dez
due tre quattro cinque sei sette otto nessuno nessuna
один одна два две три четыре пять шесть семь восемь девять десять нет
"""
_UNSPACED = ("Chinese",)
_HAN_NUMBERS = frozenset("零〇一二两三四五六七八九十百千无無没")
_OR = re.compile(r"\s(?:or|oder|ou|o|или|vs\.?|versus)\s|还是|還是|或")
_SENTENCES = re.compile(r"[.?!;。？！；]\s*")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

# Short words that tell the languages of one script apart.
COMMON_WORDS: Mapping[str, str] = {
    "English": "the of is are in and this what which there with how does many image on at",
    "French": "le la les des est dans et une quel quelle sur du il au aux image cette",
    "German": "der die das ist und im ein eine auf mit welche wie sind den bild dem nicht",
    "Italian": "il lo gli è nel della di e che una sono immagine questa quale",
    "Portuguese": "o os as da do na no é em uma são imagem esta qual não",
    "Spanish": "el los las de en es y una hay imagen esta cuál del qué se",
}
_ASKED = {
    language: (frozenset(opening.split()), frozenset(others.split()), counts)
    for language, (opening, others, counts) in QUESTIONS.items()
}
_NUMBERS = frozenset(NUMBERS.split())
_COMMON = {language: frozenset(words.split()) for language, words in COMMON_WORDS.items()}
_SCRIPTS = {"CJK": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean"}
_PROSE = re.compile(r"\b[a-zà-öø-ÿ]{3,}")


_YES, _NO = (frozenset(folded(word) for pair in YES_NO.values() for word in pair[side].split()) for side in (0, 1))
# What says yes in one language and no in another says neither by itself.
_SAID = (_YES | _NO) - (_YES & _NO)


def yes_or_no(answer: str) -> Literal["yes", "no"] | None:
    """What the answer says, where it is nothing but a yes or a no."""
    text = folded(answer)
    if text not in _SAID:
        return None
    return "yes" if text in _YES else "no"


def opens_with_yes_or_no(answer: str) -> bool:
    """Whether the answer is a yes or a no, or begins with one: `no, it is not`."""
    text = folded(answer)
    first = _WORD.match(text)
    if text in _SAID or (first is not None and first[0] in _SAID):
        return True
    return any(text.startswith(word) for word in _SAID if len(word) > 1 and not word.isascii())


@lru_cache(maxsize=1 << 16)
def asked_for(question: str) -> Asked | None:
    """What a question asks for; None where that is open: a choice, a request, several questions in one."""
    text = folded(question).lstrip("¿¡ \"'")
    # A second sentence asks for more; a mark behind the question does not.
    if not text or _OR.search(text) or any(len(_WORD.findall(part)) > 2 for part in _SENTENCES.split(text)[1:]):
        return None
    words = _WORD.findall(text)
    found = {language: asked[0] for language in _ASKED if (asked := _asked_in(language, text, words))}
    if len(set(found.values())) <= 1:
        return next(iter(found.values()), None)
    # A word that opens a yes/no question in one language asks for something in another: was, como, est.
    return found.get(language_of(question) or "")


def _asked_in(language: str, text: str, words: list[str]) -> tuple[Asked | None, ...]:
    """What a question asks for if it is of this language, None where that is open; nothing where it is of another."""
    opening, others, counts = _ASKED[language]
    unspaced = language in _UNSPACED
    if unspaced and text.isascii():
        return ()

    def in_it(known: frozenset[str], said: list[str]) -> bool:
        return any(word in text for word in known) if unspaced else not known.isdisjoint(said)

    if text.startswith(counts) or (unspaced and any(phrase in text for phrase in counts)):
        return ("how many",)
    if in_it(opening, words[:1]):
        return (None if in_it(others, words) else "yes or no",)
    return ("something else",) if in_it(others, words[:1]) else ()


def holds_a_number(answer: str) -> bool:
    """Whether a count is said, in digits or in words."""
    if any(c.isnumeric() for c in answer) or not _HAN_NUMBERS.isdisjoint(answer):
        return True
    return not _NUMBERS.isdisjoint(_WORD.findall(folded(answer)))


@lru_cache(maxsize=1 << 16)
def language_of(text: str) -> str | None:
    """The language, as far as script and common words tell it: such as Chinese, Cyrillic, English; None where not."""
    scripts: dict[str, int] = {}
    if text.isascii():
        scripts["LATIN"] = sum(map(str.isalpha, text))
    for c in text if not text.isascii() else "":
        if c.isalpha():
            script = "LATIN" if c.isascii() else unicodedata.name(c, "LATIN").split()[0]
            scripts[script] = scripts.get(script, 0) + 1
    if not any(scripts.values()):
        return None
    if "HIRAGANA" in scripts or "KATAKANA" in scripts:
        return "Japanese"
    # One sign of Chinese says as much as three letters.
    script = max(scripts, key=lambda name: (scripts[name] * (3 if name == "CJK" else 1), name))
    if script != "LATIN":
        return _SCRIPTS.get(script, script.capitalize())
    words = set(_WORD.findall(text.casefold()))
    hits = sorted(((len(words & common), language) for language, common in _COMMON.items()), reverse=True)
    if hits[0][0] >= 2 and hits[0][0] > hits[1][0]:
        return hits[0][1]
    return "Latin" if _PROSE.search(text) else None
