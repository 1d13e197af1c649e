"""The same program with scikit-learn."""

import sys


def main(folder: str, rows: int) -> None:
    import numpy as np
    from sklearn.neural_network import MLPClassifier

    from tests.benchmarks.programs.idx import load

    pixels, labels = load(folder, "train")
    x, y = pixels[:rows].astype(np.float32) / 255, labels[:rows]
    model = MLPClassifier((128, 64), alpha=0, batch_size=128, learning_rate_init=1e-3)
    model.partial_fit(x, y, classes=range(10))
    x_test, y_test = load(folder, "t10k")
    print(model.score(x_test.astype(np.float32) / 255, y_test))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
