"""From sound to vectors: log mel energies, cepstra, derivatives, normalisation, cues of speech.

The only part that knows librosa. It takes librosa's mel filter bank and mel scale, and only where no trained model
carries them: importing librosa takes longer than most recordings. Tests hold the other results equal to librosa's.
"""

from diarize.features.band import effective_band, narrowed
from diarize.features.cepstra import add_deltas, mfcc, voice_features
from diarize.features.cues import SLOPES, SpeechCues, speech_cues
from diarize.features.filters import FilterBank, mel_bank
from diarize.features.harmonicity import harmonicity
from diarize.features.normalisation import normalise
from diarize.features.spectrum import FLOOR, Spectrum, grid, log_mel, mel_spectrum
from diarize.features.texture import TEXTURE_STEP

__all__ = [
    "FLOOR",
    "SLOPES",
    "TEXTURE_STEP",
    "FilterBank",
    "Spectrum",
    "SpeechCues",
    "add_deltas",
    "effective_band",
    "grid",
    "harmonicity",
    "log_mel",
    "mel_bank",
    "mel_spectrum",
    "mfcc",
    "narrowed",
    "normalise",
    "speech_cues",
    "voice_features",
]
