"""A post that is repeated with its key is done once, whichever process is asked."""

from pathlib import Path

import pytest
from starlette.responses import Response

from coldwitness.api.http.idempotency import KEPT_MS, RUNS_MS, RepliedPosts
from coldwitness.api.http.problems import Problem
from coldwitness.storage.register import open_register


def test_the_answer_outlives_the_process_that_gave_it(tmp_path: Path) -> None:
    url, now_ms, done = f"sqlite:///{tmp_path / 'register.sqlite'}", 1_000, []

    def post(key: str | None, body: bytes = b"a") -> Response:
        register = open_register(url)

        def act() -> Response:
            done.append(key)
            return Response(b'{"n":1}', status_code=201, headers={"Location": "/x"})

        try:
            return RepliedPosts(register).once(
                key, scope="me POST /x", body=body, clock=lambda: now_ms, act=act
            )
        finally:
            register.close()

    first, again = post("k"), post("k")
    assert (again.status_code, again.body, again.headers) == (201, first.body, first.headers)
    assert done == ["k"]
    with pytest.raises(Problem, match="another body"):
        post("k", b"b")
    post(None)
    now_ms += KEPT_MS + 1
    post("k", b"b")
    assert done == ["k", None, "k"]


def test_one_that_still_runs_is_waited_for_and_one_whose_process_ended_is_not(
    tmp_path: Path,
) -> None:
    register = open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")
    posts, now_ms = RepliedPosts(register), 1_000

    def post(act: object = Response) -> Response:
        return posts.once("k", scope="s", body=b"", clock=lambda: now_ms, act=act)  # type: ignore[arg-type]

    def meanwhile() -> Response:
        with pytest.raises(Problem, match="still runs"):
            post()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        post(meanwhile)
    assert post().status_code == 200, "what failed may be tried again"
    register.replies.begin("s\nz", fingerprint="", now_ms=now_ms, kept_ms=KEPT_MS, runs_ms=RUNS_MS)
    now_ms += RUNS_MS + 1
    assert posts.once("z", scope="s", body=b"", clock=lambda: now_ms, act=Response).body == b""
    register.close()
