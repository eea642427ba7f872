"""The page on which a person sees, hears and corrects a diarization: one HTML file, which needs no network."""

from diarize.report.page import PageOptions, SoundChoice, write_report

__all__ = ["PageOptions", "SoundChoice", "write_report"]
