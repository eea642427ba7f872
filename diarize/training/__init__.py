"""Training: folders of speech in, a model out."""

from diarize.training.recipe import train

__all__ = ["train"]
