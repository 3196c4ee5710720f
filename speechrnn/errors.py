"""What can go wrong for a user, each said in one line: what, where, got, expected, remedy."""


class SpeechRNNError(Exception):
    """A fault that the user can mend; the command line prints its message and exits with 2."""


class ConfigError(SpeechRNNError):
    """A setting is unknown, of the wrong type or out of range."""


class DataError(SpeechRNNError):
    """A data directory, corpus or word list is not what it should be."""


class AudioError(SpeechRNNError):
    """Audio cannot be read, or holds what no recording holds."""


class ModelError(SpeechRNNError):
    """A model file or checkpoint is missing, foreign, damaged or too new."""


class RunError(SpeechRNNError):
    """A run cannot go on for what happened around it: a full disk, a lost process."""
