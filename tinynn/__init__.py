"""A neural network written out by hand on NumPy or CuPy arrays."""
__version__ = "0.1.0"
