"""Batches a few images at a time: what layers hand to each other then stays in cache."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convlet._cext import runtime
from convlet._variable import Array

if TYPE_CHECKING:
    from convlet.models._graph import Step

# Of a thread: what a layer reads and writes for a slice; about half of second-level cache.
SLICE_BYTES = 1 << 20
# Of a layer: more of them come from beyond that cache, once for each slice.
MOST_WEIGHTS = 1 << 16


class Part(NamedTuple):
    """Steps in a row. Inference may take them through slices of the batch."""

    steps: list[Step]
    image_bytes: int = 0  # the most that one of them reads and writes for an image; 0: no slices
    read: tuple[int, ...] = ()  # values from before
    made: tuple[int, ...] = ()  # values for steps after them, or for the caller

    def slices(self, values: list[Any]) -> Iterable[slice]:
        """Of the batch; none where it is small, or there are several."""
        if not self.image_bytes:
            return ()
        count = len(values[self.read[0]])
        images = max(1, SLICE_BYTES * runtime.get_num_threads() // self.image_bytes)
        if count <= images or any(len(values[place]) != count for place in self.read):
            return ()
        return (slice(first, min(first + images, count)) for first in range(0, count, images))

    def gather(self, rows: slice, own: list[Any], values: list[Any]) -> None:
        """Store what the steps made for a slice."""
        for place in self.made:
            y: Array = own[place]
            if values[place] is None:
                count = len(values[self.read[0]])
                values[place] = np.empty((count, *y.shape[1:]), y.dtype)
            values[place][rows] = y


def parts_of(steps: list[Step], outputs: tuple[int, ...]) -> list[Part]:
    """All steps; in each part slices are worth while for every step, or for none."""
    runs: list[list[Step]] = []
    sizes: list[int] = []
    for step in steps:
        size = _image_bytes(step)
        if not (runs and bool(size) == bool(sizes[-1])):
            runs.append([])
            sizes.append(size)
        runs[-1].append(step)
        sizes[-1] = max(sizes[-1], size)
    return [_part(run, size, steps, outputs) for run, size in zip(runs, sizes, strict=True)]


def _image_bytes(step: Step) -> int:
    """What a step reads and writes for an image; 0 where that is unknown or slices do not pay.

    Layers of convlet's own treat each image apart; of others nobody knows.
    """
    own = type(step.layer).__module__.startswith("convlet.layers.")
    if not own or step.node.training or step.layer.count_params() > MOST_WEIGHTS:
        return 0
    size = 0
    for tensor in (*step.node.inputs, *step.node.outputs):
        if None in tensor.shape[1:]:
            return 0
        size += prod(tensor.shape[1:]) * np.dtype(tensor.dtype).itemsize  # type: ignore[arg-type]
    return size if size <= SLICE_BYTES else 0


def _part(run: list[Step], size: int, steps: list[Step], outputs: tuple[int, ...]) -> Part:
    if len(run) == 1 or not any(step.layer.weights for step in run):
        return Part(run)
    made = [place for step in run for place in step.outputs]
    inside = {id(step) for step in run}
    wanted = {*outputs}
    for step in steps:
        if id(step) not in inside:
            wanted.update(step.inputs)
    read = dict.fromkeys(place for step in run for place in step.inputs if place not in made)
    return Part(run, size, tuple(read), tuple(place for place in made if place in wanted))
