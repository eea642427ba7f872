"""A sound for each speaker: the recording where they talk alone, separated from the others where they do not."""

from diarize.separation.recipe import separate

__all__ = ["separate"]
