import json

import pytest

from nas import checks
from nas.checks import Check


@pytest.fixture
def found(monkeypatch):
    def set_checks(*results):
        table = {r.name: (lambda _, result=r: result) for r in results}
        monkeypatch.setattr(checks, "CHECKS", table)

    return set_checks


def test_all_well_is_0(nas, found):
    found(Check("a", "ok", "fine"), Check("b", "warn", "slow", "buy a GPU"))
    result = nas("doctor")
    assert result.exit_code == 0
    assert "b: buy a GPU" in result.stdout


def test_a_failure_is_1_and_says_what_to_do(nas, found):
    found(Check("a", "fail", "gone", "bring it back"))
    result = nas("doctor", "-o", "json")
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert data["ok"] is False
    assert data["checks"][0]["advice"] == "bring it back"


def test_looking_writes_nothing(nas, found, here):
    found(Check("a", "ok", ""))
    nas("doctor")
    assert list(here.iterdir()) == []
