"""Google Speech Commands: 30 or 35 words and a few noises, said by thousands of people.

P. Warden, "Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition",
arXiv:1804.03209, 2018; CC BY 4.0.
"""

from speechrnn.corpora.speech_commands.archives import download
from speechrnn.corpora.speech_commands.corpus import Prepared, prepare
from speechrnn.corpora.speech_commands.tasks import TASKS, Task, task_of_words

__all__ = ["TASKS", "Prepared", "Task", "download", "prepare", "task_of_words"]
