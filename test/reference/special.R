# Makes special.json: logs of tails, quantiles and the gamma family from R. Run: Rscript test/reference/special.R
# R rather than scipy: scipy 1.10.1's t.ppf and betaln keep only nine to eleven digits.
suppressPackageStartupMessages(library(jsonlite))
dir <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
pairs <- function(f, ...) {
  g <- expand.grid(...)
  unname(as.matrix(cbind(g, mapply(f, g[[1]], g[[2]], if (ncol(g) > 2) g[[3]] else NA))))
}
z <- c(-40, -8, -3, -1.2, -1.06, -0.5, -1e-8, 0, 1e-8, 0.3, 1, 1.06, 1.0607, 1.5, 2, 3.3, 5, 8, 12, 25, 37, 40, 100, 1000, 1e5)
p <- c(1e-300, 1e-100, 1e-20, 1e-8, 0.001, 0.025, 0.1, 0.24, 0.26, 0.3, 0.49, 0.4999999, 0.5, 0.51, 0.7, 0.975, 0.999, 1 - 1e-10)
tv <- c(1e-6, 0.1, 0.9, 1.7, 2.5, 6, 20, 60)
out <- list(
  tool = "R stats", version = as.character(getRversion()),
  call = "pnorm, pt, pf, pchisq (lower.tail=FALSE, log.p=TRUE), qnorm, qt, lgamma, lbeta",
  normalLogSf = unname(cbind(z, pnorm(z, lower.tail = FALSE, log.p = TRUE))),
  normalQuantile = unname(cbind(p, qnorm(p))),
  studentLogTwoSidedP = pairs(function(t, df, unused) log(2) + pt(t, df, lower.tail = FALSE, log.p = TRUE),
    t = tv, df = c(1, 2, 3, 7, 30, 182, 5000, 350000)),
  studentQuantile = pairs(function(p, df, unused) qt(p, df),
    p = c(1e-10, 0.01, 0.4, 0.8, 0.975, 0.9999), df = c(1, 2.5, 14, 300)),
  fLogSf = unname(as.matrix(do.call(rbind, lapply(list(c(1, 5), c(3, 20), c(12, 7), c(40, 300), c(2, 100000)), function(d)
    t(sapply(c(0.05, 0.6, 1, 1.8, 6, 40), function(f) c(f, d, pf(f, d[1], d[2], lower.tail = FALSE, log.p = TRUE)))))))),
  chi2LogSf = pairs(function(x, df, unused) pchisq(x, df, lower.tail = FALSE, log.p = TRUE),
    x = c(0.01, 0.8, 3, 12, 90, 600, 5000), df = c(1, 2, 3, 10, 100)),
  logGamma = unname(t(sapply(c(1e-5, 0.1, 0.5, 1, 1.5, 2, 3.7, 9.9, 10, 25.5, 170, 1e4, 1e7), function(x) c(x, lgamma(x))))),
  logBeta = unname(t(sapply(list(c(0.5, 0.5), c(0.5, 3), c(2, 3), c(0.5, 15), c(0.5, 175000), c(4, 1e6), c(12, 13), c(500, 700), c(20, 1e5)),
    function(a) c(a, lbeta(a[1], a[2])))))
)
# jsonlite keeps 15 digits, so numbers go through %.17g strings whose quotes are then removed.
exact <- rapply(out, function(x) `dim<-`(sprintf("%.17g", x), dim(x)), classes = c("numeric", "matrix"), how = "replace")
text <- gsub('"(-?[0-9.]+(e[-+]?[0-9]+)?)"', "\\1", toJSON(exact, auto_unbox = TRUE))
writeLines(sub('"version":([0-9.]+)', '"version":"\\1"', text), file.path(dir, "special.json"))
