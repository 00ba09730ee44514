"""What pictures look like comes in; a place in the plane for each, near to those that look like it, goes out."""

from __future__ import annotations

from kvqa_audit.images.picture_vectors import PictureVectors

MAX_PLACES = 2_000
_MIN_PICTURES = 10

Place = tuple[str, float, float]


def places_of(pictures: PictureVectors) -> tuple[Place, ...]:
    """The first two principal components of at most 2,000 pictures, evenly taken, from -1 to 1; () for few pictures."""
    import numpy as np
    from sklearn.decomposition import PCA

    step = -(-len(pictures.img_ids) // MAX_PLACES) or 1
    ids, vectors = pictures.img_ids[::step], pictures.vectors[::step].astype(np.float32)
    if len(ids) < _MIN_PICTURES:
        return ()
    found = PCA(2, svd_solver="covariance_eigh").fit_transform(vectors)
    found /= np.abs(found).max() or 1.0
    return tuple((img_id, round(float(x), 3), round(float(y), 3)) for img_id, (x, y) in zip(ids, found, strict=True))
