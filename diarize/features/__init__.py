"""From sound to vectors: log mel energies, cepstra, derivatives, normalisation.

The only part that knows librosa. It takes librosa's mel filter bank, mel scale and window; the other parts have numba
compile for ten seconds when they are imported first, so they are left out, and tests hold the results equal to them.
"""

from diarize.features.band import effective_band, narrowed
from diarize.features.cepstra import add_deltas, mfcc, voice_features
from diarize.features.normalisation import normalise
from diarize.features.spectrum import FLOOR, grid, log_mel, mel_bank

__all__ = [
    "FLOOR",
    "add_deltas",
    "effective_band",
    "grid",
    "log_mel",
    "mel_bank",
    "mfcc",
    "narrowed",
    "normalise",
    "voice_features",
]
