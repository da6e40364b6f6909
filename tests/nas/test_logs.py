import json
import logging

import pytest

from nas.logs import REQUEST, JsonLines, TextLines, without_tokens

SECRET = "nas_12_AbC-dEf_0123456789"


def record(message="trial done", error=None, **about):
    made = logging.makeLogRecord(
        {"name": "nas.jobs.driver", "msg": message, "levelno": 20, "levelname": "INFO", **about}
    )
    made.exc_info = (type(error), error, None) if error else None
    return made


def test_a_line_of_json_has_the_time_in_utc_and_what_it_is_about():
    line = json.loads(JsonLines().format(record(job="flowers", trial=3, created=0.25)))
    assert line == {
        "time": "1970-01-01T00:00:00.250Z",
        "level": "info",
        "logger": "nas.jobs.driver",
        "message": "trial done",
        "job": "flowers",
        "trial": 3,
    }


def test_an_error_and_a_message_of_several_lines_stay_one_line_of_json():
    told = JsonLines().format(record("first\nsecond", ValueError("no such stage")))
    assert "\n" not in told
    line = json.loads(told)
    assert line["message"] == "first\nsecond"
    assert line["error"] == "ValueError: no such stage"


def test_what_is_no_json_is_written_as_text():
    assert "object" in json.loads(JsonLines().format(record(about=object())))["about"]


def test_lines_for_people_say_what_they_are_about_before_a_traceback():
    first, *rest = TextLines().format(record(error=ValueError("no"), job="flowers")).split("\n")
    assert first.endswith("INFO trial done job=flowers")
    assert rest == ["ValueError: no"]


def test_the_request_that_is_answered_is_named_and_marks_of_others_are_not():
    answering = REQUEST.set("r-1")
    try:
        line = json.loads(JsonLines().format(record(_ray_mark=1)))
    finally:
        REQUEST.reset(answering)
    assert line["request"] == "r-1"
    assert "_ray_mark" not in line


@pytest.mark.parametrize("form", [JsonLines(), TextLines()])
def test_secrets_are_blotted_out_wherever_they_stand(form):
    told = form.format(record(f"refused {SECRET}", ValueError(SECRET), token=SECRET))
    assert "AbC" not in told
    assert told.count("nas_12_***") == 3


def test_a_jobs_name_is_no_token():
    assert without_tokens("nas_12_flowers nas_job_of_today") == "nas_12_flowers nas_job_of_today"
