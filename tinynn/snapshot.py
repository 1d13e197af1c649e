"""What makes a network, apart from views and buffers: for copies, for other processes, for other precisions."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinynn.network import Sequential


def take(net: "Sequential") -> dict[str, Any]:
    """Return layers, settings and vectors, the latter on the host."""
    return {
        "layers": [layer.copy() for layer in net.layers],
        "input_shape": net.input_shape,
        "seed": net.seed,
        "device": net.backend.name,
        "dtype": net.dtype,
        "step": net.step,
        "parameters": net.backend.to_numpy(net.parameters),
        "state": net.backend.to_numpy(net.state),
    }


def restore(net: "Sequential", made: dict[str, Any]) -> None:
    """Make `net` what `take` returned."""
    setup = {name: made[name] for name in ("layers", "input_shape", "seed", "device", "dtype")}
    net.__init__(**setup)  # type: ignore[misc]
    net.step = made["step"]
    net.parameters[...] = net.backend.asarray(made["parameters"], dtype=net.dtype)
    net.state[...] = net.backend.asarray(made["state"], dtype=net.dtype)
