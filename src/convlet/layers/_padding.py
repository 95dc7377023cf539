"""Layers that add zeros around images, or cut off their borders: each the other's gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet import config
from convlet._integers import is_integer
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._arguments import DATA_FORMATS, check_choice
from convlet.ops._geometry import LARGEST, Pair


class Border(Layer):
    """What is added to or cut from both ends of each spatial axis; `rank` of them."""

    rank: int
    argument: str  # its name

    def __init__(self, amount: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pairs = border_pairs(self.argument, amount, self.rank)
        self.data_format = check_choice(
            "data_format", data_format or config.image_data_format(), DATA_FORMATS
        )

    def _all_pairs(self) -> tuple[Pair, ...]:
        """Of all axes, with batch and channels."""
        none = ((0, 0),)
        if self.data_format == "channels_first":
            return none * 2 + self.pairs
        return none + self.pairs + none

    def _changed(self, input_shape: Shape, sign: int) -> Shape:
        self.check_rank(input_shape, self.rank + 2)
        return tuple(
            None if size is None else size + sign * sum(pair)
            for size, pair in zip(input_shape, self._all_pairs(), strict=True)
        )

    def _change(self, x: Array) -> Array:
        raise NotImplementedError

    def _change_back(self, dy: Array) -> Array:
        raise NotImplementedError

    def call(self, x: Array, training: bool = False) -> Array:
        """The larger or smaller images, C-contiguous."""
        self.compute_output_shape(x.shape)
        return self._change(x)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return (self._change_back(dy) if needs_dx else None), []

        return self.call(x), Pullback(gradients)

    def _padded(self, x: Array) -> Array:
        y = np.zeros(
            [size + sum(pair) for size, pair in zip(x.shape, self._all_pairs(), strict=True)],
            x.dtype,
        )
        self._inside(y)[...] = x
        return y

    def _inside(self, x: Array) -> Array:
        return x[
            tuple(
                slice(before, size - after)
                for size, (before, after) in zip(x.shape, self._all_pairs(), strict=True)
            )
        ]

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        pairs = self.pairs[0] if self.rank == 1 else self.pairs
        shared = {**super().get_config(), self.argument: pairs}
        return {**shared, "data_format": self.data_format}


def border_pairs(name: str, value: Any, rank: int) -> tuple[Pair, ...]:
    """One (before, after) pair for each axis, from Keras's forms of it."""
    forms = "an int, 2 ints" if rank == 1 else f"an int, {rank} ints, or {rank} pairs of ints"
    rule = f"{name} must be {forms}, from 0, got {value!r}"
    values = (value,) * rank if is_integer(value) else value
    if not isinstance(values, (tuple, list)):
        raise TypeError(rule)
    if rank == 1 and len(values) == 2:
        values = (values,)
    if len(values) != rank:
        raise ValueError(rule)
    pairs = tuple((one, one) if is_integer(one) else one for one in values)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or not all(is_integer(size) for size in pair):
            raise TypeError(rule)
        if len(pair) != 2 or not all(0 <= size < LARGEST for size in pair):
            raise ValueError(rule)
    return tuple((int(before), int(after)) for before, after in pairs)


class ZeroPadding(Border):
    """Zeros around the images."""

    argument = "padding"

    @property
    def padding(self) -> Any:
        """As in `get_config`."""
        return self.get_config()["padding"]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape, its spatial sizes larger by what is added."""
        return self._changed(input_shape, 1)

    def _change(self, x: Array) -> Array:
        return self._padded(x)

    def _change_back(self, dy: Array) -> Array:
        return np.ascontiguousarray(self._inside(dy))


class Cropping(Border):
    """Images without their borders."""

    argument = "cropping"

    @property
    def cropping(self) -> Any:
        """As in `get_config`."""
        return self.get_config()["cropping"]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape, its spatial sizes smaller by what is cut off."""
        shape = self._changed(input_shape, -1)
        if any(size is not None and size < 1 for size in shape[1:]):
            raise ValueError(
                f"{self.name}: cropping must leave an element of each axis, got {self.cropping} "
                f"for an input of shape {input_shape}"
            )
        return shape

    def _change(self, x: Array) -> Array:
        return np.ascontiguousarray(self._inside(x))

    def _change_back(self, dy: Array) -> Array:
        return self._padded(dy)


class ZeroPadding2D(ZeroPadding):
    """Zeros around 2-D images.

    Parameters
    ----------
    padding : int, 2 ints, or 2 pairs of ints, default (1, 1)
        Rows and columns: on all sides, on both sides of each axis, or (top, bottom) and
        (left, right).
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `padding` is none of these.

    Notes
    -----
    Input (N, H, W, C), output (N, top + H + bottom, left + W + right, C). A convolution's own
    `padding` does without the copy.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import ZeroPadding2D
    >>> ZeroPadding2D(((1, 0), (0, 2)))(np.ones((1, 1, 2, 1), np.float32))[0, :, :, 0]
    array([[0., 0., 0., 0.],
           [1., 1., 0., 0.]], dtype=float32)
    """

    rank = 2

    def __init__(
        self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding1D(ZeroPadding):
    """Zeros before and after.

    Parameters
    ----------
    padding : int or 2 ints, default 1
        On both ends, or (before, after).
    data_format, **kwargs
        As for `ZeroPadding2D`.

    Notes
    -----
    Input (N, W, C), output (N, before + W + after, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import ZeroPadding1D
    >>> ZeroPadding1D((2, 1))(np.ones((1, 2, 1), np.float32)).ravel()
    array([0., 0., 1., 1., 0.], dtype=float32)
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


class ZeroPadding3D(ZeroPadding):
    """Zeros around 3-D images.

    Parameters are those of `ZeroPadding2D`, with three ints or pairs where it takes two; the
    default is (1, 1, 1).

    Notes
    -----
    Input (N, D, H, W, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import ZeroPadding3D
    >>> ZeroPadding3D((1, 2, 3))(np.ones((1, 4, 4, 4, 2), np.float32)).shape
    (1, 6, 8, 10, 2)
    """

    rank = 3

    def __init__(
        self, padding: Any = (1, 1, 1), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(padding, data_format, **kwargs)


class Cropping2D(Cropping):
    """2-D images without their borders.

    Parameters
    ----------
    cropping : int, 2 ints, or 2 pairs of ints, default ((0, 0), (0, 0))
        Rows and columns: on all sides, on both sides of each axis, or (top, bottom) and
        (left, right).
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `cropping` is none of these, or would leave nothing.

    Notes
    -----
    Input (N, H, W, C), output (N, H - top - bottom, W - left - right, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Cropping2D
    >>> Cropping2D(((1, 0), (0, 2)))(np.ones((1, 4, 5, 3), np.float32)).shape
    (1, 3, 3, 3)
    """

    rank = 2

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)


class Cropping1D(Cropping):
    """Sequences without their ends.

    Parameters
    ----------
    cropping : int or 2 ints, default (1, 1)
        From both ends, or (before, after).
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Input (N, W, C), output (N, W - before - after, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Cropping1D
    >>> Cropping1D(2)(np.ones((1, 9, 3), np.float32)).shape
    (1, 5, 3)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values: Keras's has no data format here."""
        found = super().get_config()
        del found["data_format"]
        return found


class Cropping3D(Cropping):
    """3-D images without their borders.

    Parameters are those of `Cropping2D`, with three ints or pairs where it takes two; the default
    is ((1, 1), (1, 1), (1, 1)).

    Notes
    -----
    Input (N, D, H, W, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Cropping3D
    >>> Cropping3D()(np.ones((1, 4, 5, 6, 2), np.float32)).shape
    (1, 2, 3, 4, 2)
    """

    rank = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(cropping, data_format, **kwargs)
