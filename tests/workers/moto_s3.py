"""An S3 server for tests: moto's, in a thread of this process, reached over HTTP."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def moto_server() -> Iterator[str]:
    """Start a server and point the environment at it; gives its address."""
    if not os.environ.get("CI"):
        pytest.importorskip("s3fs", reason="S3 is tested where s3fs is installed")
        pytest.importorskip("moto.server", reason="S3 is tested where moto[server] is installed")
    import s3fs
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host if host != '0.0.0.0' else '127.0.0.1'}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", address)
        patch.delenv("AWS_PROFILE", raising=False)
        s3fs.S3FileSystem.clear_instance_cache()
        try:
            yield address
        finally:
            s3fs.S3FileSystem.clear_instance_cache()
            server.stop()


def new_bucket(address: str) -> str:
    """A bucket of its own for a test."""
    import boto3

    name = f"bucket-{uuid.uuid4().hex[:12]}"
    boto3.client("s3", endpoint_url=address).create_bucket(Bucket=name)
    return name
