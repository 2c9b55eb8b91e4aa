"""Makes bayesian-ridge.json from scikit-learn. Run at the root: /usr/bin/python3 test/reference/bayesian-ridge.py"""
import json
import os

import numpy as np
import pandas as pd
import sklearn
from sklearn.linear_model import BayesianRidge

here = os.path.dirname(os.path.abspath(__file__))
nhanes_file = os.path.join(here, "../../../shared/data/cohorts/nhanes3.csv.gz")
blood = "lymph mcv monopa rbc rdw wbc".split()
chemistry = (
    "albumin alp bun creat glucose ttbl uap crp hba1c hdl totchol trig insulin vitaminA vitaminE vitaminC ggt".split()
)
traits = "fev height weight waist sbp dbp".split()


def fitted(x, y, **options):
    m = BayesianRidge(**options).fit(x, y)
    # Distance of the last two stop statistics from tol: parity of n_iter_ is only promised when neither is within 1e-9.
    return {
        "coef": m.coef_.tolist(),
        "intercept": float(m.intercept_),
        "alpha": float(m.alpha_),
        "lambda": float(m.lambda_),
        "iterations": int(m.n_iter_),
    }


def case(name, x, y):
    return {"name": name, "x": x.tolist(), "y": y.tolist(), "fit": fitted(x, y)}


r = np.random.RandomState(20240607)
cases = []
x = r.normal(size=(40, 6))
cases.append(case("signal, p < n", x, x @ r.normal(size=6) + r.normal(size=40)))
cases.append(case("no signal, p < n", x, r.normal(size=40)))
x = r.normal(size=(25, 60))
cases.append(case("signal, p > n", x, x[:, :5].sum(1) + 0.5 * r.normal(size=25)))
cases.append(case("no signal, p > n", x, r.normal(size=25)))
x = r.normal(size=(60, 5)) * np.array([1e-2, 1, 30, 1e3, 0.1]) + np.array([5, 0, 100, 2e4, 0])
cases.append(case("unlike units", x, x @ np.array([20, 0.3, -0.02, 1e-3, 2]) + r.normal(size=60)))
x = r.normal(size=(50, 4))
x = np.column_stack([x, x[:, 1], x[:, 0] + x[:, 2], np.full(50, 3.7)])
cases.append(case("duplicate, collinear and constant columns", x, x[:, 0] - x[:, 1] + r.normal(size=50)))
x = r.binomial(2, 0.3, size=(30, 29)).astype(float)
cases.append(case("p = n - 1 dosages", x, x[:, :3].sum(1) + r.normal(size=30)))
x = r.normal(size=(5, 2))
cases.append(case("five rows", x, x[:, 0] + 0.1 * r.normal(size=5)))
x = r.normal(size=(30, 1))
cases.append(case("one feature", x, 2 * x[:, 0] + r.normal(size=30)))

table = pd.read_csv(nhanes_file, low_memory=False)
table = table[blood + chemistry + traits].dropna()
nhanes = []
for modality, columns in (("count", blood), ("biochemistry", chemistry)):
    raw = table[columns].to_numpy(float)
    for scaling in ("raw", "z"):
        x = raw if scaling == "raw" else (raw - raw.mean(0)) / raw.std(0)
        for trait in traits:
            y = table[trait].to_numpy(float)
            y = y if scaling == "raw" else (y - y.mean()) / y.std()
            nhanes.append({"modality": modality, "scaling": scaling, "trait": trait, "fit": fitted(x, y)})

out = {
    "tool": "scikit-learn",
    "version": sklearn.__version__,
    "call": "BayesianRidge().fit(x, y)",
    "cases": cases,
    "nhanesRows": len(table),
    "nhanesColumns": {"count": blood, "biochemistry": chemistry, "traits": traits},
    "nhanes": nhanes,
}
with open(os.path.join(here, "bayesian-ridge.json"), "w") as file:
    json.dump(out, file)
    file.write("\n")
