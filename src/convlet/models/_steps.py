"""What makes a model learn, one batch at a time."""

from __future__ import annotations

import warnings
from typing import Any

from convlet._cext import runtime
from convlet._variable import Array
from convlet.models._base import BaseModel
from convlet.models._batches import Data, check_data, check_inputs
from convlet.models._class_weights import ClassWeights


class Steps(BaseModel):
    """Single steps of training, and measurements, for a model that has `call` and `vjp`."""

    _running: Any = None  # what compile leaves for the steps
    optimizer: Any = None
    loss: Any = None

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, *, metrics: Any = None) -> None:
        """Choose how the model learns.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
        loss : str, Loss or function of `convlet.losses`, optional
            Needed for all but `predict`.
        metrics : list of str or Metric, optional
            "accuracy" becomes the binary, sparse or categorical one, as targets and outputs are.

        Raises
        ------
        ValueError, TypeError
            If one of them is not known.
        """
        from convlet import losses, optimizers
        from convlet.models._running import Running

        if metrics is not None and not isinstance(metrics, (list, tuple)):
            raise TypeError(f"metrics must be a list, got {metrics!r}")
        if optimizer is None:
            raise ValueError("optimizer must be a name or an Optimizer, got None")
        running = Running(None if loss is None else losses.get(loss), list(metrics or ()))
        self.optimizer = optimizers.get(optimizer)
        self.loss = loss
        self._running = running

    @property
    def metrics(self) -> list[Any]:
        """The mean of the loss, and the metrics, once a batch has shown which those are."""
        return [] if self._running is None else self._running.all()

    def _compiled(self, method: str) -> Any:
        if self._running is None or self._running.loss is None:
            raise ValueError(f"call compile(optimizer, loss) before {method}()")
        return self._running

    def _prepare(self, x: Array) -> None:
        """Build for arrays like x; an error where the layers cannot take them."""
        self._check_layers()
        self.ensure_built((None, *x.shape[1:]))
        self.compute_output_shape(x.shape)

    def _train_step(self, batch: Data, running: Any) -> None:
        """One step; weights, optimizer and random states change together at its end, or not."""
        weights = self.trainable_weights
        if not weights:
            warnings.warn(f"{self.name} has no trainable weights", stacklevel=4)
        with runtime.keep_awake():
            y, pullback = self.vjp(self.cast(batch.x), True)
            value, loss_pullback = running.loss.vjp(batch.y, y, batch.sample_weight)
            _, grads = pullback(loss_pullback(), needs_dx=False)
            self.optimizer.apply(grads, weights, updates=pullback.updates)
        running.update(value, batch, y)

    def _test_step(self, batch: Data, running: Any) -> None:
        y = self(batch.x)
        running.update(running.loss(batch.y, y, batch.sample_weight), batch, y)

    # ---------------------------------------------------------------------------------- one batch

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Make one step on one batch.

        Parameters
        ----------
        x, y : array
            Inputs and targets, N first.
        sample_weight : array (N,), optional
        class_weight : dict of int to float, optional
            As for `fit`.
        return_dict : bool, default False

        Returns
        -------
        float, list of float or dict
            The loss, and the metrics where there are some, before the step.
        """
        running = self._compiled("train_on_batch")
        batch = check_data(x, y, sample_weight)
        if class_weight is not None:
            batch = ClassWeights(class_weight)(batch)
        self._prepare(batch.x)
        running.reset()
        self._train_step(batch, running)
        return running.results(return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Measure loss and metrics on one batch; parameters and result as `train_on_batch`."""
        running = self._compiled("test_on_batch")
        batch = check_data(x, y, sample_weight)
        self._prepare(batch.x)
        running.reset()
        self._test_step(batch, running)
        return running.results(return_dict)

    def predict_on_batch(self, x: Any) -> Array:
        """The output for one batch."""
        return self(check_inputs(x).x)
