"""Settings of the process."""

import pytest

from convlet import backend, config
from convlet.layers import Conv2D, Dense


@pytest.fixture(autouse=True)
def restored():
    before = dict(config._settings)
    yield
    config._settings.update(before)


def test_defaults():
    assert config.floatx() == "float32"
    assert config.epsilon() == 1e-7
    assert config.image_data_format() == "channels_last"


def test_layers_follow():
    config.set_floatx("float64")
    config.set_image_data_format("channels_first")
    layer = Conv2D(2, 3)
    assert layer.compute_dtype == "float64"
    assert layer.data_format == "channels_first"
    assert layer.compute_output_shape((None, 1, 5, 5)) == (None, 2, 3, 3)


def test_backend_has_the_same_functions():
    for name in ("floatx", "epsilon", "image_data_format", "set_floatx", "set_epsilon"):
        assert getattr(backend, name) is getattr(config, name)


def test_names_are_counted_anew():
    backend.clear_session()
    assert [Dense(1).name, Dense(1).name] == ["dense", "dense_1"]
    backend.clear_session()
    assert Dense(1).name == "dense"


@pytest.mark.parametrize(
    "call,text",
    [
        (lambda: config.set_floatx("float16"), 'value must be "float32" or "float64"'),
        (lambda: config.set_floatx("nothing"), "got 'nothing'"),
        (lambda: config.set_epsilon(0), "value must be finite and above 0"),
        (lambda: config.set_epsilon(float("nan")), "value must be finite and above 0"),
        (lambda: config.set_image_data_format("last"), "got 'last'"),
    ],
)
def test_bad_values(call, text):
    before = dict(config._settings)
    with pytest.raises(ValueError, match=text):
        call()
    assert config._settings == before
