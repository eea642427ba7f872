"""Known voices: people are enrolled, named in recordings, and strangers are the same stranger in all of them."""

from diarize.voices.linking import link
from diarize.voices.people import Voices
from diarize.voices.prints import Voiceprint, voiceprints

__all__ = ["Voiceprint", "Voices", "link", "voiceprints"]
