"""Interchange formats: text <-> annotations, nothing else."""
