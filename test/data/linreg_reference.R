# Reference values for test/sql/linreg_inference.sql: R's lm on ten cars of
# mtcars, printed to 17 digits. Prints a line for each model.
d <- data.frame(
  mpg = c(21, 21, 22.8, 21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2),
  wt = c(2.62, 2.875, 2.32, 3.215, 3.44, 3.46, 3.57, 3.19, 3.15, 3.44),
  hp = c(110, 110, 93, 110, 175, 105, 245, 62, 95, 123),
  w = c(1, 2, 0.5, 3, 0, 1.5, 2, 1, 1e-3, 2))
at <- data.frame(wt = 3, hp = 100)

numbers <- function(f, level) {
  s <- summary(f)
  fs <- s$fstatistic
  p <- function(kind) suppressWarnings(predict(f, at, interval = kind, level = level))
  c(t(cbind(s$coefficients, confint(f, level = level))), s$r.squared, s$adj.r.squared, s$sigma,
    fs[1], pf(fs[1], fs[2], fs[3], lower.tail = FALSE), logLik(f), AIC(f), BIC(f),
    p("confidence"), p("prediction")[2:3])
}
show <- function(name, v) cat(name, ": ", paste(sprintf("%.17g", v), collapse = ","), "\n", sep = "")

show("plain", numbers(lm(mpg ~ wt + hp, d), 0.95))
show("weighted", numbers(lm(mpg ~ wt + hp, d, weights = w), 0.9))
show("origin", numbers(lm(mpg ~ wt + hp - 1, d), 0.99))
show("weighted_origin", numbers(lm(mpg ~ wt + hp - 1, d, weights = w), 0.5))
show("dependent", summary(lm(mpg ~ wt + hp + I(wt + hp) + I(7 + 0 * hp) + sqrt(hp), d))$coefficients["sqrt(hp)", 1:2])
