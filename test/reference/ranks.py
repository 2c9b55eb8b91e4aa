"""Makes ranks.json from scipy, scikit-learn and R. Run at the root: /usr/bin/python3 test/reference/ranks.py"""
import json
import os
import subprocess
import tempfile

import numpy as np
import scipy
import sklearn
from scipy import stats
from sklearn import metrics

here = os.path.dirname(os.path.abspath(__file__))
r = np.random.RandomState(11)

spearman = []
for n, rho, tied in [(4, 0.5, 0), (7, 0.3, 0), (9, -0.8, 0), (10, 0.4, 0), (12, 0.8, 0), (13, 0.76, 0), (30, -0.2, 0), (25, 0.5, 1), (300, 0.1, 0), (1290, 0.05, 0), (1291, 0.05, 0)]:
    x = r.normal(size=n)
    y = rho * x + np.sqrt(1 - rho**2) * r.normal(size=n)
    if tied:
        x, y = np.round(x), np.round(y, 1)
    s = stats.spearmanr(x, y)
    spearman.append({"x": x.tolist(), "y": y.tolist(), "rho": float(s.correlation), "t": float(s.pvalue)})

wilcoxon = []
for n, shift, kind in [(5, 0.5, "plain"), (12, 0.3, "plain"), (13, 0.0, "plain"), (50, 0.2, "plain"), (51, 0.2, "plain"), (184, 0.1, "plain"), (20, 0.2, "tied"), (30, 0.3, "zeros"), (100, 0.1, "tied"), (184, 0.05, "zeros")]:
    d = r.normal(size=n) + shift
    if kind != "plain":
        d = np.round(d, 1)
        d[d == 0] = 0.1
    if kind == "zeros":
        d[:4] = 0
    p = {a: float(stats.wilcoxon(d, alternative=a).pvalue) for a in ("two-sided", "greater", "less")}
    wilcoxon.append({"kind": kind, "d": d.tolist(), "scipy": p, "statistic": float(stats.wilcoxon(d).statistic)})

binary = []
for n, slope, decimals in [(40, 1, 6), (300, 0.5, 6), (300, 2, 1), (500, 0, 1)]:
    eta = np.round(r.normal(size=n) * 1.5 - 0.5, decimals)
    y = (r.uniform(size=n) < 1 / (1 + np.exp(-(slope * eta + 0.3)))).astype(int)
    c = (eta > 0).astype(int)
    binary.append(
        {
            "y": y.tolist(),
            "eta": eta.tolist(),
            "auc": float(metrics.roc_auc_score(y, eta)),
            "auprc": float(metrics.average_precision_score(y, eta)),
            "accuracy": float(metrics.accuracy_score(y, c)),
            "recall": float(metrics.recall_score(y, c)),
            "specificity": float(metrics.recall_score(1 - y, 1 - c)),
            "brier": float(metrics.brier_score_loss(y, 1 / (1 + np.exp(-eta)))),
        }
    )

x = r.normal(size=200)
y = 0.6 * x + r.normal(size=200) + 1
regression = {
    "observed": y.tolist(),
    "predicted": x.tolist(),
    "r2": float(metrics.r2_score(y, x)),
    "pearson": float(stats.pearsonr(y, x)[0]),
    "rmse": float(np.sqrt(metrics.mean_squared_error(y, x))),
    "mae": float(metrics.mean_absolute_error(y, x)),
}

data = {"spearman": spearman, "wilcoxon": wilcoxon, "binary": binary}
program = """
suppressPackageStartupMessages(library(jsonlite))
d <- fromJSON(commandArgs(TRUE)[1], simplifyVector = FALSE)
num <- function(l) as.numeric(unlist(l))
s <- function(x) sprintf("%.17g", x)
out <- list(
  spearman = lapply(d$spearman, function(c) s(suppressWarnings(cor.test(num(c$x), num(c$y), method = "spearman"))$p.value)),
  wilcoxon = lapply(d$wilcoxon, function(c) if (c$kind != "plain") NULL else
    list(p = s(wilcox.test(num(c$d), exact = TRUE)$p.value), greater = s(wilcox.test(num(c$d), exact = TRUE, alternative = "greater")$p.value),
         shift = s(wilcox.test(num(c$d), exact = TRUE, conf.int = TRUE)$estimate))),
  binary = lapply(d$binary, function(c) {
    y <- num(c$y); eta <- num(c$eta); k <- glm.control(epsilon = 1e-14, maxit = 100)
    list(slope = s(coef(glm(y ~ eta, family = binomial, control = k))[2]),
         intercept = s(coef(glm(y ~ offset(eta), family = binomial, control = k))[1]))
  }),
  version = as.character(getRversion()))
cat(toJSON(out, auto_unbox = TRUE, null = "null"))
"""
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "in.json"), "w") as file:
        json.dump(data, file)
    with open(os.path.join(folder, "run.R"), "w") as file:
        file.write(program)
    from_r = json.loads(subprocess.check_output(["Rscript", os.path.join(folder, "run.R"), os.path.join(folder, "in.json")]))
for case, p in zip(spearman, from_r["spearman"]):
    case["r"] = float(p)
for case, values in zip(wilcoxon, from_r["wilcoxon"]):
    case["r"] = None if values is None else {k: float(v) for k, v in values.items()}
for case, values in zip(binary, from_r["binary"]):
    case.update({k: float(v) for k, v in values.items()})

out = {
    "tool": "scipy, scikit-learn, R stats",
    "version": f"{scipy.__version__}, {sklearn.__version__}, {from_r['version']}",
    "call": "spearmanr, cor.test(method='spearman'); wilcoxon, wilcox.test(exact=TRUE, conf.int=TRUE); sklearn.metrics, glm(binomial)",
    **data,
    "regression": regression,
}
with open(os.path.join(here, "ranks.json"), "w") as file:
    json.dump(out, file)
    file.write("\n")
