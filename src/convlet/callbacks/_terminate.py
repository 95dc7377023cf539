"""The end of training when it has gone wrong."""

from __future__ import annotations

import math

from convlet.callbacks._callback import Callback, Logs


class TerminateOnNaN(Callback):
    """Stop training when the loss is NaN or infinite.

    Parameters
    ----------
    raise_error : bool, default False
        Whether to raise RuntimeError instead of stopping after the batch.

    Examples
    --------
    >>> from convlet.callbacks import TerminateOnNaN
    >>> TerminateOnNaN().raise_error
    False
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Look at the loss."""
        loss = (logs or {}).get("loss", 0.0)
        if math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"the loss must be finite, got {loss} at batch {batch}")
        print(f"Batch {batch}: invalid loss, terminating training", flush=True)
        self.model.stop_training = True
