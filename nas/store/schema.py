"""Tables of the record of truth. States are constrained here; times are UTC milliseconds."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

#: The newest migration; a test holds it to the files in ``migrations/versions``.
REVISION = "0006"

JOB_STATES = ("queued", "running", "paused", "interrupted", "done", "failed", "cancelled")
REQUESTS = ("", "pause", "cancel", "yield")
TRIAL_STATES = ("running", "waiting", "done", "pruned", "failed")
TRIAL_KINDS = ("baseline", "search", "warm", "finalist", "retrain")
WORKS = ("train", "inherit", "test", "latency", "retrain")
PURPOSES = ("job", "retrain")
OUTCOMES = ("running", "ok", "failed", "lost", "stopped")
ROLES = ("viewer", "submitter", "admin")
TASK_KINDS = ("submit", "extend", "export", "attention_maps", "retrain", "webhook")
TASK_STATES = ("queued", "running", "done", "failed")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite makes only INTEGER PRIMARY KEY an alias of the row id.
_Id = BigInteger().with_variant(Integer, "sqlite")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


jobs = Table(
    "jobs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("owner", String(64), nullable=False, default="", server_default=""),
    Column("priority", Integer, nullable=False, default=0, server_default="0"),
    Column("request", String(16), nullable=False, default="", server_default=""),
    Column("spec", JSON, nullable=False),
    Column("details", JSON, nullable=False),
    # What attention adds to the costs: large, and few read it, so it is no part of a ``Job``.
    Column("cost_shares", JSON(none_as_null=True)),
    Column("created_ms", BigInteger, nullable=False),
    Column("started_ms", BigInteger),
    Column("finished_ms", BigInteger),
    # The last event that MLflow is known to have.
    Column("tracked", BigInteger, nullable=False, default=0, server_default="0"),
    _one_of("state", JOB_STATES),
    _one_of("request", REQUESTS),
    Index(None, "state"),
)

trials = Table(
    "trials",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("label", String(64), nullable=False, default=""),
    Column("origin", Integer),
    Column("hash", String(64), nullable=False),
    Column("architecture", Text, nullable=False),
    Column("params", JSON),
    Column("recipe", JSON),
    Column("seed", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("parameters", BigInteger, nullable=False),
    Column("forward_flops", BigInteger, nullable=False),
    Column("latency_ms", Float),
    Column("latency_spread_ms", Float),
    Column("epoch", Integer, nullable=False, default=0),
    Column("accuracy", Float),
    Column("test_accuracy", Float),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    UniqueConstraint("job_id", "number"),
    UniqueConstraint("job_id", "hash"),
    _one_of("state", TRIAL_STATES),
    _one_of("kind", TRIAL_KINDS),
    Index(None, "hash"),
    # All that counts and fronts are made of: rows are wide, and an index is read in their place.
    Index(
        "ix_trials_standing",
        "job_id",
        "kind",
        "state",
        "epoch",
        "accuracy",
        "parameters",
        "forward_flops",
        "latency_ms",
        "id",
    ),
)

# What is drawn of a trial's architecture, measured when it was added; apart, as few read it.
drawings = Table(
    "drawings",
    metadata,
    Column("trial_id", ForeignKey("trials.id", ondelete="CASCADE"), primary_key=True),
    Column("subject", JSON, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("trial_id", ForeignKey("trials.id", ondelete="CASCADE"), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("validation_accuracy", Float, nullable=False),
    Column("validation_loss", Float, nullable=False),
    Column("train_loss", JSON, nullable=False),
    Column("train_accuracy", JSON, nullable=False),
    Column("train_seconds", Float, nullable=False),
    Column("evaluation_seconds", Float, nullable=False),
    Column("checkpoint", Text, nullable=False),
    Column("checkpoint_sha256", String(64), nullable=False),
    Column("worker", String(128), nullable=False),
    Column("device", String(128), nullable=False),
    Column("cached_from", String(96), nullable=False, default=""),
    Column("created_ms", BigInteger, nullable=False),
    UniqueConstraint("trial_id", "epoch"),
)

# A spell of one process driving a job; ``seconds`` as of its last sign of life.
drives = Table(
    "drives",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    _one_of("purpose", PURPOSES),
    Index(None, "job_id"),
)

charges = Table(
    "charges",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer),
    Column("work", String(16), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("cpus", Float, nullable=False),
    Column("gpus", Float, nullable=False),
    Column("epochs", Integer, nullable=False),
    Column("worker", String(128), nullable=False, default="", server_default=""),
    _one_of("work", WORKS),
    _one_of("outcome", OUTCOMES),
    Index(None, "job_id"),
)

events = Table(
    "events",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("trial_id", ForeignKey("trials.id", ondelete="CASCADE")),
    Column("kind", String(32), nullable=False),
    Column("data", JSON, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index(None, "job_id", "id"),
)

# Who drives a job. ``beats`` counts signs of life; a lease whose count stands still is stale.
leases = Table(
    "leases",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("token", String(32), nullable=False),
    Column("holder", String(200), nullable=False),
    Column("beats", BigInteger, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("beat_ms", BigInteger, nullable=False),
    Column("takeovers", Integer, nullable=False),
    Column("seen_event", BigInteger, nullable=False),
)

dispatchers = Table(
    "dispatchers",
    metadata,
    Column("holder", String(200), primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("beat_ms", BigInteger, nullable=False),
)

owners = Table(
    "owners",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("max_running", Integer),
    Column("gpu_hours", Float),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("owner", String(64), nullable=False),
    Column("role", String(16), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("requests_per_minute", Integer),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_used_ms", BigInteger),
    Column("expires_ms", BigInteger),
    Column("revoked_ms", BigInteger),
    _one_of("role", ROLES),
)

# Work that the web process must not do: whatever loads torch.
tasks = Table(
    "tasks",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE")),
    Column("owner", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("result", JSON),
    Column("error", JSON),
    Column("token", String(32), nullable=False),
    Column("holder", String(200), nullable=False),
    Column("beats", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("finished_ms", BigInteger),
    _one_of("kind", TASK_KINDS),
    _one_of("state", TASK_STATES),
    Index(None, "state"),
)
