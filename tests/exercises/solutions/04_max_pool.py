"""A solution of exercise 4."""

import numpy as np

EXERCISE = "max-pool"


class MaxPool:
    def forward(self, x):
        n, height, width, channels = x.shape
        self.shape = x.shape
        blocks = x.reshape(n, height // 2, 2, width // 2, 2, channels).transpose(0, 1, 3, 5, 2, 4)
        self.windows = blocks.reshape(n, height // 2, width // 2, channels, 4)
        return self.windows.max(axis=-1)

    def backward(self, dy):
        n, rows, columns, channels = dy.shape
        dwindows = np.zeros(self.windows.shape)
        largest = self.windows.argmax(axis=-1)[..., None]
        np.put_along_axis(dwindows, largest, dy[..., None], axis=-1)
        blocks = dwindows.reshape(n, rows, columns, channels, 2, 2).transpose(0, 1, 4, 2, 5, 3)
        return blocks.reshape(self.shape)
