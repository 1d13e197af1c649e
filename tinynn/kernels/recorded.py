"""What begins and ends a recorded step: the numbers in which steps differ are taken out of tables on the device.

A recorded step is the same launches with the same arguments each time. So learning rate, dropout keys and the place of
the loss must not be arguments: they stand in tables, a row a step, and a counter on the device says which row is next.
"""

from typing import Any

from tinynn.backend import Array
from tinynn.kernels.source import Kernel


def begin_in_arrays(
    xp: Any,
    numbers: Array,
    current: Array,
    width: int,
    keys: Array | None,
    current_keys: Array | None,
    words: int,
    counter: Array,
    rows: int,
) -> None:
    """Copy row `counter` of both tables to where a step reads it."""
    row = int(counter[0]) % rows
    current[:width] = numbers[row]
    if keys is not None and current_keys is not None:
        current_keys[:words] = keys[row]


BEGIN = Kernel(
    "begin_step",
    "const REAL* numbers, REAL* current, long long width, const unsigned* keys, unsigned* current_keys, "
    "long long words, const long long* counter, long long rows",
    """
    const long long row = *counter % rows;
    EACH(i, width) current[i] = numbers[row * width + i];
    EACH(i, words) current_keys[i] = keys[row * words + i];
    """,
    begin_in_arrays,
)


def end_in_arrays(xp: Any, value: Array, values: Array, counter: Array, rows: int) -> None:
    """Write the loss of this step in its row, and count the step."""
    values[int(counter[0]) % rows] = value
    counter += 1


END = Kernel(
    "end_step",
    "const REAL* value, REAL* values, long long* counter, long long rows",
    """
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        values[*counter % rows] = *value;
        *counter += 1;
    }
    """,
    end_in_arrays,
)
