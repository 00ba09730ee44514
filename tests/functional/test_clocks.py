"""Drawn frames with drawn clocks in three layouts: every examination and every leak is found, and no clock gets out."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from kvqa_audit.artifacts.folder import read_artifacts
from kvqa_audit.describe.description import describe_source
from kvqa_audit.model import AuditRun, ImageGroups
from tests.functional.conftest import Program

SIZE = (440, 340)


@dataclass(frozen=True)
class Frame:
    """One drawn frame: its examination, what is written in it, and its split."""

    img_id: str
    examination: str
    lines: tuple[tuple[int, int, str], ...]
    seconds: int
    split: str


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def lines_of(layout: str, day: tuple[int, int, int], start: int, elapsed: int) -> tuple[tuple[int, int, str], ...]:
    """Left, top and text of each line."""
    year, month, date = day
    if layout == "left":
        written = (f"{date:02}/{month:02}/{year}", clock(start + elapsed), clock(elapsed))
        return tuple((8, top, text) for top, text in zip((90, 112, 156), written, strict=True))
    if layout == "right":
        written = (f"{year}-{month:02}-{date:02}", clock(start + elapsed), clock(elapsed))
        return tuple((300, top, text) for top, text in zip((20, 46, 98), written, strict=True))
    return (12, 270, f"{date:02}.{month:02}.{year}"), (12, 298, f"<{clock(elapsed)}>")


# Layout, day, and second of the day; two in a layout are of one day.
EXAMINATIONS = (
    ("left", (2012, 4, 18), 30_600),
    ("left", (2012, 4, 18), 49_022),
    ("left", (2015, 11, 26), 41_217),
    ("right", (2009, 7, 3), 33_333),
    ("right", (2009, 7, 3), 52_710),
    ("right", (2016, 10, 25), 28_954),
    ("below", (2013, 6, 14), 0),
    ("below", (2018, 9, 27), 0),
)
PARTED = (2, 4, 7)
# An examination of which there are many frames, and one that answers in one frame what it does in no other.
LARGE, FRAMES_OF_LARGE, IN_TWO_WAYS = 0, 10, 3


def frames() -> list[Frame]:
    """Three of each examination but the large one, some with the last in another split."""
    chance, found = random.Random(5), []
    for number, (layout, day, start) in enumerate(EXAMINATIONS):
        for frame in range(FRAMES_OF_LARGE if number == LARGE else 3):
            elapsed = 100 + 97 * frame + chance.randint(0, 40)
            split = "test" if number in PARTED and frame == 2 else "train"
            lines = lines_of(layout, day, start, elapsed)
            found.append(Frame(f"{chance.getrandbits(32):08x}", f"{number}", lines, elapsed, split))
    return found


def draw(frame: Frame, place: Path, seed: int) -> None:
    width, height = SIZE
    rows, columns = np.mgrid[0:height, 0:width]
    shade = 0.7 + 0.25 * np.sin(columns / 60 + seed) * np.cos(rows / 50 + 2 * seed)
    noise = np.random.default_rng(seed).normal(0, 4, (height, width, 1))
    picture = Image.fromarray(np.clip(np.array((180, 100, 85)) * shade[..., None] + noise, 0, 255).astype(np.uint8))
    size = {90: 18, 20: 22, 270: 20}[frame.lines[0][1]]
    for left, top, text in frame.lines:
        ImageDraw.Draw(picture).text((left, top), text, fill=(235, 235, 235), font=ImageFont.load_default(size))
    picture.save(place / f"{frame.img_id}.jpg", quality=92)


@pytest.fixture(scope="module")
def planted() -> list[Frame]:
    return frames()


@pytest.fixture(scope="module")
def dataset(planted: list[Frame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = tmp_path_factory.mktemp("clocks") / "dataset"
    (source / "images").mkdir(parents=True)
    rows, told = ["source,question,answer,img_id,split"], set[str]()
    for seed, frame in enumerate(planted):
        draw(frame, source / "images", seed)
        rows.append(f"Ward,What is shown?,{'polyp' if seed % 3 else 'nothing'},{frame.img_id},{frame.split}")
        other = frame.examination == f"{IN_TWO_WAYS}" and frame.examination not in told
        told.add(frame.examination)
        procedure = ("gastroscopy", "colonoscopy")[(int(frame.examination) + other) % 2]
        rows.append(f"Ward,Which procedure was done?,{procedure},{frame.img_id},{frame.split}")
    (source / "metadata.csv").write_text("\n".join(rows) + "\n")
    return source


@pytest.fixture(scope="module")
def description(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `init` writes, taken over by a person who adds that an examination is one procedure."""
    folder, asked = tmp_path_factory.mktemp("description"), 'text: "Which procedure was done?"\n'
    for name, content in describe_source(str(dataset)).files.items():
        taken_over = content.replace("made_by: init\n", "").replace(asked, f"{asked}    one_per_group: true\n")
        (folder / name).write_text(taken_over, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def audited(dataset: Path, description: Path, program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an audit; its log, its store and what it printed lie beside it."""
    place = tmp_path_factory.mktemp("audits")
    done = program(
        "run", dataset, "--spec", description, "--out", place / "out", "--ocr", "--jobs", "2",
        "--log", place / "run.log", "--store", f"sqlite:///{place}/store.db", "--also", "sarif,junit,summary",
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    (place / "printed.txt").write_text(done.stdout + done.stderr)
    return place / "out"


def groups_of(run: AuditRun) -> ImageGroups:
    return ImageGroups.from_json(run.metrics["image_groups"])


@pytest.mark.ocr
def test_every_examination_is_found_with_its_distances(audited: Path, planted: list[Frame]) -> None:
    groups = groups_of(read_artifacts(audited))
    by_examination = defaultdict(list)
    for frame in planted:
        by_examination[frame.examination].append(frame)
    assert sorted(groups.members().values()) == sorted(
        tuple(sorted(frame.img_id for frame in of_it)) for of_it in by_examination.values()
    )
    for of_it in by_examination.values():
        first = min(frame.seconds for frame in of_it)
        apart = {frame.img_id: frame.seconds - first for frame in of_it}
        assert {img_id: groups.places[img_id][0].seconds_from_start for img_id in apart} == apart


@pytest.mark.ocr
def test_every_leak_is_found_and_nothing_else_is_one(audited: Path, planted: list[Frame]) -> None:
    run = read_artifacts(audited)
    splits = defaultdict(Counter)
    for frame in planted:
        splits[frame.examination][frame.split] += 1
    leaking = [dict(sorted(counted.items())) for counted in splits.values() if len(counted) > 1]
    found = [one for one in run.findings if one.check == "KV417"]
    assert [one.evidence["images"] for one in found] == leaking == [{"test": 1, "train": 2}] * 3
    assert all("examination" in one.message for one in found)
    page = (audited / "report.html").read_text()
    assert f"{len(planted)} images of {len(splits)} examinations" in page


@pytest.mark.ocr
def test_an_examination_that_dominates_its_source_is_told(audited: Path, planted: list[Frame]) -> None:
    (finding,) = [one for one in read_artifacts(audited).findings if one.check == "KV419"]
    assert finding.evidence["images"] == len(planted)
    assert finding.evidence["groups"] == len(EXAMINATIONS)
    assert f"{FRAMES_OF_LARGE} of {len(planted)} images come from {finding.evidence['group']}" in finding.message


@pytest.mark.ocr
def test_an_examination_of_two_procedures_is_told(audited: Path, planted: list[Frame]) -> None:
    (finding,) = [one for one in read_artifacts(audited).findings if one.check == "KV420"]
    first, *others = [frame.img_id for frame in planted if frame.examination == f"{IN_TWO_WAYS}"]
    by_answer = {answer: sorted(images) for answer, images in finding.evidence["answers"].items()}
    assert by_answer == {"gastroscopy": [first], "colonoscopy": sorted(others)}


@pytest.mark.ocr
def test_no_date_and_no_clock_is_in_any_file(audited: Path, planted: list[Frame], variables: dict[str, str]) -> None:
    written = [path for path in audited.parent.rglob("*") if path.is_file()]
    kept = [path for path in Path(variables["XDG_CACHE_HOME"]).rglob("*") if path.is_file()]
    assert any("clocks" in path.name for path in kept)
    assert {path.suffix for path in written} >= {".json", ".html", ".log", ".db", ".parquet", ".csv"}
    texts = {text.strip("<>") for frame in planted for _, _, text in frame.lines}
    in_digits = {"".join(filter(str.isdigit, text)) for text in texts if ":" not in text}
    for path in (*written, *kept):
        content = path.read_bytes()
        told = [text for text in texts | in_digits if text.encode() in content]
        assert not told, (path, told)


@pytest.mark.ocr
def test_the_cache_holds_no_second_of_the_day(audited: Path, planted: list[Frame], variables: dict[str, str]) -> None:
    import sqlite3

    (place,) = Path(variables["XDG_CACHE_HOME"]).rglob("clocks-*.sqlite")
    with sqlite3.connect(place) as database:
        kept = [json.loads(text) for (text,) in database.execute("SELECT text FROM texts")]
    clocks = {one[2] for one in kept if one[2] is not None}
    assert len(clocks) >= 18
    assert all(one > 86_400 for one in clocks)
    assert (place.parent / "clocks.key").stat().st_mode & 0o077 == 0


def test_without_the_reader_nothing_is_linked_and_it_is_said(dataset: Path, program: Program, tmp_path: Path) -> None:
    program("run", dataset, "--out", tmp_path, "--quiet")
    run = read_artifacts(tmp_path)
    assert run.metrics["image_groups"] is None
    (outcome,) = [one for one in run.outcomes if one.code == "KV417"]
    assert "no clocks in the pictures do" in str(outcome.reason)
    assert "kvqa-audit run --ocr" in str(outcome.reason)
