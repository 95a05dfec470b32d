# Writes golden values of local regression by R's loess, with the band of ggplot2's geom_smooth(method = "loess").
#
#     Rscript loess.R > ../../../sdk/analysis/tests/golden/loess.json

number <- function(x) paste0("[", paste(sprintf("%.17g", x), collapse = ","), "]")

# A small generator, so that the data do not depend on R's own.
noise <- function(n, seed) {
  state <- seed
  out <- numeric(n)
  for (i in seq_len(n)) {
    state <- (state * 16807) %% 2147483647
    out[i] <- state / 2147483647 - 0.5
  }
  out
}

cases <- list(
  smooth = list(x = seq(0, 1, length.out = 25), y = sin(6 * seq(0, 1, length.out = 25)) + noise(25, 11), span = 0.75),
  uneven = list(x = (noise(60, 7) + 0.5)^3 * 40, y = NULL, span = 0.75),
  ties = list(x = round((noise(80, 3) + 0.5) * 20) / 20, y = NULL, span = 0.5),
  narrow = list(x = sort(noise(150, 5)), y = NULL, span = 0.2),
  whole = list(x = c(1, 2, 3, 5, 8, 13, 21, 34), y = c(2, 1, 4, 3, 6, 5, 9, 7), span = 1),
  cycles = list(x = seq(100, 5000, by = 100), y = log(seq(100, 5000, by = 100)) + noise(50, 9) / 5, span = 0.75)
)

entries <- character()
for (name in names(cases)) {
  case <- cases[[name]]
  x <- case$x
  y <- case$y
  if (is.null(y)) y <- 3 * x - x^2 / 10 + noise(length(x), 23)
  at <- seq(min(x), max(x), length.out = 17)
  for (surface in c("interpolate", "direct")) {
    fit <- loess(y ~ x, span = case$span, control = loess.control(surface = surface))
    prediction <- predict(fit, data.frame(x = at), se = TRUE)
    half <- prediction$se.fit * qt(0.975, prediction$df)
    entries <- c(entries, sprintf(
      '{"name":"%s","surface":"%s","span":%.17g,"x":%s,"y":%s,"fitted":%s,"trace":%.17g,"one_delta":%.17g,"two_delta":%.17g,"residual_scale":%.17g,"at":%s,"value":%s,"standard_error":%s,"low":%s,"high":%s}',
      name, surface, case$span, number(x), number(y), number(fit$fitted), fit$trace.hat, fit$one.delta, fit$two.delta,
      fit$s, number(at), number(prediction$fit), number(prediction$se.fit), number(prediction$fit - half),
      number(prediction$fit + half)
    ))
  }
}
cat(sprintf('{"made_by":"%s, stats::loess",\n"cases":[\n%s\n]}\n', R.version.string, paste(entries, collapse = ",\n")))
