"""A dataset's pictures come in; how high drawn and foreign pictures, and misplaced ones, rank among them, goes out."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from kvqa_audit.answers.gradients import gradients_of
from kvqa_audit.answers.off_topic import off_topic_images
from kvqa_audit.answers.suspicion import rank_suspicious_answers
from kvqa_audit.answers.tones import tones_of
from kvqa_audit.embeddings.network import Network, vector_of
from kvqa_audit.embeddings.normalised import normalised
from kvqa_audit.images.decode import decode, squeezed
from kvqa_audit.images.fingerprint import fingerprint
from kvqa_audit.images.picture_vectors import PictureVectors
from kvqa_audit.ingest.dataset import RawImage
from kvqa_audit.model import ImageFingerprint
from kvqa_audit.spec.dataset_spec import DatasetSpec

SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Looked:
    """One picture: its fingerprint, and the vector that a model gives for it, where there is one."""

    fingerprint: ImageFingerprint
    vector: np.ndarray | None = None


def look_at_bytes(img_id: str, data: bytes, network: Network | None) -> Looked:
    made = fingerprint(RawImage(img_id, img_id, data))
    if network is None:
        return Looked(made)
    colour = decode(data, network.preprocessing.size).colour
    assert colour is not None
    return Looked(made, vector_of(network, squeezed(colour, network.preprocessing.size)))


def look_at_folder(folder: Path, network: Network | None) -> list[Looked]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    return [look_at_bytes(path.stem, path.read_bytes(), network) for path in paths]


def kinds_of(pictures: Iterable[Looked]) -> tuple[PictureVectors, ...]:
    """What `run` compares: gradients, and the model's vectors where there is a model."""
    pictures = sorted(pictures, key=lambda one: one.fingerprint.img_id)
    gradients = gradients_of([one.fingerprint for one in pictures])
    if any(one.vector is None for one in pictures):
        return (gradients,)
    ids = tuple(one.fingerprint.img_id for one in pictures)
    return gradients, PictureVectors(ids, normalised(np.stack([one.vector for one in pictures])))


def drawn(seed: int) -> list[tuple[str, bytes]]:
    """Five charts, five rooms and five heaps of shapes, as JPEG."""
    chance = random.Random(seed)
    found = []
    for number in range(15):
        size = chance.choice([(720, 576), (640, 480), (1280, 1024)])
        picture = (_chart, _room, _shapes)[number % 3](chance, size)
        noise = np.random.default_rng(number).normal(0, 4, (*picture.size[::-1], 3))
        target = io.BytesIO()
        Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)).save(target, "JPEG", quality=90)
        found.append((f"drawn{number:02}", target.getvalue()))
    return found


def _colour(chance: random.Random) -> tuple[int, ...]:
    return tuple(chance.randint(0, 255) for _ in range(3))


def _chart(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    (width, height), picture = size, Image.new("RGB", size, (255, 255, 255))
    draw, bars = ImageDraw.Draw(picture), chance.randint(4, 12)
    draw.line((60, 40, 60, height - 60, width - 40, height - 60), fill=(0, 0, 0), width=2)
    for bar in range(bars):
        left, top = 80 + bar * (width - 140) // bars, chance.randint(60, height - 100)
        draw.rectangle((left, top, left + (width - 140) // bars - 8, height - 60), fill=_colour(chance))
        draw.text((left, height - 50), f"item {bar}", fill=(0, 0, 0))
    return picture


def _room(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    (width, height), picture = size, Image.new("RGB", size, _colour(chance))
    draw, floor = ImageDraw.Draw(picture), int(height * chance.uniform(0.55, 0.7))
    draw.rectangle((0, floor, width, height), fill=_colour(chance))
    for _ in range(chance.randint(1, 3)):
        left, top = chance.randint(0, width - 200), chance.randint(30, floor - 200)
        draw.rectangle((left, top, left + 150, top + 120), fill=_colour(chance), outline=(60, 40, 30), width=6)
    left = chance.randint(0, width - 300)
    draw.rectangle((left, floor - 80, left + 260, floor + 80), fill=_colour(chance), outline=(0, 0, 0))
    return picture


def _shapes(chance: random.Random, size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size, _colour(chance))
    draw = ImageDraw.Draw(picture)
    for _ in range(chance.randint(5, 20)):
        left, top, side = chance.randint(0, size[0]), chance.randint(0, size[1]), chance.randint(30, 250)
        draw.ellipse((left, top, left + side, top + side), fill=_colour(chance), outline=(0, 0, 0))
    return picture


def off_topic(own: Sequence[Looked], others: Sequence[Looked], copies: Iterable[tuple[str, str]]) -> dict[str, float]:
    """How high other pictures rank that lie among the dataset's own, over the findings of KV352."""
    together = [*own, *others]
    tones = tones_of([one.fingerprint for one in together])
    found = off_topic_images([*kinds_of(together), tones], copies, {}).images
    planted = {one.fingerprint.img_id for one in others}
    return {"AP": average_precision([one.img_id for one in found], planted), "findings": len(found)}


def average_precision(ranked: Iterable[str], planted: Collection[str]) -> float:
    hits = [img_id in planted for img_id in ranked]
    return sum(sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit) / len(planted)


def labels_of(folder: Path) -> dict[str, str]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return {image: label for image, label in list(csv.reader(file))[1:] if label}


def misplaced(
    own: Sequence[Looked], frames: Sequence[Looked], labels: dict[str, str], spec: DatasetSpec, seed: int, moved: int
) -> dict[str, float]:
    """How high pictures rank that were put under another source: the dataset's own are one, each label is one more."""
    chance, ids = random.Random(seed), {one.fingerprint.img_id for one in own}
    source = dict.fromkeys(ids, "own") | {
        one.fingerprint.img_id: labels.get(one.fingerprint.img_id, "") for one in frames
    }
    source = {img_id: name for img_id, name in source.items() if name}
    names = sorted(set(source.values()))
    wrong = {
        img_id: chance.choice([name for name in names if name != source[img_id]])
        for img_id in chance.sample(sorted(source), moved)
    }
    question = spec.questions[0].text
    rows = [(wrong.get(img_id, name), question, "no", img_id) for img_id, name in sorted(source.items())]
    frame = pd.DataFrame(rows, columns=["source", "question", "answer", "img_id"], dtype=str)
    kinds = kinds_of(one for one in (*own, *frames) if one.fingerprint.img_id in source)
    found = rank_suspicious_answers(frame, spec, pictures=kinds).sources
    return {"AP": average_precision([one.img_id for one in found], wrong), "findings": len(found)}
