"""The store: one object for all tables of one database."""

from __future__ import annotations

from sqlalchemy import Engine

from nas.store.charges import Charges
from nas.store.database import open_engine
from nas.store.jobs import Jobs
from nas.store.leases import Leases
from nas.store.queue import Queue
from nas.store.tallies import Tallies
from nas.store.tasks import ServiceTasks
from nas.store.tokens import Tokens
from nas.store.trainings import Trainings
from nas.store.transactions import Lease, patiently
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
        tallies: jobs in a few numbers each.
        charges: what workers spent, and how long the job was driven.
        leases: who drives which job.
        queue: which job is next.
        tasks: work for a dispatcher.
        tokens: who may use the service.
    """

    def __init__(
        self,
        url: str,
        *,
        engine: Engine | None = None,
        lease: Lease | None = None,
        patience: float = 0.0,
    ) -> None:
        """Open the database and migrate it if needed.

        Args:
            url: of the database.
            engine: of a database that is open already.
            lease: that writes to a job's rows are checked against.
            patience: seconds that a database which is away is waited for, now and later.

        Raises:
            NewerDatabase: if a newer version of this program made it.
            StoreUnreachable: if it can't be opened.
        """
        self.engine = engine or patiently(lambda: open_engine(url), patience)
        self._patience = patience
        self.jobs = Jobs(self.engine, lease, patience)
        self.trials = Trials(self.engine, lease, patience)
        self.trainings = Trainings(self.engine, lease, patience)
        self.tallies = Tallies(self.engine, lease, patience)
        self.charges = Charges(self.engine, lease, patience)
        self.leases = Leases(self.engine, None, patience)
        self.queue = Queue(self.engine, None, patience)
        self.tasks = ServiceTasks(self.engine, None, patience)
        self.tokens = Tokens(self.engine, None, patience)

    def under(self, lease: Lease, patience: float) -> Store:
        """The same store for a job's driver: writes nothing once the lease is another's."""
        return Store("", engine=self.engine, lease=lease, patience=patience)

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
