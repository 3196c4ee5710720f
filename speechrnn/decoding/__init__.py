"""From posteriors to decisions: what was said, and when a recogniser may say so."""
