"""The errors and warnings of the package: every error says what, where, what was got and what to do."""


class DiarizeError(Exception):
    """Base of every error raised on purpose by this package."""


class AudioError(DiarizeError):
    """Audio that cannot be read or holds no usable samples."""


class FormatError(DiarizeError):
    """A label file (RTTM, UEM, LAB) or table that cannot be read or written; names file and line."""


class ConfigError(DiarizeError, ValueError):
    """A setting or argument that is unknown or out of range; names the field."""


class ModelError(DiarizeError):
    """A model file that cannot be used, or training data that cannot give one."""


class MediaError(DiarizeError):
    """A picture or video that cannot be read or written; names the file, or what is to be installed."""


class DiarizeWarning(UserWarning):
    """Valid but degenerate input, such as a recording without speech."""
