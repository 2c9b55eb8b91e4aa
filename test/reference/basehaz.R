# Cumulative baseline hazards by survival::basehaz, and weighted fits with robust errors: ties, late entry, strata, weights.
# Run from the project root: Rscript test/reference/basehaz.R
suppressMessages(library(survival))
library(jsonlite)

set.seed(20)
n <- 80
d <- data.frame(start = round(runif(n, 0, 4), 1), event = rbinom(n, 1, 0.6), x = rnorm(n), z = rbinom(n, 1, 0.4),
                s = sample(1:3, n, TRUE), case_weight = round(runif(n, 0.2, 3), 2))
d$stop <- round(d$start + rexp(n, exp(0.5 * d$x)) * 4 + 0.1, 1)
cases <- list()
for (ties in c('efron', 'breslow')) for (entry in c(FALSE, TRUE)) for (strata in c(FALSE, TRUE)) for (weights in c(FALSE, TRUE)) {
  f <- as.formula(paste0(if (entry) 'Surv(start, stop, event)' else 'Surv(stop, event)', ' ~ x + z', if (strata) ' + strata(s)' else ''))
  d$given <- if (weights) d$case_weight else rep(1, n)
  control <- coxph.control(eps = 1e-12, iter.max = 50)
  fit <- coxph(f, d, weights = given, ties = ties, robust = FALSE, control = control)
  robust <- coxph(f, d, weights = given, ties = ties, cluster = seq_len(n), control = control)
  zero <- basehaz(fit, centered = FALSE)
  means <- basehaz(fit, centered = TRUE)
  cases[[length(cases) + 1]] <- list(ties = ties, entry = entry, strata = strata, weights = weights, call = deparse(f),
    beta = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), robust = unname(sqrt(diag(vcov(robust)))),
    time = zero$time, stratum = if (strata) as.integer(sub('s=', '', zero$strata)) else rep(0, nrow(zero)),
    zero = zero$hazard, means = means$hazard)
}
write_json(list(
  tool = 'R survival', version = as.character(packageVersion('survival')), r = R.version.string,
  call = "basehaz(coxph(..., weights = given, ties = ties, control = coxph.control(eps = 1e-12, iter.max = 50)), centered)",
  data = as.list(d[names(d) != 'given']), cases = cases), 'test/reference/basehaz.json', auto_unbox = TRUE, digits = 15, pretty = FALSE)
