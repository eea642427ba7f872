"""How good a result is, and what follows from it: scores, votes, calibration, tuning."""
