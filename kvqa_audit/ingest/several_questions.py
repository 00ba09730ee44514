"""Records of an image with several questions come in; one record for each question, with its answer, goes out.

Several questions stand in a record as two lists of equal length, or as the turns of a talk, in which someone asks and
someone else answers: `[{from: human, value: …}, {from: gpt, value: …}, …]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kvqa_audit.ingest.usual_names import folded, usual_columns

_SPEAKER = ("from", "role", "speaker", "sender", "author", "who")
_SAID = ("value", "content", "text", "message", "utterance")
_ASKS = ("human", "user", "question", "q", "asker")
_ANSWERS = ("gpt", "assistant", "answer", "a", "bot", "model", "chatgpt")


def one_question_each(records: Sequence[Any]) -> list[Any]:
    """The records, those with several questions as one each; a talk keeps, in each, the two turns it is about.

    What no answer follows (an instruction to the model, a last question) is in none of them.
    """
    return [one for record in records for one in (_opened(record) if isinstance(record, dict) else (record,))]


def several_in(values: Sequence[Any]) -> int:
    """How many questions with answers the talks among these values hold beyond the first of each."""
    return sum(max(len(_pairs(value)) - 1, 0) for value in values)


def _opened(record: dict[str, Any]) -> Sequence[dict[str, Any]]:
    for name, value in record.items():
        pairs = _pairs(value)
        if len(pairs) > 1 or (pairs and len(pairs[0]) != len(value)):
            return [{**record, name: pair} for pair in pairs]
    return _parallel(record)


def _pairs(value: Any) -> list[list[Any]]:
    """The turns of a talk, two by two, question and answer; none where it is no talk."""
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(turn, Mapping) for turn in value):
        return []
    speaker = next((name for name in value[0] if folded(name) in _SPEAKER), None)
    if speaker is None or not any(folded(name) in _SAID for name in value[0]):
        return []
    who = [folded(str(turn.get(speaker, ""))) for turn in value]
    return [
        [value[place], value[place + 1]]
        for place in range(len(value) - 1)
        if who[place] in _ASKS and who[place + 1] in _ANSWERS
    ]


def _parallel(record: dict[str, Any]) -> Sequence[dict[str, Any]]:
    lists = [name for name, value in record.items() if isinstance(value, list) and len(value) > 1]
    asked, answered = (usual_columns(role, lists)[:1] for role in ("question", "answer"))
    if not asked or not answered:
        return (record,)
    questions, answers = record[asked[0]], record[answered[0]]
    if len(questions) != len(answers) or not all(isinstance(question, str) for question in questions):
        return (record,)
    return [
        {**record, asked[0]: question, answered[0]: answer} for question, answer in zip(questions, answers, strict=True)
    ]
