"""Contrast fields and rough views come in; affine maps refined to a fraction of a pixel go out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kvqa_audit.duplicates.fields import Float

RIGID_ITERATIONS = 5
COARSE_ITERATIONS = 5
FINE_ITERATIONS = 6
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
    at = ((maps @ points) * side - 0.5).astype(np.float32)
    x, y = at[:, 0], at[:, 1]
    inside = (x >= 0) & (x <= side - 1) & (y >= 0) & (y <= side - 1)
    x, y = np.clip(x, 0, side - 1.001), np.clip(y, 0, side - 1.001)
    left, top = x.astype(np.intp), y.astype(np.intp)
    x, y = x - left.astype(np.float32), y - top.astype(np.float32)
    corner = top * side + left + (np.arange(len(pictures)) * (side * side))[:, None]
    flat = pictures.reshape(-1)
    upper, upper_next = flat.take(corner), flat.take(corner + 1)
    lower, lower_next = flat.take(corner + side), flat.take(corner + (side + 1))
    upper += (upper_next - upper) * x
    lower += (lower_next - lower) * x
    return upper + (lower - upper) * y, inside


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
    count, side, _ = template.shape
    points = grid(side)
    steepest = _steepest_descent(template, points)
    wanted = template.reshape(count, -1)
    for _ in range(iterations):
        seen, inside = sampled(viewed, maps, points)
        error = seen - wanted
        weight = inside / (1 + (error / _RESIDUAL_SCALE) ** 2) ** 2
        weighted = steepest * weight[:, None, :]
        hessian = weighted @ steepest.transpose(0, 2, 1)
        trace = np.trace(hessian, axis1=1, axis2=2)[:, None, None]
        hessian += np.eye(6, dtype=np.float32) * (trace * _DAMPING / 6 + 1e-3)
        gradient = weighted @ error[:, :, None]
        if rigid:
            step = _RIGID @ np.linalg.solve(_RIGID.T @ hessian @ _RIGID, _RIGID.T @ gradient)
        else:
            step = np.linalg.solve(hessian, gradient)
        step = step[:, :, 0]
        maps = _composed(maps, np.clip(step, -_MAX_STEP, _MAX_STEP))
    return maps


def _steepest_descent(template: Float, points: NDArray[np.float64]) -> Float:
    """How each point's value answers to each of the six parameters, (p, 6, k); coordinates from the centre."""
    count, side, _ = template.shape
    down, across = (part.reshape(count, -1) * side for part in np.gradient(template, axis=(1, 2)))
    x, y = (points[:2] - 0.5).astype(np.float32)
    return np.stack((across * x, across * y, across, down * x, down * y, down), axis=1).astype(np.float32)


def _composed(maps: NDArray[np.float64], step: Float) -> NDArray[np.float64]:
    """The maps after the inverse of a step, whose parameters are about the centre."""
    moved = np.zeros((len(maps), 3, 3))
    moved[:, :2, :2] = np.eye(2) + step.reshape(-1, 2, 3)[:, :, :2]
    moved[:, :2, 2] = 0.5 + step.reshape(-1, 2, 3)[:, :, 2] - moved[:, :2, :2] @ (0.5, 0.5)
    moved[:, 2, 2] = 1
    return maps @ np.linalg.inv(moved)
