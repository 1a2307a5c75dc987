"""What a tight budget does to the price of a token that stays in the context: nothing up to FROM, then ever more.

The curve is a smoothstep: its slope is 0 at both ends, so that no request makes a jump in what is shown.
"""

FROM = 0.70  # of the budget used; from the requirement: soft pressure begins there
MOST = 3.0  # at 100 % and beyond; the measurement that it was chosen by is in docs/pressure.md


def pressure(share: float) -> float:
    """How many times its price a token counts, with `share` of a budget used: from 1.0 to MOST, never falling.

    At 85 %, half way, it is 2.0. A share below 0 is taken for 0, one over 1.0 for 1.0.
    """
    way = min(1.0, max(0.0, (share - FROM) / (1.0 - FROM)))
    return 1.0 + (MOST - 1.0) * way * way * (3.0 - 2.0 * way)
