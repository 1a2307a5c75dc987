"""What must survive does: errors, failing tests, hashes, paths, identifiers are shown or named by a fold."""

import pytest
from tests.needles.harness import FAMILIES, family, view_of

from trimtab.records import OptimizationLevel

LEVELS = (OptimizationLevel.STANDARD, OptimizationLevel.ADAPTIVE, OptimizationLevel.AGGRESSIVE)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", FAMILIES)
def test_every_needle_is_shown_or_named(name: str, level: OptimizationLevel) -> None:
    found = family(name)
    seen = view_of(found, level)
    assert [needle for needle in found.needles if needle not in seen] == []
    assert [lie for lie in found.never if lie in seen and lie not in found.text] == []


@pytest.mark.parametrize("name", FAMILIES)
def test_needles_are_in_the_output(name: str) -> None:
    """Else they could not be lost."""
    found = family(name)
    assert found.needles
    assert [needle for needle in found.needles if needle not in found.text] == []


def test_there_are_many_families_and_needles() -> None:
    assert len(FAMILIES) >= 12
    assert sum(len(family(name).needles) for name in FAMILIES) >= 400


def test_most_families_are_trimmed() -> None:
    """A view that is never made would lose nothing either."""
    found = {name: family(name) for name in FAMILIES}
    trimmed = [name for name, of in found.items() if len(view_of(of, LEVELS[1])) < 0.9 * len(of.text)]
    assert len(trimmed) >= 18, trimmed
