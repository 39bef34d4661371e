"""A verdict in words on translated frames: what is wrong, what to do about it, and whether they can be used.

For: training, evaluation, comparison and the doctor. In: frames beside their sources and frames of the target look, or
the numbers that were measured of them. Out: a `Verdict`: a word, a sentence, faults with a remedy each, the numbers.
"""

from recyclegan.verdict.faults import Fault
from recyclegan.verdict.judging import (
    NAMES,
    WORDS,
    Verdict,
    Word,
    discriminators_that_won,
    judge,
    judge_pairs,
    on_discriminators,
    verdict_in,
    verdict_of,
)

__all__ = [
    "NAMES",
    "WORDS",
    "Fault",
    "Verdict",
    "Word",
    "discriminators_that_won",
    "judge",
    "judge_pairs",
    "on_discriminators",
    "verdict_in",
    "verdict_of",
]
