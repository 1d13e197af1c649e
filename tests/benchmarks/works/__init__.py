"""The works, in the order of the table."""

from tests.benchmarks.work import Work
from tests.benchmarks.works import (
    conv_step,
    mlp_epoch,
    predict,
    process,
    sample_conv,
    sample_mlp,
    scaling,
    selection,
)

WORKS: dict[str, Work] = {
    work.name: work
    for module in (mlp_epoch, predict, sample_mlp, sample_conv, conv_step, process, selection, scaling)
    for work in module.WORKS
}
