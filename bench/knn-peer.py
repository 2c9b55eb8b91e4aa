"""Seconds of scikit-learn's KNNImputer on a file of columns. python3 knn-peer.py FILE PEOPLE COLUMNS"""
import json, resource, sys, time
import numpy as np
import sklearn
from sklearn.impute import KNNImputer

n, p = map(int, sys.argv[2:4])
x = np.ascontiguousarray(np.fromfile(sys.argv[1]).reshape(p, n).T)
started, processor = time.perf_counter(), time.process_time()
imputed = KNNImputer().fit_transform(x)
print(json.dumps({
    "version": sklearn.__version__, "seconds": time.perf_counter() - started,
    "processor": time.process_time() - processor, "sum": float(imputed.sum()),
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
