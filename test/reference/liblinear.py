"""Reference values for stats/logistic.ts from scikit-learn's liblinear (L1, penalised intercept), on the data of glmnet.json.
Run from the project root after glmnet.R: /usr/bin/python3 test/reference/liblinear.py
"""

import json

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

data = json.load(open("test/reference/glmnet.json"))
cases = []
for name, x, y in [("tall", "logistic_x", "label"), ("wide", "wide", "wide_label")]:
    x, y = np.array(data[x]), np.array(data[y])
    for c in [0.1, 1.0, 10.0]:
        fit = LogisticRegression(penalty="l1", solver="liblinear", C=c, tol=1e-10, max_iter=100000, random_state=0).fit(x, y)
        w, b = fit.coef_[0], fit.intercept_[0]
        margin = np.where(y == 1, 1, -1) * (x @ w + b)
        objective = np.abs(w).sum() + abs(b) + c * np.logaddexp(0, -margin).sum()
        cases.append({"name": name, "C": c, "intercept": b, "beta": w.tolist(), "objective": objective})
json.dump(
    {
        "tool": "scikit-learn liblinear",
        "version": sklearn.__version__,
        "call": "LogisticRegression(penalty='l1', solver='liblinear', C=C, tol=1e-10, max_iter=100000, random_state=0)",
        "cases": cases,
    },
    open("test/reference/liblinear.json", "w"),
)
