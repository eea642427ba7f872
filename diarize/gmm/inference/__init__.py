"""What a given mixture says of rows: responsibilities, expectations, conditionals, marginals, draws."""
