"""How likely each line of a load is to be needed: the conversation's interest, rules, and the words that are new."""

from trimtab.relevance.interest import NAME, Interest, is_telling, same_file, text_of
from trimtab.relevance.mentions import Mention, mentions, mentions_in, parted
from trimtab.relevance.need import Need, chance, new_words, rate_output, used
from trimtab.relevance.rules import Evidence, Places, evidence, rate, reasons

__all__ = [
    "NAME",
    "Evidence",
    "Interest",
    "Mention",
    "Need",
    "Places",
    "chance",
    "evidence",
    "is_telling",
    "mentions",
    "mentions_in",
    "new_words",
    "parted",
    "rate",
    "rate_output",
    "reasons",
    "same_file",
    "text_of",
    "used",
]
