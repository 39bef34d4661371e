"""A verdict in words on translated frames: what is wrong, what to do about it, and whether they can be used.

In go frames beside their sources and frames of the target look, or the numbers that were measured of them; out comes a
`Verdict`: a word, a sentence, findings with a remedy each, and the numbers.
"""

from recyclegan.verdict.balance import discriminators_that_won, on_discriminators
from recyclegan.verdict.faults import Finding
from recyclegan.verdict.judging import NAMES, WORDS, Verdict, Word, judge, judge_pairs, verdict_in, verdict_of

__all__ = [
    "NAMES",
    "WORDS",
    "Finding",
    "Verdict",
    "Word",
    "discriminators_that_won",
    "judge",
    "judge_pairs",
    "on_discriminators",
    "verdict_in",
    "verdict_of",
]
