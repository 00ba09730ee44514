"""Each image check on the images it is about, and on those it must leave alone."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kvqa_audit.checks.base import Check
from kvqa_audit.checks.kv103_unreadable_image import unreadable_image
from kvqa_audit.checks.kv104_truncated_image import truncated_image
from kvqa_audit.checks.kv105_empty_image import empty_image
from kvqa_audit.checks.kv106_not_an_image import not_an_image
from kvqa_audit.checks.kv107_format_mismatch import format_mismatch
from kvqa_audit.checks.kv108_unusual_mode import unusual_mode
from kvqa_audit.checks.kv109_animated_image import animated_image
from kvqa_audit.checks.kv110_poison_image import poison_image
from kvqa_audit.checks.kv111_image_outside_the_folder import image_outside_the_folder
from kvqa_audit.checks.kv112_odd_size import odd_size
from kvqa_audit.checks.kv113_odd_aspect import odd_aspect
from kvqa_audit.checks.kv114_dark_image import dark_image
from kvqa_audit.checks.kv115_bright_image import bright_image
from kvqa_audit.checks.kv116_blurry_image import blurry_image
from kvqa_audit.checks.kv117_low_information_image import low_information_image
from kvqa_audit.checks.kv123_turned_by_its_tag import turned_by_its_tag
from kvqa_audit.checks.kv124_format_not_read import format_not_read
from kvqa_audit.checks.runner import run_check
from kvqa_audit.ingest.dataset import ImageFault
from kvqa_audit.model import CheckOutcome, Finding, ImageFingerprint, OutcomeStatus, Severity

ALL = (
    unreadable_image,
    truncated_image,
    empty_image,
    not_an_image,
    format_mismatch,
    unusual_mode,
    animated_image,
    poison_image,
    image_outside_the_folder,
    odd_size,
    odd_aspect,
    dark_image,
    bright_image,
    blurry_image,
    low_information_image,
    turned_by_its_tag,
    format_not_read,
)
SOUND: dict[str, Any] = {
    "size_bytes": 50_000,
    "sha256": "0" * 64,
    "format": "JPEG",
    "mode": "RGB",
    "frames": 1,
    "orientation": 1,
    "width": 720,
    "height": 576,
    "brightness": 110.0,
    "contrast": 40.0,
    "sharpness": 0.7,
    "entropy_bits": 7.2,
    "dark_share": 0.02,
    "bright_share": 0.01,
}


def image(img_id: str, path: str | None = None, **fields: Any) -> ImageFingerprint:
    return ImageFingerprint(img_id=img_id, path=path or f"images/{img_id}.jpg", **{**SOUND, **fields})


def broken(img_id: str, problem: str) -> ImageFingerprint:
    return ImageFingerprint(img_id, f"images/{img_id}.jpg", 10, None, problem, f"why it is {problem}")


def judge(
    check: Check,
    *images: ImageFingerprint,
    faults: tuple[ImageFault, ...] = (),
    sources: dict[str, str] | None = None,
    bounds: dict[str, float] | None = None,
) -> tuple[CheckOutcome, Any]:
    frame = pd.DataFrame(list((sources or {}).items()), columns=["img_id", "source"], dtype=str)
    evidence: Any = SimpleNamespace(
        absent={},
        fingerprints=images,
        image_faults=faults,
        table=SimpleNamespace(frame=frame),
        spec=SimpleNamespace(bounds=bounds or {}),
    )
    return run_check(check, evidence)


def ids(findings: tuple[Finding, ...]) -> list[str | None]:
    return [finding.img_id for finding in findings]


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.code)
def test_sound_images_pass_and_none_is_vacuous(check: Check) -> None:
    outcome, findings = judge(check, image("a"), image("b", width=1920, height=1072), image("c", width=332, height=487))
    assert (outcome.outcome, outcome.evaluated, findings) == (OutcomeStatus.PASSED, 3, ())
    assert outcome.measured is not None
    assert outcome.threshold is not None
    assert judge(check)[0].outcome is OutcomeStatus.VACUOUS


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.code)
def test_without_images_it_is_skipped(check: Check) -> None:
    evidence: Any = SimpleNamespace(absent={"images": "only the table was asked for"})
    assert run_check(check, evidence)[0].outcome is OutcomeStatus.SKIPPED


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        pytest.param(unreadable_image, "unreadable", marks=pytest.mark.fires("KV103")),
        (unreadable_image, "not_readable"),
        (unreadable_image, "missing"),
        pytest.param(truncated_image, "truncated", marks=pytest.mark.fires("KV104")),
        (truncated_image, "damaged"),
        pytest.param(format_not_read, "format_not_read", marks=pytest.mark.fires("KV124")),
        pytest.param(empty_image, "empty", marks=pytest.mark.fires("KV105")),
        pytest.param(not_an_image, "not_an_image", marks=pytest.mark.fires("KV106")),
        pytest.param(poison_image, "decoder_crashed", marks=pytest.mark.fires("KV110")),
        (poison_image, "decoder_hung"),
        (poison_image, "decoder_out_of_memory"),
        (poison_image, "too_large"),
        (image_outside_the_folder, "outside_the_folder"),
    ],
)
def test_every_problem_is_an_error_of_one_check_that_names_the_file(check: Check, problem: str) -> None:
    bad = broken("x", problem)
    outcome, findings = judge(check, image("a"), bad)
    (finding,) = findings
    assert (finding.img_id, finding.severity, outcome.measured) == ("x", Severity.ERROR, 0.5)
    assert finding.message.startswith("images/x.jpg: ")
    assert f"why it is {problem}" in finding.message
    for other in ALL:
        assert other is check or judge(other, image("a"), bad)[1] == ()


@pytest.mark.fires("KV107")
def test_png_named_jpg_is_told_with_both_formats() -> None:
    _, findings = judge(
        format_mismatch,
        image("a", format="PNG"),
        image("b", path="images/B.PNG", format="PNG"),
        image("c", path="images/c.JPEG", format="MPO"),
        image("d", path="table.parquet#3", format="PNG"),
    )
    (finding,) = findings
    assert finding.img_id == "a"
    assert finding.message == "images/a.jpg: is stored as PNG, its ending .jpg says JPEG"


@pytest.mark.parametrize("mode", ["CMYK", "I;16", "RGB;16", "P", "RGBA", "LA", "1", "F"])
@pytest.mark.fires("KV108")
def test_unusual_modes(mode: str) -> None:
    assert ids(judge(unusual_mode, image("a"), image("b", mode="L"), image("x", mode=mode))[1]) == ["x"]


@pytest.mark.fires("KV109")
def test_animation_is_told_with_its_frames() -> None:
    _, (finding,) = judge(animated_image, image("a"), image("x", frames=12))
    assert (finding.img_id, finding.evidence["frames"]) == ("x", 12)


@pytest.mark.fires("KV111")
def test_link_out_of_the_folder_is_told_once() -> None:
    fault = ImageFault("outside_the_folder", "images/x.jpg: is a link", "x", ("images/x.jpg",))
    other = ImageFault("two_files_for_one_id", "two", "a", ())
    outcome, findings = judge(
        image_outside_the_folder, image("a"), broken("x", "outside_the_folder"), faults=(fault, other)
    )
    assert (ids(findings), outcome.evaluated) == (["x"], 2)


@pytest.mark.parametrize(("width", "height"), [(63, 500), (40, 40), (12_000, 9_000), (128, 96)])
@pytest.mark.fires("KV112")
def test_odd_sizes(width: int, height: int) -> None:
    outcome, findings = judge(odd_size, image("a"), image("b"), image("x", width=width, height=height))
    assert ids(findings) == ["x"]
    assert outcome.threshold == 16


@pytest.mark.parametrize(
    ("width", "height"),
    [pytest.param(300, 720, marks=pytest.mark.fires("KV113")), (720, 280), (1900, 576), (720, 720), (576, 720)],
)
def test_odd_aspects(width: int, height: int) -> None:
    outcome, findings = judge(odd_aspect, image("a"), image("b"), image("x", width=width, height=height))
    assert ids(findings) == (["x"] if not 0.625 <= width / height <= 2.5 else [])
    assert outcome.measured is not None
    assert (outcome.measured > 2) == bool(findings)


@pytest.mark.parametrize(
    ("check", "metric", "value", "threshold"),
    [
        pytest.param(dark_image, "brightness", 21.0, 40.0, marks=pytest.mark.fires("KV114")),
        pytest.param(bright_image, "bright_share", 0.4, 0.15, marks=pytest.mark.fires("KV115")),
        pytest.param(blurry_image, "sharpness", 0.2, 0.38, marks=pytest.mark.fires("KV116")),
        pytest.param(low_information_image, "entropy_bits", 0.5, 4.0, marks=pytest.mark.fires("KV117")),
    ],
)
def test_metric_beyond_its_limit_is_a_warning_with_value_and_threshold(
    check: Check, metric: str, value: float, threshold: float
) -> None:
    outcome, (finding,) = judge(check, image("a"), image("x", **{metric: value}), broken("y", "truncated"))
    assert (outcome.evaluated, outcome.measured, outcome.threshold) == (2, value, threshold)
    assert (finding.img_id, finding.severity) == ("x", Severity.WARNING)
    assert f"{metric} {value:g}" in finding.message
    assert f"{threshold:g}" in finding.message
    assert finding.score is not None
    assert finding.score > 0


def test_flat_picture_is_not_called_blurry_as_well() -> None:
    outcome, findings = judge(blurry_image, image("a"), image("x", sharpness=0.0, entropy_bits=0.0))
    assert (outcome.evaluated, findings) == (1, ())


def bright(count: int, least: float, most: float, prefix: str = "i") -> list[ImageFingerprint]:
    step = (most - least) / (count - 1)
    return [image(f"{prefix}{n}", bright_share=least + step * n) for n in range(count)]


def test_what_is_usual_in_the_dataset_is_not_reported() -> None:
    assert judge(bright_image, *bright(60, 0.0, 0.4))[1] == ()


def test_what_is_unusual_in_the_dataset_is_reported_with_what_is_usual() -> None:
    _, (finding,) = judge(bright_image, *bright(60, 0.0, 0.03), image("x", bright_share=0.2))
    assert finding.img_id == "x"
    assert finding.evidence["images"] == 61
    assert "where 0.0153 is usual (61 images)" in finding.message


def test_an_image_is_judged_among_those_of_its_source() -> None:
    dull, white = bright(40, 0.0, 0.03, "d"), bright(40, 0.0, 0.4, "w")
    odd = image("x", bright_share=0.2)
    sources = {one.img_id: "Films" if one.img_id[0] == "w" else "Frames" for one in (*dull, *white, odd)}
    assert judge(bright_image, *dull, *white, odd)[1] == ()
    _, (finding,) = judge(bright_image, *dull, *white, odd, sources=sources)
    assert (finding.img_id, finding.evidence["images"]) == ("x", 41)
    assert "images of its source" in finding.message


@pytest.mark.parametrize(("check", "sides"), [(odd_size, (300, 1900)), (odd_aspect, (500, 1500))])
def test_sizes_and_shapes_that_are_usual_in_the_dataset_are_not_reported(check: Check, sides: tuple[int, int]) -> None:
    rng = random.Random(4)
    mixed = [image(f"i{n}", width=rng.randint(*sides), height=rng.randint(*sides)) for n in range(80)]
    assert judge(check, *mixed)[1] == ()
    assert ids(judge(check, *mixed, image("strip", width=90_000, height=9_000))[1]) == ["strip"]


def test_what_is_unusual_but_within_the_limit_is_not_reported() -> None:
    assert judge(bright_image, *bright(60, 0.0, 0.001), image("x", bright_share=0.14))[1] == ()


def test_a_bound_of_the_description_counts_alone() -> None:
    outcome, findings = judge(bright_image, *bright(60, 0.0, 0.4), bounds={"KV115": 0.35})
    assert outcome.threshold == 0.35
    assert len(findings) == sum(one.bright_share > 0.35 for one in bright(60, 0.0, 0.4) if one.bright_share is not None)
    assert judge(odd_size, image("a"), image("x", width=7200), bounds={"KV112": 5.0})[1]


@pytest.mark.fires("KV123")
@pytest.mark.parametrize("orientation", range(2, 9))
def test_an_image_that_its_tag_turns_is_a_warning(orientation: int) -> None:
    outcome, (finding,) = judge(turned_by_its_tag, image("a"), image("x", orientation=orientation))
    assert (outcome.evaluated, finding.img_id, finding.severity) == (2, "x", Severity.WARNING)
    assert f"EXIF orientation {orientation}" in finding.message
