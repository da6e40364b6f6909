"""Where trials stand, in an index of its own: summaries need not read whole rows."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

_COLUMNS = ["job_id", "kind", "state", "epoch", "accuracy"]
_COLUMNS += ["parameters", "forward_flops", "latency_ms", "id"]


def upgrade() -> None:
    """Add it."""
    op.create_index("ix_trials_standing", "trials", _COLUMNS)


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_trials_standing", "trials")
