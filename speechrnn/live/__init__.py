"""Microphones and files in real time: what listens, what is shown, what is recorded."""
