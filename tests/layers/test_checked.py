"""What every layer refuses: sizes that are none, and gradients that do not fit its output."""

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import layers
from convlet.layers import Layer, Pullback
from examples import layer, layer_names


@pytest.mark.parametrize("name", layer_names())
@pytest.mark.parametrize(
    ("sizes", "error"),
    [
        ((-7,), ValueError),
        ((2**61,), ValueError),
        ((7.5,), TypeError),
        ((True,), TypeError),
        (("7",), TypeError),
        (([7],), TypeError),
        ("abc", TypeError),
        (7, TypeError),
        (None, TypeError),
    ],
)
def test_shapes(name, sizes, error):
    one, x = layer(name)
    shape = (None, *sizes * (x.ndim - 2), 37) if isinstance(sizes, tuple) else sizes
    with pytest.raises(error, match=one.name):
        one.compute_output_shape(shape)
    if shape is not None:
        with pytest.raises(error, match=one.name):
            one.build(shape)


def test_sizes_of_numpy_and_lists_are_sizes():
    for name in layer_names():
        one, x = layer(name)
        expected = one.compute_output_shape(x.shape)
        assert tuple(one.compute_output_shape([np.int64(size) for size in x.shape])) == expected


@pytest.mark.parametrize("name", layer_names())
def test_gradients(name, dtype):
    one, x = layer(name, dtype)
    one.ensure_built(x.shape)
    y, pullback = one.vjp(x, True)
    other = "float64" if dtype == "float32" else "float32"
    for bad, error in (
        (y[:1], ValueError),
        (y[..., :-1], ValueError),
        (y[None], ValueError),
        (np.moveaxis(np.concatenate([y, y]), 0, -1), ValueError),
        (y.astype(other), TypeError),
        (y.astype("int32"), TypeError),
        (y.astype(y.dtype.newbyteorder()), TypeError),
        (np.ma.masked_array(y), TypeError),
        (y.tolist(), TypeError),
        (None, TypeError),
    ):
        with pytest.raises(error, match="dy must"):
            pullback(bad)
    dx, grads = pullback(y)
    for result in (dx, *grads):
        assert result.dtype == dtype
    assert dx.shape == x.shape
    assert_same_bits(pullback(np.asfortranarray(y))[0], dx)


def test_a_layer_of_ones_own_and_a_layer_made_from_it():
    """The gradient must fit the output that the last of them returns."""

    class Double(Layer):
        def vjp(self, x, training=False):
            return 2 * x, Pullback(lambda dy, needs_dx: (2 * dy, []))

    class FirstOfDouble(Double):
        def vjp(self, x, training=False):
            y, pullback = super().vjp(x, training)

            def gradients(dy, needs_dx):
                return pullback(np.pad(dy, ((0, 0), (0, y.shape[1] - 1))), needs_dx)

            return y[:, :1], Pullback(gradients)

    x = np.ones((2, 3), "float32")
    for kind, width in ((Double, 3), (FirstOfDouble, 1)):
        y, pullback = kind().vjp(x)
        assert pullback(y)[0].shape == x.shape
        with pytest.raises(ValueError, match=rf"output's shape \(2, {width}\)"):
            pullback(np.ones((2, 2), "float32"))


@pytest.mark.parametrize("name", layer_names())
def test_vjp_builds_the_layer(name, dtype):
    one, x = layer(name, dtype)
    y, _ = one.vjp(x.tolist() if dtype == "float32" else x)
    assert one.built and y.dtype == dtype
    assert_same_bits(y, one.vjp(x)[0])


@pytest.mark.parametrize("built", [False, True])
def test_vjp_of_what_is_no_array(built):
    one = layers.Dense(2)
    if built:
        one.build((None, 3))
    assert one.vjp([[1, 2, 3]])[0].shape == (1, 2)
    for bad in (None, "abc", [None]):
        with pytest.raises(TypeError, match="x must be real numbers"):
            one.vjp(bad)
    with pytest.raises(ValueError, match="must have at least 2 axes"):
        one.vjp(np.float32(1))
