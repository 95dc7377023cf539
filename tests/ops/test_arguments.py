"""Bad arguments: which error, and that it names the argument, the rule and what came."""

import numpy as np
import pytest

from convlet import ops

X, KERNEL = np.ones((2, 6, 5, 4), "float32"), np.ones((3, 2, 2, 6), "float32")
CONV_GRAD, POOL_GRAD = np.ones((2, 4, 4, 6), "float32"), np.ones((2, 3, 2, 4), "float32")

# Each operator with good arguments.
GOOD = {
    "conv": ((X, KERNEL), {"bias": np.ones(6, "float32")}),
    "conv_grad": ((CONV_GRAD, X, KERNEL), {}),
    "max_pool": ((X, 2), {}),
    "max_pool_grad": ((POOL_GRAD, X, 2), {}),
    "average_pool": ((X, 2), {}),
    "average_pool_grad": ((POOL_GRAD, X, 2), {}),
}
CONVOLUTIONS, POOLS = list(GOOD)[:2], list(GOOD)[2:]
NAMES = {
    "conv": ("x", "kernel"),
    "conv_grad": ("grad", "x", "kernel"),
    "max_pool": ("x", "pool_size"),
    "max_pool_grad": ("grad", "x", "pool_size"),
    "average_pool": ("x", "pool_size"),
    "average_pool_grad": ("grad", "x", "pool_size"),
}
ARRAYS = [
    (operator, name)
    for operator in GOOD
    for name in (*NAMES[operator], *GOOD[operator][1])
    if name != "pool_size"
]


def dict_of(operator):
    positional, keywords = GOOD[operator]
    return dict(zip(NAMES[operator], positional, strict=True)) | keywords


def call(operator, **changes):
    arguments = dict_of(operator) | changes
    first = [arguments.pop(name) for name in NAMES[operator]]
    return getattr(ops, operator)(*first, **arguments)


def assert_refused(error, operator, *said, **changes):
    """The error, and that its message holds the argument's name and each of `said`."""
    with pytest.raises(error) as raised:
        call(operator, **changes)
    message = str(raised.value)
    for text in (*changes, *said):
        assert text in message, f"{text!r} is not in: {message}"


@pytest.mark.parametrize("operator", GOOD)
def test_good_arguments_are_good(operator):
    result = call(operator)
    assert all(np.isfinite(r).all() for r in (result if isinstance(result, tuple) else [result]))


@pytest.mark.parametrize(("operator", "name"), ARRAYS)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda a: a.tolist(), "list"),
        (lambda a: tuple(a.tolist()), "tuple"),
        (lambda a: 3.5, "float"),
        (lambda a: "image.png", "str"),
        (np.ma.masked_array, "MaskedArray"),
        (lambda a: a.astype("float16"), "float16"),
        (lambda a: a.astype("int64"), "int64"),
        (lambda a: a.astype("uint8"), "uint8"),
        (lambda a: a.astype(bool), "bool"),
        (lambda a: a.astype("complex64"), "complex64"),
        (lambda a: a.astype(object), "object"),
        (lambda a: a.astype("S3"), "S3"),
        (lambda a: a.astype(">f4"), "byte-swapped"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_arrays_of_a_wrong_kind(operator, name, change, said):
    assert_refused(TypeError, operator, said, **{name: change(dict_of(operator)[name])})


@pytest.mark.parametrize(("operator", "name"), ARRAYS)
def test_matrix(operator, name):
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(np.ones((2, 3), "float32"))
    assert_refused(TypeError, operator, "matrix", **{name: matrix})


@pytest.mark.parametrize(("operator", "name"), ARRAYS)
def test_none_is_no_array(operator, name):
    if name == "bias":  # which is optional
        assert np.array_equal(call(operator, bias=None), ops.conv(X, KERNEL))
    else:
        assert_refused(TypeError, operator, "None", **{name: None})


@pytest.mark.parametrize(("operator", "name"), ARRAYS)
def test_mixed_dtypes(operator, name):
    changed = dict_of(operator)[name].astype("float64")
    if operator in ("max_pool", "average_pool"):  # which have one array only
        assert call(operator, **{name: changed}).dtype == np.float64
        return
    with pytest.raises(TypeError) as raised:
        call(operator, **{name: changed})
    for text in (name, "float32", "float64"):
        assert text in str(raised.value)


@pytest.mark.parametrize(("operator", "name"), ARRAYS)
def test_wrong_ranks_and_zero_axes(operator, name):
    array = dict_of(operator)[name]
    assert_refused(ValueError, operator, "axes", **{name: array[None, None, None]})
    assert_refused(ValueError, operator, "axes", **{name: array.reshape(-1)[0]})
    for axis in range(1 if name in ("x", "grad") else 0, array.ndim):
        shape = list(array.shape)
        shape[axis] = 0
        with pytest.raises(ValueError, match=name):
            call(operator, **{name: np.ones(shape, "float32")})


@pytest.mark.parametrize("shape", [(6, 5), (6,), (), (2, 1, 1, 6, 5, 4)])
def test_x_of_an_unknown_rank(shape):
    x = np.ones(shape, "float32")
    assert_refused(ValueError, "conv", str(shape), x=x)
    assert_refused(ValueError, "max_pool", str(shape), x=x)
    assert_refused(ValueError, "average_pool", str(shape), x=x)


@pytest.mark.parametrize(
    ("channels", "kernel_shape", "said"),
    [
        (4, (3, 2, 3, 6), "(3, 2, 3, 6)"),  # 4 channels are no multiple of 3
        (2, (3, 2, 4, 6), "(3, 2, 4, 6)"),  # fewer channels than the kernel reads
        (6, (3, 2, 2, 7), "(3, 2, 2, 7)"),  # 3 groups, 7 filters
    ],
)
def test_channels_that_do_not_fit(channels, kernel_shape, said):
    x, kernel = np.ones((1, 6, 5, channels), "float32"), np.ones(kernel_shape, "float32")
    with pytest.raises(ValueError, match="kernel") as raised:
        ops.conv(x, kernel)
    assert said in str(raised.value)
    assert str(channels) in str(raised.value)


def test_shapes_that_do_not_fit():
    assert_refused(ValueError, "conv", "(6,)", "(5,)", bias=np.ones(5, "float32"))
    assert_refused(
        ValueError, "conv_grad", "(2, 4, 4, 6)", "(2, 4, 3, 6)", grad=CONV_GRAD[:, :, 1:]
    )
    assert_refused(ValueError, "conv_grad", "(1, 4, 4, 6)", grad=CONV_GRAD[:1])
    for pool in ("max_pool_grad", "average_pool_grad"):
        assert_refused(ValueError, pool, "(2, 3, 2, 4)", "(2, 3, 1, 4)", grad=POOL_GRAD[:, :, 1:])
        assert_refused(ValueError, pool, "(2, 3, 2, 3)", grad=POOL_GRAD[..., 1:])


@pytest.mark.parametrize("operator", GOOD)
@pytest.mark.parametrize(
    ("error", "value"),
    [
        (ValueError, 0),
        (ValueError, -1),
        (ValueError, (2, 0)),
        (ValueError, (1, 1, 1)),
        (ValueError, ()),
        (ValueError, 2**63),
        (ValueError, (1, 10**30)),
        (TypeError, 1.0),
        (TypeError, "2"),
        (TypeError, True),
        (TypeError, (1, None)),
        (TypeError, (1, 2.5)),
        (TypeError, {1, 2}),
    ],
)
def test_strides_dilations_and_sizes(operator, error, value):
    assert_refused(error, operator, str(value), strides=value)
    assert_refused(error, operator, str(value), dilation_rate=value)
    if operator in POOLS:
        assert_refused(error, operator, str(value), pool_size=value)
        assert_refused(TypeError, operator, "None", pool_size=None)


@pytest.mark.parametrize("operator", GOOD)
def test_arrays_are_no_sizes(operator):
    """Though every array has __index__."""
    for value in (np.ones(2), np.array([2, 2]), np.array(2.0)):
        assert_refused(TypeError, operator, strides=value)


@pytest.mark.parametrize("operator", GOOD)
@pytest.mark.parametrize(
    ("error", "value"),
    [
        (ValueError, "full"),
        (ValueError, ""),
        (ValueError, "causal"),  # 1-D convolutions only
        (ValueError, -1),
        (ValueError, 2**63),
        (ValueError, ((0, 0),)),
        (ValueError, ((0, 0), (0, -1))),
        (ValueError, ((0, 0), (0, 0, 0))),
        (ValueError, ((0, 0), (2**63, 0))),
        (TypeError, 1.5),
        (TypeError, None),
        (TypeError, True),
        (TypeError, (1, 2)),
        (TypeError, ((0, 0), (0, 0.5))),
        (TypeError, ((0, 0), "01")),
    ],
)
def test_padding(operator, error, value):
    # Of pairs, the one that is bad is enough.
    said = value[-1] if isinstance(value, tuple) and isinstance(value[-1], tuple) else value
    assert_refused(error, operator, str(said), padding=value)


@pytest.mark.parametrize("operator", ["conv", "max_pool", "average_pool"])
@pytest.mark.parametrize("option", ["strides", "padding", "dilation_rate"])
def test_what_is_cached_of_1_does_not_serve_true(operator, option):
    call(operator, **{option: 1})
    assert_refused(TypeError, operator, "True", **{option: True})
    assert_refused(TypeError, operator, "1.0", **{option: 1.0})


def test_causal_is_no_padding_of_a_pool():
    x = np.ones((1, 5, 1), "float32")
    assert ops.conv(x, np.ones((2, 1, 1), "float32"), padding="causal").shape == (1, 5, 1)
    for pool in (ops.max_pool, ops.average_pool):
        with pytest.raises(ValueError, match=r"padding.*causal"):
            pool(x, 2, padding="causal")


@pytest.mark.parametrize("operator", GOOD)
def test_names_and_flags(operator):
    assert_refused(
        ValueError, operator, "channels_last", "channels_first", "NHWC", data_format="NHWC"
    )
    assert_refused(TypeError, operator, "None", data_format=None)
    flags = {"ceil_mode"} if operator in POOLS else set()
    flags |= {"count_include_pad"} if operator.startswith("average") else set()
    flags |= {"return_indices"} if operator == "max_pool" else set()
    for flag in flags:
        assert_refused(TypeError, operator, "1", **{flag: 1})
        assert_refused(TypeError, operator, "yes", **{flag: "yes"})


def test_activation():
    assert_refused(ValueError, "conv", "rellu", "relu6", activation="rellu")
    assert_refused(TypeError, "conv", activation=np.tanh)


def test_needs():
    assert_refused(ValueError, "conv_grad", "input", '"kernel"', needs=("x", "input"))
    assert_refused(TypeError, "conv_grad", "3", needs=3)


def test_indices():
    good = ops.max_pool(X, 2, return_indices=True)[1]
    assert_refused(TypeError, "max_pool_grad", "int64", "float32", indices=good.astype("float32"))
    assert_refused(TypeError, "max_pool_grad", "int64", "int32", indices=good.astype("int32"))
    assert_refused(TypeError, "max_pool_grad", "list", indices=good.tolist())
    assert_refused(
        ValueError, "max_pool_grad", "(2, 3, 2, 4)", "(2, 3, 2, 3)", indices=good[..., 1:]
    )


@pytest.mark.parametrize("operator", ["conv", "max_pool", "average_pool"])
class TestOut:
    """`out` of a wrong shape, dtype or memory."""

    def test_kind(self, operator):
        y = call(operator)
        assert_refused(ValueError, operator, str(y.shape), "(2, 1)", out=np.ones((2, 1), "float32"))
        assert_refused(ValueError, operator, str(y.shape), out=np.ones((*y.shape, 1), "float32"))
        assert_refused(TypeError, operator, "float64", "float32", out=y.astype("float64"))
        assert_refused(TypeError, operator, "float32", out=y.astype(">f4"))
        assert_refused(TypeError, operator, "list", out=y.tolist())
        assert_refused(TypeError, operator, "MaskedArray", out=np.ma.masked_array(y))

    def test_read_only(self, operator):
        y = call(operator)
        y.flags.writeable = False
        assert_refused(ValueError, operator, "writeable", "read-only", out=y)

    def test_overlapping_itself(self, operator):
        shape = call(operator).shape
        for strides in ((0, 400, 40, 4), (1000, 100, 4, 4), (96, 24, 4, 2)):
            base = np.zeros(3000, "float32")
            out = np.lib.stride_tricks.as_strided(base, shape, strides)
            assert_refused(ValueError, operator, "overlap", out=out)

    def test_sharing_memory_with_an_input(self, operator):
        y = call(operator)
        base = np.ones(X.size + y.size, "float32")
        x = base[: X.size].reshape(X.shape)
        for start in (0, 1, X.size - 1):
            out = base[start : start + y.size].reshape(y.shape)
            assert_refused(ValueError, operator, "memory", "x", x=x, out=out)
        out = base[X.size :].reshape(y.shape)
        assert np.array_equal(call(operator, x=x, out=out), y)

    def test_interleaved_channels_are_fine(self, operator):
        """So that a concatenation of channels needs no copy."""
        y = call(operator)
        base = np.zeros((*y.shape[:-1], 3 * y.shape[-1]), "float32")
        out = base[..., y.shape[-1] : 2 * y.shape[-1]]
        assert call(operator, out=out) is out
        assert np.array_equal(base[..., y.shape[-1] : -y.shape[-1]], y)


def test_out_interleaved_with_the_input():
    base = np.ones((1, 5, 5, 7), "float32")
    x, out = base[..., :4], base[..., 4:]
    expected = ops.conv(x.copy(), np.ones((1, 1, 4, 3), "float32"))
    assert np.array_equal(ops.conv(x, np.ones((1, 1, 4, 3), "float32"), out=out), expected)
    assert np.array_equal(base[..., :4], np.ones((1, 5, 5, 4)))


def test_out_sharing_memory_with_kernel_or_bias():
    base = np.ones(2 * 4 * 4 * 6, "float32")
    out = base.reshape(2, 4, 4, 6)
    kernel, bias = base[: KERNEL.size].reshape(KERNEL.shape), base[-6:]
    with pytest.raises(ValueError, match="out must not share memory with kernel"):
        ops.conv(X, kernel, out=out)
    with pytest.raises(ValueError, match="out must not share memory with bias"):
        ops.conv(X, KERNEL, bias, out=out)
