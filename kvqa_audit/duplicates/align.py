"""Contrast fields and rough views come in; affine maps refined to a fraction of a pixel go out."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.fields import Float

_RESIDUAL_SCALE = 0.6
_DAMPING = 0.01
_MAX_STEP = 0.08
_CENTRE = np.array((0.5, 0.5))
_FROM_CENTRE = np.array([[0.5], [0.5], [0.0]])
# Which of the six parameters there are to find, and their rates under scaling, rotation and the two shifts.
_AFFINE = np.eye(6, dtype=np.float32)
_RIGID = np.array(
    [[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=np.float32
)
# Where each of the 6 x 6 products of x, y, 1 along either axis stands among the moments of three products of slopes.
_MOMENT = np.array([[0, 1, 2], [1, 3, 4], [2, 4, 5]])
_HESSIAN_OF_MOMENTS = np.block([[_MOMENT, _MOMENT + 6], [_MOMENT + 6, _MOMENT + 12]])


def sampled(pictures: Float, maps: NDArray[np.float64], points: NDArray[np.float64]) -> tuple[Float, NDArray[np.bool_]]:
    """Bilinear samples of pictures, (p, s, s), at maps, (p, 2, 3), of points, (3, k) homogeneous.

    A few thousand pictures at most: pixels are counted in single precision, exact up to 16 million.
    Gives the samples and which of them lie inside the picture, both (p, k).
    """
    side = pictures.shape[-1]
    in_pixels = maps * side
    in_pixels[:, :, 2] -= 0.5
    at = in_pixels.astype(np.float32) @ points.astype(np.float32)
    within = np.clip(at, 0, side - 1.001)
    kept = within == at
    inside = kept[:, 0] & kept[:, 1]
    whole = np.floor(within, out=at)
    within -= whole
    x, y = within[:, 0], within[:, 1]
    place = whole[:, 1]
    place *= side
    place += whole[:, 0]
    place += (np.arange(len(pictures), dtype=np.float32) * (side * side))[:, None]
    corner = place.astype(np.intp)
    flat = pictures.reshape(-1)
    # Every corner is within its picture, so that "clip" only saves looking.
    upper, beside = flat.take(corner, mode="clip"), flat[1:].take(corner, mode="clip")
    beside -= upper
    beside *= x
    upper += beside
    lower, beside = flat[side:].take(corner, mode="clip"), flat[side + 1 :].take(corner, mode="clip")
    beside -= lower
    beside *= x
    lower += beside
    lower -= upper
    lower *= y
    upper += lower
    return upper, inside


@cache
def grid(side: int) -> NDArray[np.float64]:
    """The centres of side x side cells of the unit square, (3, side * side) homogeneous, row by row."""
    steps = (np.arange(side) + 0.5) / side
    y, x = np.meshgrid(steps, steps, indexing="ij")
    return np.stack((x.reshape(-1), y.reshape(-1), np.ones(side * side)))


def refined(
    viewed: Float, template: Float, maps: NDArray[np.float64], iterations: int, *, rigid: bool = False
) -> NDArray[np.float64]:
    """Refines maps, (p, 2, 3), from the templates, (p, t, t), to the viewed fields, (p, s, s), pair by pair.

    Inverse compositional Lucas-Kanade (Baker and Matthews 2004) with robust weights. `rigid` holds both axes to one
    scale, which leaves fewer ways to go astray.
    """
    if not iterations:
        return maps
    side = template.shape[-1]
    points, slopes, wanted = grid(side) - _FROM_CENTRE, _slopes(template), template.reshape(len(template), -1)
    centred = _moved(maps, _CENTRE)
    for _ in range(iterations):
        error, inside = sampled(viewed, centred, points)
        error -= wanted
        moments, descent = _moments(slopes, error, _robust_weight(error, inside))
        centred = _composed(centred, _step(moments, descent, rigid=rigid))
    return _moved(centred, -_CENTRE)


def _robust_weight(error: Float, inside: NDArray[np.bool_]) -> Float:
    """How much each point counts: not outside, and the less the more it differs (Geman and McClure 1987)."""
    weight = error * np.float32(1 / _RESIDUAL_SCALE)
    weight *= weight
    weight += 1
    weight *= weight
    found: Float = np.divide(inside, weight, out=weight)
    return found


def _slopes(template: Float) -> Float:
    """How steeply each point's value rises along x and y, (2, p, k), per side of the picture."""
    count, side, _ = template.shape
    slopes = np.empty((2, count, side, side), np.float32)
    for slope, values in ((slopes[0], template), (slopes[1].swapaxes(1, 2), template.swapaxes(1, 2))):
        np.subtract(values[:, :, 2:], values[:, :, :-2], out=slope[:, :, 1:-1])
        slope[:, :, 1:-1] /= 2
        np.subtract(values[:, :, 1], values[:, :, 0], out=slope[:, :, 0])
        np.subtract(values[:, :, -1], values[:, :, -2], out=slope[:, :, -1])
    slopes *= np.float32(side)
    return slopes.reshape(2, count, -1)


def _moments(slopes: Float, error: Float, weight: Float) -> tuple[Float, Float]:
    """The moments that make up the weighted Hessian, (p, 18), and the descent, (p, 6), of the six parameters.

    A parameter moves a point by x, y or 1, from the centre, along an axis, so that each is a moment over the points.
    """
    count, size = error.shape
    second, first = _monomials(round(size**0.5))
    products = np.empty((3, count, size), np.float32)
    weighted = slopes * weight
    np.multiply(weighted, slopes[0], out=products[:2])
    np.multiply(weighted[1], slopes[1], out=products[2])
    moments = (products @ second).transpose(1, 0, 2).reshape(count, -1)
    weighted *= error
    return moments, (weighted @ first).transpose(1, 0, 2).reshape(count, -1)


@cache
def _monomials(side: int) -> tuple[Float, Float]:
    """For the points of a grid, from the centre: x², xy, x, y², y and 1, (k, 6); and x, y and 1, (k, 3)."""
    x, y = grid(side)[:2] - 0.5
    one = np.ones_like(x)
    second, first = np.stack((x * x, x * y, x, y * y, y, one), axis=1), np.stack((x, y, one), axis=1)
    return second.astype(np.float32), first.astype(np.float32)


@cache
def _hessian_of_moments(rigid: bool) -> Float:
    """What makes the Hessian of the m parameters, row by row, of 18 moments, (18, m * m)."""
    rates = _RIGID if rigid else _AFFINE
    entries: Float = rates.T @ np.eye(18, dtype=np.float32)[:, _HESSIAN_OF_MOMENTS] @ rates
    return entries.reshape(18, -1)


def _step(moments: Float, descent: Float, *, rigid: bool) -> Float:
    """The damped step of the six parameters, (p, 6)."""
    rates = _RIGID if rigid else _AFFINE
    size = rates.shape[1]
    hessian = (moments @ _hessian_of_moments(rigid)).reshape(-1, size, size)
    diagonal = np.einsum("pii->pi", hessian)
    diagonal += diagonal.sum(axis=1, keepdims=True) * (_DAMPING / size) + np.float32(1e-3)
    step = np.linalg.solve(hessian, (descent @ rates)[:, :, None])[:, :, 0]
    found: Float = np.clip(step @ rates.T, -_MAX_STEP, _MAX_STEP)
    return found


def _composed(maps: NDArray[np.float64], step: Float) -> NDArray[np.float64]:
    """The maps after the inverse of a step; both about the centre."""
    xx, xy, right, yx, yy, down = step.T.astype(np.float64)
    xx, yy = 1 + xx, 1 + yy
    inverse = np.array([[yy, -xy, xy * down - yy * right], [-yx, xx, yx * right - xx * down]]) / (xx * yy - xy * yx)
    composed: NDArray[np.float64] = maps[:, :, :2] @ inverse.transpose(2, 0, 1)
    composed[:, :, 2] += maps[:, :, 2]
    return composed


def _moved(maps: NDArray[np.float64], origin: NDArray[np.float64]) -> NDArray[np.float64]:
    """The maps for points that are counted from another origin."""
    moved = maps.copy()
    moved[:, :, 2] += maps[:, :, :2] @ origin
    return moved
