"""The kinds of metadata in each image come in; a defect for every image with some of them goes out."""

from __future__ import annotations

from collections.abc import Callable

from kvqa_audit.checks.base import Checked, Defect, Evidence

HARMFUL = ("gps", "place name", "person name")
_WORDS = {
    "exif": "EXIF",
    "xmp": "XMP",
    "iptc": "IPTC",
    "gps": "the place by its coordinates (GPS)",
    "place name": "a place by its name",
    "person name": "a person by name",
    "device serial": "the serial number of a device",
    "date": "a date",
    "comment": "a comment",
    "thumbnail": "an embedded picture",
}


def carrying(evidence: Evidence, said: str, is_meant: Callable[[str], bool]) -> Checked:
    """A defect for every image that carries a kind which is meant; evaluated are the images whose header was read."""
    judged = [image for image in evidence.fingerprints if image.format is not None]
    defects = []
    for image in judged:
        kinds = [kind for kind in image.embedded if is_meant(kind)]
        if kinds:
            words = ", ".join(_WORDS.get(kind, kind) for kind in kinds)
            defects.append(
                Defect(
                    f"{image.path}: {said}: {words}",
                    img_id=image.img_id,
                    evidence={"path": image.path, "categories": kinds},
                    suggestion="Write it anew without metadata",
                )
            )
    return Checked(len(judged), defects)
