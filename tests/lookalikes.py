"""A folder comes in; made-up datasets in the shape of other published ones go there, for the tests of `init`."""

from __future__ import annotations

import csv
import io
import random
from pathlib import Path

from PIL import Image

ORGANS = ("Brain", "Chest", "Abdomen")


def jpeg(seed: int) -> bytes:
    """A small picture of random blocks, another one for every seed."""
    rng = random.Random(seed)
    small = Image.frombytes("RGB", (12, 10), rng.randbytes(360))
    buffer = io.BytesIO()
    small.resize((120, 100), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def x1_rows(images: int, seed: int = 5) -> list[dict[str, object]]:
    """Rows in the shape of Kvasir-VQA-x1: free questions and sentences for answers, and no category of images."""
    rng = random.Random(seed)
    rows: list[dict[str, object]] = []
    for n in range(images):
        for complexity in (1, 2, 3):
            word = rng.choice(("bright", "dark", "round", "narrow", "folded"))
            rows.append(
                {
                    "img_id": f"x{n:04d}",
                    "complexity": complexity,
                    "question": f"How would you describe the {word} part number {rng.randrange(900)} of view {n}?",
                    "answer": f"The part is {word}, seen {rng.randrange(900)} times, and nothing else stands out.",
                    "original": '[{"q": "Is there text?", "a": "no"}]',
                    "question_class": ["appearance"],
                    "image": {"bytes": jpeg(n), "path": f"x{n:04d}.jpg"},
                }
            )
    return rows


def save_x1(folder: Path, images: int = 20) -> None:
    """Writes it with `save_to_disk`, in two splits."""
    import datasets

    rows = x1_rows(images)
    third = 3 * (images // 3)
    parts = {"train": rows[third:], "test": rows[:third]}
    features = datasets.Features(
        {
            "img_id": datasets.Value("string"),
            "complexity": datasets.Value("int64"),
            "question": datasets.Value("string"),
            "answer": datasets.Value("string"),
            "original": datasets.Value("string"),
            "question_class": datasets.Sequence(datasets.Value("string")),
            "image": datasets.Image(),
        }
    )
    saved = {name: datasets.Dataset.from_list(part, features=features) for name, part in parts.items()}
    datasets.DatasetDict(saved).save_to_disk(folder)


def write_rad(folder: Path, images: int = 60) -> None:
    """Writes a table in the shape of VQA-RAD and SLAKE: closed questions that come again, columns of other names."""
    rng = random.Random(11)
    (folder / "images").mkdir(parents=True)
    with (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("qid", "image_name", "image_organ", "q", "a", "answer_type"))
        number = 0
        for n in range(images):
            name, organ = f"synpic{n:03d}.jpg", ORGANS[n % len(ORGANS)]
            (folder / "images" / name).write_bytes(jpeg(1_000 + n))
            abnormal = rng.random() < 0.5
            masses = rng.randint(1, 3) if abnormal else 0
            places = sorted(rng.sample(("upper left", "upper right", "lower left", "lower right"), min(masses, 2)))
            answers = (
                ("Is there an abnormality?", "Yes" if abnormal else "No", "CLOSED"),
                ("Which plane is the image in?", rng.choice(("axial", "coronal", "sagittal")), "OPEN"),
                ("How many masses are visible?", str(masses), "OPEN"),
                ("Where are the masses?", ", ".join(places) or "none", "OPEN"),
                ("What would you tell the patient?", f"Finding {rng.randrange(10_000)}, to be seen again", "OPEN"),
            )
            for question, answer, kind in answers:
                number += 1
                writer.writerow((number, name, organ, question, answer, kind))
