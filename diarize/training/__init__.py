"""Training: folders of speech in, a model out."""

from diarize.training.recipe import learn_sessions, train

__all__ = ["learn_sessions", "train"]
