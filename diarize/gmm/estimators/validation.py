"""The checks of parameters that scikit-learn keeps to itself: imported here, and nowhere else.

Should a version of scikit-learn move or change them, this module is the place to follow.
"""

from __future__ import annotations

from sklearn.utils._param_validation import Interval, Options, StrOptions

__all__ = ["Interval", "Options", "StrOptions"]
