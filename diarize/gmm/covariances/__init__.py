"""Kinds of covariance, one file each family: all that a mixture does differently from one kind to the next."""
