# Reference values for stats/fdr.ts from stats::p.adjust. Run from the project root: Rscript test/reference/fdr.R
library(jsonlite)
set.seed(1)
p <- c(runif(40), rbeta(20, 0.1, 8), 1, 1, 0.04, 0.04, 1e-12, 1e-250)
p[c(5, 17)] <- NA
cat(toJSON(list(tool = "R stats::p.adjust", version = R.version.string, p = p,
  bh = p.adjust(p, "BH"), bonferroni = p.adjust(p, "bonferroni"),
  bh_declared = p.adjust(p, "BH", n = 100), bonferroni_declared = p.adjust(p, "bonferroni", n = 100),
  call = "p.adjust(p, method) and p.adjust(p, method, n = 100)"), digits = I(17), na = "null", auto_unbox = TRUE),
  file = "test/reference/fdr.json")
