"""The network of the lecture: two convolutions, a max pool, two dense layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convlet.models import Sequential


def lecture_cnn(*, classes: int = 10, dropout: bool = True) -> Sequential:
    """Build the lecture's CNN for 28 x 28 grey images, not compiled yet.

    Parameters
    ----------
    classes : int, default 10
        Units of the last layer.
    dropout : bool, default True
        Whether to include the lecture's two optional Dropout lines.

    Returns
    -------
    convlet.models.Sequential
        Input (N, 28, 28, 1), output (N, classes): one probability per class.

    Examples
    --------
    >>> from convlet.demo import lecture_cnn
    >>> lecture_cnn().count_params()
    1199882
    """
    from convlet.layers import Conv2D, Dense, Dropout, Flatten, MaxPooling2D
    from convlet.models import Sequential

    model = Sequential()
    model.add(Conv2D(32, kernel_size=(3, 3), activation="relu", input_shape=(28, 28, 1)))
    model.add(Conv2D(64, (3, 3), activation="relu"))
    model.add(MaxPooling2D(pool_size=(2, 2)))
    if dropout:
        model.add(Dropout(0.25))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    if dropout:
        model.add(Dropout(0.5))
    model.add(Dense(classes, activation="softmax"))
    return model
