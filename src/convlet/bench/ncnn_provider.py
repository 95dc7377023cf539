"""ncnn in float32, else with its defaults, Winograd among them. It infers one image at a time."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convlet.bench.onnx_providers import feeding
from convlet.bench.providers import Candidate
from convlet.bench.torch_provider import channels_first_kernel, to_nchw

if TYPE_CHECKING:
    from convlet.bench.cases import Case
    from convlet.bench.providers import Data, Provider

_FLOAT32_WEIGHTS = bytes(4)  # the tag before weights that are neither halved nor quantised
_MAGIC = 7767517


def installed(threads: int) -> list[Provider]:
    """Return the provider if ncnn is installed, else none."""
    try:
        return [Ncnn(threads)]
    except ImportError:
        return []


class Ncnn:
    """A new extractor for each call, as its users do; weights are transformed when loaded."""

    name, role = "ncnn", "peer"

    def __init__(self, threads: int) -> None:
        import ncnn

        self.version = ncnn.__version__
        self._ncnn, self._threads = ncnn, threads

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for `case`, None for batches, gradients and float64."""
        layers = _layers(case, data)
        if layers is None or case.x_shape[0] > 1 or case.dtype != "float32":
            return None
        network = self._load(*layers)
        feed, refill = feeding(case, data)
        image = feed[0]

        def run() -> Any:
            refill()
            extractor = network.create_extractor()
            extractor.input("x", self._ncnn.Mat(image))
            return extractor.extract("y")[1]

        return Candidate(run, lambda y: (np.moveaxis(np.array(y)[None], 1, -1),))

    def _load(self, lines: list[str], weights: list[bytes]) -> Any:
        network = self._ncnn.Net()
        network.opt.num_threads = self._threads
        network.opt.use_fp16_packed = network.opt.use_fp16_storage = False  # dense weights' halves
        text = [str(_MAGIC), f"{len(lines) + 1} {len(lines) + 1}", "Input x 0 1 x", *lines]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "weights.bin"
            path.write_bytes(b"".join(weights))
            status = network.load_param_mem("\n".join(text) + "\n") or network.load_model(str(path))
        if status:
            raise RuntimeError(f"ncnn cannot load {lines}")
        return network


def _layers(case: Case, data: Data) -> tuple[list[str], list[bytes]] | None:
    """Lines of ncnn's text format and the weights in their order; None for what it has not got."""
    if case.op == "cnn":
        return _cnn(data)
    if case.op == "dense":
        return [_dense("y", "x", data["kernel"])], _weights(data["kernel"].T, data["bias"])
    if case.op in ("max_pool", "average_pool"):
        kind = int(case.op == "average_pool")
        return [f"Pooling y 1 1 x y 0={kind} 1={case.size} 2={case.stride} 5=1"], []
    if case.op in ("conv", "conv_transpose", "filter"):
        return [_convolution(case, data["kernel"])], _weights(
            channels_first_kernel(_swapped(case, data["kernel"])), data["bias"]
        )
    return None


def _convolution(case: Case, kernel: np.ndarray) -> str:
    kind = "Deconvolution" if case.op == "conv_transpose" else "Convolution"
    kind += "DepthWise" if case.groups > 1 else ""
    kind += {1: "1D", 2: "", 3: "3D"}[case.rank]
    numbers = {
        0: case.filters,
        1: case.size,
        2: case.dilation,
        3: case.stride,
        4: case.padding,
        5: 1,
        6: kernel.size,
        **({7: case.groups} if case.groups > 1 else {}),
    }
    return f"{kind} y 1 1 x y " + " ".join(f"{key}={number}" for key, number in numbers.items())


def _swapped(case: Case, kernel: np.ndarray) -> np.ndarray:
    """ncnn's transposed convolution has its kernel's channels in the order of convolution's."""
    return kernel.swapaxes(-1, -2) if case.op == "conv_transpose" else kernel


def _dense(name: str, source: str, kernel: np.ndarray) -> str:
    return f"InnerProduct {name} 1 1 {source} {name} 0={kernel.shape[1]} 1=1 2={kernel.size}"


def _weights(kernel: np.ndarray, bias: np.ndarray) -> list[bytes]:
    return [_FLOAT32_WEIGHTS, np.ascontiguousarray(kernel).tobytes(), bias.tobytes()]


def _cnn(data: Data) -> tuple[list[str], list[bytes]]:
    relu = "9=1"  # ncnn's own converter writes a ReLU into the layer before it
    arrays = to_nchw(data["weights"])
    pairs = list(zip(arrays[::2], arrays[1::2], strict=True))
    lines = [
        f"Convolution c1 1 1 x c1 0=32 1=3 5=1 6={arrays[0].size} {relu}",
        f"Convolution c2 1 1 c1 c2 0=64 1=3 5=1 6={arrays[2].size} {relu}",
        "Pooling p 1 1 c2 p 0=0 1=2 2=2 5=1",
        f"{_dense('h', 'p', arrays[4].T)} {relu}",
        _dense("z", "h", arrays[6].T),
        "Softmax y 1 1 z y 0=0",
    ]
    return lines, [part for pair in pairs for part in _weights(*pair)]
