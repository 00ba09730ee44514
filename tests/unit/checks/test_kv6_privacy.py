"""Each privacy check on what it is about, and on what it must leave alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from kvqa_audit.checks.base import Check
from kvqa_audit.checks.kv601_embedded_metadata import embedded_metadata
from kvqa_audit.checks.kv602_embedded_location_or_name import embedded_location_or_name
from kvqa_audit.checks.kv603_burned_in_identifier import burned_in_identifier
from kvqa_audit.checks.kv604_missing_licence_or_citation import missing_licence_or_citation
from kvqa_audit.checks.runner import run_check
from kvqa_audit.model import ImageFingerprint, OutcomeStatus, Severity
from kvqa_audit.overlays.detection import Region
from kvqa_audit.privacy.burned_in_stage import BurnedIn
from kvqa_audit.spec.dataset_spec import Licence


def image(img_id: str, *embedded: str, kind: str | None = "JPEG") -> ImageFingerprint:
    return ImageFingerprint(img_id, f"images/{img_id}.jpg", 10, None, format=kind, embedded=embedded)


def judge(check: Check, **fields: Any) -> tuple[Any, Any]:
    evidence: Any = SimpleNamespace(**{"absent": {}, **fields})
    return run_check(check, evidence)


@pytest.mark.fires("KV601", "KV602")
def test_metadata_are_told_by_kind_and_harmful_ones_apart() -> None:
    images = (image("a"), image("b", "exif", "gps", "date"), image("c", "comment"), image("d", "person name"))
    outcome, findings = judge(embedded_metadata, fingerprints=(*images, image("html", kind=None)))
    assert (outcome.outcome, outcome.evaluated, outcome.severity) == (OutcomeStatus.FAILED, 4, Severity.WARNING)
    assert {finding.img_id: finding.evidence["categories"] for finding in findings} == {
        "b": ["exif", "date"],
        "c": ["comment"],
    }
    assert findings[0].message == "images/b.jpg: its metadata hold: EXIF, a date"
    outcome, findings = judge(embedded_location_or_name, fingerprints=images)
    assert (outcome.outcome, outcome.evaluated, outcome.severity) == (OutcomeStatus.FAILED, 4, Severity.ERROR)
    assert {finding.img_id: finding.evidence["categories"] for finding in findings} == {
        "b": ["gps"],
        "d": ["person name"],
    }


@pytest.mark.parametrize("check", [embedded_metadata, embedded_location_or_name], ids=lambda check: check.code)
def test_images_without_metadata_pass_and_none_is_vacuous(check: Check) -> None:
    assert judge(check, fingerprints=(image("a"),))[0].outcome is OutcomeStatus.PASSED
    assert judge(check, fingerprints=())[0].outcome is OutcomeStatus.VACUOUS
    assert judge(check, absent={"images": "only the table"})[0].outcome is OutcomeStatus.SKIPPED


@pytest.mark.fires("KV603")
def test_burned_in_kinds_are_ranked_and_placed() -> None:
    place = Region(0.1, 0.2, 0.3, 0.05)
    read = (
        BurnedIn("a", ("date", "time"), (place, place), 5),
        BurnedIn("b", ("name",), (place,), 1),
        BurnedIn("c", lines=3),
        BurnedIn("d", problem="crashed"),
    )
    outcome, findings = judge(burned_in_identifier, burned_in=read)
    assert (outcome.outcome, outcome.evaluated) == (OutcomeStatus.FAILED, 4)
    assert [(one.img_id, one.severity) for one in findings] == [
        ("b", Severity.ERROR),
        ("a", Severity.WARNING),
        ("d", Severity.WARNING),
    ]
    assert findings[1].message == "can be read in the picture: a date, a time (2 places)"
    assert findings[1].evidence == {"categories": ["date", "time"], "boxes": [place.as_json()] * 2}
    assert "crashed" in findings[2].message


def test_nothing_read_is_a_skip_with_its_reason_and_never_a_pass() -> None:
    outcome, _ = judge(burned_in_identifier, absent={"ocr": "pip install 'kvqa-audit[ocr]'"})
    assert (outcome.outcome, outcome.reason) == (OutcomeStatus.SKIPPED, "pip install 'kvqa-audit[ocr]'")
    assert judge(burned_in_identifier, burned_in=())[0].outcome is OutcomeStatus.VACUOUS


@pytest.mark.parametrize(
    ("licence", "missing"),
    [
        pytest.param(None, ["licence", "citation"], marks=pytest.mark.fires("KV604")),
        (Licence(id="CC-BY-4.0"), ["citation"]),
        (Licence(id="CC-BY-4.0", citation=" "), ["citation"]),
        (Licence(id="CC-BY-4.0", doi="10.1/x"), []),
        (Licence(id="CC-BY-4.0", citation="Somebody et al."), []),
    ],
)
def test_licence_and_citation_have_to_be_stated(licence: Licence | None, missing: list[str]) -> None:
    outcome, findings = judge(missing_licence_or_citation, spec=SimpleNamespace(licence=licence))
    assert [finding.evidence["fact"] for finding in findings] == missing
    assert (outcome.evaluated, outcome.severity) == (2, Severity.WARNING)
