"""What makes a model learn, one batch at a time."""

from __future__ import annotations

import warnings
from typing import Any

from convlet._cext import runtime
from convlet.layers._building import any_batch
from convlet.layers._symbolic import flatten
from convlet.models._base import BaseModel
from convlet.models._batches import Data, check_data, check_inputs
from convlet.models._class_weights import ClassWeights
from convlet.models._penalties import has_activity_penalty, penalized
from convlet.models._several import Several, plain


class Steps(BaseModel):
    """Single steps of training, and measurements, for a model that has `call` and `vjp`."""

    _running: Any = None  # what compile leaves for the steps
    optimizer: Any = None
    loss: Any = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
    ) -> None:
        """Choose how the model learns.

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
        loss : str, Loss or function of `convlet.losses`, optional
            Needed for all but `predict`. Of several outputs: one for all, or a list or dict by
            output name with one for each; None for an output that is not trained.
        loss_weights : float, or list or dict of float, optional
            What each output's loss is multiplied by before they are added; default 1.
        metrics : list of str or Metric, optional
            "accuracy" becomes the binary, sparse or categorical one, as targets and outputs are. Of
            several outputs: a list or dict of such lists.
        weighted_metrics : list of str or Metric, optional
            The same, but samples count by their weights.

        Raises
        ------
        ValueError, TypeError
            If one of them is not known, or there are not as many as outputs.
        """
        from convlet import losses, optimizers
        from convlet.models._joint import JointLoss
        from convlet.models._running import Running

        if optimizer is None:
            raise ValueError("optimizer must be a name or an Optimizer, got None")
        structured = isinstance(self._outputs, (list, tuple, dict))
        outputs = self.output_names if structured and len(self.outputs) > 1 else None
        for name, given in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if given is not None and not isinstance(given, (list, tuple, dict)):
                raise TypeError(f"{name} must be a list, got {given!r}")
            if isinstance(given, dict) and outputs is None:
                raise TypeError(f"{name} must be a list for a single output, got {given!r}")
        used: Any = None
        if structured or loss_weights is not None:
            used = (
                None if loss is None else JointLoss(self.output_names or ["y"], loss, loss_weights)
            )
        elif loss is not None:
            used = losses.get(loss)
        running = Running(used, metrics or [], weighted_metrics or [], outputs, loss_weights)
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

    def _prepare(self, batch: Data) -> None:
        """Build for arrays like these; an error where the layers cannot take them."""
        self._check_layers()
        shapes = [part.shape for part in self.flat_inputs(plain(batch.x))]
        shape: Any = shapes if self.several_inputs else shapes[0]
        self.ensure_built(any_batch(shape))
        self.compute_output_shape(shape)
        self._targets(batch)

    def _targets(self, batch: Data) -> Data:
        """The batch; a list or dict of one target, or of one's weights, is opened."""
        if isinstance(self._outputs, (list, tuple, dict)):
            return batch
        for name in ("y", "sample_weight"):
            value = getattr(batch, name)
            if isinstance(value, Several):
                parts = flatten(value.given)
                if len(parts) != 1:
                    raise ValueError(
                        f"{name} must be one array for the model's one output, got {len(parts)}: "
                        "stack the arrays of samples"
                    )
                batch = batch._replace(**{name: parts[0]})
        return batch

    def _train_step(self, batch: Data, running: Any) -> None:
        """One step; weights, optimizer and random states change together at its end, or not."""
        weights, batch = self.trainable_weights, self._targets(batch)
        if not weights:
            warnings.warn(f"{self.name} has no trainable weights", stacklevel=4)
        with runtime.keep_awake():
            y, pullback = self.vjp(self.cast(plain(batch.x)), True)
            value, loss_pullback = running.loss.vjp(batch.y, y, batch.sample_weight)
            _, grads = pullback.last(loss_pullback(), needs_dx=False)
            value, grads = penalized(value + sum(pullback.losses), grads, weights)
            self.optimizer.apply(grads, weights, updates=pullback.updates)
        running.update(value, batch, y)

    def _test_step(self, batch: Data, running: Any) -> None:
        batch, losses = self._targets(batch), []
        if has_activity_penalty(self):
            y, pullback = self.vjp(self.cast(plain(batch.x)))
            losses = pullback.losses
        else:
            y = self(plain(batch.x))
        value = running.loss(batch.y, y, batch.sample_weight) + sum(losses)
        value, _ = penalized(value, None, self.trainable_weights)
        running.update(value, batch, y)

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
        x, y : array, or list or dict of arrays
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
        self._prepare(batch)
        running.reset()
        self._train_step(batch, running)
        return running.results(return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Measure loss and metrics on one batch; parameters and result as `train_on_batch`."""
        running = self._compiled("test_on_batch")
        batch = check_data(x, y, sample_weight)
        self._prepare(batch)
        running.reset()
        self._test_step(batch, running)
        return running.results(return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The output for one batch."""
        return self(plain(check_inputs(x).x))
