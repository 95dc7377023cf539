"""A network as a list of steps: what runs forward, and backward for gradients."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from convlet._variable import Array, Variable
from convlet.layers._conv import Conv2D
from convlet.layers._deferred import defer
from convlet.layers._pooling import MaxPooling2D
from convlet.layers._pullback import Gradients, NetworkPullback, Pullback
from convlet.layers._symbolic import KerasTensor, Node, flatten
from convlet.models._order import ordered
from convlet.models._parts import Step, is_known, parts_of, units_of
from convlet.models._penalties import with_activity
from convlet.ops._arguments import contiguous


class Graph:
    """From KerasTensors to KerasTensors.

    Attributes
    ----------
    steps : list of Step
        In an order in which they can run; those of the inputs' layers are left out.
    outputs : tuple of int
        The numbers of the values that the network returns.
    layers : list of Layer
        Each once, in Keras's order, with those of `Input`.
    nodes : set of Node

    Raises
    ------
    ValueError
        If an output does not depend on the inputs alone, or two layers have one name.
    """

    def __init__(self, inputs: list[KerasTensor], outputs: list[KerasTensor]) -> None:
        calls, self.layers = ordered(inputs, outputs)
        self.nodes = {*calls, *(tensor.node for tensor in inputs)}
        places = {id(tensor): place for place, tensor in enumerate(inputs)}
        for node in calls:
            for tensor in node.outputs:
                places.setdefault(id(tensor), len(places))
        self._count = len(places)
        self._inputs = len(inputs)
        self.outputs = tuple(places[id(tensor)] for tensor in outputs)
        self.steps = self._steps(calls, places)
        units = units_of(self.steps)
        self._parts = parts_of(units, self.outputs, sliced=True)
        self._undivided = parts_of(units, self.outputs, sliced=False)  # for one image
        self._only_reads = self._only_readers()
        self._pooled = self._pooled_steps()

    def _steps(self, calls: list[Node], places: dict[int, int]) -> list[Step]:
        steps: list[Step] = []
        read_later = set(self.outputs)
        for node in reversed(calls):
            read = tuple(places[id(tensor)] for tensor in node.inputs)
            made = tuple(places[id(tensor)] for tensor in node.outputs)
            unread = tuple({*read, *made} - read_later)
            read_later.update(read)
            steps.append(Step(node, node.layer, read, made, unread))
        return steps[::-1]

    def _only_readers(self) -> dict[int, int]:
        """Of steps that alone read what another step made: which one that is."""
        makers = {step.outputs: number for number, step in enumerate(self.steps)}
        reads = Counter(place for step in self.steps for place in step.inputs)
        reads.update(self.outputs)
        return {
            number: makers[step.inputs]
            for number, step in enumerate(self.steps)
            if step.inputs in makers and all(reads[place] == 1 for place in step.inputs)
        }

    def _pooled_steps(self) -> dict[int, int]:
        """Of convolutions of which only maxima are read: which step makes those."""
        found = {}
        for number, source in self._only_reads.items():
            pool, conv = self.steps[number].layer, self.steps[source].layer
            own = is_known(pool) and is_known(conv) and conv.activity_regularizer is None
            fit = isinstance(pool, MaxPooling2D) and isinstance(conv, Conv2D)
            if own and fit and pool._dtype == conv._dtype:
                found[source] = number
        return found

    def _values(self, inputs: list[Array]) -> list[Any]:
        return [*inputs, *[None] * (self._count - len(inputs))]

    def run(self, inputs: list[Array], training: bool) -> list[Array]:
        """The outputs."""
        values = self._values(inputs)
        for part in self._parts if len(inputs[0]) > 1 else self._undivided:
            part.run(values, training)
        return [values[place] for place in self.outputs]

    def vjp(
        self, inputs: list[Array], training: bool, trained: list[Variable]
    ) -> tuple[list[Array], Pullback]:
        """The outputs, and their pullback; it takes a list, and returns a list for the inputs.

        Gradients are in the order of `trained`: None for a weight that none of the outputs whose
        gradients are given depends on.
        """
        values = self._values(inputs)
        calls: list[Call] = []
        done: set[int] = set()
        for number, step in enumerate(self.steps):
            y, pullback = self._step_vjp(number, step.arguments(values), training, done)
            if step.layer.activity_regularizer is not None:
                pullback = with_activity(step.layer.activity_regularizer, y, pullback)
            parts = flatten(y) if step.node.listed else [y]
            kinds = [(part.shape, part.dtype) for part in parts]
            calls.append(Call(step, pullback, kinds, step.layer.trainable_weights))
            self._defer(calls)
            step.keep(y, values)

        def gradients(dys: list[Any], needs_dx: bool) -> Gradients:
            return self._backward(list(calls), dys, needs_dx, trained)

        def last(dys: list[Any], needs_dx: bool) -> Gradients:
            return self._backward(calls, dys, needs_dx, trained)

        # Of a layer that is called twice, the last call's: it goes on from the first one's.
        updates = {id(pair[0]): pair for call in calls for pair in call.pullback.updates}
        losses = [loss for call in calls for loss in call.pullback.losses]
        outputs = [values[place] for place in self.outputs]
        return outputs, NetworkPullback(gradients, last, [*updates.values()], losses)

    def _step_vjp(
        self, number: int, x: Any, training: bool, done: set[int]
    ) -> tuple[Any, Pullback]:
        """A step's outputs and pullback; x itself of one that is `done` by the step before."""
        layer: Any = self.steps[number].layer
        if number in done:
            return x, Pullback(lambda dy, needs_dx: (dy, []))
        reader = self._pooled.get(number)
        if reader is not None:
            found = layer._vjp_with_maxima(x, self.steps[reader].layer)
            if found:
                done.add(reader)
                return found
        return layer.vjp(x, self.steps[number].mode(training))

    def _defer(self, calls: list[Call]) -> None:
        """Move an activation's derivative behind the maximum that was computed last, if it can."""
        source = self._only_reads.get(len(calls) - 1)
        if source is None:
            return
        moved = defer(calls[source].pullback, calls[-1].pullback)
        if moved:
            calls[source] = calls[source]._replace(pullback=moved[0])
            calls[-1] = calls[-1]._replace(pullback=moved[1])

    def _backward(
        self, calls: list[Call], dys: list[Any], needs_dx: bool, trained: list[Variable]
    ) -> Gradients:
        """Sums are made in the reverse order of the steps, whatever else happens.

        The calls are used up: what one holds goes when the next one runs.
        """
        needed = self._needed(calls, needs_dx, {id(weight) for weight in trained})
        slopes: list[Any] = [None] * self._count
        found: dict[int, Array] = {}
        for place, dy in zip(self.outputs, dys, strict=True):
            slopes[place] = _sum(slopes[place], dy)
        while calls:
            call = calls.pop()
            step = call.step
            given = [slopes[place] for place in step.outputs]
            reached = call.pullback.losses or any(dy is not None for dy in given)
            if not needed[step.outputs[0]] or not reached:
                continue
            further = any(needed[place] for place in step.inputs)
            dxs, own = call.run(given, further)
            for weight, grad in zip(call.weights, own, strict=True):
                found[id(weight)] = _sum(found.get(id(weight)), grad)
            for place in step.outputs:
                slopes[place] = None
            for place, dx in zip(step.inputs, dxs, strict=True):
                if needed[place]:
                    slopes[place] = _sum(slopes[place], dx)
        grads: list[Any] = [found.get(id(weight)) for weight in trained]
        return (slopes[: self._inputs] if needs_dx else None), grads

    def _needed(self, calls: list[Call], needs_dx: bool, trained: set[int]) -> list[bool]:
        """Whether a gradient of each value leads to one that is asked for."""
        needed = [needs_dx] * self._inputs + [False] * (self._count - self._inputs)
        for call in calls:
            own = any(id(weight) in trained for weight in call.weights)
            needs = own or any(needed[place] for place in call.step.inputs)
            for place in call.step.outputs:
                needed[place] = needs
        return needed


class Call(NamedTuple):
    """What a step of a forward pass leaves for the way back."""

    step: Step
    pullback: Pullback
    kinds: list[tuple[Any, Any]]  # shape and dtype of each output
    weights: list[Variable]

    def run(self, dys: list[Any], needs_dx: bool) -> tuple[list[Any], list[Array]]:
        """Gradients of the step's inputs, None where not needed, and of the layer's weights."""
        step = self.step
        arrays = [
            np.zeros(shape, dtype) if dy is None else contiguous(dy, dtype)
            for dy, (shape, dtype) in zip(dys, self.kinds, strict=True)
        ]
        dx, own = self.pullback(arrays if step.node.listed else arrays[0], needs_dx=needs_dx)
        several = step.layer.several_inputs and dx is not None
        dxs = list(dx) if several else [dx] * len(step.inputs)
        return dxs, own if self.weights else []


def _sum(before: Any, more: Any) -> Any:
    return more if before is None else before if more is None else before + more
