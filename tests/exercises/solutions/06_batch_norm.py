"""A solution of exercise 6."""

import numpy as np

EXERCISE = "batch-norm"


class BatchNorm:
    def __init__(self, gamma, beta, epsilon=1e-5):
        self.gamma = gamma
        self.beta = beta
        self.epsilon = epsilon

    def forward(self, x):
        self.x = x
        self.sigma = np.sqrt(x.var(axis=0) + self.epsilon)
        self.z = (x - x.mean(axis=0)) / self.sigma
        return self.gamma * self.z + self.beta

    def backward(self, dy):
        self.dgamma = (dy * self.z).sum(axis=0)
        self.dbeta = dy.sum(axis=0)
        g = dy * self.gamma
        return (g - g.mean(axis=0) - self.z * (g * self.z).mean(axis=0)) / self.sigma
