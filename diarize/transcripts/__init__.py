"""Transcripts that other programs made: read, given speakers, written."""

from diarize.transcripts.labelling import label
from diarize.transcripts.layouts import read_transcript
from diarize.transcripts.words import Cue, Transcript, Word
from diarize.transcripts.writing import write_transcript

__all__ = ["Cue", "Transcript", "Word", "label", "read_transcript", "write_transcript"]
