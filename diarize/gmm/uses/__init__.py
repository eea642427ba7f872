"""What mixtures are used for: selection, groups, anomalies, density, imputation, features, pictures, separation."""
