"""How far MLflow is known to have each job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_LAST = "SELECT coalesce(max(events.id), 0) FROM events WHERE events.job_id = jobs.id"


def upgrade() -> None:
    """Add the column; what was over before counts as tracked."""
    op.add_column("jobs", sa.Column("tracked", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(f"UPDATE jobs SET tracked = ({_LAST}) WHERE state NOT IN ('queued', 'running')")


def downgrade() -> None:
    """Drop it."""
    op.drop_column("jobs", "tracked")
