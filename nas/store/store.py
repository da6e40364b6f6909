"""The store: one object for all tables of one database."""

from __future__ import annotations

from nas.store.charges import Charges
from nas.store.database import open_engine
from nas.store.jobs import Jobs
from nas.store.trainings import Trainings
from nas.store.trials import Trials


class Store:
    """The record of truth.

    Concurrency: every method is one transaction; nothing is held between calls. SQLite runs in
    write-ahead mode, so readers never wait for the writer. Reports and trials are unique by
    (trial, epoch) and (job, hash), which makes a repeated write harmless.

    Attributes:
        jobs: jobs and events.
        trials: trials and reports.
        trainings: what was trained in any job, by hash.
        charges: what workers spent, and how long the job was driven.
    """

    def __init__(self, url: str) -> None:
        """Open the database and migrate it if needed.

        Raises:
            NewerDatabase: if a newer version of this program made it.
            StoreUnreachable: if it can't be opened.
        """
        self.engine = open_engine(url)
        self.jobs = Jobs(self.engine)
        self.trials = Trials(self.engine)
        self.trainings = Trainings(self.engine)
        self.charges = Charges(self.engine)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
