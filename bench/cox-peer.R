# Median seconds of coxph() and of bare coxph.fit(), started at the covariates' own fit, over the exposures of a file of doubles.
# Rscript cox-peer.R FILE PEOPLE COVARIATES EXPOSURES
suppressMessages(library(survival))
a <- commandArgs(TRUE)
n <- as.integer(a[2]); q <- as.integer(a[3]); m <- as.integer(a[4])
x <- matrix(readBin(a[1], 'double', n * (2 + q + m)), n)
y <- Surv(x[, 1], x[, 2])
covariates <- x[, 2 + seq_len(q), drop = FALSE]
control <- coxph.control()
names <- as.character(seq_len(n))
start <- coxph.fit(covariates, y, NULL, NULL, NULL, control, rep(1, n), 'efron', names)$coefficients
seconds <- function(run) unname(system.time(run())[['elapsed']])
whole <- sapply(seq_len(m), function(j) seconds(function() coxph(y ~ covariates + x[, 2 + q + j])))
bare <- sapply(seq_len(m), function(j) {
  design <- cbind(covariates, x[, 2 + q + j])
  seconds(function() coxph.fit(design, y, NULL, NULL, c(start, 0), control, rep(1, n), 'efron', names))
})
peak <- grep('VmHWM', readLines('/proc/self/status'), value = TRUE)
cat(sprintf('{"version": "%s", "coxph": %f, "fit": %f, "megabytes": %f}', packageVersion('survival'), median(whole), median(bare),
            as.numeric(gsub('[^0-9]', '', peak)) / 1024))
