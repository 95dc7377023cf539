# For type checkers only: a compiled function with one body for each element type.
from collections.abc import Callable
from typing import Generic, ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

class Fused(Generic[_Parameters, _Result]):
    def __call__(self, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result: ...
    def __getitem__(self, element_type: str) -> Callable[_Parameters, _Result]: ...

def fused(function: Callable[_Parameters, _Result]) -> Fused[_Parameters, _Result]: ...
