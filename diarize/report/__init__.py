"""The page on which a person sees, hears and corrects a diarization: one HTML file, which needs no network."""

from diarize.report.page import write_report

__all__ = ["write_report"]
