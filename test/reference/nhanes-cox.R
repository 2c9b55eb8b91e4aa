# Cause-specific Cox models of NHANES III: every cause of death on every trait, on all eligible people, by survival::coxph.
# Run from the project root: Rscript test/reference/nhanes-cox.R
library(survival)
library(jsonlite)

d <- read.csv('../shared/data/cohorts/nhanes3.csv.gz')
blood <- c('lymph', 'mcv', 'monopa', 'rbc', 'rdw', 'wbc', 'albumin', 'alp', 'bun', 'creat', 'glucose', 'ttbl', 'uap', 'crp',
           'hba1c', 'hdl', 'totchol', 'trig', 'insulin', 'vitaminA', 'vitaminE', 'vitaminC', 'ggt')
d <- d[is.na(d$pregnant) | d$pregnant != 1, ]
d <- d[rowMeans(is.na(d[, blood])) <= 0.2, ]
d <- d[!is.na(d$permth_int), ]
d$time <- d$permth_int + 0.5
d$log_cadmium <- log(d$cadmium)

fits <- list()
for (cause in 1:9) for (trait in c('fev', 'height', 'weight', 'waist', 'sbp', 'dbp')) {
  d$event <- as.integer(!is.na(d$ucod_leading) & d$ucod_leading == cause)
  y <- d[[trait]]
  d$x <- (y - mean(y, na.rm = TRUE)) / sqrt(mean((y - mean(y, na.rm = TRUE))^2, na.rm = TRUE))
  bmi <- if (trait %in% c('weight', 'waist')) '' else ' + bmi'
  model <- as.formula(paste0('Surv(time, event) ~ age + factor(gender) + factor(ethnicity) + log_cadmium', bmi, ' + x'))
  fit <- suppressWarnings(coxph(model, d, control = coxph.control(eps = 1e-12, iter.max = 50)))
  at <- length(coef(fit))
  fits[[length(fits) + 1]] <- list(cause = cause, trait = trait, n = fit$n, events = fit$nevent,
                                   beta = unname(coef(fit)[at]), se = sqrt(vcov(fit)[at, at]))
}
write_json(list(
  tool = 'R survival', version = as.character(packageVersion('survival')), r = R.version.string,
  call = 'coxph(Surv(time, event) ~ age + factor(gender) + factor(ethnicity) + log_cadmium [+ bmi] + x, control = coxph.control(eps = 1e-12, iter.max = 50))',
  people = nrow(d), fits = fits), 'test/reference/nhanes-cox.json', auto_unbox = TRUE, digits = 15, pretty = FALSE)
