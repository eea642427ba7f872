"""The page of a report from a server on this machine: corrections are saved to disk, and teach the diarizer."""
