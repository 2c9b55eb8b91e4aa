"""Reference values for stats/boosting.ts from scikit-learn's HistGradientBoosting, and for stats/bootstrap.ts from scipy.
Run from the project root: /usr/bin/python3 test/reference/boosting.py
"""

import json

import numpy as np
import scipy
import sklearn
from scipy.stats import bootstrap
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

rng = np.random.default_rng(20)


def data(n, p, missing, ties):
    x = rng.normal(size=(n, p))
    if ties:
        x[:, 0] = np.round(x[:, 0])
        x[:, 1] = np.round(2 * x[:, 1]) / 2
    signal = np.sin(2 * x[:, 0]) + x[:, 1] * (x[:, 2] > 0) + 0.5 * x[:, 3]
    y = signal + 0.5 * rng.normal(size=n)
    if missing:
        gone = rng.uniform(size=x.shape) < 0.15
        # One column is missing by its value, so that missingness itself informs.
        gone[:, 3] = x[:, 3] > 0.8
        x = np.where(gone, np.nan, x)
    return x, y


def trimmed(x):
    return [[None if np.isnan(v) else round(v, 6) for v in row] for row in x.tolist()]


def rounded(x):
    return np.array([[np.nan if v is None else v for v in row] for row in trimmed(x)])


cases = []
for name, n, p, missing, ties in [("few rows", 200, 5, False, False), ("many cuts", 700, 6, False, True), ("missing", 600, 6, True, True)]:
    x, y = data(n + 50, p, missing, ties)
    x, y = rounded(x), np.round(y, 6)
    label = (y > np.median(y)).astype(int)
    options = dict(max_iter=30, early_stopping=False)
    squared = HistGradientBoostingRegressor(**options).fit(x[:n], y[:n])
    # Two values of the first gradient make equal gains likely; few leaves keep the choice among them from arising.
    logistic = HistGradientBoostingClassifier(**options, max_leaf_nodes=8).fit(x[:n], label[:n])
    small = HistGradientBoostingRegressor(max_iter=10, max_leaf_nodes=4, min_samples_leaf=5, l2_regularization=2.0, learning_rate=0.3, early_stopping=False).fit(x[:n], y[:n])
    cases.append(
        {
            "name": name,
            "train": n,
            "x": trimmed(x),
            "y": y.tolist(),
            "label": label.tolist(),
            "squared": squared.predict(x).tolist(),
            "logistic": logistic.decision_function(x).tolist(),
            "small": small.predict(x).tolist(),
        }
    )

sample = rng.exponential(size=40)
draws = bootstrap((sample,), np.mean, n_resamples=999, method="BCa", random_state=1)
percentile = bootstrap((sample,), np.mean, n_resamples=999, method="percentile", random_state=1)
json.dump(
    {
        "tool": "scikit-learn, scipy",
        "version": f"{sklearn.__version__}, {scipy.__version__}",
        "call": "HistGradientBoostingRegressor(max_iter=30, early_stopping=False); scipy.stats.bootstrap(n_resamples=999)",
        "cases": cases,
        "bootstrap": {
            "sample": sample.tolist(),
            "distribution": draws.bootstrap_distribution.tolist(),
            "bca": [draws.confidence_interval.low, draws.confidence_interval.high],
            "percentile_distribution": percentile.bootstrap_distribution.tolist(),
            "percentile": [percentile.confidence_interval.low, percentile.confidence_interval.high],
            "se": draws.standard_error,
        },
    },
    open("test/reference/boosting.json", "w"),
)
