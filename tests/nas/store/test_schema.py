from pathlib import Path
from typing import get_args

from alembic.config import Config
from alembic.script import ScriptDirectory

from nas.store import records, schema


def test_the_revision_is_the_newest_migration():
    config = Config()
    folder = Path(schema.__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.REVISION


def test_states_are_the_same_words_in_python_and_sql():
    assert get_args(records.JobState) == schema.JOB_STATES
    assert get_args(records.TrialState) == schema.TRIAL_STATES
    assert get_args(records.TrialKind) == schema.TRIAL_KINDS
