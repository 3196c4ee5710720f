"""How sequences of words were read: errors, meanings, confidence, rejection."""
