"""The CUDA kernels without a GPU: their source compiled for one, run on a processor, and held against NumPy."""
