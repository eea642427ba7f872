"""The page on which a person sees, hears and corrects a diarization: one HTML file, which needs no network."""

from diarize.report.page import PageOptions, SoundChoice, write_report
from diarize.report.transcript import Caption, read_captions

__all__ = ["Caption", "PageOptions", "SoundChoice", "read_captions", "write_report"]
