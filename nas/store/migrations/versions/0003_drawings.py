"""What is drawn of each trial's architecture, and which worker each charge was for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table of drawings and widen that of charges."""
    op.create_table(
        "drawings",
        sa.Column("trial_id", _ID, nullable=False),
        sa.Column("subject", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["trials.id"], name=op.f("fk_drawings_trial_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("trial_id", name=op.f("pk_drawings")),
    )
    with op.batch_alter_table("charges") as charges:
        charges.add_column(sa.Column("worker", sa.String(128), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop what came."""
    op.drop_table("drawings")
    with op.batch_alter_table("charges") as charges:
        charges.drop_column("worker")
