"""Where the command ``tinynn`` begins: the kernel of matrix products is chosen before NumPy is imported."""

from tinynn import blas_kernel


def main() -> int:
    """Run the command."""
    blas_kernel.choose()
    from tinynn import cli

    return cli.main()
