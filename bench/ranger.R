# ranger's side of the benchmarks: the same arguments and output as bench/peers.py
# has after the name.
#
#   Rscript bench/ranger.R version
#   Rscript bench/ranger.R train TRAIN TEST TREES ... RUNS
#   Rscript bench/ranger.R predict TRAIN TEST TREES ... RUNS

suppressPackageStartupMessages({
  library(ranger)
  library(data.table)
})

read_rows <- function(name) {
  rows <- fread(name, header = FALSE, data.table = FALSE)
  list(x = as.matrix(rows[, -1]), y = factor(rows[[1]]))
}

# Without the out-of-bag error, which scikit-learn does not compute by default either.
fit <- function(rows, trees, threads) {
  ranger(x = rows$x, y = rows$y, num.trees = trees, num.threads = threads, write.forest = TRUE,
         oob.error = FALSE, verbose = FALSE, seed = 42)
}

predict_classes <- function(model, x) predict(model, x, num.threads = 1, verbose = FALSE)$predictions

# The medians of seconds and CPU seconds of the runs, and what the last one returned.
timed <- function(runs, work) {
  times <- replicate(runs, {
    used <- system.time(result <<- work())
    c(used[["elapsed"]], used[["user.self"]] + used[["sys.self"]])
  })
  list(result = result, times = apply(times, 1, median))
}

measure <- function(command, train, test, trees, runs) {
  if (command == "train") {
    fitted <- timed(runs, function() fit(train, trees, 1))
    model <- fitted$result
    predicted <- predict_classes(model, test$x)
    times <- fitted$times
  } else {
    model <- fit(train, trees, 2)
    answer <- timed(runs, function() predict_classes(model, test$x))
    predicted <- answer$result
    times <- answer$times
  }
  nodes <- mean(lengths(model$forest$split.varIDs))
  correct <- mean(as.character(predicted) == as.character(test$y))
  cat(sprintf("%.4f %.4f %.0f %.4f\n", times[1], times[2], nodes, correct))
}

arguments <- commandArgs(trailingOnly = TRUE)
if (arguments[1] == "version") {
  cat(as.character(packageVersion("ranger")), "\n", sep = "")
} else {
  counts <- as.integer(arguments[-(1:3)])
  train <- read_rows(arguments[2])
  test <- read_rows(arguments[3])
  for (trees in head(counts, -1)) measure(arguments[1], train, test, trees, tail(counts, 1))
}
