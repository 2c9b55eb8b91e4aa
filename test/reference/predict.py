"""Reference values for tasks/predict-logistic.ts from scikit-learn: liblinear's L1 model and the scores of its test people.
Run from the project root: /usr/bin/python3 test/reference/predict.py
"""

import json

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score, brier_score_loss, recall_score, roc_auc_score

rng = np.random.default_rng(5)
n, p, train = 300, 8, 200
x = np.round(rng.normal(size=(n, p)), 4)
eta = 0.9 * x[:, 0] - 0.6 * x[:, 1] + 0.3 * x[:, 2] - 1
y = (rng.uniform(size=n) < 1 / (1 + np.exp(-eta))).astype(int)
fit = LogisticRegression(penalty="l1", solver="liblinear", C=0.5, tol=1e-10, max_iter=100000, random_state=0).fit(x[:train], y[:train])
score = fit.decision_function(x[train:])
probability = fit.predict_proba(x[train:])[:, 1]
decision = fit.predict(x[train:])
truth = y[train:]
json.dump(
    {
        "tool": "scikit-learn",
        "version": sklearn.__version__,
        "call": "LogisticRegression(penalty='l1', solver='liblinear', C=0.5, tol=1e-10, max_iter=100000, random_state=0)",
        "train": train,
        "x": x.tolist(),
        "y": y.tolist(),
        "coefficients": fit.coef_[0].tolist(),
        "intercept": fit.intercept_[0],
        "metrics": {
            "auc": roc_auc_score(truth, score),
            "auprc": average_precision_score(truth, score),
            "accuracy": accuracy_score(truth, decision),
            "recall": recall_score(truth, decision),
            "specificity": recall_score(truth, decision, pos_label=0),
            "brier": brier_score_loss(truth, probability),
        },
    },
    open("test/reference/predict.json", "w"),
)
