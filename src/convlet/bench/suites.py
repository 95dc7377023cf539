"""Which cases are timed: the lists behind ``convlet bench`` and behind each table of results.

cv1 to cv12 are the layers that M. Cho and D. Brand timed in "MEC: Memory-efficient Convolution
for Deep Neural Network" (ICML 2017, table 2), without padding; ref1 and ref2 are the two
convolutions of the lecture's CNN. ResNet-50's layers are those of K. He et al., "Deep Residual
Learning for Image Recognition" (CVPR 2016, table 1), with the stride in the 3x3 layer; the
depthwise ones those of MobileNet v1 (A. Howard et al., 2017) and, with 5x5, v3 (2019).
"""

from __future__ import annotations

from dataclasses import replace

from convlet.bench.cases import Case

# name: (height and width, input channels, kernel size, output channels, stride)
_LAYERS = {
    "cv1": (227, 3, 11, 96, 4),
    "cv2": (231, 3, 11, 96, 4),
    "cv3": (227, 3, 7, 64, 2),
    "cv4": (224, 64, 7, 64, 2),
    "cv5": (24, 96, 5, 256, 1),
    "cv6": (12, 256, 3, 512, 1),
    "cv7": (224, 3, 3, 64, 1),
    "cv8": (112, 64, 3, 128, 1),
    "cv9": (56, 64, 3, 64, 1),
    "cv10": (28, 128, 3, 128, 1),
    "cv11": (14, 256, 3, 256, 1),
    "cv12": (7, 512, 3, 512, 1),
    "ref1": (28, 1, 3, 32, 1),
    "ref2": (26, 32, 3, 64, 1),
}
# stage: (height and width, narrow channels, wide channels, input channels of its first block)
_RESNET_STAGES = {
    "conv2": (56, 64, 256, 64),
    "conv3": (28, 128, 512, 256),
    "conv4": (14, 256, 1024, 512),
    "conv5": (7, 512, 2048, 1024),
}

# height and width, channels, kernel size, stride
_DEPTHWISE = (
    (112, 32, 3, 1),
    (112, 64, 3, 2),
    (56, 128, 3, 1),
    (28, 256, 3, 1),
    (14, 512, 3, 1),
    (7, 1024, 3, 1),
    (28, 120, 5, 1),
    (14, 672, 5, 1),
    (7, 960, 5, 1),
)


def forward_layers(batch: int = 1) -> list[Case]:
    """Return the fourteen convolutions, forward."""
    return [
        Case(name, "conv", (batch, side, side, channels), size, filters, stride)
        for name, (side, channels, size, filters, stride) in _LAYERS.items()
    ]


def resnet_layers() -> list[Case]:
    """Return ResNet-50's distinct convolutions with their padding, one image."""
    cases = [Case("stem", "conv", (1, 224, 224, 3), 7, 64, 2, 3)]

    def add(name: str, side: int, channels: int, size: int, filters: int, stride: int = 1) -> None:
        x_shape = (1, side, side, channels)
        cases.append(Case(name, "conv", x_shape, size, filters, stride, size // 2))

    for stage, (side, narrow, wide, first) in _RESNET_STAGES.items():
        stride = 1 if stage == "conv2" else 2
        add(f"{stage} first reduce", side * stride, first, 1, narrow)
        if stride == 2:
            add(f"{stage} first 3x3", side * stride, narrow, 3, narrow, stride)
        add(f"{stage} shortcut", side * stride, first, 1, wide, stride)
        add(f"{stage} reduce", side, wide, 1, narrow)
        add(f"{stage} 3x3", side, narrow, 3, narrow)
        if stride == 2:  # in conv2 the shortcut has this shape
            add(f"{stage} expand", side, narrow, 1, wide)
    return cases


def gradients(layers: list[tuple[Case, int]]) -> list[Case]:
    """Return both gradients of each layer at its batch."""
    return [
        replace(case, name=f"{case.name} {name}", op=op, x_shape=(batch, *case.x_shape[1:]))
        for case, batch in layers
        for op, name in (("conv_grad_x", "dx"), ("conv_grad_kernel", "dkernel"))
    ]


def training_gradients() -> list[Case]:
    """Return the gradients of layers as training meets them, strided ones included."""
    named = {case.name: case for case in forward_layers()}
    layers = [(named["ref2"], 128), *((named[name], 16) for name in ("cv9", "cv10", "cv11"))]
    strided = [
        replace(named[name], name=f"{name} strided", stride=2, padding=1)
        for name in ("cv9", "cv10")
    ]
    stem = Case("ResNet stem", "conv", (1, 224, 224, 3), 7, 64, 2, 3)
    return gradients([*layers, *((case, 16) for case in strided), (stem, 4)])


def networks(batches: tuple[int, ...] = (1, 128)) -> list[Case]:
    """Return the lecture's CNN: inference at each batch size, and a training step."""
    inference = [Case(f"inference b{n}", "cnn", (n, 28, 28, 1)) for n in batches]
    return [*inference, Case("training step b128", "cnn_train", (128, 28, 28, 1))]


def cliffs() -> list[Case]:
    """Return shapes beside the usual ones, where a kernel's blocking may fall off."""
    return [*_channel_counts(), *_windows(), *_depthwise(), *_other_ranks(), *_other_arrays()]


def _same(name: str, x: tuple[int, ...], size: int, filters: int) -> Case:
    """One image, padded so that a window of odd size keeps its size."""
    return Case(name, "conv", (1, *x), size, filters, padding=size // 2)


def _channel_counts() -> list[Case]:
    return [
        *(_same(f"ci {n}", (56, 56, n), 3, 64) for n in (1, 3, 5, 17, 33)),
        *(_same(f"co {n}", (56, 56, 64), 3, n) for n in (1, 10, 20, 33)),
        _same("1x1", (28, 28, 128), 1, 256),
        _same("1x1 to 10", (28, 28, 128), 1, 10),
    ]


def _windows() -> list[Case]:
    usual, narrow = _same("", (56, 56, 64), 3, 64), _same("", (56, 56, 64), 1, 128)
    return [
        _same("map 4x4", (4, 4, 256), 3, 256),
        _same("map 7x7", (7, 7, 512), 3, 512),
        _same("map 7x7 1x1", (7, 7, 512), 1, 512),
        replace(usual, name="stride 2", stride=2),
        replace(narrow, name="stride 2 1x1", stride=2),
        replace(usual, name="dilation 2", dilation=2, padding=2),
        *(replace(usual, name=f"groups {n}", groups=n) for n in (2, 4, 32)),
    ]


def _depthwise() -> list[Case]:
    cases = []
    for side, channels, size, stride in _DEPTHWISE:
        name = f"depthwise {size}x{size} {side}" + (" s2" if stride == 2 else "")
        case = _same(name, (side, side, channels), size, channels)
        cases.append(replace(case, stride=stride, groups=channels))
    return cases


def _other_ranks() -> list[Case]:
    return [
        _same("audio first", (16000, 1), 9, 32),
        _same("audio", (16000, 32), 9, 32),
        replace(_same("audio strided", (16000, 32), 9, 64), stride=4),
        _same("3-D first", (16, 56, 56, 3), 3, 32),
        _same("3-D", (16, 28, 28, 16), 3, 32),
        Case("transposed 4x4", "conv_transpose", (1, 28, 28, 128), 4, 64, 2, 1),
        Case("transposed 2x2", "conv_transpose", (1, 28, 28, 128), 2, 64, 2),
        Case("transposed 3x3", "conv_transpose", (1, 28, 28, 64), 3, 64, 1, 1),
    ]


def _other_arrays() -> list[Case]:
    named = {case.name: case for case in forward_layers()}
    double = [
        replace(named[name], name=f"{name} float64", dtype="float64")
        for name in ("ref1", "ref2", "cv3", "cv6", "cv9", "cv11")
    ]
    layouts = [
        replace(named[name], name=f"{name} {layout}", layout=layout)
        for layout in ("channels_first", "crop", "step")
        for name in ("ref1", "ref2", "cv3", "cv9", "cv11")
    ]
    first = _same("ci 3 channels_first", (224, 224, 3), 3, 64)
    return [*double, *layouts, replace(first, layout="channels_first")]


def filters() -> list[Case]:
    """Return one filter over one image, its size kept."""
    return [
        Case(f"filter {size}x{size}", "filter", (1, 1080, 1920, 1), size, 1, 1, size // 2)
        for size in (3, 5, 7, 15)
    ]


def pools(quick: bool = False) -> list[Case]:
    """Return maxima and means with their gradients."""
    shapes = [("lecture", (128, 24, 24, 64), 2, 2)]
    if not quick:
        shapes += [("2x2", (1, 112, 112, 64), 2, 2), ("3x3 s2", (1, 112, 112, 64), 3, 2)]
    return [
        Case(f"{short} {name}{suffix}", kind + gradient, x_shape, size, 0, stride)
        for kind, short in (("max_pool", "max"), ("average_pool", "average"))
        for name, x_shape, size, stride in shapes
        for gradient, suffix in (("", ""), ("_grad", " dx"))
    ]


def tiny() -> list[Case]:
    """Return a call that computes next to nothing."""
    return [Case("1x1x1x1", "conv", (1, 1, 1, 1), 1, 1)]


def dense(quick: bool = False) -> list[Case]:
    """Return dense layers with their gradients."""
    shapes = [("hidden", (128, 9216), 128)]
    if not quick:
        shapes += [("hidden b1", (1, 9216), 128), ("output", (128, 128), 10)]
    return [
        Case(name + suffix, "dense" + gradient, x_shape, 0, units)
        for name, x_shape, units in shapes
        for gradient, suffix in (("", ""), ("_grad", " gradients"))
    ]


def all_cases(quick: bool = False) -> list[Case]:
    """Return every case of ``convlet bench``, or with `quick` a few of each kind."""
    forward = forward_layers()
    named = {case.name: case for case in forward}
    trained: tuple[str, ...] = ("ref1", "ref2", "cv3", "cv5", "cv9", "cv10", "cv11", "cv12")
    if quick:
        forward = [named[name] for name in ("ref1", "ref2", "cv3", "cv9", "cv12")]
        trained = ("ref2", "cv9")
    backward = gradients([(named[name], 16) for name in trained])
    batches = (128,) if quick else (1, 128)
    return [*forward, *backward, *pools(quick), *dense(quick), *networks(batches)]
