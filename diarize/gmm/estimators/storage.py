"""Fitted estimators as files: plain arrays and JSON text in an npz, nothing that could run when it is read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from diarize.archive import Archive
from diarize.atomic import whole_file

_FORMAT, _VERSION = "diarize estimator", 1
_HEADER = "header"
_PARAMETER, _ATTRIBUTE = "parameter:", "attribute:"
# parameters that no file can hold, besides sources of randomness: None is written instead
_NOT_STORED = ("callback",)

Arrays = Mapping[str, npt.NDArray[Any]]


class Stored:
    """Gives an estimator `save` and `load`."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a file, which any machine can read without running anything in it.

        Parameters
        ----------
        path : path
            Of the file; an old one is replaced only when the new one is complete.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        ValueError
            If a parameter is neither an array, text nor a number. A RandomState and a callback are left out.
        """
        save_estimator(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read an estimator of this class that `save` has written.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is damaged, or holds something else.
        """
        estimator: Self = load_estimator(cls, path)
        return estimator


def save_estimator(estimator: Any, path: str | os.PathLike[str]) -> None:
    """Write a fitted estimator; see `Stored.save`."""
    check_is_fitted(estimator)
    arrays: dict[str, npt.NDArray[Any]] = {}
    parameters = {
        name: _packed(value, f"{_PARAMETER}{name}", arrays)
        for name, value in _storable(estimator.get_params(deep=False)).items()
    }
    fitted = {name: value for name, value in vars(estimator).items() if _is_fitted_name(name)}
    attributes = {name: _packed(value, f"{_ATTRIBUTE}{name}", arrays) for name, value in fitted.items()}
    header = {
        "format": _FORMAT,
        "version": _VERSION,
        "class": type(estimator).__name__,
        "parameters": parameters,
        "attributes": attributes,
    }
    with whole_file(path) as file:
        np.savez(file, **{_HEADER: np.array(json.dumps(header)), **arrays})  # type: ignore[arg-type]


def load_estimator(kind: type[Any], path: str | os.PathLike[str]) -> Any:
    """Read an estimator of a class; see `Stored.load`."""
    with open(path, "rb") as file:
        try:
            arrays = Archive(file)
            header = _header(arrays)
        except ValueError as error:
            raise ValueError(f"{path} is no file of an estimator, or it is damaged: {error}") from error
        if header["version"] > _VERSION:
            raise ValueError(
                f"{path} was written by a newer version of diarize (format {header['version']}, known: {_VERSION})"
            )
        if header["class"] != kind.__name__:
            raise ValueError(
                f"{path} holds a {header['class']}, not a {kind.__name__}; load it with {header['class']}.load"
            )
        try:
            return _restored(kind, header, arrays)
        except (ArithmeticError, AttributeError, KeyError, MemoryError, TypeError, ValueError) as error:
            raise ValueError(f"{path} holds no {kind.__name__} that this version can use: {error}") from error


def _restored(kind: type[Any], header: Mapping[str, Any], arrays: Arrays) -> Any:
    parameters = {name: _unpacked(value, f"{_PARAMETER}{name}", arrays) for name, value in header["parameters"].items()}
    estimator: BaseEstimator = kind(**parameters)
    for name, value in header["attributes"].items():
        if not _is_fitted_name(name) or hasattr(kind, name):
            raise ValueError(f"{name!r} is no fitted attribute")
        setattr(estimator, name, _unpacked(value, f"{_ATTRIBUTE}{name}", arrays))
    check_is_fitted(estimator)
    if hasattr(kind, "_parameter_constraints"):
        estimator._validate_params()
    return estimator


def _is_fitted_name(name: str) -> bool:
    return name.isidentifier() and name.endswith("_") and not name.startswith("_")


def _storable(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return parameters without those that no file can hold."""
    return {
        name: None if name in _NOT_STORED or isinstance(value, np.random.RandomState | np.random.Generator) else value
        for name, value in parameters.items()
    }


def _packed(value: Any, key: str, arrays: dict[str, npt.NDArray[Any]]) -> Any:
    """Return what JSON text says of a value; arrays are put aside under their key."""
    if value is None or isinstance(value, str | bool | np.bool_):
        return bool(value) if isinstance(value, np.bool_) else value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, list) and all(isinstance(entry, Real | str) for entry in value):
        return [_packed(entry, key, arrays) for entry in value]
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.array(None)
    names = array.dtype == object and array.size > 0 and all(isinstance(entry, str) for entry in array.flat)
    if array.dtype.kind not in "biufU" and not names:
        what = key.partition(":")
        raise ValueError(f"the {what[0]} {what[2]} cannot be stored: it is {value!r}, neither array, text nor number")
    arrays[key] = array.astype(np.str_) if names else array
    return {"array": "object" if names else "plain"}


def _unpacked(value: Any, key: str, arrays: Arrays) -> Any:
    if not isinstance(value, dict):
        return value
    if value.get("array") not in ("object", "plain"):
        raise ValueError(f"{key} is neither a value nor an array")
    return arrays[key].astype(object) if value["array"] == "object" else arrays[key]


def _header(arrays: Arrays) -> dict[str, Any]:
    """Return what the file says of itself; ValueError where it says nothing, or something else."""
    try:
        header: dict[str, Any] = json.loads(str(arrays[_HEADER]))
        known = header["format"] == _FORMAT and isinstance(header["class"], str) and type(header["version"]) is int
        complete = all(isinstance(header[name], dict) for name in ("parameters", "attributes"))
    except (KeyError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(f"it has no header that can be read: {error}") from error
    if not (known and complete):
        raise ValueError("its header says something else")
    return header
