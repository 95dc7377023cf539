"""Steps in a row as inference takes them: bound to shapes, and a few images at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from convlet._cext import runtime
from convlet._variable import Array
from convlet.layers._by_shape import ByShape
from convlet.layers._layer import Layer
from convlet.layers._symbolic import Node, flatten
from convlet.models._folding import Chain, chain_from

# Of a thread: what a layer reads and writes for a slice; about half of second-level cache.
SLICE_BYTES = 1 << 20
# Of a layer: more of them come from beyond that cache, once for each slice.
MOST_WEIGHTS = 1 << 16

Values = list[Any]


class Step(NamedTuple):
    """A layer's call. Values are numbered, the network's inputs first."""

    node: Node
    layer: Layer
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    unread: tuple[int, ...]  # values that no later step reads

    def arguments(self, values: Values) -> Any:
        """What the layer takes, of its own element type."""
        if self.layer.several_inputs:
            return self.layer.cast([values[place] for place in self.inputs])
        return self.layer.cast(values[self.inputs[0]])

    def mode(self, training: bool) -> bool:
        """Whether the layer is training."""
        return training if self.node.training is None else self.node.training

    def keep(self, y: Any, values: Values) -> None:
        """Store what the layer returned, and let go what nothing reads any more."""
        if self.node.listed:
            for place, part in zip(self.outputs, flatten(y), strict=True):
                values[place] = part
        else:
            values[self.outputs[0]] = y
        for place in self.unread:
            values[place] = None

    def run(self, values: Values, training: bool) -> None:
        """Call the layer."""
        self.keep(self.layer.call(self.arguments(values), self.mode(training)), values)


class Bound(NamedTuple):
    """A step for inputs of known shapes. Its fields are in the order in which `_run` takes them."""

    call: Callable[[Any], Any] | None  # None: the step runs itself
    source: int
    target: int
    unread: tuple[int, ...]
    dtype: Any
    step: Step


# A step, or all those of a chain, which are computed in one call.
Unit = tuple[list[Step], Chain | None]


class Part:
    """Steps that follow each other.

    Parameters
    ----------
    units : list of Unit
    image_bytes : int
        The most that one of them reads and writes for an image, if slices of the batch pay; else 0.
    read, made : tuple of int
        Values from before, and values for steps after them or for the caller.
    known : bool
        Whether all layers are convlet's own: shapes then follow from those of `read`.
    """

    def __init__(
        self,
        units: list[Unit],
        image_bytes: int,
        read: tuple[int, ...],
        made: tuple[int, ...],
        known: bool,
    ) -> None:
        self.units, self.read, self.made, self.known = units, read, made, known
        self.steps = _steps(units)
        self.image_bytes = image_bytes
        self._bound: ByShape[list[Bound]] = ByShape()

    def run(self, values: Values, training: bool) -> None:
        """Take `read` from the values, and leave `made` there."""
        if training or not self.known:
            for step in self.steps:
                step.run(values, training)
        elif images := self._slice_images(values):
            self._run_slices(values, images)
        else:
            self._run(values)

    def _run(self, values: Values) -> None:
        shapes = tuple([values[place].shape for place in self.read])
        bound = self._bound.get(shapes) or self._bound.find(shapes, self._bind)
        for call, source, target, unread, dtype, step in bound:
            if call is None:
                step.run(values, False)
                continue
            x = values[source]
            values[target] = call(x if x.dtype is dtype else step.layer.cast(x))
            for place in unread:
                values[place] = None

    def _bind(self, shapes: tuple[Any, ...]) -> list[Bound]:
        known = dict(zip(self.read, shapes, strict=True))
        found = []
        for steps, chain in self.units:
            found.append(_bind_unit(steps, chain, known))
            for step in steps:
                given = [known[place] for place in step.inputs]
                made = step.layer.compute_output_shape(
                    given if step.layer.several_inputs else given[0]
                )
                parts = flatten(made) if step.node.listed else [made]
                known.update(zip(step.outputs, parts, strict=True))
        return found

    # ------------------------------------------------------------------------------------- slices

    def _slice_images(self, values: Values) -> int:
        """How many images a slice has; 0 for all at once."""
        if not self.image_bytes:
            return 0
        count = len(values[self.read[0]])
        images = max(1, SLICE_BYTES * runtime.get_num_threads() // self.image_bytes)
        if count <= images or any(len(values[place]) != count for place in self.read):
            return 0
        return images

    def _run_slices(self, values: Values, images: int) -> None:
        count = len(values[self.read[0]])
        for first in range(0, count, images):
            rows = slice(first, min(first + images, count))
            own: Values = [None] * len(values)
            for place in self.read:
                own[place] = values[place][rows]
            self._run(own)
            for place in self.made:
                y: Array = own[place]
                if first == 0:
                    values[place] = np.empty((count, *y.shape[1:]), y.dtype)
                values[place][rows] = y
        for step in self.steps:
            for place in step.unread:
                values[place] = None


def _bind_unit(steps: list[Step], chain: Chain | None, known: dict[int, Any]) -> Bound:
    first, last = steps[0], steps[-1]
    source, layer = first.inputs[0], first.layer
    call = None
    if chain:
        call = chain.bind(known[source])
    elif not (layer.several_inputs or first.node.listed or first.node.training):
        call = layer._bind(known[source])
    unread = tuple({place for step in steps for place in step.unread})
    return Bound(call, source, last.outputs[0], unread, layer._dtype, first)


def units_of(steps: list[Step]) -> list[Unit]:
    """All steps."""
    units: list[Unit] = []
    index = 0
    while index < len(steps):
        chain = chain_from(steps[index:])
        units.append((chain.steps if chain else steps[index : index + 1], chain))
        index += len(units[-1][0])
    return units


def parts_of(units: list[Unit], outputs: tuple[int, ...], sliced: bool) -> list[Part]:
    """All units; in a part all are known or none, and slices pay for every step or for none.

    Unless they are to be `sliced`, as where there is one image, there need not be as many parts.
    """
    runs: list[list[Unit]] = []
    kinds: list[tuple[bool, bool]] = []
    for unit in units:
        known = all(is_known(step.layer) for step in unit[0])
        kind = (known, sliced and all(map(_image_bytes, unit[0])))
        if not kinds or kind != kinds[-1]:
            runs.append([])
            kinds.append(kind)
        runs[-1].append(unit)
    steps = _steps(units)
    return [
        _part(run, known, steps, outputs, sliced)
        for run, (known, _) in zip(runs, kinds, strict=True)
    ]


def _steps(units: list[Unit]) -> list[Step]:
    return [step for steps, _ in units for step in steps]


def _part(
    units: list[Unit], known: bool, steps: list[Step], outputs: tuple[int, ...], sliced: bool
) -> Part:
    run = _steps(units)
    made = [place for step in run for place in step.outputs]
    read = dict.fromkeys(place for step in run for place in step.inputs if place not in made)
    inside = {id(step) for step in run}
    wanted = {*outputs, *_read(step for step in steps if id(step) not in inside)}
    # Of one layer alone, or of layers without weights, nothing would stay in cache that did not.
    pays = sliced and len(run) > 1 and any(step.layer.weights for step in run)
    size = max(map(_image_bytes, run)) if pays else 0
    return Part(units, size, tuple(read), tuple(p for p in made if p in wanted), known)


def _read(steps: Iterable[Step]) -> set[int]:
    return {place for step in steps for place in step.inputs}


def is_known(layer: Layer) -> bool:
    """Whether it is convlet's own: those treat each image apart, and foretell shapes."""
    return type(layer).__module__.startswith("convlet.layers.")


def _image_bytes(step: Step) -> int:
    """What a step reads and writes for an image; 0 where that is unknown or slices do not pay."""
    unfit = not is_known(step.layer) or step.node.training
    if unfit or step.layer.count_params() > MOST_WEIGHTS:
        return 0
    size = 0
    for tensor in (*step.node.inputs, *step.node.outputs):
        if None in tensor.shape[1:]:
            return 0
        sizes: Any = tensor.shape[1:]
        size += prod(sizes) * np.dtype(tensor.dtype).itemsize
    return size if size <= SLICE_BYTES else 0
