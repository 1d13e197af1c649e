"""Launches on a CUDA device: kernels compiled when first needed, and steps recorded once and replayed as one launch."""

from collections.abc import Callable
from typing import Any

from tinynn.kernels import KERNELS, Kernel
from tinynn.kernels.source import OPTIONS, REALS, THREADS, blocks, program


class Launcher:
    """Runs kernels; the first one of a precision waits until all have been compiled, which CuPy keeps on the disk.

    Parameters
    ----------
    cupy : module
    """

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy
        self._functions: dict[tuple[str, Any], Any] = {}

    def __call__(self, kernel: Kernel, dtype: Any, threads: int, arguments: tuple[Any, ...]) -> None:
        """Run one kernel on at least so many threads of the current stream."""
        function = self._functions.get((kernel.name, dtype))
        if function is None:
            self._compile(dtype)
            function = self._functions[kernel.name, dtype]
        # CuPy hands None on as an argument without an address; eight bytes of zero are a pointer to nowhere.
        values = tuple(0 if argument is None else argument for argument in arguments)
        function((blocks(threads),), (THREADS,), values)

    def _compile(self, dtype: Any) -> None:
        module = self._cupy.RawModule(code=program(KERNELS.values(), REALS[dtype]), options=OPTIONS)
        for name in KERNELS:
            self._functions[name, dtype] = module.get_function(name)


class GraphRecorder:
    """Records what is launched instead of doing it, and makes one CUDA graph of it.

    Parameters
    ----------
    cupy : module
    products : Products
        Matrix products that may be recorded.
    """

    def __init__(self, cupy: Any, products: Any) -> None:
        self._cupy, self._products = cupy, products

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        """Return a function that does what `work` launches, as often as it is called.

        Arrays that `work` makes in passing get memory that is used by nothing else, as long as the function lives.

        Raises
        ------
        Exception
            Whatever CuPy raises where something cannot be recorded; nothing has been computed then.
        """
        cuda = self._cupy.cuda
        pool, stream = cuda.MemoryPool(), cuda.Stream(non_blocking=True)
        with cuda.using_allocator(pool.malloc), stream:
            self._products.use_stream()
            stream.begin_capture()
            try:
                work()
            except BaseException:
                self._abandon(stream)
                raise
            graph = stream.end_capture()
        graph.upload(cuda.get_current_stream())
        return Replayed(graph, (pool, stream))

    def _abandon(self, stream: Any) -> None:
        try:
            stream.end_capture()
        except Exception:  # it says again that the recording has failed
            return


class Replayed:
    """A recorded piece of work, done again at each call, on the current stream."""

    def __init__(self, graph: Any, kept: Any) -> None:
        self._graph, self._kept = graph, kept

    def __call__(self) -> None:
        """Do it."""
        self._graph.launch()
