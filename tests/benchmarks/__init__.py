"""Measurements against other libraries: ``python -m tests.benchmarks`` runs them, see ``--help``."""
