"""The E step: mixtures compiled for it, rows in blocks, products, threads, missing entries."""
