# Reference values for stats/logistic*.ts and stats/elastic-net*.ts from glmnet.
# Run from the project root: Rscript test/reference/glmnet.R
suppressMessages({library(glmnet); library(jsonlite)})
glmnet.control(fdev = 0, devmax = 1)  # the whole path, no early stop
set.seed(3)
n <- 120; p <- 12
z <- matrix(rnorm(n * p), n)
x <- round(0.7 * z + 0.5 * z[, 1], 4)          # correlated columns
x[, 3] <- round(100 + 25 * x[, 3], 2)          # another unit
x[, 4] <- as.numeric(x[, 4] > 0.3)
y <- round(2 + x[, 1] - 0.8 * x[, 2] + 0.02 * x[, 3] + rnorm(n), 4)
label <- rbinom(n, 1, plogis(-0.6 + x[, 1] - 0.7 * x[, 5]))
fold <- rep(1:5, length.out = n)[order(rnorm(n))]
wide <- round(matrix(rnorm(40 * 60), 40), 4)
wide_y <- round(wide[, 1] - wide[, 2] + rnorm(40), 4)
wide_label <- rbinom(40, 1, plogis(wide[, 1]))

logistic <- function(name, x, label, lambda) {
  fit <- glmnet(x, label, family = "binomial", standardize = FALSE, thresh = 1e-14, maxit = 1e6, lambda = lambda)
  list(name = name, lambda = fit$lambda, intercept = unname(fit$a0), beta = lapply(seq_along(fit$lambda), function(l) as.vector(fit$beta[, l])),
    call = "glmnet(x, label, family = 'binomial', standardize = FALSE, thresh = 1e-14, lambda = lambda)")
}
linear <- function(name, x, y, alpha, standardize, lambda = NULL) {
  fit <- if (is.null(lambda)) glmnet(x, y, alpha = alpha, standardize = standardize, thresh = 1e-14, maxit = 1e6)
         else glmnet(x, y, alpha = alpha, standardize = standardize, thresh = 1e-14, maxit = 1e6, lambda = lambda)
  keep <- if (is.null(lambda)) unique(c(seq(1, length(fit$lambda), by = 9), length(fit$lambda))) else seq_along(fit$lambda)
  if (alpha == 0) keep <- setdiff(keep, 1)  # glmnet computes ridge's first penalty as infinity and relabels it
  list(name = name, alpha = alpha, standardize = standardize, first = fit$lambda[1], last = tail(fit$lambda, 1), length = length(fit$lambda),
    lambda = fit$lambda[keep], intercept = unname(fit$a0)[keep], beta = lapply(keep, function(l) as.vector(fit$beta[, l])), explained = fit$dev.ratio[keep],
    call = "glmnet(x, y, alpha, standardize, thresh = 1e-14)")
}
cases <- list()
for (alpha in c(1, 0.5, 0)) for (standardize in c(TRUE, FALSE)) {
  cases <- c(cases, list(linear(paste("tall", alpha, standardize), x, y, alpha, standardize)))
}
wide_cases <- list(linear("wide 1", wide, wide_y, 1, TRUE), linear("wide 0.3", wide, wide_y, 0.3, TRUE), linear("wide 0", wide, wide_y, 0, TRUE))
lambda <- exp(seq(log(2), log(0.005), length.out = 20))
cv <- cv.glmnet(x, y, lambda = lambda, foldid = fold, thresh = 1e-14, maxit = 1e6)
llambda <- exp(seq(log(0.2), log(0.002), length.out = 20))
lx <- x; lx[, 3] <- (lx[, 3] - 100) / 25
lcv <- cv.glmnet(lx, label, family = "binomial", lambda = llambda, foldid = fold, standardize = FALSE, thresh = 1e-14, maxit = 1e6)
summary_cv <- function(cv) list(lambda = cv$lambda, mean = cv$cvm, se = cv$cvsd, best = cv$lambda.min, one_se = cv$lambda.1se)
cat(toJSON(list(tool = "R glmnet", version = as.character(packageVersion("glmnet")), x = x, y = y, label = label, fold = fold,
  wide = wide, wide_y = wide_y, wide_label = wide_label, logistic_x = lx,
  logistic = logistic("tall", lx, label, c(0.1, 0.03, 0.01, 0.001, 1 / n)), logistic_wide = logistic("wide", wide, wide_label, c(0.1, 0.05, 0.02)),
  linear = cases, linear_wide = wide_cases, cv = summary_cv(cv), logistic_cv = summary_cv(lcv)),
  digits = I(17), auto_unbox = TRUE), file = "test/reference/glmnet.json")
