"""The usage book as commands use it: brought up to date, then opened for reading."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from trimtab import paths
from trimtab.cli import usage
from trimtab.errors import DamagedError, StoreError
from trimtab.store.usage import UsageStore
from trimtab.transcript.folders import client_folders
from trimtab.usage.sync import sync


@contextmanager
def opened(environment: Mapping[str, str] = os.environ, wants_news: bool = True) -> Iterator[UsageStore]:
    """The usage book, after what is new in the transcripts was read, with a bar where that takes long.

    Where that can't be done the book is read as it is, and a line on stderr says why. Raises StoreError.
    """
    path = paths.usage_path(environment)
    if wants_news:
        try:
            paths.ensure_user_folder(environment)
            with UsageStore.open(path) as store, usage.bar(sys.stderr.isatty()) as progress:
                done = sync(store, client_folders(environment, paths.home_folder(environment)), progress)
            for place, why in done.unreadable[:1]:
                more = f", and {len(done.unreadable) - 1:,} more" if len(done.unreadable) > 1 else ""
                what = usage.printable(f"{place} can't be read ({why})")
                print(f"trimtab: {what}{more}: `trimtab usage sync` names them; they are not counted", file=sys.stderr)
        except DamagedError:
            raise
        except StoreError as exc:
            if not path.is_file():
                raise
            print(f"trimtab: what is new was not read: {exc}", file=sys.stderr)
    with UsageStore.open(path, readonly=True) as store:
        yield store
