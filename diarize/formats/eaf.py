"""EAF, the annotation format of ELAN: a tier a speaker, with the sound file linked.

References
----------
Max Planck Institute for Psycholinguistics. EAF, format version 3.0, https://www.mpi.nl/tools/elan/EAFv3.0.xsd
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit
from urllib.request import url2pathname
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from diarize.annotation import Annotation
from diarize.errors import FormatError, quoted
from diarize.formats.about import About
from diarize.formats.files import Problem, read_text, write_text
from diarize.formats.names import TEXT
from diarize.formats.turns import Entry, Parsed, Row, entry, rows

_MIME = {".wav": "audio/x-wav", ".mp3": "audio/mpeg", ".mp4": "video/mp4", ".mpg": "video/mpeg"}
_ID = "recording"  # the property that holds the recording's id


def is_eaf(head: str) -> bool:
    """Tell whether a text is XML with ELAN's root."""
    return head.startswith("<") and "<ANNOTATION_DOCUMENT" in head


def parse_eaf(path: str | PathLike[str]) -> Parsed:
    """Return what the annotations on tiers with own times say: a tier's participant, else its name, is who speaks."""
    where = os.fspath(path)
    text, problems = read_text(path)
    if text is None:
        return Parsed([], problems)
    try:
        root = _root(text)
        times = _times(root)
        uri = next((TEXT.decode(item.text or "") for item in root.iter("PROPERTY") if item.get("NAME") == _ID), "")
        entries = [item for tier in root.iter("TIER") for item in _turns(tier, times, uri)]
    except ElementTree.ParseError as error:
        return Parsed([], [*problems, Problem(where, error.position[0], f"no XML: {error}", fatal=True)])
    except FormatError as error:
        return Parsed([], [*problems, Problem(where, 0, str(error), fatal=True)])
    return Parsed(entries, problems, {uri: About(source=_source(root))})


def _root(text: str) -> Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise FormatError("a document type is no part of EAF; it is not read")
    root = ElementTree.fromstring(text.encode("utf-8"))
    if root.tag != "ANNOTATION_DOCUMENT":
        raise FormatError(f"the root must be ANNOTATION_DOCUMENT, got {quoted(root.tag)}")
    return root


def _times(root: Element) -> dict[str, tuple[float, float]]:
    """Return the earliest and the latest second that each time slot can stand for: the same where it has a value."""
    slots = [(slot.get("TIME_SLOT_ID", ""), _milliseconds(slot)) for slot in root.iter("TIME_SLOT")]
    lows, highs, low, high = [], [], 0, 0
    for _, value in slots:
        low = low if value is None else value
        lows.append(low)
    for _, value in reversed(slots):
        high = high if value is None else value
        highs.append(high)
    known = zip(slots, lows, reversed(highs), strict=True)
    return {name: (first / 1000, max(first, last) / 1000) for (name, _), first, last in known}


def _milliseconds(slot: Element) -> int | None:
    text = slot.get("TIME_VALUE")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        raise FormatError(f"a TIME_VALUE is a whole number of milliseconds, got {quoted(text)}")
    return int(text)


def _turns(tier: Element, times: Mapping[str, tuple[float, float]], uri: str) -> Iterator[Entry]:
    speaker = TEXT.decode(tier.get("PARTICIPANT") or tier.get("TIER_ID") or "")
    for item in tier.iter("ALIGNABLE_ANNOTATION"):
        first, last = item.get("TIME_SLOT_REF1", ""), item.get("TIME_SLOT_REF2", "")
        if first not in times or last not in times:
            raise FormatError(f"annotation {quoted(item.get('ANNOTATION_ID'))} names a time slot that is not there")
        yield entry(0, uri, (times[first][0], times[last][1]), speaker)


def _source(root: Element) -> str | None:
    for media in root.iter("MEDIA_DESCRIPTOR"):
        url = urlsplit(media.get("MEDIA_URL", ""))
        if url.scheme == "file":
            return url2pathname(url.path)
    return None


def write_eaf(
    annotations: Iterable[Annotation], target: str | PathLike[str] | TextIO, *, about: Mapping[str, About]
) -> None:
    """Write one recording: a tier for each speaker with empty annotations, and the sound file linked where known."""
    (annotation,) = annotations
    own = rows(annotation)
    root = Element("ANNOTATION_DOCUMENT", AUTHOR="", DATE="1970-01-01T00:00:00+00:00", FORMAT="3.0", VERSION="3.0")
    root.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
    root.set("xsi:noNamespaceSchemaLocation", "http://www.mpi.nl/tools/elan/EAFv3.0.xsd")
    header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    source = about[annotation.uri].source
    if source is not None:
        SubElement(header, "MEDIA_DESCRIPTOR", _link(source, target))
    SubElement(header, "PROPERTY", NAME=_ID).text = TEXT.encode(annotation.uri)
    SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId").text = str(len(own))
    _add_tiers(root, own)
    SubElement(
        root, "LINGUISTIC_TYPE", GRAPHIC_REFERENCES="false", LINGUISTIC_TYPE_ID="default-lt", TIME_ALIGNABLE="true"
    )
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    write_text(target, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n')


def _add_tiers(root: Element, own: list[Row]) -> None:
    """Add the slots in the order of time, then the tiers whose annotations refer to them."""
    order = SubElement(root, "TIME_ORDER")
    moments = sorted({time for row in own for time in (row.start, row.end)})
    slots = {time: f"ts{number}" for number, time in enumerate(moments, 1)}
    for time, name in slots.items():
        SubElement(order, "TIME_SLOT", TIME_SLOT_ID=name, TIME_VALUE=str(time))
    tiers: dict[str, Element] = {}
    for number, row in enumerate(own, 1):
        name = TEXT.encode(row.speaker)
        if name not in tiers:
            tiers[name] = SubElement(root, "TIER", LINGUISTIC_TYPE_REF="default-lt", PARTICIPANT=name, TIER_ID=name)
        item = SubElement(
            SubElement(tiers[name], "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            ANNOTATION_ID=f"a{number}",
            TIME_SLOT_REF1=slots[row.start],
            TIME_SLOT_REF2=slots[row.end],
        )
        SubElement(item, "ANNOTATION_VALUE")


def _link(source: str, target: str | PathLike[str] | TextIO) -> dict[str, str]:
    """Return where the sound file is, also as seen from the folder of the document."""
    path = Path(source).absolute()
    link = {"MEDIA_URL": path.as_uri(), "MIME_TYPE": _MIME.get(path.suffix.lower(), "audio/*")}
    if isinstance(target, str | PathLike):
        with suppress(ValueError):  # on another drive
            relative = Path(os.path.relpath(path, Path(target).absolute().parent)).as_posix()
            link["RELATIVE_MEDIA_URL"] = TEXT.encode(relative if relative.startswith("../") else f"./{relative}")
    return link
