"""A solution of exercise 3."""

import numpy as np

EXERCISE = "cross-entropy"


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class SoftmaxCrossEntropy:
    def forward(self, logits, labels):
        z = logits - logits.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        self.p, self.labels = np.exp(log_p), labels
        return -log_p[np.arange(len(z)), labels].mean()

    def backward(self):
        n = len(self.p)
        dz = self.p.copy()
        dz[np.arange(n), self.labels] -= 1
        return dz / n
