"""Four kinds of networks beside Keras: the same weights, outputs, and one training step."""

import keras
import numpy as np
import pytest

import convlet
from tally import agreed


def mobile(k, image):
    """MobileNet v2: inverted residuals of depthwise convolutions, relu6."""
    layers = k.layers

    def block(x, filters, strides, expansion, channels):
        y = layers.Conv2D(expansion * channels, 1, padding="same", use_bias=False)(x)
        y = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(y))
        y = layers.DepthwiseConv2D(3, strides=strides, padding="same", use_bias=False)(y)
        y = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(y))
        y = layers.Conv2D(filters, 1, padding="same", use_bias=False)(y)
        y = layers.BatchNormalization(momentum=0.9)(y)
        return layers.Add()([x, y]) if strides == 1 and filters == channels else y

    x = layers.ZeroPadding2D(((0, 1), (0, 1)))(image)
    x = layers.Conv2D(8, 3, strides=2, use_bias=False)(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(momentum=0.9)(x))
    x = block(x, 8, 1, 2, 8)
    x = block(x, 12, 2, 3, 8)
    x = block(x, 12, 1, 3, 12)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(5, activation="softmax")(layers.Dropout(0.0)(x))


def residual(k, image):
    """ResNet: bottlenecks with projected shortcuts, batch normalization, a strided stem."""
    layers = k.layers

    def block(x, filters, strides=1, project=False):
        shortcut = x
        if project:
            shortcut = layers.Conv2D(4 * filters, 1, strides=strides)(x)
            shortcut = layers.BatchNormalization(epsilon=1.001e-5)(shortcut)
        for size, step, number in ((1, strides, filters), (3, 1, filters)):
            x = layers.Conv2D(number, size, strides=step, padding="same")(x)
            x = layers.BatchNormalization(epsilon=1.001e-5)(x)
            x = layers.Activation("relu")(x)
        x = layers.BatchNormalization(epsilon=1.001e-5)(layers.Conv2D(4 * filters, 1)(x))
        return layers.Activation("relu")(layers.Add()([shortcut, x]))

    x = layers.ZeroPadding2D(3)(image)
    x = layers.Conv2D(8, 7, strides=2)(x)
    x = layers.Activation("relu")(layers.BatchNormalization(epsilon=1.001e-5)(x))
    x = layers.MaxPooling2D(3, strides=2)(layers.ZeroPadding2D(1)(x))
    x = block(block(x, 4, project=True), 4)
    x = block(block(x, 6, strides=2, project=True), 6)
    return layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(x))


def inception(k, image):
    """Inception: branches of several sizes, concatenated; an auxiliary output."""
    layers = k.layers

    def conv(x, filters, size, strides=1):
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        return layers.Activation("relu")(layers.BatchNormalization(scale=False)(x))

    def module(x, filters):
        pooled = layers.AveragePooling2D(3, strides=1, padding="valid")(layers.ZeroPadding2D(1)(x))
        branches = [
            conv(x, filters, 1),
            conv(conv(x, filters, 1), filters, 5),
            conv(conv(conv(x, filters, 1), filters, (1, 3)), filters, (3, 1)),
            conv(pooled, filters, 1),
        ]
        return layers.Concatenate()(branches)

    x = conv(image, 8, 3, strides=2)
    x = module(x, 4)
    side = layers.Dense(5, activation="softmax", name="side")(layers.GlobalMaxPooling2D()(x))
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.GlobalAveragePooling2D()(module(x, 6))
    return [layers.Dense(5, activation="softmax", name="main")(x), side]


def unet(k, image):
    """U-Net: down, up, and shortcuts between; a class for each pixel."""
    layers = k.layers

    def twice(x, filters):
        for _ in range(2):
            x = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")(x)
            x = layers.LeakyReLU(0.1)(layers.GroupNormalization(2)(x))
        return x

    first = twice(image, 6)
    second = twice(layers.MaxPooling2D()(first), 8)
    x = layers.SpatialDropout2D(0.0)(twice(layers.MaxPooling2D()(second), 12))
    x = layers.Conv2DTranspose(8, 2, strides=2)(x)
    x = twice(layers.concatenate([x, second]), 8)
    x = layers.Conv2D(6, 2, padding="same")(layers.UpSampling2D(interpolation="bilinear")(x))
    x = twice(layers.concatenate([x, first]), 6)
    return layers.Conv2D(3, 1, activation="softmax")(x)


NETS = {"MobileNet": mobile, "ResNet": residual, "Inception": inception, "U-Net": unet}


def made(make):
    convlet.utils.set_random_seed(3)  # other weights may have a tie that rounding decides
    models = []
    for library in (convlet, keras):
        library.backend.clear_session()
        image = library.Input((32, 32, 3))
        models.append(library.Model(image, make(library, image)))
    ours, theirs = models
    rng = np.random.default_rng(0)
    # Off their initial values, gamma, beta and running averages show what is done with them.
    ours.set_weights(
        [
            value
            if value.ndim > 1
            else (value + 0.2 * rng.random(value.shape) * (1 if value.any() else -1))
            for value in ours.get_weights()
        ]
    )
    theirs.set_weights(ours.get_weights())
    return ours, theirs


def difference(one, other):
    """The largest, relative to the largest element where that is above 1."""
    other = np.asarray(other)
    return float(np.abs(one - other).max() / max(1.0, np.abs(other).max()))


@pytest.mark.parametrize("name", NETS)
def test_outputs_and_one_training_step(name):
    ours, theirs = made(NETS[name])
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.path.split("/")[-2:] for w in ours.weights] == [
        w.path.split("/")[-2:] for w in theirs.weights
    ]
    assert ours.count_params() == theirs.count_params()
    rng = np.random.default_rng(1)
    x = rng.standard_normal((8, 32, 32, 3)).astype("float32")
    shape = (8, 32, 32) if name == "U-Net" else (8,)
    y = rng.integers(3 if name == "U-Net" else 5, size=shape)
    y = [y, y] if name == "Inception" else y
    y = np.eye(3, dtype="float32")[y] if name == "U-Net" else y
    mine, other = (model.predict(x, verbose=0) for model in (ours, theirs))
    outputs = zip(*(v if isinstance(v, list) else [v] for v in (mine, other)), strict=True)
    apart = {"outputs": max(difference(a, b) for a, b in outputs)}
    losses = []
    before = ours.get_weights()
    for model, library in ((ours, convlet), (theirs, keras)):
        weights = [1.0, 0.4] if name == "Inception" else None
        optimizer = library.optimizers.SGD(0.1, momentum=0.9)
        # PyTorch has no gradient of class numbers for each pixel in Keras's layout.
        sparse = "" if name == "U-Net" else "sparse_"
        loss = f"{sparse}categorical_crossentropy"
        loss = [loss, loss] if name == "Inception" else loss
        model.compile(optimizer, loss, loss_weights=weights)
        losses.append(np.ravel(model.train_on_batch(x, y))[0])
    apart["loss"] = abs(float(losses[0]) - float(losses[1]))
    pairs = zip(ours.get_weights(), theirs.get_weights(), strict=True)
    apart["weights"] = max(difference(a, b) for a, b in pairs)
    changes = zip(ours.get_weights(), theirs.get_weights(), before, strict=True)
    steps = [(a - c, np.asarray(b) - c) for a, b, c in changes]
    largest = max(np.abs(step).max() for _, step in steps)
    apart["step"] = max(float(np.abs(a - b).max()) for a, b in steps) / largest
    print(f"{name}: {apart}")
    assert apart["outputs"] <= 1e-5 and apart["loss"] <= 5e-6, apart
    assert apart["weights"] <= 2e-6 and apart["step"] <= 2e-5, apart
    agreed("Keras", f"{name}-style net", "float32")
