"""Contrast fields and rough views come in; affine maps refined to a fraction of a pixel go out."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.fields import Float

_RESIDUAL_SCALE = 0.6
_DAMPING = 0.01
_MAX_STEP = 0.08
# The six parameters' rates under scaling, rotation and the two shifts.
_RIGID = np.array(
    [[1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=np.float32
)


def sampled(pictures: Float, maps: NDArray[np.float64], points: NDArray[np.float64]) -> tuple[Float, NDArray[np.bool_]]:
    """Bilinear samples of pictures, (p, s, s), at maps, (p, 2, 3), of points, (3, k) homogeneous.

    Gives the samples and which of them lie inside the picture, both (p, k).
    """
    side = pictures.shape[-1]
    in_pixels = maps * side
    in_pixels[:, :, 2] -= 0.5
    at = in_pixels.astype(np.float32) @ points.astype(np.float32)
    within = np.clip(at, 0, side - 1.001)
    inside = (within == at).all(axis=1)
    whole = np.floor(within)
    within -= whole
    x, y = within[:, 0], within[:, 1]
    corner = (whole[:, 1] * side + whole[:, 0]).astype(np.intp)
    corner += (np.arange(len(pictures)) * (side * side))[:, None]
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
    count, side, _ = template.shape
    points = grid(side)
    steepest = _steepest_descent(template, points)
    if rigid:
        steepest = _RIGID.T @ steepest
    damped = np.eye(steepest.shape[1], dtype=np.float32)
    wanted = template.reshape(count, -1)
    weighted = np.empty_like(steepest)
    for _ in range(iterations):
        error, inside = sampled(viewed, maps, points)
        error -= wanted
        np.multiply(steepest, _robust_weight(error, inside)[:, None, :], out=weighted)
        hessian = weighted @ steepest.transpose(0, 2, 1)
        hessian += damped * (np.trace(hessian, axis1=1, axis2=2)[:, None, None] * (_DAMPING / len(damped)) + 1e-3)
        step = np.linalg.solve(hessian, weighted @ error[:, :, None])
        if rigid:
            step = _RIGID @ step
        maps = _composed(maps, np.clip(step[:, :, 0], -_MAX_STEP, _MAX_STEP))
    return maps


def _robust_weight(error: Float, inside: NDArray[np.bool_]) -> Float:
    """How much each point counts: not outside, and the less the more it differs (Geman and McClure 1987)."""
    weight = error * np.float32(1 / _RESIDUAL_SCALE)
    weight *= weight
    weight += 1
    weight *= weight
    found: Float = np.divide(inside, weight, out=weight)
    return found


def _steepest_descent(template: Float, points: NDArray[np.float64]) -> Float:
    """How each point's value answers to each of the six parameters, (p, 6, k); coordinates from the centre."""
    count, side, _ = template.shape
    steepest = np.empty((count, 6, side * side), np.float32)
    x, y = (points[:2] - 0.5).astype(np.float32)
    for first, axis in ((0, 2), (3, 1)):
        slope = np.gradient(template, np.float32(1 / side), axis=axis).reshape(count, -1)
        np.multiply(slope, x, out=steepest[:, first])
        np.multiply(slope, y, out=steepest[:, first + 1])
        steepest[:, first + 2] = slope
    return steepest


def _composed(maps: NDArray[np.float64], step: Float) -> NDArray[np.float64]:
    """The maps after the inverse of a step, whose parameters are about the centre."""
    moved = np.zeros((len(maps), 3, 3))
    moved[:, :2, :2] = np.eye(2) + step.reshape(-1, 2, 3)[:, :, :2]
    moved[:, :2, 2] = 0.5 + step.reshape(-1, 2, 3)[:, :, 2] - moved[:, :2, :2] @ (0.5, 0.5)
    moved[:, 2, 2] = 1
    return maps @ np.linalg.inv(moved)
