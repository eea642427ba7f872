"""Who spoke when: speaker diarization with Gaussian mixtures and hidden Markov models.

>>> from diarize import Diarizer
>>> diarizer = Diarizer(config="meeting")
>>> annotation = diarizer("meeting.wav", num_speakers=3)  # doctest: +SKIP
>>> annotation.write_rttm("meeting.rttm")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from diarize.annotation import Annotation, Segment, Turn
from diarize.formats import registry as _registry
from diarize.formats.about import package_version

if TYPE_CHECKING:
    from diarize.audio import Excerpt
    from diarize.checking import Check, checks
    from diarize.config import Config, load_config
    from diarize.diarization import Diarization
    from diarize.errors import AudioError, Cancelled, ConfigError, DiarizeError, DiarizeWarning, FormatError, ModelError
    from diarize.hints import Hints
    from diarize.pipeline import Diarizer
    from diarize.shaping import Shape
    from diarize.talk import SpeakerTalk, TalkRules, TalkSummary, summarise
    from diarize.transcripts import Transcript, label, read_transcript, write_transcript
    from diarize.voices import Voices, link

    __version__: str

__all__ = [
    "Annotation",
    "AudioError",
    "Cancelled",
    "Check",
    "Config",
    "ConfigError",
    "Diarization",
    "DiarizeError",
    "DiarizeWarning",
    "Diarizer",
    "Excerpt",
    "FormatError",
    "Hints",
    "ModelError",
    "Segment",
    "Shape",
    "SpeakerTalk",
    "TalkRules",
    "TalkSummary",
    "Transcript",
    "Turn",
    "Voices",
    "__version__",
    "checks",
    "label",
    "link",
    "load_config",
    "read_transcript",
    "summarise",
    "write_transcript",
]

_ERRORS = ("AudioError", "Cancelled", "ConfigError", "DiarizeError", "DiarizeWarning", "FormatError", "ModelError")
_HOMES = {
    "Diarizer": "diarize.pipeline",
    "Diarization": "diarize.diarization",
    "Excerpt": "diarize.audio",
    "Hints": "diarize.hints",
    **dict.fromkeys(("Check", "checks"), "diarize.checking"),
    "Config": "diarize.config",
    "Shape": "diarize.shaping",
    "load_config": "diarize.config",
    **dict.fromkeys(("SpeakerTalk", "TalkRules", "TalkSummary", "summarise"), "diarize.talk"),
    **dict.fromkeys(("Transcript", "label", "read_transcript", "write_transcript"), "diarize.transcripts"),
    **dict.fromkeys(("Voices", "link"), "diarize.voices"),
    **dict.fromkeys(_ERRORS, "diarize.errors"),
}

# annotations know no format: what reads and writes them is put in here, where both are in sight
Annotation.files = _registry


def __getattr__(name: str) -> Any:
    # imported on first use: `diarize --help` must not wait for numpy, librosa and the rest
    if name == "__version__":
        value: Any = package_version()
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
