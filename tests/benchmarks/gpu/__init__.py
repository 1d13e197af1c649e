"""What tinynn takes on a GPU, beside PyTorch on the same one: ``python -m tests.benchmarks.gpu``, under ten minutes."""
