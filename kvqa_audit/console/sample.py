"""An answer or image that was drawn at random comes in and is shown; what a person says about it goes out."""

from __future__ import annotations

from collections.abc import Sequence

from kvqa_audit.console.review import Answer
from kvqa_audit.console.terminal import console, plain, say
from kvqa_audit.release.decisions import DecisionVerdict
from kvqa_audit.release.sample import Drawn, ErrorRate

REASON = "looked at in a random sample"
_VERDICTS = {"y": DecisionVerdict.FALSE_POSITIVE, "n": DecisionVerdict.CONFIRMED, "u": DecisionVerdict.UNSURE}
_MIN_SHOWN, _MAX_SHOWN = 10, 10


def show_drawn(drawn: Drawn, pictures: Sequence[str], place: str) -> None:
    """What is said about the picture, and where the picture is; `place` is such as 3 of 200."""
    screen, finding = console(), drawn.finding
    screen.print()
    screen.print(f"[{place}] {plain(finding.img_id or '')} ({plain(drawn.source)})", style="bold")
    for picture in pictures:
        say(f"  picture: {picture}")
    said = {drawn.question: finding.answer} if finding.answer is not None else finding.evidence.get("answers", {})
    for question, answer in said.items():
        screen.print(f"  {plain(question)} {plain(str(answer))}")


def ask_if_right(*, has_answer: bool) -> Answer | None:
    """Asks whether it is right; no verdict is a skip, None the wish, or the end of input, to stop."""
    screen, correct = console(), "co(r)rect, " if has_answer else ""
    letters = (*_VERDICTS, *(["r"] if has_answer else []), "s", "q", "")
    try:
        while True:
            letter = screen.input(f"is it right? (y)es, (n)o, {correct}(u)nsure, (s)kip, (q)uit: ").strip().casefold()
            if letter in letters:
                break
            screen.print(f"{plain(letter[:40])} is none of {', '.join(letters[:-1])}", style="red")
        right = plain(screen.input("the right answer (nothing to leave it): ").strip()) if letter == "r" else ""
    except EOFError:
        screen.print()
        return None
    if letter == "q":
        return None
    if letter == "r":
        return Answer(_VERDICTS["n"], REASON, right=right) if right else Answer(None)
    return Answer(_VERDICTS.get(letter), REASON)


def print_error_rate(rate: ErrorRate | None) -> None:
    """The estimate, and that of each source and question of which enough were judged, the worst first."""
    if rate is None:
        say("nobody looked at any of this sample yet")
        return
    say(rate.in_words())
    for name, by in (("source", rate.by_source), ("question", rate.by_question)):
        told = sorted((-one.value, key, one) for key, one in by.items() if one.n >= _MIN_SHOWN)
        for _, key, estimate in told[:_MAX_SHOWN] if len(by) > 1 else ():
            console().print(f"  {name} {plain(key)}: {estimate.in_percent()}")
