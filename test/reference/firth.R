# Reference values for stats/cox-firth.ts. No R package on hand fits Firth's Cox model, so the penalised likelihood
# l(b) + log|I(b)|/2 is evaluated by survival::coxph(init = b, iter.max = 0) and maximised here, without derivatives
# of the penalty. Run from the project root: Rscript test/reference/firth.R
suppressMessages({library(survival); library(jsonlite)})

penalised <- function(y, x, ties, s, w) function(b) {
  f <- if (is.null(s)) y ~ x else y ~ x + strata(s)
  environment(f) <- environment()
  fit <- suppressWarnings(coxph(f, init = b, control = coxph.control(iter.max = 0), ties = ties, weights = w, robust = FALSE))
  list(value = fit$loglik[1] - determinant(as.matrix(fit$var))$modulus[1] / 2, loglik = fit$loglik[1], var = as.matrix(fit$var))
}

gradient <- function(f, b, h) sapply(seq_along(b), function(j) {  # fourth-order central difference
  e <- replace(numeric(length(b)), j, h[j])
  (8 * (f(b + e)$value - f(b - e)$value) - (f(b + 2 * e)$value - f(b - 2 * e)$value)) / (12 * h[j])
})

maximise <- function(f, p, free = rep(TRUE, p)) {
  expand <- function(b) replace(numeric(p), free, b)
  g <- function(b) f(expand(b))
  b <- optim(numeric(sum(free)), function(b) -g(b)$value, method = "BFGS", control = list(reltol = 1e-14, maxit = 500))$par
  for (i in 1:60) {  # Fisher scoring polishes what finite differences of the value cannot see
    v <- solve(solve(g(b)$var)[free, free, drop = FALSE])
    step <- drop(v %*% gradient(g, b, 1e-3 * sqrt(diag(v))))
    b <- b + step
    if (max(abs(step) / sqrt(diag(v))) < 1e-9) break
  }
  at <- g(b)
  list(beta = expand(b), se = sqrt(diag(at$var)), value = at$value, loglik = at$loglik)
}

case <- function(name, d, covariates, ties = "efron", start = NULL, strata = NULL, weights = NULL) {
  x <- as.matrix(d[, covariates, drop = FALSE])
  y <- if (is.null(start)) Surv(d$time, d$event) else Surv(d[[start]], d$time, d$event)
  w <- if (is.null(weights)) rep(1, nrow(d)) else d[[weights]]
  f <- penalised(y, x, ties, if (is.null(strata)) NULL else d[[strata]], w)
  p <- length(covariates)
  fit <- maximise(f, p)
  ratio <- sapply(seq_len(p), function(j) 2 * (fit$value - (if (p == 1) f(0) else maximise(f, p, seq_len(p) != j))$value))
  list(name = name, ties = ties, covariates = I(covariates), start = start, strata = strata, weights = weights,
    beta = I(unname(fit$beta)), se = I(unname(fit$se)), likelihood_ratio = I(ratio), loglik = fit$loglik)
}

set.seed(8)
n <- 60
d <- data.frame(x1 = round(rnorm(n), 4), x2 = rbinom(n, 1, 0.5), w = round(runif(n, 0.5, 2), 3), s = sample(1:2, n, TRUE))
d$time <- ceiling(rexp(n, exp(0.4 * d$x1) / 5) * 4) / 4
d$start <- round(d$time * runif(n, 0, 0.5), 3)
d$event <- rbinom(n, 1, 0.35)
d$separated <- as.numeric(d$event == 1 & d$time <= quantile(d$time[d$event == 1], 0.3))
cases <- list()
for (ties in c("efron", "breslow")) {
  cases <- c(cases, list(
    case("plain", d, c("x1", "x2"), ties), case("separated", d, c("x1", "separated"), ties), case("one covariate", d, "x1", ties),
    case("strata and weights", d, c("x1", "x2"), ties, strata = "s", weights = "w"),
    case("entry, separated", d, c("x1", "x2", "separated"), ties, start = "start")))
}
cat(toJSON(list(tool = "R survival (likelihood), stats::optim", version = as.character(packageVersion("survival")),
  call = "maximise coxph(init = b, iter.max = 0)$loglik - log|var|/2", data = as.list(d), cases = cases),
  digits = I(17), auto_unbox = TRUE, null = "null"), file = "test/reference/firth.json")
