"""The 150 irises that travel with the package: four lengths of a flower, and which of three species it is."""

from importlib.resources import files

import numpy as np

from tinynn.datasets.dataset import Dataset

FEATURES = ("sepal length", "sepal width", "petal length", "petal width")
SPECIES = ("setosa", "versicolor", "virginica")


def load_iris() -> Dataset:
    """Return the irises, four lengths in cm each; every third row (2, 5, 8, ...) is in the test set.

    The values are those of Fisher's table, as scikit-learn and R have them. The file of the UCI Machine Learning
    Repository deviates from it in two rows: in row 34, counted from 0, the last number is 0.1 there and 0.2 here; row
    37 is 4.9, 3.1, 1.5, 0.1 there and 4.9, 3.6, 1.4, 0.1 here. Rows 101 and 142 are two flowers with the same four
    numbers, one of them in the test set.

    Returns
    -------
    Dataset
        100 training and 50 test rows of four float64 values, in the order of `FEATURES`; species are nearly equally
        frequent in both.

    References
    ----------
    R. A. Fisher (1936). The use of multiple measurements in taxonomic problems. Annals of Eugenics 7(2), 179-188.
    UCI Machine Learning Repository, https://doi.org/10.24432/C56C76

    Examples
    --------
    >>> data = load_iris()
    >>> data.x_train[0], data.classes[data.y_train[0]]
    (array([5.1, 3.5, 1.4, 0.2]), 'setosa')
    >>> np.bincount(data.y_train).tolist(), np.bincount(data.y_test).tolist()
    ([34, 33, 33], [16, 17, 17])
    """
    table = (files("tinynn.datasets") / "iris.csv").read_text(encoding="ascii")
    rows = [line.split(",") for line in table.splitlines()[1:]]
    x = np.array([[float(value) for value in row[:-1]] for row in rows])
    y = np.array([SPECIES.index(row[-1]) for row in rows], np.int64)
    test = np.arange(len(y)) % 3 == 2
    return Dataset(
        name="iris",
        x_train=x[~test],
        y_train=y[~test],
        x_test=x[test],
        y_test=y[test],
        classes=SPECIES,
        image_shape=(len(FEATURES),),
        licence="CC BY 4.0",
        citation="R. A. Fisher (1936). The use of multiple measurements in taxonomic problems. Annals of Eugenics "
        "7(2), 179-188. UCI Machine Learning Repository, https://doi.org/10.24432/C56C76",
    )
