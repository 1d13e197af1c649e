"""Our handle of cuBLAS: rows and columns, transposes and steps, against a library that counts down columns."""

import ctypes
import types

import numpy as np
import pytest

from tinynn import cublas
from tinynn.cublas import Library, Products, open_products
from tinynn.cuda_launching import GraphRecorder, Launcher
from tinynn.kernels import KERNELS


class Function:
    """One function of the library, in Python: ctypes' settings may be written to it."""

    def __init__(self, does):
        self.does = does

    def __call__(self, *args):
        return self.does(*args)


class Blas:
    """cuBLAS as its documentation describes it, on host memory: matrices lie column after column."""

    def __init__(self):
        self.said = []
        self.cublasCreate_v2 = Function(lambda handle: self.said.append("create") or 0)
        self.cublasSetStream_v2 = Function(lambda handle, stream: self.said.append(("stream", stream)) or 0)
        self.cublasSetWorkspace_v2 = Function(
            lambda handle, where, size: self.said.append(("memory", size)) or 0
        )
        self.cublasSetMathMode = Function(lambda handle, mode: self.said.append(("math", mode)) or 0)
        self.cublasSgemmStridedBatched = Function(lambda *args: self.multiply(ctypes.c_float, *args))
        self.cublasDgemmStridedBatched = Function(lambda *args: self.multiply(ctypes.c_double, *args))

    def multiply(
        self, real, handle, turn_a, turn_b, m, n, k, alpha, a, lda, jump_a, b, ldb, jump_b, beta, *rest
    ):
        c, ldc, jump_c, many = rest
        alpha, beta = real.from_address(alpha).value, real.from_address(beta).value
        sizes = [(lda, (k, m)[not turn_a]), (ldb, (n, k)[not turn_b]), (ldc, m)]
        if any(step < max(1, rows) for step, rows in sizes):
            return 7  # CUBLAS_STATUS_INVALID_VALUE
        for i in range(many):
            A = self.matrix(real, a, i * jump_a, lda, m, k, turn_a)
            B = self.matrix(real, b, i * jump_b, ldb, k, n, turn_b)
            C = self.matrix(real, c, i * jump_c, ldc, m, n, 0)
            C[...] = alpha * (A @ B) + (beta * C if beta else 0)
        return 0

    def matrix(self, real, address, skipped, step, rows, columns, turned):
        size = ctypes.sizeof(real)
        rows, columns = (columns, rows) if turned else (rows, columns)
        memory = (real * (step * (columns - 1) + rows)).from_address(address + skipped * size)
        flat = np.frombuffer(memory, np.float32 if size == 4 else np.float64)
        view = np.lib.stride_tricks.as_strided(flat, (rows, columns), (size, step * size))
        return view.T if turned else view


class HostArray(np.ndarray):
    """A NumPy array with CuPy's way to tell its address."""

    @property
    def data(self):
        return types.SimpleNamespace(ptr=self.ctypes.data)


def hosted(x, dtype=None, order="K"):
    return np.array(x, dtype=dtype, order=order).view(HostArray)


def make_cupy():
    stream = types.SimpleNamespace(ptr=0)
    cupy = types.ModuleType("cupy", "an array library")
    cupy.cuda = types.SimpleNamespace(
        get_current_stream=lambda: stream, runtime=types.SimpleNamespace(runtimeGetVersion=lambda: 13020)
    )
    cupy.stream = stream
    cupy.empty = lambda shape, dtype: hosted(np.full(shape, 77 if dtype == np.uint8 else np.nan, dtype))
    cupy.asarray, cupy.asnumpy = hosted, np.asarray
    cupy.asked = []
    cupy.matmul = lambda a, b, out=None, **settings: cupy.asked.append(a.shape) or np.matmul(a, b, out=out)
    return cupy


@pytest.fixture
def products():
    return Products(make_cupy(), Blas())


def some(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape)


A, B, STACK = some(4, 6), some(6, 3), some(5, 4, 6)
WAYS = {
    "rows": (A, B),
    "first transposed": (some(6, 4).T, B),
    "second transposed": (A, some(3, 6).T),
    "both transposed": (some(6, 4).T, some(3, 6).T),
    "vector first": (some(6), B),
    "vector second": (A, some(6)),
    "ones": (np.ones(6), B),
    "one row": (A[:1], B),
    "one column": (A, B[:, :1]),
    "a part of wider rows": (some(4, 9)[:, 2:8], B),
    "single numbers": (A[:1, :1], B[:1, :1]),
    "stacks": (STACK, some(5, 6, 3)),
    "stacks, transposed": (some(5, 6, 4).transpose(0, 2, 1), some(5, 3, 6).transpose(0, 2, 1)),
    "rows of ones over a stack": (np.ones((5, 1, 6)), some(5, 6, 3)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("way", WAYS)
def test_products_are_right_however_the_matrices_lie(way, dtype, products):
    a, b = (x.astype(dtype).view(HostArray) if x.flags.c_contiguous else x for x in WAYS[way])
    a, b = (np.asarray(x, dtype=dtype, order="K").view(HostArray) for x in (a, b))
    out = hosted(np.full(np.matmul(a, b).shape, 77.0, dtype))
    assert products.multiply(a, b, out)
    np.testing.assert_allclose(out, np.matmul(a, b), rtol=1e-4 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize(
    ("a", "b", "out"),
    [
        (A[:, ::2], B[::2], np.empty((4, 3))),  # steps along a row
        (A, B, np.empty((3, 4)).T),  # a result that lies in columns
        (A.astype("f"), B, np.empty((4, 3))),
        (A.astype("c16"), B.astype("c16"), np.empty((4, 3), "c16")),
        (A[:0], B, np.empty((0, 3))),
        (STACK[None], B, np.empty((1, 5, 4, 3))),
    ],
)
def test_what_it_cannot_multiply_is_left_to_cupy(a, b, out, products):
    cupy = make_cupy()
    a, b, out = (x.view(HostArray) for x in (a, b, out))
    assert not products.multiply(a, b, out)
    library = Library(cupy, products)
    assert library.matmul(a, b, out=out) is out
    assert cupy.asked == [a.shape]
    np.testing.assert_allclose(out, np.matmul(a, b))


def test_the_library_is_cupy_but_for_its_products(products):
    cupy = make_cupy()
    library, out = Library(cupy, products), hosted(np.empty((4, 3)))
    assert library.matmul(hosted(A), hosted(B), out=out) is out
    assert not cupy.asked
    library.matmul(hosted(A), hosted(B))
    assert cupy.asked == [A.shape]  # a result that it has to make is CuPy's business
    assert library.asnumpy is cupy.asnumpy
    assert library.__name__ == "cupy"
    with pytest.raises(AttributeError):
        library.nothing  # noqa: B018


def test_the_handle_goes_where_the_current_stream_is():
    """Telling it the stream takes its working memory away, so that follows each time, and only then."""
    cupy, blas = make_cupy(), Blas()
    products = Products(cupy, blas)
    products.use_stream()
    cupy.stream.ptr = 42
    products.multiply(hosted(A), hosted(B), hosted(np.empty((4, 3))))
    products.multiply(hosted(A), hosted(B), hosted(np.empty((4, 3))))
    memory = ("memory", cublas.WORKSPACE)
    assert blas.said == ["create", ("math", 0), ("stream", 0), memory, ("stream", 42), memory]


@pytest.mark.parametrize(("asked", "mode"), [("0", 0), ("", 0), ("1", 3)])
def test_tf32_only_where_it_was_asked_for(asked, mode, monkeypatch):
    monkeypatch.setenv("CUPY_TF32", asked)
    blas = Blas()
    Products(make_cupy(), blas)
    assert ("math", mode) in blas.said


def test_a_library_that_multiplies_wrongly_is_not_used(monkeypatch):
    class Wrong(Blas):
        def matrix(self, *where):
            return super().matrix(*where)[::-1]

    class Nothing(Blas):
        def multiply(self, *args):
            return 0

    class Refusing(Blas):
        def multiply(self, *args):
            return 7

    cases = (Wrong(), "wrongly"), (Nothing(), "wrongly"), (Refusing(), "status 7"), (object(), "cublas")
    for blas, says in cases:
        monkeypatch.setattr(cublas, "_library", lambda cupy, blas=blas: blas)
        products, problem = open_products(make_cupy())
        assert products is None
        assert says in problem
    monkeypatch.setattr(cublas, "_library", lambda cupy: Blas())
    products, problem = open_products(make_cupy())
    assert products is not None
    assert not problem


def test_a_failing_product_is_an_error(products):
    products._functions = {np.dtype("f8"): (0, 0, lambda *args: 13)}
    with pytest.raises(RuntimeError, match=r"could not multiply \(4, 6\) by \(6, 3\): status 13"):
        products.multiply(hosted(A), hosted(B), hosted(np.empty((4, 3))))


# Launching and recording, with a CuPy that writes down what it is asked for.


class Module:
    def __init__(self, code, options):
        self.code, self.options, self.launched = code, options, []

    def get_function(self, name):
        assert f"void {name}(" in self.code
        return lambda grid, block, arguments: self.launched.append((name, grid, block, arguments))


def test_launcher_compiles_once_for_each_precision():
    made = []
    cupy = types.SimpleNamespace(RawModule=lambda **k: made.append(Module(**k)) or made[-1])
    launch, x = Launcher(cupy), np.zeros(3)
    for dtype in ("f4", "f4", "f8"):
        launch(KERNELS["mean_of"], np.dtype(dtype), 1000, (x, None, 1000))
    assert [module.code.split("\n")[0] for module in made] == ["#define REAL float", "#define REAL double"]
    assert all("--fmad=false" in module.options for module in made)
    (name, grid, block, arguments), _ = made[0].launched
    assert (name, grid, block, arguments[1:]) == ("mean_of", (4,), (256,), (0, 1000))
    assert arguments[0] is x


def test_recorder_captures_on_a_stream_of_its_own():
    """What is launched goes to that stream, memory comes from a pool that nothing else uses, and the end is told."""
    said = []

    class Context:
        def __init__(self, name):
            self.name = name

        def __enter__(self):
            said.append(f"{self.name} on")

        def __exit__(self, *error):
            said.append(f"{self.name} off")

    class Stream(Context):
        def begin_capture(self):
            said.append("begin")

        def end_capture(self):
            said.append("end")
            return types.SimpleNamespace(
                upload=lambda s: said.append("upload"), launch=lambda: said.append("launch")
            )

    cuda = types.SimpleNamespace(
        Stream=lambda non_blocking: Stream("stream"),
        MemoryPool=lambda: types.SimpleNamespace(malloc=None),
        using_allocator=lambda malloc: Context("pool"),
        get_current_stream=lambda: None,
    )
    products = types.SimpleNamespace(use_stream=lambda: said.append("products"))
    recorder = GraphRecorder(types.SimpleNamespace(cuda=cuda), products)
    replay = recorder.record(lambda: said.append("work"))
    assert said == [
        "pool on",
        "stream on",
        "products",
        "begin",
        "work",
        "end",
        "stream off",
        "pool off",
        "upload",
    ]
    replay()
    replay()
    assert said[-2:] == ["launch", "launch"]
    said.clear()
    with pytest.raises(NotImplementedError):
        recorder.record(lambda: (_ for _ in ()).throw(NotImplementedError))
    assert said == ["pool on", "stream on", "products", "begin", "end", "stream off", "pool off"]
