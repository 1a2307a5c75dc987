"""Blocks that nest: from spans in any order to a list in which any two blocks nest or are disjoint."""

import heapq
from collections.abc import Iterable

from trimtab.records import Block

LONGEST_NAME = 100  # characters


def nest(spans: Iterable[Block], count: int) -> tuple[Block, ...]:
    """`spans` as blocks of a load with `count` lines, in the order of (first, -last); of equals the earlier stays.

    Spans outside of 1..count are cut to it. Where one begins on the line on which another ends (`}, next() {`), the
    line goes to the one that begins. A span that begins within the signature of the block around it begins after that,
    or is dropped where its own signature lies there; one that reaches past the block around it ends with it.
    Never raises. (1-5, 5-9) become 1-4, 5-9; (1-5, 3-9) become 1-5, 3-5.
    """
    spans = list(spans)
    reach: dict[int, int] = {}
    for span in spans:
        reach[span.first] = max(span.last, reach.get(span.first, 0))
    items = []
    for order, span in enumerate(spans):
        first, last = max(1, span.first), min(span.last, count)
        if last > max(first, span.head) and reach.get(last, 0) > last:
            last -= 1
        if first <= last:
            items.append((first, -last, order, span.kind, span.name, min(max(span.head, first), last)))
    items.sort()
    later: list[tuple[int, int, int, str, str, int]] = []  # a heap of those that now begin further down
    out: list[Block] = []
    open_blocks: list[Block] = []
    at = 0
    while later or at < len(items):
        if later and (at == len(items) or later[0] < items[at]):
            first, last, order, kind, name, head = heapq.heappop(later)
        else:
            first, last, order, kind, name, head = items[at]
            at += 1
        last = -last
        while open_blocks and open_blocks[-1].last < first:
            open_blocks.pop()
        if open_blocks:
            around = open_blocks[-1]
            is_inside = last <= around.last
            if is_inside and first == around.first and last == around.last:
                continue
            begin = max(first, around.head + 1) if is_inside or around.last > head else around.last + 1
            if begin > first:
                if begin <= head:
                    heapq.heappush(later, (begin, -last, order, kind, name, head))
                continue
            last = min(last, around.last)
        block = Block(kind, name[:LONGEST_NAME], first, head, last)
        open_blocks.append(block)
        out.append(block)
    return tuple(out)
