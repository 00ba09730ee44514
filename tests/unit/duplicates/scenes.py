"""Drawn scenes, like endoscopy frames in what matters: soft texture inside an octagon, black around it."""

from __future__ import annotations

import hashlib

import numpy as np
from PIL import Image, ImageFilter

from kvqa_audit.images.hashes import features_of
from kvqa_audit.model import ImageFingerprint


def scene(seed: int, width: int = 360, height: int = 288) -> Image.Image:
    """One scene, grey; two seeds share the surround and nothing else."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((height, width))
    for blur in (4, 9, 18):
        noise = Image.fromarray(rng.integers(0, 256, (height, width), dtype=np.uint8))
        soft = np.asarray(noise.filter(ImageFilter.GaussianBlur(blur)), float)
        picture += (soft - soft.mean()) / soft.std()
    picture = np.clip(120 + 28 * picture, 30, 250)
    return in_view(Image.fromarray(picture.astype(np.uint8)))


def in_view(picture: Image.Image) -> Image.Image:
    """What an octagonal field of view leaves of a grey picture; black around it."""
    y, x = np.mgrid[-1 : 1 : picture.height * 1j, -1 : 1 : picture.width * 1j]
    return Image.fromarray(np.where(np.abs(x) + np.abs(y) > 1.5, 0, np.asarray(picture)).astype(np.uint8))


def flat(grey: int, noise: int = 0, seed: int = 0) -> Image.Image:
    """One grey everywhere, give or take `noise`."""
    rng = np.random.default_rng(seed)
    values = grey + rng.integers(-noise, noise + 1, (288, 360))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def fingerprint(img_id: str, picture: Image.Image, data: bytes | None = None) -> ImageFingerprint:
    """The fingerprint of a picture, as if each were a file of its own unless `data` says otherwise."""
    features = features_of(np.asarray(picture))
    data = data if data is not None else img_id.encode()
    return ImageFingerprint(
        img_id,
        f"{img_id}.jpg",
        len(data),
        hashlib.sha256(data).hexdigest(),
        width=picture.width,
        height=picture.height,
        full_pixel_digest=hashlib.sha256(f"{picture.size}".encode() + picture.tobytes()).hexdigest(),
        phash64=features.phash64,
        phash256=features.phash256,
        thumbnail=features.thumbnail,
    )
