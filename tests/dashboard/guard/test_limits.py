"""Requests that are too large, in one piece or in parts, and those that never end."""

import pytest

CHECK = "/api/v1/jobs/check"


def parts(count):
    for _ in range(count):
        yield b"x" * 1000


@pytest.fixture
def client(serve):
    return serve(request_bytes=4096).client()


def test_a_body_that_says_its_size_is_refused_before_it_is_read(client):
    answer = client.post(CHECK, json={"job_file": "x" * 5000})
    assert answer.status_code == 413
    assert answer.json()["error"]["kind"] == "too_large"
    assert "4,096" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", [CHECK, "/api/v1/jobs", "/sign-in"])
def test_a_body_in_parts_is_refused_once_it_is_too_large(client, path):
    as_json = {"Content-Type": "application/json"}
    assert client.post(path, content=parts(10), headers=as_json).status_code == 413
    assert client.post(path, content=parts(2), headers=as_json).status_code != 413


def test_a_body_that_does_not_come_is_given_up(client, monkeypatch):
    monkeypatch.setattr("dashboard.guard.limits.PATIENCE", 0.05)

    async def ask():
        sent = []

        async def never():
            import asyncio

            await asyncio.sleep(60)

        async def send(message):
            sent.append(message)

        headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
        scope = {
            "type": "http",
            "method": "POST",
            "path": CHECK,
            "raw_path": CHECK.encode(),
            "query_string": b"",
            "headers": headers,
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8000),
            "scheme": "http",
            "http_version": "1.1",
        }
        await client.app(scope, never, send)
        return sent[0]["status"]

    import asyncio

    assert asyncio.run(asyncio.wait_for(ask(), 10)) == 408
