"""What importing the features brings with it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_numba_is_not_made_to_compile(tmp_path: Path) -> None:
    """Most parts of librosa compile for ten seconds when imported where nothing is cached yet."""
    code = (
        "import sys, numpy as np\n"
        "import diarize.features as f, diarize.config as c\n"
        "assert 'librosa' not in sys.modules\n"
        "config = c.FeatureConfig(deltas=2)\n"
        "x = f.log_mel([np.ones(16000, np.float32)], config)\n"
        "f.normalise(f.add_deltas(f.mfcc(x, config), 2), 'warping', 30)\n"
        "f.effective_band(x, config)\n"
        "assert 'librosa.filters' in sys.modules\n"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parents[2], env=environment)
    assert not list(tmp_path.rglob("*.nb?"))
