"""From the posteriors of a CTC head to words, and to where given words lie."""
