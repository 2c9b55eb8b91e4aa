"""Makes hapmap-ridge.json: BayesianRidge of simulated traits on HapMap 3 genotypes. Run at the root: /usr/bin/python3 test/reference/hapmap-ridge.py"""
import json
import os

import numpy as np
import sklearn
from sklearn.linear_model import BayesianRidge

here = os.path.dirname(os.path.abspath(__file__))
prefix = os.path.join(here, "../../../shared/data/hapmap3/data")
people = [line.split()[1] for line in open(prefix + ".fam")]
bim = [line.split() for line in open(prefix + ".bim")]
stride = (len(people) + 3) // 4
bed = np.fromfile(prefix + ".bed", dtype=np.uint8)[3:].reshape(len(bim), stride)
codes = np.stack([(bed >> (2 * k)) & 3 for k in range(4)], axis=2).reshape(len(bim), -1)[:, : len(people)]
# Copies of A1, the .bim's first allele: 0 is homozygous for it, 1 missing, 2 heterozygous, 3 homozygous for A2.
copies = np.array([2, np.nan, 1, 0])[codes]


def fit(name, rows, noise, seed):
    draw = np.random.RandomState(seed)
    x = copies[rows].T
    x = np.where(np.isnan(x), np.nanmean(x, axis=0), x)
    effect = np.where(draw.uniform(size=len(rows)) < 0.2, draw.normal(size=len(rows)), 0)
    signal = (x - x.mean(0)) @ effect
    y = np.round(signal / signal.std() + noise * draw.normal(size=len(people)), 6)
    z = (y - y.mean()) / y.std()
    model = BayesianRidge().fit(x, z)
    return {
        "name": name,
        "variants": [bim[v][1] for v in rows],
        "y": y.tolist(),
        "coef": model.coef_.tolist(),
        "alpha": float(model.alpha_),
        "lambda": float(model.lambda_),
        "iterations": int(model.n_iter_),
        "fitted": model.predict(x)[:20].tolist(),
    }


varies = [v for v in range(len(bim)) if bim[v][0] in ("1", "2") and np.nanvar(copies[v]) > 0.01]
cases = [
    fit("300 variants", varies[:300], 1.0, 1),
    fit("60 variants, much noise", varies[300:360], 3.0, 2),
    fit("1,100 variants, more than people", varies[400:1500], 0.7, 3),
]
out = {
    "tool": "scikit-learn",
    "version": sklearn.__version__,
    "call": "BayesianRidge().fit(copies of A1, a missing call the variant's mean; y standardised with ddof 0)",
    "people": len(people),
    "cases": cases,
}
with open(os.path.join(here, "hapmap-ridge.json"), "w") as file:
    json.dump(out, file)
    file.write("\n")
