"""Forward-backward and Viterbi, one module a topology, behind one protocol."""
