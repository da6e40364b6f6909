"""Shares of cost lie beside a job's details, which every list of jobs reads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_OUT = {
    "sqlite": """UPDATE jobs SET cost_shares = json_extract(details, '$.cost_shares'),
        details = json_remove(details, '$.cost_shares')""",
    "postgresql": """UPDATE jobs SET cost_shares = details -> 'cost_shares',
        details = (details::jsonb - 'cost_shares')::json""",
}
_BACK = {
    "sqlite": """UPDATE jobs SET
        details = json_set(details, '$.cost_shares', json(cost_shares))
        WHERE cost_shares IS NOT NULL""",
    "postgresql": """UPDATE jobs SET details =
        (details::jsonb || jsonb_build_object('cost_shares', cost_shares::jsonb))::json
        WHERE cost_shares IS NOT NULL""",
}


def upgrade() -> None:
    """Add the column and move them there."""
    op.add_column("jobs", sa.Column("cost_shares", sa.JSON()))
    op.execute(_OUT[op.get_context().dialect.name])


def downgrade() -> None:
    """Move them back and drop it."""
    op.execute(_BACK[op.get_context().dialect.name])
    op.drop_column("jobs", "cost_shares")
