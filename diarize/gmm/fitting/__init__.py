"""How the parameters of a mixture are found: starts, EM, variational Bayes, splitting, adaptation, streams."""
