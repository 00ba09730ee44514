"""One answer as it stands in a row comes in; its atomic answers, misspellings corrected, go out."""

from __future__ import annotations

from kvqa_audit.spec.question import Question, Vocabulary


def atoms(answer: str, question: Question, vocabulary: Vocabulary | None) -> tuple[str, ...]:
    """Splits an answer into its atomic answers, in the order they were given.

    A multi-valued answer is split at the separator's character, with or without the blank the separator asks for;
    any other answer is one atom. Atoms are trimmed, known misspellings corrected and other spellings brought to the
    vocabulary's, and empty ones dropped, so a blank answer gives `()`: that is "no answer", which is never the same as
    the answer `none`.
    """
    takes_several = question.is_multi_valued or question.one_row_per_item
    parts = answer.split(question.separator.strip()) if takes_several else [answer]
    trimmed = (part.strip() for part in parts)
    return tuple(part if vocabulary is None else vocabulary.meant_by(part) for part in trimmed if part)


def whole_number(answer: str) -> int | None:
    """The count an answer states, or None where it is no whole number of at most nine digits."""
    text = answer.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
