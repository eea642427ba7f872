"""Recordings of several channels: what the channels are to each other, and who is heard at which microphone."""
