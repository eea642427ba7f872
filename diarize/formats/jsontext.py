"""JSON: text <-> values, with errors that name the place."""

from __future__ import annotations

import json
from typing import Any

from diarize.errors import FormatError, quoted


def loads(text: str, line: int = 0) -> Any:
    """Return the value that a text stands for.

    Parameters
    ----------
    text : str
    line : int
        Where the text begins in its file, for texts of one line; 0 where the text is the whole file.

    Raises
    ------
    SyntaxFault
        The text is no JSON.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise SyntaxFault(f"no JSON: {error.msg} in column {error.colno}", line or error.lineno) from None
    except RecursionError:
        raise SyntaxFault("no JSON of this package: it is nested too deeply", line) from None
    except ValueError:  # a whole number of thousands of digits
        raise SyntaxFault("a number has too many digits", line) from None


class SyntaxFault(FormatError):
    """Text that is no JSON, and in which line."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def dumps(value: Any) -> str:
    """Return a value as JSON on one line: characters as they are, but those that UTF-8 cannot hold as escapes."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode("utf-8")


def as_object(value: Any, what: str) -> dict[str, Any]:
    """Return an object; FormatError where the value is none."""
    if not isinstance(value, dict):
        raise FormatError(f"{what} must be an object {{...}}, got {quoted(value)}")
    return value


def as_list(value: Any, what: str) -> list[Any]:
    """Return a list; FormatError where the value is none."""
    if not isinstance(value, list):
        raise FormatError(f"{what} must be a list [...], got {quoted(value)}")
    return value


def as_text(value: Any, what: str) -> str:
    """Return a text; FormatError where the value is none."""
    if not isinstance(value, str):
        raise FormatError(f"{what} must be text, got {quoted(value)}")
    return value


def as_seconds(value: Any, what: str) -> float:
    """Return a time in seconds; FormatError where the value is none."""
    if not is_number(value) or not 0 <= value < 1e9:
        raise FormatError(f"{what} must be a number of seconds, at least 0, got {quoted(value)}")
    return float(value)


def as_confidence(value: Any) -> float | None:
    """Return a confidence from 0 to 1, None for null; FormatError where the value is neither."""
    if value is not None and not (is_number(value) and 0 <= value <= 1):
        raise FormatError(f"confidence must be a number from 0 to 1 or null, got {quoted(value)}")
    confidence: float | None = value
    return confidence


def is_number(value: Any) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)
