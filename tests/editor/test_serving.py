"""The port: the same for the same file, so that a browser finds what it has kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from diarize.editor.serving import HOST, listening
from diarize.errors import ConfigError


def test_a_file_has_its_port_unless_that_is_taken(tmp_path: Path) -> None:
    with listening(tmp_path / "talk.json", None) as first:
        host, port = first.getsockname()
        assert host == HOST == "127.0.0.1"
        with listening(tmp_path / "talk.json", None) as second:
            assert second.getsockname()[1] != port
        with pytest.raises(ConfigError, match=f"port {port}: "):
            listening(tmp_path / "talk.json", port)
    with listening(tmp_path / "talk.json", None) as again:
        assert again.getsockname()[1] == port
