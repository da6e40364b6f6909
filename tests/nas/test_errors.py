import pytest

from nas import errors
from nas.errors import Exit, JobFileError, NasError, NotFound, Problem, did_you_mean, nearest


def tree(kind=NasError):
    for child in kind.__subclasses__():
        yield child
        yield from tree(child)


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.__name__)
def test_every_class_owns_its_statuses_and_says_its_meaning(kind):
    assert kind.exit_code in list(Exit)
    assert 400 <= kind.http_status < 600
    assert kind.__doc__
    assert kind.__doc__ != NasError.__doc__


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.JobFileError, 2),
        (errors.StoreUnreachable, 3),
        (errors.NotAllowed, 4),
        (errors.JobFailed, 100),
        (errors.NotFound, 102),
        (errors.JobCancelled, 103),
    ],
)
def test_exit_statuses_are_those_of_the_manual(kind, status):
    assert kind.exit_code == status


def test_kind_is_the_name_for_programs():
    assert errors.NothingToExport("x").kind == "nothing_to_export"
    assert NotFound("job", "x").kind == "not_found"


def test_not_found_gives_the_nearest_name():
    assert str(NotFound("job", "demp", ["demo", "other"])) == (
        "no job 'demp' (did you mean 'demo'?)"
    )
    assert str(NotFound("trial", 7, [1, 2])) == "no trial '7'"


def test_problem_shows_its_line_and_a_caret_under_the_column():
    problem = Problem("job.yaml:6:3", "a.b", "is wrong", 6, 3, "  b: 1")
    assert str(problem) == "job.yaml:6:3: a.b: is wrong"
    assert problem.explain().splitlines() == [
        "job.yaml:6:3: a.b: is wrong",
        "    6 |   b: 1",
        "      |   ^",
    ]


def test_caret_keeps_tabs_so_that_it_stands_right_in_any_terminal():
    problem = Problem("f:1:3", "", "bad", 1, 3, "\ta: 1")
    assert problem.explain().endswith("| \t ^")


def test_job_file_error_holds_every_problem():
    one, two = Problem("f:1:1", "a", "bad"), Problem("f:2:1", "b", "worse")
    error = JobFileError([one, two])
    assert error.problems == (one, two)
    assert str(error) == "2 problems in the job file\nf:1:1: a: bad\nf:2:1: b: worse"
    assert [d["path"] for d in error.details()] == ["a", "b"]


def test_nearest_is_none_where_nothing_is_close():
    assert nearest("trails", ["trials", "seed"]) == "trials"
    assert nearest("xyz", ["trials", "seed"]) is None
    assert did_you_mean("xyz", ["trials"]) == ""
