"""Each kernel's own source, run on a processor, against the same in words of arrays."""

import numpy as np
import pytest

from tests.kernels import on_cpu
from tests.kernels.arguments import cases
from tinynn.kernels import KERNELS
from tinynn.kernels.source import PRELUDE, Kernel, blocks, program

needs_a_compiler = pytest.mark.skipif(bool(on_cpu.MISSING), reason=on_cpu.MISSING)
EXACT = {
    "adam",
    "dropout",
    "gather_pixels",
    "begin_step",
    "end_step",
}  # nothing there but correctly rounded operations


def copied(arguments):
    return tuple(a.copy() if isinstance(a, np.ndarray) else a for a in arguments)


@needs_a_compiler
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_computes_what_its_words_of_arrays_do(name, dtype):
    """To the bit where every operation is rounded correctly; in exp, tanh and sums the last bits are the libraries'."""
    kernel = KERNELS[name]
    for threads, arguments, written in cases(name, dtype):
        expected, ascending, descending = (copied(arguments) for _ in range(3))
        with np.errstate(all="ignore"):
            kernel.in_arrays(np, *expected)
        on_cpu.run(kernel, dtype, threads, ascending)
        on_cpu.run(kernel, dtype, threads, descending, descending=True)
        for i, (a, b, c) in enumerate(zip(expected, ascending, descending, strict=True)):
            if not isinstance(a, np.ndarray):
                continue
            np.testing.assert_array_equal(b, c, err_msg="threads depend on the order in which they run")
            if name in EXACT or i not in written:
                np.testing.assert_array_equal(a, b)
            else:
                eps = np.finfo(dtype).eps
                np.testing.assert_allclose(b, a, rtol=30 * eps, atol=30 * eps, equal_nan=True)


@needs_a_compiler
def test_a_kernel_that_forgets_to_wait_is_seen():
    """The same kernel without its barrier depends on the order of the threads: the check above can fail."""
    kernel = KERNELS["mean_of"]
    hasty = program([kernel], "double").replace("__syncthreads();", "")
    hasty = hasty.replace("part[threadIdx.x] = sum;", "part[threadIdx.x] = sum; if (n < 0) __syncthreads();")
    values, results = np.random.default_rng(0).normal(size=1000), []
    for descending in (False, True):
        out = np.empty(())
        on_cpu.run(kernel, "float64", 256, (values, out, 1000), descending, source=hasty)
        results.append(float(out))
    assert results[0] != results[1]
    assert results != [values.mean()] * 2


def test_any_grid_covers_any_array():
    assert [blocks(n) for n in (0, 1, 256, 257, 2**40)] == [1, 1, 1, 2, 65_536]


@needs_a_compiler
def test_threads_go_on_to_further_numbers_where_a_grid_is_too_small():
    kernel, n = KERNELS["relu_forward"], 5000
    x = np.random.default_rng(0).normal(size=n)
    y = np.empty_like(x)
    on_cpu.run(kernel, "float64", 1, (x, None, y, None, n, n, 0.0))
    np.testing.assert_array_equal(y, np.maximum(x, 0))


def test_source_names_its_parameters_once():
    for kernel in KERNELS.values():
        assert isinstance(kernel, Kernel)
        names = [parameter.rsplit(" ", 1)[1] for parameter in kernel.parameters.split(", ")]
        assert len(set(names)) == len(names)
        assert kernel.source.count("{") == kernel.source.count("}")
    assert PRELUDE in program(KERNELS.values(), "float")
