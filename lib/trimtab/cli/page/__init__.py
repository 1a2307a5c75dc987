"""`trimtab report --html`: a page that shows a history, complete in one file.

`history` is what it is made of, `document.build` makes its data, `render` the text. `page.js` shows it in a browser, of
what `filters.js` leave, with the charts of uPlot (`uplot/`).
"""

from trimtab.cli.page.document import build
from trimtab.cli.page.history import History, Pricing
from trimtab.cli.page.records import Budget, FullPrice, Limits, PageData, Part
from trimtab.cli.page.render import page, write
from trimtab.cli.page.sources import Asked, make, with_audits

__all__ = [
    "Asked",
    "Budget",
    "FullPrice",
    "History",
    "Limits",
    "PageData",
    "Part",
    "Pricing",
    "build",
    "make",
    "page",
    "with_audits",
    "write",
]
