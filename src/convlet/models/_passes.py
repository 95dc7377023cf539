"""Epochs of batches, from arrays or streams."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from convlet._integers import positive_int
from convlet._random import make_default_seed
from convlet.models._batches import Batches, Data, check_data, check_inputs
from convlet.models._class_weights import ClassWeights
from convlet.models._streams import Stream, is_stream


def batches_of(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: Any = None,
    targets: bool = True,
    shuffle: bool = False,
    skip: int = 0,
) -> Batches | Stream:
    """Batches of arrays, or those that x yields; `skip` is the number of orders gone by."""
    if not is_stream(x):
        data = check_data(x, y, sample_weight) if targets else check_inputs(x)
        return Batches(data, batch_size, make_default_seed() if shuffle else None, skip)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{name} must come with the batches that x yields, not beside them")
    return Stream(x, targets, make_default_seed() if shuffle else None, skip)


class Passes:
    """Epochs: each a pass over all batches, or `steps` batches on from where the last one ended.

    `name` is what the caller calls the steps.
    """

    def __init__(
        self,
        batches: Batches | Stream,
        steps: Any = None,
        name: str = "steps",
        class_weight: Any = None,
    ) -> None:
        self.batches, self.name = batches, name
        self.steps = None if steps is None else positive_int(name, steps)
        self.weigh = None if class_weight is None else ClassWeights(class_weight)
        self._going: Iterator[Data] = iter(())

    @property
    def count(self) -> int | None:
        """How many batches an epoch has, where that is known."""
        return self.steps or self.batches.count

    @property
    def samples(self) -> int | None:
        """How many samples an epoch has that begins at the first one, where that is known."""
        if isinstance(self.batches, Stream):
            return None
        count = len(self.batches.data.x)
        return count if self.steps is None else min(count, self.steps * self.batches.size)

    def anew(self) -> Iterator[Data]:
        """An epoch's batches, from the first one on."""
        self._going = iter(())
        return self.epoch()

    def epoch(self) -> Iterator[Data]:
        """The next epoch's batches."""
        batches = iter(self.batches) if self.steps is None else self._some(self.steps)
        return batches if self.weigh is None else map(self.weigh, batches)

    def _some(self, steps: int) -> Iterator[Data]:
        for step in range(steps):
            batch = next(self._going, None)
            if batch is None and step == 0:
                self._going = iter(self.batches)
                batch = next(self._going, None)
            if batch is None:
                warnings.warn(
                    f"the data ran out after {step} of {self.name}={steps} batches", stacklevel=3
                )
                return
            yield batch
