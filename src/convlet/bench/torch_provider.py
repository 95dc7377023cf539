"""PyTorch on the CPU, with contiguous (NCHW) and with channels-last tensors."""

from __future__ import annotations

from collections.abc import Callable
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

    def __init__(self, name: str, memory_format: Any) -> None:
        import torch

        self.name, self.version = name, torch.__version__
        self._torch, self._format = torch, memory_format

    def build(self, case: Case, data: Data) -> Candidate:
        """Return the candidate for `case`."""
        if case.op.startswith("dense"):
            return self._dense(case, data)
        if case.op == "cnn":
            return self._inference(data)
        if case.op == "cnn_train":
            return self._training(data)
        return self._image_op(case, data)

    def _images(self, array: np.ndarray) -> Any:
        """A tensor of its own with logical axes N C H W, in this provider's memory format."""
        tensor = self._torch.from_numpy(np.array(array)).permute(0, 3, 1, 2)
        return tensor.contiguous(memory_format=self._format)

    def _kernel(self, array: np.ndarray) -> Any:
        tensor = self._torch.from_numpy(np.array(array)).permute(3, 2, 0, 1)
        return tensor.contiguous(memory_format=self._format)

    def _image_op(self, case: Case, data: Data) -> Candidate:
        aten, stride = self._torch.ops.aten, [case.stride] * 2
        window, none = [case.size] * 2, [0, 0]
        x, grad = self._images(data["x"]), self._images(data["grad"])
        kernel = self._kernel(data["kernel"]) if case.filters else None
        bias = self._torch.from_numpy(data["bias"].copy()) if case.filters else None
        if case.op == "max_pool_grad":
            _, indices = aten.max_pool2d_with_indices(x, window, stride)

        def conv_grad(*needs: bool) -> Any:
            return aten.convolution_backward(
                grad, x, kernel, [case.filters], stride, none, [1, 1], False, none, 1, needs
            )

        functional = self._torch.nn.functional
        call = {
            "conv": lambda: functional.conv2d(x, kernel, bias, stride),
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
        return Candidate(self._without_gradients(call), read)

    def _dense(self, case: Case, data: Data) -> Candidate:
        x, kernel, bias, grad = (
            self._torch.from_numpy(data[name].copy()) for name in ("x", "kernel", "bias", "grad")
        )
        weight = kernel.T.contiguous()
        if case.op == "dense":
            linear = self._torch.nn.functional.linear
            return Candidate(
                self._without_gradients(lambda: linear(x, weight, bias)), lambda y: (y.numpy(),)
            )

        def gradients() -> Any:
            return grad @ weight, grad.T @ x, grad.sum(0)

        return Candidate(
            self._without_gradients(gradients),
            lambda result: (result[0].numpy(), result[1].numpy().T, result[2].numpy()),
        )

    def _without_gradients(self, call: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            with self._torch.inference_mode():
                return call()

        return run

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
        run = self._without_gradients(lambda: softmax(network(x), 1))
        return Candidate(run, lambda y: (y.numpy(),))

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
    return (y.numpy().transpose(0, 2, 3, 1),)


def _read_kernel(gradients: Any) -> tuple[np.ndarray, ...]:
    dkernel, dbias = gradients
    return dkernel.numpy().transpose(2, 3, 1, 0), dbias.numpy()
