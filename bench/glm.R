# R's side of bench/logreg.sh: rows out of the database, then glm and its summary.
#
#   Rscript bench/glm.R RUNS
#
# Prints medians: seconds and CPU seconds of the copy, of the fit, and the
# log-likelihood. The CPU seconds of the copy are those of R and psql.

suppressPackageStartupMessages(library(data.table))

runs <- as.integer(commandArgs(trailingOnly = TRUE)[1])
query <- paste0("COPY (SELECT label::int, ", paste0("x[", 1:10, "]", collapse = ", "), " FROM viewer) TO STDOUT (FORMAT csv)")
command <- paste("psql -qAtX -c", shQuote(query))

# user and system time of R and of what it ran
cpu <- function(used) sum(used[c("user.self", "sys.self", "user.child", "sys.child")])

times <- replicate(runs, {
  fetched <- system.time({
    rows <- fread(cmd = command, header = FALSE, data.table = FALSE, nThread = 1)
  })
  fitted <- system.time({
    model <- glm(V1 ~ ., binomial(), rows)
    summary(model)
  })
  likelihood <<- as.numeric(logLik(model))
  c(fetched[["elapsed"]], cpu(fetched), fitted[["elapsed"]], cpu(fitted))
})
cat(sprintf("%.4f", apply(times, 1, median)), sprintf("%.6f", likelihood), as.character(getRversion()), "\n")
