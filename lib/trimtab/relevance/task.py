"""What the task at hand says of a file: whether it will be changed, and so how much care its lines are worth.

A plain score, from the prompt and the first steps. Of 883 whole files read in recorded sessions, those that the prompt
names and that were not edited yet were changed later in 81 %, all others in 37 %. Other signs were looked at and say
no more for other projects: whether the prompt asks or tells, its length, how many files were read in a row, tests.
"""

from typing import NamedTuple

from trimtab.relevance.interest import Interest

CHANGED_IF_NAMED, CHANGED_ELSE = 0.81, 0.37  # of the files read, measured
CARE_IF_NAMED = 2.5  # how many times more a miss counts where the file will likely be changed; chosen on both benches


class Task(NamedTuple):
    """The chance that a file will be changed, how many times more a miss in it counts, and why, in words."""

    change: float
    care: float
    reason: str


def assess(interest: Interest, path: str) -> Task:
    """What the newest prompt and the edits so far say of the file at `path`."""
    name = path.rpartition("/")[2]
    if not name or name not in interest.task:
        return Task(CHANGED_ELSE, 1.0, "the prompt does not name the file")
    if path in interest.edited:
        return Task(CHANGED_ELSE, 1.0, "the prompt names the file, which has been edited since")
    return Task(CHANGED_IF_NAMED, CARE_IF_NAMED, "the prompt names the file, which has not been edited yet")
