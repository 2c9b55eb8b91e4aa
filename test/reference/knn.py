"""Reference values for stats/knn.ts and stats/zscore.ts, from scikit-learn.
Run from the project root: /usr/bin/python3 test/reference/knn.py
"""

import gzip
import json

import numpy as np
import sklearn
from sklearn.impute import KNNImputer
from sklearn.preprocessing import StandardScaler

BLOOD = (
    "lymph mcv monopa rbc rdw wbc albumin alp bun creat glucose ttbl uap crp hba1c hdl totchol trig insulin "
    "vitaminA vitaminE vitaminC ggt"
).split()


def nullable(x):
    return [[None if np.isnan(v) else float(v) for v in row] for row in x]


def random_case(seed, n, p, missing, n_test, k, weights):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n + n_test, p)).round(7)
    x[rng.random(x.shape) < missing] = np.nan
    x[3] = np.nan  # nobody to compare with: the column mean
    if weights == "distance":
        x[n, 1:] = x[0, 1:]  # an exact match takes all the weight
        x[n, 0] = np.nan
    imputer = KNNImputer(n_neighbors=k, weights=weights).fit(x[:n])
    return {
        "call": f"KNNImputer(n_neighbors={k}, weights='{weights}').fit(x[:{n}]).transform(x)",
        "k": k,
        "weights": weights,
        "donors": n,
        "x": nullable(x),
        "imputed": nullable(imputer.transform(x)),
    }


def tied(z, donors, i, j, k):
    """Whether the k-th and the next donor are as good as equally far: scikit-learn's choice is then arbitrary."""
    y = z[:donors]
    common = ~np.isnan(z[i]) & ~np.isnan(y)
    d2 = np.where(common, (np.nan_to_num(z[i]) - np.nan_to_num(y)) ** 2, 0).sum(1) / np.maximum(common.sum(1), 0.5)
    d2 = np.sort(d2[common.any(1) & ~np.isnan(y[:, j])])
    return len(d2) > k and d2[k] - d2[k - 1] <= 1e-9 * (1 + d2[k])


def nhanes():
    with gzip.open("../shared/data/cohorts/nhanes3.csv.gz", "rt") as f:
        header = f.readline().strip().replace('"', "").split(",")
        rows = [line.rstrip("\n").replace('"', "").split(",") for line in f]
    x = np.array(
        [[float(r[header.index(c)]) if r[header.index(c)] not in ("", "NA") else np.nan for c in BLOOD] for r in rows]
    )[:3000]
    scaler = StandardScaler().fit(x[:2000])
    z = scaler.transform(x)
    out = KNNImputer(n_neighbors=5).fit(z[:2000]).transform(z)
    filled = np.argwhere(np.isnan(z))
    pick = filled[np.random.default_rng(1).choice(len(filled), 600, replace=False)]
    pick = [(i, j) for i, j in pick if not tied(z, 2000, i, j, 5)]
    return {
        "call": "z = StandardScaler().fit(x[:2000]).transform(x[:3000]); KNNImputer(n_neighbors=5).fit(z[:2000]).transform(z)",
        "columns": BLOOD,
        "mean": scaler.mean_.tolist(),
        "sd": scaler.scale_.tolist(),
        "cells": [[int(i), int(j), float(out[i, j])] for i, j in pick],
    }


json.dump(
    {
        "tool": "scikit-learn",
        "version": sklearn.__version__,
        "random": [
            random_case(1, 60, 6, 0.2, 15, 5, "uniform"),
            random_case(2, 60, 6, 0.35, 15, 5, "distance"),
            random_case(3, 40, 40, 0.3, 10, 3, "uniform"),
        ],
        "nhanes": nhanes(),
    },
    open("test/reference/knn.json", "w"),
)
