"""Answer cells come in; implications between answers that a person may accept as rules go out."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kvqa_audit.answers.cells import AnswerCells
from kvqa_audit.answers.literals import Literals, literals_of
from kvqa_audit.answers.rules import Probe, breaks_a_rule
from kvqa_audit.model.estimate import wilson
from kvqa_audit.spec.dataset_spec import DatasetSpec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_ELIGIBLE = 30
MIN_CONFIDENCE = 0.98
MIN_EXPECTED = 5.0
MAX_OF_EXPECTED = 0.2
MAX_PROBED_ANSWERS = 12


@dataclass(frozen=True, slots=True)
class DiscoveredRule:
    """An implication that nearly always held in both halves of the images; a proposal, switched on by nobody.

    The images are halved by a hash of their id: found in the first half, confirmed in the second. `eligible` are the
    images of the first half where `when` holds and the question of `must` is answered, `exceptions` those of them
    that break it, `confidence` the share that keeps it; `confirmed_*` the same in the second half, with the lower end
    of the share's 95 % interval (Wilson). Only what both halves agree on is listed, so the confirmed share is that of
    implications chosen for it, a little too good for new images. `expected_exceptions` is how many there would be in
    both halves if `must` held as often there as elsewhere in the same source (for what a source alone implies: as in
    all sources). `exception_ids` are all images that break it. `yaml` can be pasted into rules.yaml; `source` is the
    one source it is limited to, if any.
    """

    id: str
    when: str
    must: str
    source: str | None
    eligible: int
    exceptions: int
    confidence: float
    confirmed_eligible: int
    confirmed_exceptions: int
    confirmed_confidence: float
    confirmed_low: float
    expected_exceptions: float
    exception_ids: tuple[str, ...]
    yaml: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Literal `left` implies literal `right` (places in Literals) in one source, or in all where that is None."""

    left: int | None
    right: int
    source: int | None
    eligible: tuple[int, int]
    exceptions: tuple[int, int]
    expected: float


def discovered_rules(cells: AnswerCells, spec: DatasetSpec) -> tuple[DiscoveredRule, ...]:
    """All implications between two questions that hold in both halves, say something, and follow from no rule yet.

    An implication says something where at least five exceptions would be expected in each half if its two answers had
    nothing to do with each other within their source, and at most a fifth of these are there. What holds in all
    sources comes first, then what holds in one, or is implied by that source alone. Of several with the same answers
    the widest condition and the strictest demand is kept. One is known already where every pair of answers that would
    break it breaks a rule of the description.
    """
    found = literals_of(cells, spec)
    if not found.sql:
        return ()
    kept = _strongest(list(_candidates(found, cells)), found)
    new = [c for c, is_known in zip(kept, _known(kept, found, cells, spec), strict=True) if not is_known]
    rules = (_rule(candidate, found, cells) for candidate in new)
    return tuple(sorted(rules, key=lambda rule: (rule.source is not None, -rule.expected_exceptions, rule.id)))


def _candidates(found: Literals, cells: AnswerCells) -> Iterator[_Candidate]:
    """What a source implies; then what an answer implies anywhere; then what it implies in one source only."""
    import numpy as np

    half = np.array([zlib.crc32(image.encode("utf-8", "surrogatepass")) & 1 for image in cells.images])
    large = np.flatnonzero(np.bincount(cells.source_of_image) >= 2 * MIN_ELIGIBLE)
    told: dict[int, NDArray[np.bool_]] = {}
    for source in large.tolist():
        counts = _counted_by_source(found, [(cells.source_of_image == source) & (half == h) for h in (0, 1)])
        told[source] = _nearly_always(counts)
        yield from (
            _candidate(None, right, source, counts[..., right]) for right in np.flatnonzero(told[source]).tolist()
        )
    others = ~np.isin(cells.source_of_image, large)
    strata = [*(cells.source_of_image == source for source in large.tolist()), others]
    counted = [_counted(found, [within & (half == h) for h in (0, 1)]) for within in strata]
    first = np.flatnonzero(found.is_condition)
    other = found.question[first][:, None] != found.question[None, :]
    anywhere = np.sum(counted, axis=0)
    general = _nearly_always(anywhere) & other
    for row, right in np.argwhere(general).tolist():
        yield _candidate(int(first[row]), right, None, anywhere[..., row, right])
    for source, counts in zip(large.tolist(), counted, strict=False):
        for row, right in np.argwhere(_nearly_always(counts) & other & ~general & ~told[source]).tolist():
            yield _candidate(int(first[row]), right, source, counts[..., row, right])


def _counted_by_source(found: Literals, halves: list[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """(eligible, exceptions, expected exceptions) x halves x literals, expected as in all sources together."""
    import numpy as np

    base = found.holds.sum(axis=0) / np.maximum(1, found.asked.sum(axis=0)[found.question])
    eligible = np.stack([found.asked[mask].sum(axis=0)[found.question] for mask in halves])
    held = np.stack([found.holds[mask].sum(axis=0) for mask in halves])
    return np.stack([eligible, eligible - held, eligible * (1 - base)])


def _counted(found: Literals, halves: list[NDArray[np.bool_]]) -> NDArray[np.float64]:
    """(eligible, exceptions, expected exceptions) x halves x conditions x literals, for some of the images."""
    import numpy as np

    first = np.flatnonzero(found.is_condition)
    counts = []
    for mask in halves:
        holds, asked = found.holds[mask], found.asked[mask]
        eligible = _together(holds[:, first], asked)[:, found.question]
        base = holds.sum(axis=0) / np.maximum(1, asked.sum(axis=0)[found.question])
        counts.append((eligible, eligible - _together(holds[:, first], holds), eligible * (1 - base)))
    return np.stack([np.stack(part) for part in zip(*counts, strict=True)])


def _together(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    """In how many images each column of the one and each of the other hold; sparse, as most hold in few images."""
    from scipy.sparse import csr_array

    counts: NDArray[np.float64] = (csr_array(left.T) @ csr_array(right)).toarray()
    return counts


def _nearly_always(counts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Where (eligible, exceptions, expected) are those of an implication, in both halves."""
    eligible, exceptions, expected = counts
    held: NDArray[np.bool_] = (
        (eligible >= MIN_ELIGIBLE)
        & (exceptions <= (1 - MIN_CONFIDENCE) * eligible)
        & (expected >= MIN_EXPECTED)
        & (exceptions <= MAX_OF_EXPECTED * expected)
    ).all(axis=0)
    return held


def _candidate(left: int | None, right: int, source: int | None, counts: NDArray[np.float64]) -> _Candidate:
    (eligible, exceptions), expected = counts[:2].round().astype(int).tolist(), float(counts[2].sum())
    return _Candidate(left, right, source, tuple(eligible), tuple(exceptions), expected)


@dataclass(frozen=True)
class _Inclusion:
    """Which of two literals about one question says more; of two that hold for the same images the plainer one."""

    found: Literals
    together: NDArray[np.float64]

    def is_wider(self, other: int, one: int) -> bool:
        return self._is_within(one, other) and (self._size(other) > self._size(one) or self._is_plainer(other, one))

    def is_stricter(self, other: int, one: int) -> bool:
        return self._is_within(other, one) and (self._size(other) < self._size(one) or self._is_plainer(other, one))

    def _size(self, literal: int) -> float:
        return float(self.together[literal, literal])

    def _is_within(self, inner: int, outer: int) -> bool:
        same = self.found.question[inner] == self.found.question[outer]
        return bool(same and self.together[inner, outer] >= self._size(inner))

    def _is_plainer(self, other: int, one: int) -> bool:
        conditions = self.found.is_condition
        return bool((not conditions[other], other) < (not conditions[one], one))


def _strongest(candidates: list[_Candidate], found: Literals) -> list[_Candidate]:
    """Drops what another candidate of the same source says more widely, more strictly, or turned around."""
    inclusion = _Inclusion(found, _together(found.holds, found.holds))
    conditions: dict[tuple[int | None, int], list[int]] = {}
    demands: dict[tuple[int | None, int | None], list[int]] = {}
    for one in candidates:
        demands.setdefault((one.source, one.left), []).append(one.right)
        if one.left is not None:
            conditions.setdefault((one.source, one.right), []).append(one.left)

    def is_told(one: _Candidate) -> bool:
        if any(inclusion.is_stricter(other, one.right) for other in demands[one.source, one.left]):
            return True
        if one.left is None:
            return False
        if any(inclusion.is_wider(other, one.left) for other in conditions[one.source, one.right]):
            return True
        turned = found.negation[one.right], found.negation[one.left]
        return turned[0] < one.left and turned[0] in conditions.get((one.source, turned[1]), ())

    return [candidate for candidate in candidates if not is_told(candidate)]


def _known(candidates: list[_Candidate], found: Literals, cells: AnswerCells, spec: DatasetSpec) -> list[bool]:
    """Whether every pair of usual answers that breaks a candidate breaks a rule that stands already."""
    probes: dict[Probe, int] = {}
    needed: list[list[int]] = []
    usual = _usual_answers(cells)
    for candidate in candidates:
        source = "" if candidate.source is None else cells.sources[candidate.source]
        second = int(found.question[candidate.right])
        bad = [answer for answer in usual[second] if not found.holds_for(candidate.right, answer)]
        good: Iterable[int | None] = [None]
        if candidate.left is not None:
            first = int(found.question[candidate.left])
            good = [answer for answer in usual[first] if found.holds_for(candidate.left, answer)]
        made = []
        for left in good:
            for right in bad:
                said = [(found.names[second], cells.answers[right])]
                if candidate.left is not None and left is not None:
                    said.append((found.names[int(found.question[candidate.left])], cells.answers[left]))
                made.append(probes.setdefault(Probe(source, tuple(sorted(said))), len(probes)))
        needed.append(made)
    broken = breaks_a_rule(list(probes), spec)
    return [bool(made) and all(broken[probe] for probe in made) for made in needed]


def _usual_answers(cells: AnswerCells) -> list[list[int]]:
    """For every question its most frequent answers."""
    import numpy as np

    usual = []
    for question in range(len(cells.questions)):
        answers, counts = np.unique(cells.answer[cells.question == question], return_counts=True)
        usual.append(answers[np.lexsort((answers, -counts))][:MAX_PROBED_ANSWERS].tolist())
    return usual


def _rule(candidate: _Candidate, found: Literals, cells: AnswerCells) -> DiscoveredRule:
    import numpy as np

    second = found.question[candidate.right]
    chosen = (found.asked[:, second] > 0) & (found.holds[:, candidate.right] == 0)
    if candidate.left is not None:
        chosen &= found.holds[:, candidate.left] > 0
    if candidate.source is not None:
        chosen &= cells.source_of_image == candidate.source
    when = f"{found.names[int(second)]} is not null" if candidate.left is None else found.sql[candidate.left]
    must = found.sql[candidate.right]
    source = None if candidate.source is None else cells.sources[candidate.source]
    digest = hashlib.sha256("\n".join((when, must, source or "")).encode("utf-8", "surrogatepass")).hexdigest()
    (first, second_half), (broken, broken_again) = candidate.eligible, candidate.exceptions
    rule = DiscoveredRule(
        id=f"D{digest[:8]}",
        when=when,
        must=must,
        source=source,
        eligible=first,
        exceptions=broken,
        confidence=1 - broken / first,
        confirmed_eligible=second_half,
        confirmed_exceptions=broken_again,
        confirmed_confidence=1 - broken_again / second_half,
        confirmed_low=1 - wilson(broken_again, second_half)[1],
        expected_exceptions=candidate.expected,
        exception_ids=tuple(cells.images[image] for image in np.flatnonzero(chosen).tolist()),
        yaml="",
    )
    return replace(rule, yaml=_as_yaml(rule))


def _as_yaml(rule: DiscoveredRule) -> str:
    import yaml

    eligible = rule.eligible + rule.confirmed_eligible
    kept = eligible - rule.exceptions - rule.confirmed_exceptions
    entry: dict[str, object] = {"id": rule.id, "level": "soft"}
    if rule.source is not None:
        entry["sources"] = [rule.source]
    entry |= {
        "when": rule.when,
        "must": rule.must,
        "why": f"Discovered, not yet thought through. It holds for {kept:,} of {eligible:,} images.",
    }
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump([entry], Dumper=dumper, sort_keys=False, allow_unicode=True, width=1_000)
    return "".join(f"  {line}\n" for line in text.splitlines())
