"""Weights of PyTorch's nets, in and out: the same predictions on both sides."""

import numpy as np
import pytest
import torch
from torch import nn

from comparison import assert_same_bits
from convlet import Input, Model, Sequential, layers, utils
from tally import agreed


def lecture():
    return [
        *(layers.Conv2D(5, 3, activation="relu"), layers.Conv2D(6, 3, activation="relu")),
        *(layers.MaxPooling2D(2), layers.Dropout(0.25), layers.Flatten()),
        *(layers.Dense(7, activation="relu"), layers.Dropout(0.5), layers.Dense(3)),
    ], nn.Sequential(
        *(nn.Conv2d(2, 5, 3), nn.ReLU(), nn.Conv2d(5, 6, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Dropout(0.25), nn.Flatten(), nn.Linear(6 * 12, 7), nn.ReLU(), nn.Dropout(0.5)),
        nn.Linear(7, 3),
    )


def every_convolution():
    return [
        layers.Conv2D(6, (3, 2), groups=2, strides=2, padding=1),
        layers.DepthwiseConv2D(3, depth_multiplier=2, padding=1),
        layers.SeparableConv2D(5, 3, depth_multiplier=2),
        layers.Conv2DTranspose(4, (2, 3), strides=2, padding=0),
        layers.Flatten(),
        layers.Activation("tanh"),
        layers.Dense(4, use_bias=False),
    ], nn.Sequential(
        nn.Conv2d(2, 6, (3, 2), stride=2, padding=1, groups=2),
        nn.Conv2d(6, 12, 3, padding=1, groups=6),
        *(nn.Conv2d(12, 24, 3, groups=12, bias=False), nn.Conv2d(24, 5, 1)),
        nn.ConvTranspose2d(5, 4, (2, 3), stride=2),
        *(nn.Flatten(), nn.Tanh(), nn.Linear(4 * 6 * 7, 4, bias=False)),
    )


def one_dimension():
    return [
        layers.Conv1D(4, 3, activation="relu"),
        layers.Conv1DTranspose(3, 2, strides=2, padding=0),
        layers.MaxPooling1D(2),
        layers.Flatten(),
        layers.Dense(3),
    ], nn.Sequential(
        *(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.ConvTranspose1d(4, 3, 2, stride=2), nn.MaxPool1d(2)),
        *(nn.Flatten(), nn.Linear(3 * 10, 3)),
    )


def three_dimensions():
    return [
        *(layers.Conv3D(4, 2), layers.Conv3DTranspose(3, 2, padding=0), layers.Flatten()),
        layers.Dense(3),
    ], nn.Sequential(
        *(nn.Conv3d(2, 4, 2), nn.ConvTranspose3d(4, 3, 2), nn.Flatten()),
        nn.Linear(3 * 5 * 4 * 6, 3),
    )


def normalised():
    options = {"epsilon": 1e-5, "momentum": 0.9}
    return [
        *(layers.Conv2D(4, 3), layers.BatchNormalization(**options), layers.Activation("relu")),
        *(layers.GroupNormalization(2, epsilon=1e-5), layers.Flatten()),
        *(layers.BatchNormalization(**options), layers.Activation("tanh"), layers.Dense(3)),
    ], nn.Sequential(
        *(nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.GroupNorm(2, 4), nn.Flatten()),
        *(nn.BatchNorm1d(4 * 30), nn.Tanh(), nn.Linear(4 * 30, 3)),
    )


NETWORKS = {
    normalised: (8, 7),
    lecture: (12, 10),
    every_convolution: (9, 8),
    one_dimension: (12,),
    three_dimensions: (5, 4, 6),
}


def with_channels_first(number, layer, parts):
    """The layer for feature maps with channels first; none that comes after Flatten changes."""
    config, vector = layer.get_config(), any(isinstance(p, layers.Flatten) for p in parts[:number])
    if "data_format" in config:
        config["data_format"] = "channels_first"
    elif "axis" in config and not vector:
        config["axis"] = 1
    return type(layer).from_config(config)


def built(network, data_format="channels_last"):
    """Both nets, with weights of their own, and an input with channels first."""
    torch.manual_seed(3)
    shape = NETWORKS[network]
    parts, theirs = network()
    parts = [type(p).from_config({**p.get_config(), "dtype": "float64"}) for p in parts]
    if data_format == "channels_first":
        parts = [with_channels_first(number, part, parts) for number, part in enumerate(parts)]
    first = data_format == "channels_first"
    model = Sequential([Input((2, *shape) if first else (*shape, 2)), *parts])
    x = np.random.default_rng(1).standard_normal((3, 2, *shape))
    return model, theirs.double().eval(), x


def compare(model, theirs, x, what, data_format="channels_last"):
    own = x if data_format == "channels_first" else np.ascontiguousarray(np.moveaxis(x, 1, -1))
    with torch.no_grad():
        expected = theirs(torch.from_numpy(x)).numpy()
    tolerance = 1e-12 if x.dtype == np.float64 else 3e-6
    assert np.abs(model(own) - expected).max() <= tolerance
    agreed("torch", "weights", what)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("network", NETWORKS)
def test_there_and_back(network, data_format):
    model, theirs, x = built(network, data_format)
    utils.from_torch_state_dict(model, theirs.state_dict())
    compare(model, theirs, x, f"in {network.__name__} {data_format}", data_format)
    rng = np.random.default_rng(2)
    for weight in model.weights:
        values = 0.3 * rng.standard_normal(weight.shape)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.name else values)
    before = model.get_weights()
    found = utils.to_torch_state_dict(model, theirs.state_dict())
    theirs.load_state_dict({name: torch.from_numpy(array) for name, array in found.items()})
    compare(model, theirs, x, f"out {network.__name__} {data_format}", data_format)
    utils.from_torch_state_dict(model, found)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert_same_bits(old, new)


class Branches(nn.Module):
    """A residual block, two flattened branches that are joined, and a head."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.narrow = nn.Conv2d(4, 3, 1)
        self.head = nn.Linear(4 * 30 + 3 * 30, 5)

    def forward(self, x):
        x = torch.relu(self.first(x))
        x = x + self.second(x)
        flat = torch.cat([torch.flatten(x, 1), torch.flatten(self.narrow(x), 1)], 1)
        return self.head(flat)


def branches(inner):
    image = Input((6, 5, 2))
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    x = layers.Add()([x, layers.Conv2D(4, 3, padding="same")(x)])
    narrow = layers.Conv2D(3, 1)
    narrow = Sequential([Input((6, 5, 4)), narrow, layers.Flatten()]) if inner else narrow
    flat = narrow(x) if inner else layers.Flatten()(narrow(x))
    joined = layers.Concatenate()([layers.Flatten()(x), flat])
    return Model(image, layers.Dense(5)(joined))


@pytest.mark.parametrize("inner", [False, True])
def test_branches(inner):
    torch.manual_seed(1)
    theirs, model = Branches().eval(), branches(inner)
    utils.from_torch_state_dict(model, theirs.state_dict())
    x = np.random.default_rng(1).standard_normal((3, 2, 6, 5)).astype("float32")
    compare(model, theirs, x, f"branches {inner}")
    found = utils.to_torch_state_dict(model, theirs.state_dict())
    for name, array in theirs.state_dict().items():
        assert_same_bits(found[name], array.numpy())


@pytest.mark.parametrize("layer", [layers.Permute((2, 1, 3)), layers.Reshape((4, 6))])
def test_layers_that_move_elements_are_refused(layer):
    model = Sequential([Input((3, 4, 2)), layers.Conv2D(2, 1), layer, layers.Flatten()])
    with pytest.raises(ValueError, match="depends on where channels stand"):
        utils.to_torch_state_dict(model)


def test_names():
    model, theirs, _ = built(lecture)
    names = list(utils.to_torch_state_dict(model))
    assert names[:2] == [f"{model.layers[0].name}.weight", f"{model.layers[0].name}.bias"]
    assert list(utils.to_torch_state_dict(model, theirs.state_dict())) == list(theirs.state_dict())


def test_what_does_not_fit():
    model, theirs, _ = built(lecture)
    before, state = model.get_weights(), dict(theirs.state_dict())
    cases = [
        ({k: v for k, v in state.items() if k[:3] != "10."}, "must have 4 modules with weights"),
        ({k: v for k, v in state.items() if k != "7.bias"}, r"they differ in \['7.bias'\]"),
        ({**state, "7.more": np.zeros(1)}, r"they differ in \['7.more'\]"),
        ({**state, "7.weight": np.zeros((7, 71))}, r"7.weight must have shape \(7, 72\) for dense"),
        ({**state, "7.bias": np.zeros((7, 1))}, r"7.bias must have shape \(7,\) for dense"),
    ]
    for wrong, text in cases:
        with pytest.raises(ValueError, match=text):
            utils.from_torch_state_dict(model, wrong)
    with pytest.raises(TypeError, match="value must be real numbers"):
        utils.from_torch_state_dict(model, {**state, "7.bias": np.zeros(7, complex)})
    with pytest.raises(ValueError, match="must have 4 modules"):
        utils.to_torch_state_dict(model, ["a.weight"])
    for old, new in zip(before, model.get_weights(), strict=True):
        assert_same_bits(old, new)
