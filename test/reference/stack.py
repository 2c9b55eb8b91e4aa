"""Makes stack.json: the faithful stacked model, in scikit-learn. Run at the root: /usr/bin/python3 test/reference/stack.py"""
import json
import os

import numpy as np
import pandas as pd
import sklearn
from sklearn.linear_model import BayesianRidge

here = os.path.dirname(os.path.abspath(__file__))
blood = "lymph mcv monopa rbc rdw wbc".split()
chemistry = (
    "albumin alp bun creat glucose ttbl uap crp hba1c hdl totchol trig insulin vitaminA vitaminE vitaminC ggt".split()
)
traits = "fev height weight waist sbp dbp".split()
table = pd.read_csv(os.path.join(here, "../../../shared/data/cohorts/nhanes3.csv.gz"), low_memory=False)
table = table[blood + chemistry + traits].dropna()
z = (table - table.mean()) / table.std(ddof=0)
train, test = z.iloc[: len(z) // 2], z.iloc[len(z) // 2 :]
fits = []
for trait in traits:
    y = train[trait].to_numpy()
    one = [BayesianRidge().fit(train[c].to_numpy(), y) for c in (blood, chemistry)]
    layer = np.column_stack([m.predict(train[c].to_numpy()) for m, c in zip(one, (blood, chemistry))])
    two = BayesianRidge().fit(layer, y)
    new = np.column_stack([m.predict(test[c].to_numpy()) for m, c in zip(one, (blood, chemistry))])
    predicted = two.predict(new)
    fits.append(
        {
            "trait": trait,
            "coef": two.coef_.tolist(),
            "intercept": float(two.intercept_),
            "alpha": float(two.alpha_),
            "lambda": float(two.lambda_),
            "iterations": int(two.n_iter_),
            "predicted": predicted[:20].tolist(),
        }
    )
out = {
    "tool": "scikit-learn",
    "version": sklearn.__version__,
    "call": "BayesianRidge().fit on count and biochemistry, BayesianRidge().fit on their in-sample predictions; first half of the complete cases trains",
    "columns": {"count": blood, "biochemistry": chemistry, "traits": traits},
    "rows": len(z),
    "fits": fits,
}
with open(os.path.join(here, "stack.json"), "w") as file:
    json.dump(out, file, indent=1)
    file.write("\n")
