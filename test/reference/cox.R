# Reference values for stats/cox*.ts from survival::coxph, cox.zph and concordance.
# Run from the project root: Rscript test/reference/cox.R
suppressMessages({library(survival); library(jsonlite)})
data_dir <- "../shared/data/cohorts/"

# A covariate is a numeric column, an indicator (equals), or a log; the test builds the same columns.
covariate <- function(d, s) {
  x <- d[[s$column]]
  if (!is.null(s$equals)) return(ifelse(is.na(x), NA, as.numeric(x == s$equals)))
  if (isTRUE(s$log)) return(log(x))
  as.numeric(x)
}
num <- function(...) lapply(c(...), function(n) list(column = n))
is <- function(column, equals) list(column = column, equals = equals)

fit_case <- function(name, d, spec) {
  x <- do.call(cbind, lapply(spec$covariates, function(s) covariate(d, s)))
  time <- d[[spec$time]] + (if (is.null(spec$add)) 0 else spec$add)
  event <- as.numeric(d[[spec$event$column]] %in% spec$event$values)
  event[is.na(d[[spec$event$column]]) & !isTRUE(spec$event$missing_is_censored)] <- NA
  y <- if (is.null(spec$start)) Surv(time, event) else Surv(d[[spec$start]], time, event)
  s <- if (is.null(spec$strata)) NULL else d[[spec$strata]]
  w <- if (is.null(spec$weights)) rep(1, nrow(d)) else as.numeric(d[[spec$weights]])
  f <- if (is.null(s)) y ~ x else y ~ x + strata(s)
  environment(f) <- environment()
  warned <- character()
  quietly <- function(expr) withCallingHandlers(expr, warning = function(e) {
    warned <<- c(warned, conditionMessage(e)); invokeRestart("muffleWarning") })
  fit <- quietly(coxph(f, weights = w, ties = spec$ties, robust = FALSE))
  out <- list(name = name, spec = spec, call = paste0("coxph(", deparse(f), ", weights = w, ties = '", spec$ties, "', robust = FALSE)"),
    n = fit$n, events = fit$nevent, beta = unname(coef(fit)), se = unname(sqrt(diag(fit$var))),
    variance = as.vector(fit$var), loglik = fit$loglik, score = fit$score, wald = unname(fit$wald.test), iterations = fit$iter,
    warnings = warned)
  if (isTRUE(spec$diagnostics)) {
    robust <- quietly(coxph(f, weights = w, ties = spec$ties, robust = TRUE, cluster = seq_along(w)))
    out$robust_se <- unname(sqrt(diag(robust$var)))
    group <- seq_along(w) %% 7
    clustered <- quietly(coxph(f, weights = w, ties = spec$ties, cluster = group))
    out$cluster_se <- unname(sqrt(diag(clustered$var)))
    # concordance(fit) drops the strata of a formula with a matrix of its own; coxph stores what it computed itself.
    out$concordance <- unname(fit$concordance[c("concordant", "discordant", "tied.x", "tied.y", "tied.xy", "concordance")])
    out$zph <- lapply(c("km", "identity", "rank", "log"), function(tr) {
      z <- cox.zph(fit, transform = tr, terms = FALSE)
      list(transform = tr, chisq = unname(z$table[, 1]), df = unname(z$table[, 2]), p = unname(z$table[, 3]))
    })
    g <- cox.zph(fit, transform = "identity", terms = FALSE)
    out$schoenfeld <- as.vector(residuals(fit, "schoenfeld"))
    if (length(out$schoenfeld) > 600) out$schoenfeld <- out$schoenfeld[1:600]
  }
  out
}

lung <- read.csv(paste0(data_dir, "survival_lung.csv"))
pbc <- read.csv(paste0(data_dir, "survival_pbc.csv"))
veteran <- read.csv(paste0(data_dir, "survival_veteran.csv"))
aml <- read.csv(paste0(data_dir, "survival_aml.csv"))
flchain <- read.csv(paste0(data_dir, "survival_flchain.csv"))
nhanes <- read.csv(gzfile(paste0(data_dir, "nhanes3.csv.gz")))

real <- list()
add <- function(name, file, d, ...) {
  for (ties in c("efron", "breslow")) {
    spec <- list(file = file, ties = ties, ...)
    real[[length(real) + 1]] <<- fit_case(paste(name, ties), d, spec)
  }
}
ev <- function(column, values, ...) list(column = column, values = I(values), ...)
add("lung", "survival_lung.csv", lung, time = "time", event = ev("status", 2),
  covariates = num("age", "sex", "ph.ecog", "ph.karno", "wt.loss"), diagnostics = TRUE)
add("lung, strata", "survival_lung.csv", lung, time = "time", event = ev("status", 2),
  covariates = num("age", "ph.ecog", "meal.cal"), strata = "sex", diagnostics = TRUE)
add("pbc, many covariates", "survival_pbc.csv", pbc, time = "time", event = ev("status", 2),
  covariates = c(num("trt", "age"), list(is("sex", "f")), num("edema", "bili", "albumin", "copper", "protime", "stage")), diagnostics = TRUE)
add("veteran", "survival_veteran.csv", veteran, time = "time", event = ev("status", 1),
  covariates = c(num("trt", "karno", "diagtime", "age", "prior"), lapply(c("smallcell", "adeno", "large"), function(v) is("celltype", v))), diagnostics = TRUE)
add("veteran, strata, weights", "survival_veteran.csv", veteran, time = "time", event = ev("status", 1),
  covariates = num("trt", "karno", "age"), strata = "prior", weights = "karno", diagnostics = TRUE)
add("aml", "survival_aml.csv", aml, time = "time", event = ev("status", 1), covariates = list(is("x", "Maintained")), diagnostics = TRUE)
add("flchain", "survival_flchain.csv", flchain, time = "futime", event = ev("death", 1),
  covariates = c(num("age"), list(is("sex", "F")), num("kappa", "lambda", "creatinine", "mgus")), diagnostics = FALSE)
add("flchain, circulatory, strata", "survival_flchain.csv", flchain, time = "futime", event = ev("chapter", "Circulatory", missing_is_censored = TRUE),
  covariates = num("age", "kappa", "lambda"), strata = "sample.yr", weights = "flc.grp", diagnostics = FALSE)
nh <- c(num("age", "gender", "bmi", "fev"), list(list(column = "cadmium", log = TRUE), is("ethnicity", 2), is("ethnicity", 3)))
for (cause in c(1, 3, 7, 9)) {
  add(paste("NHANES III, cause", cause), "nhanes3.csv.gz", nhanes, time = "permth_int", add = 0.5,
    event = ev("ucod_leading", cause, missing_is_censored = TRUE), covariates = nh, diagnostics = FALSE)
}

# Random data: ties, missing values, weights, late entry, strata. Stored whole.
random <- list()
make <- function(seed, n, grid, censored, missing) {
  set.seed(seed)
  x1 <- round(rnorm(n), 4); x2 <- rbinom(n, 1, 0.4); x3 <- round(rexp(n) * 100 + 1e4, 3)
  rate <- exp(0.5 * x1 - 0.7 * x2 + 0.004 * (x3 - 1e4)) / 10
  t <- rexp(n, rate); cens <- rexp(n, censored / 10)
  time <- ceiling(pmin(t, cens) * grid) / grid
  start <- pmax(0, round(time - runif(n, 0.2, 1.6) * time, 2))
  d <- data.frame(time = time, start = ifelse(start >= time, 0, start), event = as.numeric(t <= cens), x1, x2, x3,
    s = sample(1:4, n, TRUE), w = round(runif(n, 0.3, 3), 3))
  for (column in c("x1", "x2", "x3")) d[[column]][runif(n) < missing] <- NA
  d
}
variants <- list(list(), list(start = "start"), list(strata = "s"), list(weights = "w"), list(start = "start", strata = "s", weights = "w"))
datasets <- list(make(1, 80, 2, 0.6, 0), make(2, 200, 1, 1.5, 0.1), make(3, 25, 4, 0.4, 0))
for (i in seq_along(datasets)) for (v in variants) for (ties in c("efron", "breslow")) {
  spec <- c(list(dataset = i - 1, ties = ties, time = "time", event = ev("event", 1), covariates = num("x1", "x2", "x3"), diagnostics = TRUE), v)
  random[[length(random) + 1]] <- fit_case(paste("random", i, paste(c(names(v), ties), collapse = " ")), datasets[[i]], spec)
}

# Troublesome: redundant and constant columns, separation, one event, all events at one time.
set.seed(4)
n <- 40
hard_data <- data.frame(time = rexp(n), event = rbinom(n, 1, 0.7), x1 = rnorm(n), one = 1, many = 0.1)
hard_data <- transform(hard_data, twice = 2 * x1 + 3, x2 = rnorm(n), separated = as.numeric(event == 1 & time < 0.5), same = 1,
  start = 0, lone = as.numeric(seq_len(n) == which(event == 1)[3]))
hard_large <- data.frame(time = round(rexp(300) * 10, 6), event = rbinom(300, 1, 0.7), x1 = round(rnorm(300), 6))
hard_data$mix <- hard_data$x1 - 0.5 * hard_data$x2
hard <- list()
# Complete separation in larger samples: Newton overshoots, and the column vanishes from the information.
for (i in 1:6) {
  separating <- with(hard_large, as.numeric(event == 1 & time < quantile(time, 0.02 * i)))
  hard_large[[paste0("early", i)]] <- separating
}
for (v in list(list(time = "time", covariates = num("x1", "twice")), list(time = "time", covariates = num("x1", "x2", "mix")),
               list(time = "time", covariates = num("x1", "separated")), list(time = "same", covariates = num("x1", "x2")),
               list(time = "time", start = "start", covariates = num("x1", "separated")), list(time = "time", start = "start", covariates = num("x1", "x2", "mix")),
               list(time = "time", event = ev("lone", 1), covariates = num("x1")))) {
  spec <- c(v, list(ties = "efron"))
  if (is.null(spec$event)) spec$event <- ev("event", 1)
  hard[[length(hard) + 1]] <- fit_case(paste("hard", paste(sapply(v$covariates, `[[`, "column"), collapse = " "), v$start), hard_data, spec)
}

vanishing <- lapply(1:6, function(i) fit_case(paste("vanishing", i), hard_large,
  list(time = "time", event = ev("event", 1), covariates = num("x1", paste0("early", i)), ties = "efron", large = TRUE)))

cat(toJSON(list(tool = "R survival", version = as.character(packageVersion("survival")), r = R.version.string,
  datasets = lapply(datasets, as.list), hard_data = as.list(hard_data), hard_large = as.list(hard_large), real = real, random = random, hard = hard, vanishing = vanishing),
  digits = I(17), auto_unbox = TRUE, na = "null"), file = "test/reference/cox.json")
