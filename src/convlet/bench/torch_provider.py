"""PyTorch on the CPU, with contiguous (NCHW) and with channels-last tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convlet.bench.providers import Candidate

if TYPE_CHECKING:
    from convlet.bench.cases import Case
    from convlet.bench.providers import Data, Provider


def installed(threads: int) -> list[Provider]:
    """Return two providers if PyTorch is installed, else none."""
    try:
        import torch
    except ImportError:
        return []
    torch.set_num_threads(threads)
    return [Torch("torch", torch.contiguous_format), Torch("torch nhwc", torch.channels_last)]


class Torch:
    """PyTorch with one memory format. Forward runs in inference mode, gradients by ATen's own."""

    role = "peer"

    def __init__(self, name: str, memory_format: Any) -> None:
        import torch

        self.name, self.version = name, torch.__version__
        self._torch, self._format = torch, memory_format
        self._last = memory_format is torch.channels_last

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for `case`, None where channels-last tensors make no difference."""
        if self._last and (case.rank != 2 or case.layout != "channels_last"):
            return None
        if case.op == "cnn_train":
            return self._training(data)
        with self._torch.inference_mode():
            if case.op.startswith("dense"):
                candidate = self._dense(case, data)
            elif case.op == "cnn":
                candidate = self._inference(data)
            else:
                candidate = self._image_op(case, data)
        return candidate._replace(context=self._torch.inference_mode)

    def _images(self, array: np.ndarray) -> Any:
        """A tensor of its own with logical axes N C *spatial, in this provider's memory format."""
        tensor = self._torch.from_numpy(np.moveaxis(np.array(array), -1, 1))
        return tensor.contiguous(memory_format=self._format)

    def _kernel(self, array: np.ndarray) -> Any:
        tensor = self._torch.from_numpy(channels_first_kernel(array))
        return tensor.contiguous(memory_format=self._format)

    def _image_op(self, case: Case, data: Data) -> Candidate:
        aten, stride = self._torch.ops.aten, [case.stride] * case.rank
        window, none = [case.size] * case.rank, [0] * case.rank
        padding, dilation = [case.padding] * case.rank, [case.dilation] * case.rank
        x, grad = self._images(data["x"]), self._images(data["grad"])
        if case.layout in ("crop", "step"):
            x = self._torch.from_numpy(np.moveaxis(data["x"], -1, 1))
        kernel = self._kernel(data["kernel"]) if case.filters else None
        bias = self._torch.from_numpy(data["bias"].copy()) if case.filters else None
        if case.op == "max_pool_grad":
            _, indices = aten.max_pool2d_with_indices(x, window, stride)

        def conv_grad(*needs: bool) -> Any:
            return aten.convolution_backward(
                *(grad, x, kernel, [case.filters], stride, padding, dilation),
                *(False, none, case.groups, needs),
            )

        functional = self._torch.nn.functional
        conv = getattr(functional, f"conv{case.rank}d")
        windows = (stride, padding, dilation, case.groups)
        call = {
            "conv": lambda: conv(x, kernel, bias, *windows),
            "filter": lambda: conv(x, kernel, None, *windows),
            "conv_transpose": lambda: getattr(functional, f"conv_transpose{case.rank}d")(
                x, kernel, bias, stride, padding, dilation=dilation
            ),
            "conv_grad_x": lambda: conv_grad(True, False, False)[0],
            "conv_grad_kernel": lambda: conv_grad(False, True, True)[1:],
            "max_pool": lambda: functional.max_pool2d(x, window, stride),
            "max_pool_grad": lambda: aten.max_pool2d_with_indices_backward(
                grad, x, window, stride, none, [1, 1], False, indices
            ),
            "average_pool": lambda: functional.avg_pool2d(x, window, stride),
            "average_pool_grad": lambda: aten.avg_pool2d_backward(
                grad, x, window, stride, none, False, True, None
            ),
        }[case.op]
        read = _read_kernel if case.op == "conv_grad_kernel" else _read_images
        return Candidate(call, read)

    def _dense(self, case: Case, data: Data) -> Candidate:
        x, kernel, bias, grad = (
            self._torch.from_numpy(data[name].copy()) for name in ("x", "kernel", "bias", "grad")
        )
        weight = kernel.T.contiguous()
        if case.op == "dense":
            linear = self._torch.nn.functional.linear
            return Candidate(lambda: linear(x, weight, bias), lambda y: (y.numpy(),))

        def gradients() -> Any:
            return grad @ weight, grad.T @ x, grad.sum(0)

        return Candidate(
            gradients,
            lambda result: (result[0].numpy(), result[1].numpy().T, result[2].numpy()),
        )

    def _network(self, weights: list[np.ndarray]) -> Any:
        nn = self._torch.nn
        network = nn.Sequential(
            nn.Conv2d(1, 32, 3),
            nn.ReLU(),
            nn.Conv2d(32, 64, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(9216, 128),
            nn.ReLU(),
            nn.Linear(128, 10),
        )
        with self._torch.no_grad():
            for parameter, array in zip(network.parameters(), to_nchw(weights), strict=True):
                parameter.copy_(self._torch.from_numpy(array))
        return network.to(memory_format=self._format)

    def _inference(self, data: Data) -> Candidate:
        network, x = self._network(data["weights"]).eval(), self._images(data["x"])
        softmax = self._torch.nn.functional.softmax
        return Candidate(lambda: softmax(network(x), 1), lambda y: (y.numpy(),))

    def _training(self, data: Data) -> Candidate:
        torch = self._torch
        network, x = self._network(data["weights"]).train(), self._images(data["x"])
        labels = torch.from_numpy(data["labels"].argmax(1))
        optimizer = torch.optim.Adadelta(network.parameters(), lr=1.0, rho=0.95, eps=1e-7)

        def step() -> Any:
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(x), labels)
            loss.backward()
            optimizer.step()
            return loss.detach()

        def read(loss: Any) -> tuple[Any, ...]:
            arrays = [parameter.detach().numpy() for parameter in network.parameters()]
            return (np.float32(loss), *from_nchw(arrays))

        return Candidate(step, read)


def channels_first_kernel(kernel: np.ndarray) -> np.ndarray:
    """Return kernel (*sizes, CI, CO) as (CO, CI, *sizes); transposed, (CI, CO, *sizes)."""
    return np.ascontiguousarray(np.moveaxis(kernel, (-1, -2), (0, 1)))


def to_nchw(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Return the lecture's CNN's weights as networks with N C H W images want them."""
    k1, b1, k2, b2, k3, b3, k4, b4 = weights
    # Their Flatten walks channels first, so the rows of the dense kernel change places.
    k3 = k3.reshape(12, 12, 64, 128).transpose(2, 0, 1, 3).reshape(9216, 128)
    kernels = k1.transpose(3, 2, 0, 1), k2.transpose(3, 2, 0, 1), k3.T, k4.T
    arrays = [array for pair in zip(kernels, (b1, b2, b3, b4), strict=True) for array in pair]
    return [np.array(array, order="C") for array in arrays]


def from_nchw(arrays: list[np.ndarray]) -> list[np.ndarray]:
    """Undo `to_nchw`."""
    k1, b1, k2, b2, k3, b3, k4, b4 = arrays
    k3 = k3.T.reshape(64, 12, 12, 128).transpose(1, 2, 0, 3).reshape(9216, 128)
    return [k1.transpose(2, 3, 1, 0), b1, k2.transpose(2, 3, 1, 0), b2, k3, b3, k4.T, b4]


def _read_images(y: Any) -> tuple[np.ndarray, ...]:
    return (np.moveaxis(y.numpy(), 1, -1),)


def _read_kernel(gradients: Any) -> tuple[np.ndarray, ...]:
    dkernel, dbias = gradients
    return np.moveaxis(dkernel.numpy(), (0, 1), (-1, -2)), dbias.numpy()
