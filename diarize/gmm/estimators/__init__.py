"""Mixtures as scikit-learn's estimators: checks, storage and the two classes."""
