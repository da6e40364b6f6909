"""Who may come in, by token, by cookie, from this machine; and what a foreign page can't do."""

import logging
import re

import pytest

from nas.logs import JsonLines

JOBS = "/api/v1/jobs"


def test_without_a_token_this_machine_may_do_everything(service, add_job, store):
    add_job(store)
    assert service.client().get(JOBS).status_code == 200
    assert service.client().get("/").status_code == 200


def test_with_the_first_token_everybody_needs_one(service):
    text = service.token()
    answer = service.client().get(JOBS)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["error"]["kind"] == "not_signed_in"
    assert service.client(text).get(JOBS).status_code == 200


@pytest.mark.parametrize("where", [{"listens_on": "0.0.0.0"}, {"behind_proxy": True}])
def test_where_others_reach_it_a_token_is_needed_though_there_is_none(serve, where):
    assert serve(**where).client().get(JOBS).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["nas_1_x", "Basic bmFzOng=", "Bearer", "Bearer nas_1_wrong", "Bearer nas_x_y", "Bearer \x7f"],
)
def test_what_is_no_token_is_refused(service, header):
    service.token()
    answer = service.client().get(JOBS, headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_wrong_token_is_refused_also_where_none_is_needed(service):
    assert service.client("nas_1_wrong").get(JOBS).status_code == 401


def test_a_revoked_or_expired_token_is_refused(service, store):
    text = service.token()
    client = service.client(text)
    assert client.get(JOBS).status_code == 200
    store.tokens.revoke("ann")
    service.token("other")
    assert client.get(JOBS).status_code == 401
    assert service.client(service.token("late", expires_ms=1)).get(JOBS).status_code == 401


def test_the_use_of_a_token_is_noted_once_a_minute(service, store):
    client = service.client(service.token())
    client.get(JOBS)
    first = store.tokens.list()[0].last_used_ms
    client.get(JOBS)
    assert first is not None
    assert store.tokens.list()[0].last_used_ms == first


def test_what_supervisors_ask_and_the_page_of_sign_in_needs_is_open(service):
    service.token()
    for path in ("/healthz", "/readyz", "/sign-in", "/static/style.css"):
        assert service.client().get(path).status_code == 200, path
    for path in ("/metrics", "/api/v1/openapi.json", JOBS):
        assert service.client().get(path).status_code == 401, path


def test_pages_lead_to_sign_in_and_back(service, store, add_job):
    add_job(store)
    text = service.token()
    client = service.client()
    answer = client.get("/jobs/synthetic")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/jobs/synthetic"
    form = client.get(answer.headers["location"]).text
    there = re.search(r'name="next" value="([^"]*)"', form)[1]
    answer = client.post("/sign-in", data={"token": text, "next": there})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/jobs/synthetic"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert text.rpartition("_")[2] not in cookie
    assert client.get("/jobs/synthetic").status_code == 200


@pytest.mark.parametrize("there", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_sign_in_leads_nowhere_else(service, there):
    answer = service.client().post("/sign-in", data={"token": service.token(), "next": there})
    assert answer.headers["location"] == "/"


def test_a_wrong_token_at_sign_in_is_told_on_the_page(service):
    answer = service.client().post("/sign-in", data={"token": "nas_1_wrong"})
    assert answer.status_code == 401
    assert "not valid" in answer.text
    assert "wrong" not in answer.text.replace("nas token create", "")


def test_the_key_that_signs_cookies_is_readable_by_its_owner_alone(service, tmp_path):
    service.signed_in(service.token())
    assert (tmp_path / ".nas" / "session.key").stat().st_mode & 0o777 == 0o600


def test_where_no_key_can_be_kept_sign_ins_end_with_the_process(service, caplog, tmp_path):
    (tmp_path / "file").write_text("")
    service.app.state.guard.sessions._file = tmp_path / "file" / "session.key"
    assert service.signed_in(service.token()).get(JOBS).status_code == 200
    assert "NAS_SESSION_KEY" in caplog.text


def test_a_cookie_that_is_not_ours_is_none(service):
    client = service.signed_in(service.token())
    cookie = client.cookies["nas_session"]
    for wrong in (cookie[:-1] + ("0" if cookie[-1] != "0" else "1"), "1.2.3", "x", "9" * 500):
        answer = service.client(cookies={"nas_session": wrong}).get(JOBS)
        assert answer.status_code == 401


def test_signing_out_takes_the_form_of_this_sign_in_and_forgets_the_cookie(service):
    client = service.signed_in(service.token())
    csrf = re.search(r'name="csrf" value="(\w+)"', client.get("/").text)[1]
    assert client.post("/sign-out", data={"csrf": "0"}).status_code == 403
    assert client.post("/sign-out", data={"csrf": csrf}).status_code == 303
    assert client.get(JOBS).status_code == 401


def test_a_cookie_ends_with_its_token(service, store):
    client = service.signed_in(service.token())
    store.tokens.revoke("ann")
    service.token("other")
    assert client.get(JOBS).status_code == 401


def test_with_a_cookie_what_changes_something_needs_more_than_the_cookie(service, store, add_job):
    add_job(store, owner="ann", state="queued")
    client = service.signed_in(service.token())
    csrf = re.search(r'name="csrf-token" content="(\w+)"', client.get("/").text)[1]
    url = f"{JOBS}/synthetic/pause"
    assert client.post(url).status_code == 403
    assert client.post(url, headers={"X-CSRF-Token": "0"}).status_code == 403
    foreign = {"X-CSRF-Token": csrf, "Origin": "https://evil.example"}
    assert client.post(url, headers=foreign).status_code == 403
    own = {"X-CSRF-Token": csrf, "Origin": "http://127.0.0.1:8000"}
    assert client.post(url, headers=own).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:9000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_foreign_page_can_change_nothing_on_this_machine(
    service, store, add_job, headers, status
):
    add_job(store, state="queued")
    answer = service.client().post(f"{JOBS}/synthetic/pause", headers=headers)
    assert answer.status_code == status


def test_a_token_may_ask_so_often_and_is_told_when_to_come_again(serve):
    service = serve(requests_per_minute=3)
    client = service.client(service.token())
    answers = [client.get(JOBS) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 20
    own = service.client(service.token("more", requests_per_minute=10))
    assert [own.get(JOBS).status_code for _ in range(5)] == [200] * 5


def test_who_guesses_tokens_is_stopped_and_others_are_not(serve):
    service = serve(failed_sign_ins_per_minute=3)
    good = service.client(service.token())
    bad = service.client("nas_1_guess")
    assert [bad.get(JOBS).status_code for _ in range(4)] == [401, 401, 401, 429]
    other = service.client(service.token("bea"), client=("10.0.0.7", 1))
    assert other.get(JOBS).status_code == 200
    service.app.state.guard.keyring._seconds = 60.0
    assert good.get(JOBS).status_code == 429  # never seen before: not tried


def test_no_token_stands_in_the_log(service, caplog):
    text = service.token()
    with caplog.at_level(logging.DEBUG):
        client = service.client(text)
        client.get(JOBS)
        client.get(f"{JOBS}?text={text}")
        client.get(f"{JOBS}/{text}")
        service.client().post("/sign-in", data={"token": text})
        service.client(text + "x").get(JOBS)
    lines = [JsonLines().format(record) for record in caplog.records]
    assert any('"token": "ann"' in line for line in lines)
    assert not [line for line in lines if text.rpartition("_")[2] in line]
