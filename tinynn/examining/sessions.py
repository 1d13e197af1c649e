"""Sessions: a layer, a loss, a network or a function as named arrays, a forward pass, and claimed gradients.

A session is one life of the thing under test: whatever it caches or adds up, it carries from pass to pass.
"""

import inspect
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from tinynn.examining.argument_order import for_backward, targets_first
from tinynn.examining.calling import UnusableError, call, one_answer
from tinynn.examining.places import Path, as_held, copied
from tinynn.examining.randomness import generators_around, seeded, untouched
from tinynn.examining.specimen import Specimen


class Session(Protocol):
    """One life of the thing under test.

    Attributes
    ----------
    arrays : dict
        The parameters and inputs by name; changing them in place changes the next forward pass.
    """

    arrays: dict[str, np.ndarray]

    def forward(self) -> Any:
        """Return the output at the current arrays, as the code under test gave it."""

    def backward(self, dy: np.ndarray) -> dict[str, Any]:
        """Return what is claimed as gradient of each array, as the code under test gave it."""

    def overwritten(self) -> str:
        """Name the argument that the last passes wrote into, or return nothing."""

    def changed(self) -> list[str]:
        """Name the parameters that are not what `arrays` holds, as `backward` left them."""


class LayerSession:
    """A layer, or a whole network without its loss, on a batch x; `indices` are whole numbers, without a gradient."""

    def __init__(
        self,
        layer: Any,
        x: np.ndarray,
        gradients: dict[str, tuple[int, Path]],
        dtype: Any,
        training: bool,
        indices: bool = False,
    ) -> None:
        self.specimen = Specimen(layer, dtype, training)
        self.indices = indices
        self.arrays: dict[str, np.ndarray] = {}
        self.after: dict[str, np.ndarray] = {}
        self.specimen.gradients = gradients
        self.specimen.keep_only(gradients)
        for name in self.specimen.parameters:
            value = self.specimen.value(name)
            if not isinstance(value, np.ndarray) or value.dtype.kind in "iu":
                value = np.array(value, dtype=dtype)
            self.arrays[name] = np.ascontiguousarray(value).reshape(value.shape)
        self.arrays["x"] = x.astype(dtype)

    def forward(self) -> Any:
        """y at the current arrays."""
        for name in self.specimen.parameters:
            kept, value = self.specimen.value(name), self.arrays[name]
            if kept is not value:
                self.specimen.set(name, as_held(value, kept))
        x = self.arrays["x"]
        self.given = np.rint(x.real).astype(np.int64) if self.indices else x.copy()
        return self.specimen.forward(self.given)

    def backward(self, dy: np.ndarray) -> dict[str, Any]:
        """The parameters' gradients and dx."""
        self.before = {name: self.arrays[name].copy() for name in self.specimen.parameters}
        self.dy, self.given_dy = dy, dy.copy()
        dx = self.specimen.backward(self.given_dy)
        gradients = {name: copied(self.specimen.gradient(name)) for name in self.specimen.parameters}
        self.after = {name: np.array(self.specimen.value(name)) for name in self.specimen.parameters}
        for name, value in self.before.items():  # a backward pass that also learns gets its parameters back
            self.arrays[name][...] = value
        return gradients | {"x": np.zeros(self.arrays["x"].shape) if self.indices else copied(dx)}

    def overwritten(self) -> str:
        """The input, or the gradient from above."""
        if not np.array_equal(self.given, self.arrays["x"], equal_nan=True):
            return "its input x"
        if hasattr(self, "dy") and not np.array_equal(self.given_dy, self.dy, equal_nan=True):
            return "the gradient dy that it was given"
        return ""

    def changed(self) -> list[str]:
        """Parameters that the last backward pass wrote to."""
        return [name for name, value in self.after.items() if not np.array_equal(value, self.before[name])]


class LossSession:
    """A loss on given targets; its input is what a network put out, its output one number."""

    def __init__(self, loss: Any, outputs: np.ndarray, targets: Any, dtype: Any) -> None:
        self.specimen = Specimen(loss, dtype, training=True)
        self.specimen.keep_only([])
        self.arrays = {"outputs": outputs.astype(dtype)}
        self.targets = targets
        self.targets_first = targets_first(self.specimen.object.forward)

    def forward(self) -> Any:
        """L at the current outputs."""
        self.given, self.given_targets = self.arrays["outputs"].copy(), copied(self.targets)
        given = self.given, self.given_targets
        return self.specimen.forward(*(given[::-1] if self.targets_first else given))

    def backward(self, dy: np.ndarray) -> dict[str, Any]:
        """∂L/∂outputs; `backward` may take nothing, or arguments of `forward` once more."""
        arguments = for_backward(self.specimen.object, self.given, self.given_targets)
        return {"outputs": copied(self.specimen.backward(*arguments))}

    def overwritten(self) -> str:
        """The outputs or the targets."""
        if not np.array_equal(self.given, self.arrays["outputs"], equal_nan=True):
            return "the outputs that it was given"
        return "" if np.array_equal(self.given_targets, self.targets) else "the targets that it was given"

    def changed(self) -> list[str]:
        """A loss has no parameters."""
        return []


class NetworkSession:
    """A network and its loss: the gradient is the one that training would use."""

    def __init__(self, model: LayerSession, loss: Any, targets: Any, dtype: Any) -> None:
        self.model, self.arrays = model, model.arrays
        self.loss = LossSession(loss, np.zeros(()), targets, dtype)

    def forward(self) -> Any:
        """L at the current parameters and inputs."""
        self.loss.arrays["outputs"] = np.array(self.model.forward())
        return self.loss.forward()

    def backward(self, dy: np.ndarray) -> dict[str, Any]:
        """What loss and network say together."""
        doutputs = self.loss.backward(dy)["outputs"]
        if doutputs is None:
            raise UnusableError("no-gradient", f"{self.loss.specimen.name}.backward returned None")
        return self.model.backward(doutputs)

    def overwritten(self) -> str:
        """Of the network, whose layers are looked at one by one where it matters."""
        return self.model.overwritten()

    def changed(self) -> list[str]:
        """Parameters that the last backward pass wrote to."""
        return self.model.changed()


class FunctionSession:
    """A plain function and its claimed gradient, which takes the same arguments."""

    def __init__(
        self, f: Callable[..., Any], gradient: Callable[..., Any], arrays: dict[str, np.ndarray], dtype: Any
    ) -> None:
        self.f, self.gradient = f, gradient
        self.arrays = {name: array.astype(dtype) for name, array in arrays.items()}
        found = {id(g): g for function in (f, gradient) for g in generators_around(inspect.unwrap(function))}
        self.generators = list(found.values())
        self.quiet: list[
            Callable[..., Any]
        ] = []  # those that draw nothing from the generators that all share

    def forward(self) -> Any:
        """f(x)."""
        self.given = [array.copy() if array.ndim else array[()] for array in self.arrays.values()]
        return self._ask(self.f, "the function", "a function must return its value alone")

    def backward(self, dy: np.ndarray) -> dict[str, Any]:
        """dy · gradient(x): of a number, or element by element."""
        self.given = [array.copy() if array.ndim else array[()] for array in self.arrays.values()]
        several = len(self.arrays) > 1
        alone = "the gradient of a function of one array must be one array"
        claimed = self._ask(self.gradient, "the gradient", "" if several else alone)
        if several and not (isinstance(claimed, tuple | list) and len(claimed) == len(self.arrays)):
            raise UnusableError(
                "wrong-shape",
                f"the gradient of a function of {len(self.arrays)} arrays must be as many arrays, in a tuple",
            )
        answers = claimed if several else (claimed,)
        return {name: _times(dy, answer) for name, answer in zip(self.arrays, answers, strict=True)}

    def _ask(self, f: Callable[..., Any], name: str, wanted: str) -> Any:
        """Call a function with randomness as it was before, so that value and gradient draw the same."""
        what = getattr(f, "__name__", name)
        with untouched(self.generators):
            if f in self.quiet:
                answer = call(what, f, *self.given)
            else:
                with seeded() as drew:
                    answer = call(what, f, *self.given)
                self.quiet += [] if any(drew) else [f]
        return one_answer(what, answer, wanted) if wanted else answer

    def overwritten(self) -> str:
        """Any of the arguments."""
        for name, given in zip(self.arrays, self.given, strict=True):
            if not np.array_equal(given, self.arrays[name], equal_nan=True):
                return f"its argument {name}"
        return ""

    def changed(self) -> list[str]:
        """A function has no parameters."""
        return []


def _times(dy: np.ndarray, claimed: Any) -> Any:
    if claimed is None:
        return None
    claimed = np.array(claimed)
    if claimed.dtype.kind not in "fiubc" or (dy.ndim and claimed.shape != dy.shape):
        return claimed
    return dy * claimed
