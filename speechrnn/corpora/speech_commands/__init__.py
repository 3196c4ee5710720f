"""Google Speech Commands: 35 words and noises by thousands of people (Warden 2018).

P. Warden, "Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition",
arXiv:1804.03209; CC BY 4.0.
"""

from speechrnn.corpora.speech_commands.corpus import Prepared, prepare

__all__ = ["Prepared", "prepare"]
