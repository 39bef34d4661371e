"""What each pixel sees: which surface, which part of it, where on it, and how far away."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int, Int32, UInt8, UInt32

from recyclegan.roadworld.camera import Camera, Route
from recyclegan.roadworld.materials import Part
from recyclegan.roadworld.planner import Placed
from recyclegan.roadworld.shapes import CELLS, shapes
from recyclegan.roadworld.surfaces import GROUND_ROW, KERB, PAVING_EDGE, ROAD_EDGE, SKY_ROW, VIEW, Surfaces

NEAR = 0.4
FAR = 1e6

Buffer = Float32[np.ndarray, "height width"]


@dataclass(frozen=True)
class View:
    """One frame's geometry.

    ``surface`` is the row in the table of surfaces, ``part`` the part number, ``depth`` the distance ahead in metres
    (FAR for the sky). ``along`` and ``up`` are the place on the surface in metres; for the ground they are metres to
    the right of the road's centre line and z.
    """

    camera: Camera
    placed: Placed
    surface: Int32[np.ndarray, "height width"]
    part: UInt8[np.ndarray, "height width"]
    depth: Buffer
    along: Buffer
    up: Buffer


@dataclass(frozen=True)
class _Hits:
    """Where each column's rays meet the candidate surfaces, nearest first: distance ahead, metres along the surface.

    ``box`` is the first row, one past the last row, the first column and one past the last column that may be met.
    """

    surface: Int[np.ndarray, "hits"]
    depth: Float32[np.ndarray, "hits width"]
    along: Float32[np.ndarray, "hits width"]
    box: Int[np.ndarray, "hits 4"]


@dataclass(frozen=True)
class _Cells:
    """Which cell of its shape a hit surface shows: in row ``slope * step + offset`` and column ``column``.

    ``limit`` is the number of rows of cells up to the surface's top.
    """

    shapes: list[UInt8[np.ndarray, "cells"]]
    step: Float32[np.ndarray, "hits width"]
    offset: Float32[np.ndarray, "hits"]
    limit: UInt32[np.ndarray, "hits"]
    column: Int32[np.ndarray, "hits width"]


def look(camera: Camera, placed: Placed, surfaces: Surfaces, route: Route) -> View:
    """Return what ``camera`` sees of the surfaces, the ground and the sky."""
    view = _empty(camera, placed)
    hits = _hits(camera, placed, surfaces)
    hit_of_surface = np.full(len(surfaces.thing), -1)
    hit_of_surface[hits.surface] = np.arange(len(hits.surface))
    cells = _cells(camera, surfaces, hits)
    for hit, (row, box) in enumerate(zip(hits.surface.tolist(), hits.box.tolist(), strict=True)):
        _paint(view, hits, cells, hit, row, box)
    on_surface = np.flatnonzero(view.surface > GROUND_ROW)
    rows, columns = np.divmod(on_surface, camera.width)
    view.along.ravel()[on_surface] = hits.along[hit_of_surface[view.surface.ravel()[on_surface]], columns]
    view.up.ravel()[on_surface] = camera.pose.y + camera.slopes_up[rows] * view.depth.ravel()[on_surface]
    _lay_ground(view, route)
    return view


def _empty(camera: Camera, placed: Placed) -> View:
    """Return a view of bare ground and sky, the places on them not yet filled in."""
    size = (camera.height, camera.width)
    below = camera.slopes_up < -1e-4
    depth = np.full(camera.height, FAR, np.float32)
    depth[below] = np.minimum(camera.pose.y / -camera.slopes_up[below], FAR)
    ground = np.where(below, GROUND_ROW, SKY_ROW).astype(np.int32)
    return View(
        camera, placed,
        surface=np.repeat(ground[:, None], camera.width, 1), part=np.full(size, Part.SKY, np.uint8),
        depth=np.repeat(depth[:, None], camera.width, 1),
        along=np.zeros(size, np.float32), up=np.zeros(size, np.float32),
    )  # fmt: skip


def _hits(camera: Camera, placed: Placed, surfaces: Surfaces) -> _Hits:
    """Return where the columns' rays meet the surfaces that may be seen."""
    x, z = camera.to_camera(*placed.start.T)
    along_x, along_z = camera.turn(*placed.direction.T)
    other = z + surfaces.length * along_z
    faces = (x * along_z - z * along_x < 0) | surfaces.two_sided
    rows = np.flatnonzero(faces & (np.maximum(z, other) > NEAR) & (np.minimum(z, other) < VIEW) & (surfaces.length > 0))
    x, z, along_x, along_z = (value[rows, None].astype(np.float32) for value in (x, z, along_x, along_z))
    across = along_x - camera.slopes_right * along_z
    along = (camera.slopes_right * z - x) / np.where(np.abs(across) < 1e-6, np.float32(1e-6), across)
    depth = z + along * along_z
    met = (along >= 0) & (along < surfaces.length[rows, None].astype(np.float32)) & (depth > NEAR)
    along, depth = np.where(met, along, np.float32(0)), np.where(met, depth, np.float32(FAR))
    nearest = depth.min(axis=1)
    box = np.stack([
        *_row_range(camera, nearest, surfaces.base[rows], surfaces.base[rows] + surfaces.height[rows]),
        met.argmax(axis=1), camera.width - met[:, ::-1].argmax(axis=1),
    ], axis=1)  # fmt: skip
    order = np.argsort(nearest, kind="stable")
    order = order[(nearest < FAR)[order] & (box[:, 0] < box[:, 1])[order]]
    return _Hits(rows[order], depth[order], along[order], box[order])


def _row_range(
    camera: Camera, nearest: Float[np.ndarray, "hits"], low: Float[np.ndarray, "hits"], high: Float[np.ndarray, "hits"]
) -> tuple[Int[np.ndarray, "hits"], Int[np.ndarray, "hits"]]:
    """Return the first row and one past the last between two heights, at ``nearest`` metres ahead or more.

    What stands above or below the eye reaches the horizon as it goes away.
    """
    scale = camera.focal / nearest
    top = camera.horizon + np.minimum(scale * (camera.pose.y - high), 0)
    bottom = camera.horizon + np.maximum(scale * (camera.pose.y - low), 0)
    first = np.clip(np.floor(top), 0, camera.height).astype(int)
    return first, np.clip(np.ceil(bottom) + 1, 0, camera.height).astype(int)


def _cells(camera: Camera, surfaces: Surfaces, hits: _Hits) -> _Cells:
    """Return how the columns and rows of the image fall on the cells of the surfaces' shapes."""
    across, upward = surfaces.tile[hits.surface].T
    scale = CELLS / upward
    column = (hits.along * (CELLS / across).astype(np.float32)[:, None]).astype(np.int32) & (CELLS - 1)
    return _Cells(
        shapes=[shapes()[kind] for kind in surfaces.kind[hits.surface].tolist()],
        step=hits.depth * scale.astype(np.float32)[:, None],
        offset=((camera.pose.y - surfaces.base[hits.surface]) * scale).astype(np.float32),
        limit=np.round(surfaces.height[hits.surface] * scale).astype(np.uint32),
        column=column,
    )


def _paint(view: View, hits: _Hits, cells: _Cells, hit: int, row: int, box: list[int]) -> None:
    """Write a surface into the view wherever it is nearer than what is there."""
    top, bottom, left, right = box
    region, depth = (slice(top, bottom), slice(left, right)), hits.depth[hit, left:right]
    shown = depth < view.depth[region]
    if not shown.any():
        return
    rising = view.camera.slopes_up[top:bottom, None] * cells.step[hit, left:right]
    rising += cells.offset[hit]
    # Below the foot the cell is negative, and so, without its sign, above every limit.
    cell = np.floor(rising, out=rising).astype(np.int32)
    shown &= cell.view(np.uint32) < cells.limit[hit]
    cell &= CELLS - 1
    cell *= CELLS
    cell += cells.column[hit, left:right]
    part = cells.shapes[hit].take(cell)
    shown &= part > 0
    np.copyto(view.surface[region], np.int32(row), where=shown)
    np.copyto(view.part[region], part, where=shown)
    np.copyto(view.depth[region], depth, where=shown)


def _lay_ground(view: View, route: Route) -> None:
    """Fill in the place on the ground, and which part of the street it is."""
    camera = view.camera
    ground = np.flatnonzero(view.surface == GROUND_ROW)
    columns = ground % camera.width
    depth = view.depth.ravel()[ground]
    x, z = camera.turn_back(camera.slopes_right[columns] * depth, depth)
    x, z = x + np.float32(camera.pose.x), z + np.float32(camera.pose.z)
    across = x - _centre_line(route, z)
    view.along.ravel()[ground] = across
    view.up.ravel()[ground] = z
    view.part.ravel()[ground] = street_part(across, z)


def _centre_line(route: Route, z: Float32[np.ndarray, "pixels"]) -> Float32[np.ndarray, "pixels"]:
    """Return the centre line at each z, interpolated between metre marks (it bends less than 1 mm between them)."""
    if not len(z):
        return z
    first = float(np.floor(z.min()))
    marks = np.arange(first, min(float(z.max()), first + 4 * VIEW) + 2)
    return np.interp(z, marks, route.centre(marks)).astype(np.float32)


def street_part(across: Float[np.ndarray, "pixels"], z: Float[np.ndarray, "pixels"]) -> UInt8[np.ndarray, "pixels"]:
    """Return the part of the street at ``across`` metres from its centre line and ``z`` along it."""
    distance = np.abs(across)
    edges = np.array([ROAD_EDGE, ROAD_EDGE + KERB, PAVING_EDGE], np.float32)
    strips = np.array([Part.ASPHALT, Part.KERB, Part.PAVING, Part.GRASS], np.uint8)
    part = strips[np.searchsorted(edges, distance, side="right")]
    dashed = (distance < 0.11) & (z % 6.0 < 3.0)
    edge_line = np.abs(distance - 3.25) < 0.07
    part[dashed | edge_line] = Part.MARKING
    return part
