"""Writes the three small datasets of the README beside this file: invented rows, drawn pictures, planted defects.

`python docs/samples/make.py [FOLDER]`; nothing in them is anybody's: CC0.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

SIZE = (160, 120)
ROOMS = ("kitchen", "bedroom", "bathroom", "office")


def picture(seed: int) -> Image.Image:
    """Discs and boxes on a soft ground, others for every seed."""
    rng = random.Random(seed)
    drawn = Image.frombytes("RGB", (6, 5), rng.randbytes(90)).resize(SIZE, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(drawn)
    for shape in (draw.ellipse, draw.rectangle) * 9:
        x, y, side = rng.randrange(SIZE[0] - 12), rng.randrange(SIZE[1] - 12), rng.randrange(6, 34)
        shape((x, y, x + side, y + side * 2 // 3), fill=tuple(rng.randbytes(3)))
    return drawn


def rooms(folder: Path) -> None:
    """JSON Lines, ids without ending in a folder of another name, two splits by a key of each row."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, object]] = []
    for n in range(12):
        image, split = f"room{n:02}", "test" if n % 4 == 3 else "train"
        picture(n).save(folder / "photos" / f"{image}.jpg", quality=60)
        asked = (
            ("Which room is this?", ROOMS[n % 4]),
            ("Is there a window?", ("yes", "no")[n % 3 == 0]),
            ("How many chairs are there?", str(n % 5)),
        )
        rows += [{"image": image, "question": q, "answer": a, "split": split} for q, a in asked]
    picture(1).save(folder / "photos" / "room11.jpg", quality=40)  # room01 again, and it is in the other split
    rows[4]["answer"] = "Yes."
    rows[13] |= {"question": "Is there a  window?"}
    rows[20]["answer"] = "some"
    rows.append({**rows[1], "answer": "yes"})
    rows.append(dict(rows[6]))
    (folder / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def fragen(folder: Path) -> None:
    """Semicolons, Latin-1, German, one file a split, paths of somebody else's machine for ids."""
    (folder / "Bilder").mkdir(parents=True, exist_ok=True)
    head = ("Bild", "Frage", "Antwort", "Bereich")
    rows: list[tuple[str, ...]] = []
    for n in range(12):
        name = f"foto_{n:02}.jpg"
        picture(100 + n).save(folder / "Bilder" / name, quality=60)
        path, area = f"C:\\Daten\\Bilder\\{name}", ("Straße", "Garten")[n % 2]
        rows.append((path, "Ist ein Fahrrad zu sehen?", ("ja", "nein")[n % 3 == 0], area))
        rows.append((path, "Wie viele Bäume sind zu sehen?", str(n % 4), area))
        rows.append((path, "Welche Farbe hat die Tür?", ("grün", "weiß", "blau")[n % 3], area))
    rows[2] = (*rows[2][:2], "grün ", rows[2][3])
    rows[10] = (*rows[10][:2], "ja", rows[10][3])
    rows[21] = ("C:\\Daten\\Bilder\\foto_7.jpg", *rows[21][1:])
    for split, part in (("train", rows[:24]), ("test", [*rows[24:], rows[0]])):
        with (folder / f"{split}.csv").open("w", encoding="latin-1", newline="") as file:
            csv.writer(file, delimiter=";").writerows([head, *part])


def scenes(folder: Path) -> None:
    """Questions and annotations in two files with ten answers each, and numbers for ids."""
    (folder / "train2014").mkdir(parents=True, exist_ok=True)
    questions: list[dict[str, object]] = []
    annotations: list[dict[str, object]] = []
    for n in range(10):
        image = 400 + n
        picture(200 + n).save(folder / "train2014" / f"COCO_train2014_{image:012}.jpg", quality=60)
        asked = (("Is the dog asleep?", "yes" if n % 2 else "no"), ("What is on the table?", ("cup", "lamp")[n % 2]))
        for q, a in asked:
            number = len(questions)
            agreeing = 3 if number == 7 else 8
            given = [a] * agreeing + [f"other {k}" for k in range(10 - agreeing)]
            questions.append({"image_id": image, "question": q, "question_id": number})
            answers = [{"answer": text, "answer_id": k} for k, text in enumerate(given, 1)]
            annotations.append({"question_id": number, "multiple_choice_answer": a, "answers": answers})
    annotations[4]["multiple_choice_answer"] = "on the sofa"
    (folder / "train2014" / "COCO_train2014_000000000409.jpg").unlink()
    for name, key, entries in (
        ("questions", "questions", questions),
        ("annotations", "annotations", annotations[::-1]),
    ):
        text = json.dumps({"info": {"year": 2014}, key: entries})
        (folder / f"v2_train2014_{name}.json").write_text(text, encoding="utf-8")


def main() -> None:
    folder = Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent
    rooms(folder / "rooms")
    fragen(folder / "fragen")
    scenes(folder / "scenes")


if __name__ == "__main__":
    main()
