"""A clean sample dataset comes in; the same with known defects, and the list of them, goes out."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np
from PIL import ExifTags, Image, ImageFilter, ImageOps

from kvqa_audit.demo.scenes import Row
from kvqa_audit.demo.truth import Planted
from kvqa_audit.spec.dataset_spec import DatasetSpec

JPEG_QUALITY = 74


def jpeg(image: Image.Image, quality: int = JPEG_QUALITY) -> bytes:
    """The image as JPEG bytes."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


@dataclass
class Sample:
    """A dataset in the making: rows in table order, the bytes of each image file, and what was planted so far."""

    spec: DatasetSpec
    rows: list[Row]
    files: dict[str, bytes]
    planted: list[tuple[str, Row | None, tuple[str, ...], tuple[str, ...]]] = field(default_factory=list)

    def row(self, img_id: str, name: str) -> Row:
        text = self.spec.question_by_name[name].text
        return next(row for row in self.rows if row["img_id"] == img_id and row["question"] == text)

    def picture(self, img_id: str) -> Image.Image:
        return Image.open(io.BytesIO(self.files[img_id])).convert("RGB")

    def note(self, what: str, expected: str, *img_ids: str, row: Row | None = None) -> None:
        self.planted.append((what, row, tuple(expected.split()), img_ids or ((row["img_id"],) if row else ())))

    def spoil(self, img_id: str, name: str, answer: str, what: str, expected: str) -> None:
        """Exchanges one answer."""
        row = self.row(img_id, name)
        row["answer"] = answer
        self.note(what, expected, row=row)

    def truth(self) -> tuple[Planted, ...]:
        """The planted defects, with the rows' final numbers."""
        number = {id(row): index for index, row in enumerate(self.rows)}
        return tuple(
            Planted(
                what,
                ", ".join(f"images/{img_id}.jpg" for img_id in img_ids)
                if row is None
                else f"record {number[id(row)] + 1}, {row['img_id']}",
                expected,
                img_ids,
                row["question"] if row is not None else None,
            )
            for what, row, expected, img_ids in self.planted
        )


def plant_all(sample: Sample) -> None:
    """Plants every defect the sample is meant to have."""
    for plant in (
        _copies,
        _broken_files,
        _missing_and_orphaned,
        _poor_frames,
        _place_told,
        _faulty_cells,
        _contrary_answers,
        _broken_rules,
    ):
        plant(sample)


def _copies(sample: Sample) -> None:
    def copy(of: str, to: str, content: bytes) -> None:
        """Adds the file under another id, with the same answers."""
        sample.files[to] = content
        last = max(index for index, row in enumerate(sample.rows) if row["img_id"] == of)
        sample.rows[last + 1 : last + 1] = [{**row, "img_id": to} for row in sample.rows if row["img_id"] == of]

    files = sample.files
    copy("demo_polyps_01", "demo_instrument_copy", files["demo_polyps_01"])
    for row in sample.rows:
        if row["img_id"] == "demo_instrument_copy":
            row["source"] = "Instrument"
    sample.rows.sort(key=lambda row: row["source"] == "Instrument")
    told = sample.row("demo_instrument_copy", "text")
    told["answer"] = "no" if told["answer"] == "yes" else "yes"
    pair = ("demo_polyps_01", "demo_instrument_copy")
    sample.note("the same file in two sources, with an answer that differs", "KV201 KV203 KV205", *pair)
    sample.note("the differing answer contradicts the picture", "KV361", row=told)
    copy("demo_colitis_01", "demo_colitis_commented", _commented(files["demo_colitis_01"]))
    sample.note("a copy with a comment in the file", "KV202", "demo_colitis_01", "demo_colitis_commented")
    sample.note("a comment in the file", "KV601", "demo_colitis_commented")
    copy("demo_colitis_02", "demo_colitis_reencoded", jpeg(sample.picture("demo_colitis_02"), 55))
    sample.note("a copy saved anew as JPEG", "KV204", "demo_colitis_02", "demo_colitis_reencoded")
    mirrored = ImageOps.mirror(sample.picture("demo_esophagitis_03"))
    copy("demo_esophagitis_03", "demo_esophagitis_flipped", jpeg(mirrored))
    sample.note("a mirrored copy", "KV204", "demo_esophagitis_03", "demo_esophagitis_flipped")
    copy("demo_normal_04", "demo_normal_cropped", jpeg(_cropped(sample.picture("demo_normal_04"))))
    sample.note("a cropped copy", "KV204", "demo_normal_04", "demo_normal_cropped")


def _commented(content: bytes) -> bytes:
    """The JPEG with a comment segment after its start marker: other bytes, the same pixels."""
    return _with_segment(content, b"\xff\xfe", b"saved by another program")


def _with_segment(content: bytes, marker: bytes, segment: bytes) -> bytes:
    return content[:2] + marker + (len(segment) + 2).to_bytes(2, "big") + segment + content[2:]


def _cropped(image: Image.Image) -> Image.Image:
    width, height = image.size
    return image.crop((int(width * 0.05), int(height * 0.05), int(width * 0.96), int(height * 0.95)))


def _broken_files(sample: Sample) -> None:
    files = sample.files
    files["demo_polyps_02"] = files["demo_polyps_02"][: len(files["demo_polyps_02"]) * 2 // 3]
    sample.note("a file cut off after two thirds", "KV104", "demo_polyps_02")
    files["demo_colitis_03"] = b""
    sample.note("an empty file", "KV105", "demo_colitis_03")
    files["demo_normal_01"] = b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>\n"
    sample.note("an HTML page named .jpg", "KV106", "demo_normal_01")
    out = io.BytesIO()
    small = sample.picture("demo_normal_02")
    small.thumbnail((360, 360))
    small.quantize(64).save(out, "PNG", optimize=True)
    files["demo_normal_02"] = out.getvalue()
    sample.note("a PNG file with a palette, named .jpg", "KV107 KV108", "demo_normal_02")


def _missing_and_orphaned(sample: Sample) -> None:
    del sample.files["demo_esophagitis_05"]
    sample.note("rows whose image is missing", "KV101", "demo_esophagitis_05")
    orphan = "demo_normal_08"
    sample.rows[:] = [row for row in sample.rows if row["img_id"] != orphan]
    sample.note("an image without rows", "KV102", orphan)


def _poor_frames(sample: Sample) -> None:
    grain = np.random.default_rng(0).integers(0, 5, (540, 680, 3), dtype=np.uint8)
    sample.files["demo_normal_05"] = jpeg(Image.fromarray(grain))
    sample.note("a black frame", "KV114 KV117", "demo_normal_05")
    blurred = sample.picture("demo_normal_06").filter(ImageFilter.GaussianBlur(14))
    sample.files["demo_normal_06"] = jpeg(blurred)
    sample.note("a blurred frame", "KV116", "demo_normal_06")


def _place_told(sample: Sample) -> None:
    """The place is where the equator meets the prime meridian, at sea."""
    exif = Image.Exif()
    exif[ExifTags.IFD.GPSInfo] = {
        ExifTags.GPS.GPSLatitudeRef: "N",
        ExifTags.GPS.GPSLatitude: (0.0, 0.0, 0.0),
        ExifTags.GPS.GPSLongitudeRef: "E",
        ExifTags.GPS.GPSLongitude: (0.0, 0.0, 0.0),
    }
    content = sample.files["demo_normal_07"]
    sample.files["demo_normal_07"] = _with_segment(content, b"\xff\xe1", exif.tobytes())
    sample.note("GPS coordinates in the file's EXIF", "KV601 KV602", "demo_normal_07")


def _faulty_cells(sample: Sample) -> None:
    for img_id in ("demo_instrument_01", "demo_instrument_02", "demo_instrument_03"):
        row = sample.row(img_id, "n_instr")
        row["question"] = "How many instrumnets are in the image?"
        sample.note("a misspelt question", "KV007", row=row)

    sample.spoil("demo_polyps_03", "abn_loc", "lower-rigth", "a misspelt place", "KV009")
    sample.spoil("demo_polyps_04", "polyp_size", ">20", "a size without its unit", "KV009")
    sample.spoil("demo_polyps_05", "abn_colour", "red; pink", "colours out of order", "KV010")
    sample.spoil("demo_polyps_06", "abn_colour", " pink; red ", "blanks around an answer", "KV004")
    sample.spoil("demo_colitis_04", "text", "", "a blank answer", "KV015")
    # What nobody else answers does not fit the image's other answers either.
    sample.spoil("demo_colitis_05", "box", "perhaps", "an answer outside the vocabulary", "KV008 KV350")
    script = "<script>alert(1)</script>"
    sample.spoil("demo_esophagitis_01", "easy", script, "an answer that is a script", "KV008 KV350")
    row = sample.row("demo_normal_03", "finding")
    row["source"] = "Norml"
    sample.note("an unknown source", "KV005", row=row)
    repeated = sample.row("demo_esophagitis_02", "procedure")
    sample.rows.insert(sample.rows.index(repeated) + 1, dict(repeated))
    sample.note("a row that stands twice", "KV011", row=repeated)
    first = sample.row("demo_esophagitis_06", "text")
    contrary = {**first, "answer": "no" if first["answer"] == "yes" else "yes"}
    sample.rows.insert(sample.rows.index(first) + 1, contrary)
    sample.note("a question answered in two ways, once against the picture", "KV012 KV361", row=contrary)
    odd = {**sample.row("demo_esophagitis_07", "text"), "question": "Is the patient asleep?"}
    sample.rows.insert(sample.rows.index(sample.row("demo_esophagitis_07", "text")) + 1, odd)
    sample.note("a question that is not in the catalogue", "KV006", row=odd)


def _contrary_answers(sample: Sample) -> None:
    sample.spoil("demo_polyps_08", "box", "no", "a box answered with no", "KV360")
    sample.spoil("demo_polyps_09", "text", "no", "burned-in text answered with no", "KV361")
    sample.spoil("demo_colitis_08", "abn_colour", "blue; red", "a colour nowhere in the picture", "KV350 KV362")
    sample.spoil("demo_instrument_05", "procedure", "gastroscopy", "an answer exchanged for another", "KV350")


def _broken_rules(sample: Sample) -> None:
    sample.row("demo_colitis_06", "instr")["answer"] = "tube"
    sample.note("an instrument named where none is counted", "KV30-L1.1", "demo_colitis_06")
    sample.row("demo_colitis_07", "abn")["answer"] = "polyp; ulcerative colitis"
    sample.note("a polyp listed where none is counted", "KV30-L4.1", "demo_colitis_07")
    sample.row("demo_esophagitis_04", "procedure")["answer"] = "colonoscopy"
    expected = "KV30-L10.3 KV30-L10.4 KV30-L18.esophagitis KV350"
    sample.note("a z-line seen in a colonoscopy", expected, "demo_esophagitis_04")
