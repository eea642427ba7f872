from diarize.training.augment import *  # noqa
