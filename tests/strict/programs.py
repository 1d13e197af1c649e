"""Small programs over the array module ``xp`` and a matrix `a`: what the strict device must compute as NumPy does."""

from collections.abc import Callable
from typing import Any

Program = Callable[[Any, Any], Any]

_REDUCTIONS = [
    "sum", "mean", "max", "min", "amax", "amin", "prod", "std", "var", "ptp", "any", "all", "argmax", "argmin",
    "median", "cumsum", "cumprod", "nansum", "nanmean", "nanmax", "count_nonzero", "sort", "argsort", "flip", "average",
]  # fmt: skip
_OF_ONE = [
    "transpose", "ravel", "copy", "zeros_like", "ones_like", "nonzero", "argwhere", "flatnonzero", "unique", "fliplr",
    "flipud", "atleast_3d", "diag", "tril", "triu", "trace", "isneginf", "nan_to_num", "round", "real", "imag", "angle",
    "diff", "ediff1d", "diagonal", "shape", "ndim", "size", "iscomplexobj", "permute_dims", "matrix_transpose",
]  # fmt: skip

PROGRAMS: dict[str, Program] = {
    name: lambda xp, a, name=name: [getattr(xp, name)(a), getattr(xp, name)(a, axis=1)]
    for name in _REDUCTIONS
}
PROGRAMS |= {name: lambda xp, a, name=name: getattr(xp, name)(a) for name in _OF_ONE}
PROGRAMS |= {
    "+ - * /": lambda xp, a: [a + a, a - 1, 2 * a, a / 2, 1 - a, 1 / (a + 1.5)],
    "// % **": lambda xp, a: [a // 2, a % 3, (a + 0) ** 2, 2 // (a + 1), 5 % (a + 1), 2**a, divmod(a, 2)],
    "< == >": lambda xp, a: [a < 1, a <= 1, a > 1, a >= 1, a == 1, a != 1, a < a[0]],
    "& | ^ ~": lambda xp, a: [a & 1, a | 2, a ^ 3, ~a, a << 1, a >> 1, 1 & a, 6 | a],
    "signs": lambda xp, a: [abs(a), +a, -a],
    "@": lambda xp, a: [a @ a.T, a.T @ a, a @ a[0], a[0] @ a[0], xp.stack([a, a]) @ a.T],
    "in place": lambda xp, a: _written(a),
    "indices": lambda xp, a: [a[0], a[0, 1], a[-1, ...], a[:, None], a[::-1, 1:], a[a == a[0, 0]], a[[1, 0]]],
    "array index": lambda xp, a: [a[xp.asarray([1, 0, 1])], a[:, xp.asarray([[1], [0]])]],
    "array indices": lambda xp, a: a[xp.asarray([0, 1]), xp.asarray([1, 0])],
    "iteration": lambda xp, a: [*a, len(a), *a[0]],
    "keepdims": lambda xp, a: [a.sum(axis=0, keepdims=True), xp.max(a, axis=(0, 1), keepdims=True)],
    "concatenate": lambda xp, a: [xp.concatenate([a, a], axis=1), xp.concat((a, a)), xp.vstack([a, a[0]])],
    "stack": lambda xp, a: [xp.stack([a, a], axis=-1), xp.hstack([a, a]), xp.column_stack([a[0], a[0]])],
    "split": lambda xp, a: [xp.split(a, [1], axis=1), xp.array_split(a, 3), xp.vsplit(a, [1])],
    "shapes": lambda xp, a: [
        xp.reshape(a, (-1,)),
        xp.expand_dims(a, 0),
        xp.swapaxes(a, 0, 1),
        xp.squeeze(a[None]),
    ],
    "broadcast": lambda xp, a: [xp.broadcast_to(a, (2, *a.shape)), xp.broadcast_arrays(a, a[:1])],
    "meshgrid": lambda xp, a: list(xp.meshgrid(a[0], a[1], indexing="ij")),
    "tile": lambda xp, a: [xp.tile(a, (2, 1)), xp.repeat(a, 2, axis=0), xp.roll(a, 1, axis=1), xp.rot90(a)],
    "pad": lambda xp, a: [xp.pad(a, ((0, 1), (1, 0)), mode="edge"), xp.pad(a, 1, constant_values=1)],
    "take": lambda xp, a: [
        xp.take(a, xp.asarray([1, 0, 1]), axis=1),
        a.take(xp.asarray(1)),
        xp.take(a, 0, axis=0),
    ],
    "along axis": lambda xp, a: [xp.take_along_axis(a, xp.argsort(a, axis=1), axis=1), _zeroed_maxima(xp, a)],
    "where": lambda xp, a: [xp.where(a > 1, a, 0), xp.where(a > 1, a, a.dtype.type(2)), xp.where(a)],
    "clip": lambda xp, a: [xp.clip(a, 1, 3), a.clip(1, 3), xp.clip(a, a[0], 9)],
    "partition": lambda xp, a: [xp.partition(a, 1, axis=1), xp.take_along_axis(a, xp.argpartition(a, 1), 1)],
    "searchsorted": lambda xp, a: [
        xp.searchsorted(xp.sort(a[0]), a[1]),
        xp.digitize(a, xp.asarray([0.0, 2.0])),
    ],
    "products": lambda xp, a: [
        xp.dot(a, a.T),
        a[0].dot(a[0]),
        xp.tensordot(a, a, 2),
        xp.outer(a, a),
        xp.inner(a, a),
    ],
    "einsum": lambda xp, a: [
        xp.einsum("ij,kj->ik", a, a),
        xp.einsum("ij->", a),
        xp.kron(a, a),
        xp.vdot(a, a),
    ],
    "windows": lambda xp, a: xp.lib.stride_tricks.sliding_window_view(a, 2, axis=1),
    "as_strided": lambda xp, a: xp.lib.stride_tricks.as_strided(
        a, (len(a), 2, 1), (*a.strides, a.strides[1])
    ),
    "norm": lambda xp, a: [xp.linalg.norm(a), xp.linalg.norm(a, axis=1)],
    "inverse": lambda xp, a: xp.linalg.inv(_regular(xp, a)),
    "decompositions": lambda xp, a: [xp.linalg.slogdet(_regular(xp, a)), xp.linalg.svd(a, compute_uv=False)],
    "constants": lambda xp, a: [
        xp.zeros((2, 3), a.dtype),
        xp.ones(2),
        xp.full((2,), 7, a.dtype),
        xp.full_like(a, 1),
    ],
    "ranges": lambda xp, a: [xp.arange(3), xp.arange(1, 4, 0.5, dtype=xp.float32), xp.linspace(0, 1, 5)],
    "matrices": lambda xp, a: [xp.eye(3), xp.identity(2), xp.tri(3), xp.indices((2, 2))],
    "conversions": lambda xp, a: [
        xp.array([1.0, 2.0]),
        xp.asarray(a, dtype=xp.complex128),
        a.astype(xp.complex64),
    ],
    "orders": lambda xp, a: [xp.ascontiguousarray(a.T), xp.asfortranarray(a)],
    "sets": lambda xp, a: [*xp.unique(a, return_counts=True), xp.isin(a, a[0]), xp.union1d(a[0], a[1])],
    "statistics": lambda xp, a: [
        xp.cov(a),
        xp.percentile(a, 50),
        xp.bincount(xp.argmax(a, axis=1), minlength=9),
    ],
    "closeness": lambda xp, a: [xp.allclose(a, a), xp.isclose(a, 1), xp.array_equal(a, a)],
    "copyto": lambda xp, a: _copied(xp, a),
    "methods": lambda xp, a: [a.flatten(), a.repeat(2), a.round(1), a.conj(), a.T, a.mT, a.real, a.imag],
    "sorted in place": lambda xp, a: _sorted(a),
    "dtypes": lambda xp, a: [
        xp.can_cast(a.dtype, "f8"),
        xp.issubdtype(a.dtype, xp.floating),
        xp.result_type(a).num,
    ],
}


def _written(a: Any) -> Any:
    a += 1
    a *= 2
    a[0] -= 1
    a[:, 1] = 3
    a[1:] = a[:1]
    a[a == 3] = 5
    return a


def _zeroed_maxima(xp: Any, a: Any) -> Any:
    xp.put_along_axis(a, a.argmax(axis=1)[:, None], 0, axis=1)
    return a


def _regular(xp: Any, a: Any) -> Any:
    return xp.clip(a @ a.T, 0, 9) + 99 * xp.eye(len(a), dtype=a.dtype)


def _copied(xp: Any, a: Any) -> Any:
    b = xp.zeros_like(a)
    xp.copyto(b, a)
    xp.copyto(b, 1, where=a > 1)
    xp.fill_diagonal(b, 0)
    return xp.negative(b, out=b)


def _sorted(a: Any) -> Any:
    a.sort(axis=0)
    return a
