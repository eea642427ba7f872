"""From sound to vectors: log mel energies, cepstra, derivatives, normalisation.

The only part that knows librosa. It takes librosa's mel filter bank, mel scale and window; the other parts have numba
compile for ten seconds when they are imported first, so they are left out, and tests hold the results equal to them.
"""

from diarize.features.band import effective_band, narrowed
from diarize.features.cepstra import add_deltas, mfcc, voice_features
from diarize.features.harmonicity import harmonicity
from diarize.features.normalisation import normalise
from diarize.features.spectrum import FLOOR, Spectra, grid, log_mel, mel_bank, spectra

__all__ = [
    "FLOOR",
    "Spectra",
    "add_deltas",
    "effective_band",
    "grid",
    "harmonicity",
    "log_mel",
    "mel_bank",
    "mfcc",
    "narrowed",
    "normalise",
    "spectra",
    "voice_features",
]
