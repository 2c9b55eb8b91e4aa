"""Median seconds of liblinear's L1-logistic regression. python3 logistic-peer.py FILE PEOPLE FEATURES REPETITIONS"""
import json, resource, sys, time, warnings
import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

warnings.simplefilter("ignore")
n, p, repetitions = map(int, sys.argv[2:5])
data = np.fromfile(sys.argv[1]).reshape(p + 1, n)
x, y = np.ascontiguousarray(data[:p].T), data[p]

def measure(tol, times):
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        m = LogisticRegression(penalty="l1", solver="liblinear", tol=tol, max_iter=100000, random_state=0).fit(x, y)
        seconds.append(time.perf_counter() - started)
    eta = x @ m.coef_[0] + m.intercept_[0]
    loss = np.logaddexp(0, np.where(y == 1, -eta, eta)).sum()
    return float(np.median(seconds)), float(loss + np.abs(m.coef_).sum() + abs(m.intercept_[0]))

default, default_objective = measure(1e-4, repetitions)
tight, tight_objective = measure(1e-10, 1)
print(json.dumps({
    "version": sklearn.__version__, "default": default, "defaultObjective": default_objective, "tight": tight,
    "tightObjective": tight_objective, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
