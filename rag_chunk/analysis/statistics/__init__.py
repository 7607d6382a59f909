"""Which differences between configurations are real.

All configurations answer the same questions, so every comparison is paired over questions. Two methods:

- the mean of one configuration: studentised bootstrap (Efron & Tibshirani 1993, section 12.5);
- all differences at once: studentised sign-flip permutation with the maximum over all pairs of configurations
  (max-T; Westfall & Young 1993), because the leader is chosen from the same questions.

Everything is seeded: equal scores and an equal seed give equal results. Scores are per question, usually in
[0, 1]; a difference of 0.01 is one point.
"""

from rag_chunk.analysis.statistics.intervals import Interval, mean_interval, mean_intervals
from rag_chunk.analysis.statistics.paired_test import (
    EXACT_UP_TO,
    Pair,
    PairedTest,
    compare_all,
    questions_needed,
)
from rag_chunk.analysis.statistics.recommendation import expected_loss, recommend, sure_leads
from rag_chunk.analysis.statistics.scores import ALPHA

__all__ = [
    "ALPHA",
    "EXACT_UP_TO",
    "FEWEST_FOR_A_WINNER",
    "FEW_QUESTIONS",
    "Interval",
    "Pair",
    "PairedTest",
    "compare_all",
    "expected_loss",
    "mean_interval",
    "mean_intervals",
    "questions_needed",
    "recommend",
    "sure_leads",
]

FEWEST_FOR_A_WINNER = 10
FEW_QUESTIONS = 30
