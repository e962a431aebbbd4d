"""The one-file verifier finds what digests, signatures and proofs can tell, and no more alarms."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import cryptography
import pytest
import rfc8785
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed import standalone_verify
from coldwitness.api.reports.packed.verification import REASONS
from tests.reports.fleet import STORIES, report_of
from tests.reports.packages import BUREAU, FORGER, edited_report, files_of, honest, unsealed_edit
from tests.reports.test_verification import EDITS, flipped, forgeries

BEYOND = {"pages_differ", "rules_edited", "result_differs", "record_missing"}
"""Needs judging, the rules, the typesetter or the decoders: the full verifier's part."""
ONLY_THE_FULL_ONE = {"formats that read the rows otherwise"}
"""Signed anew by the bureau's own key, every digest and proof in order."""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The verifier as a receiver has it: the file out of a package."""
    path = tmp_path / "verify.py"
    path.write_bytes(files_of(honest())["verify.py"])
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "bureau.pub"
    path.write_bytes(
        BUREAU.public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return path


def run(script: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """In isolated mode and from its own folder: nothing of the project can be imported."""
    return subprocess.run(
        [sys.executable, "-I", str(script), *map(str, arguments)],
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def told(
    script: Path, files: dict[str, bytes], *arguments: str | Path
) -> tuple[int, dict[str, set[str]]]:
    """Exit code, and the codes found in each of `files`, all given to one run."""
    paths = []
    for number, data in enumerate(files.values()):
        paths.append(script.with_name(f"file{number}"))
        paths[-1].write_bytes(data)
    done = run(script, *paths, "--json", *arguments)
    assert done.stderr == ""
    answers: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    codes = [{problem["code"] for problem in answer["problems"]} for answer in answers]
    assert set().union(*codes) <= set(REASONS)
    return done.returncode, dict(zip(files, codes, strict=True))


def test_it_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    source = Path(standalone_verify.__file__).read_text("utf-8")
    imports = [line.split()[1] for line in source.splitlines() if line[:5] in ("from ", "impor")]
    tops = {name.partition(".")[0] for name in imports}
    assert tops - set(sys.stdlib_module_names) == {"cryptography"}


ALONE = """import runpy, sys
sys.path.append(sys.argv[1])
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")"""


def test_it_runs_where_nothing_but_cryptography_is_installed(script: Path, tmp_path: Path) -> None:
    """A Python without its site packages (-S) that is lent `cryptography` and what that needs."""
    lent = tmp_path / "lent"
    lent.mkdir()
    installed = Path(cryptography.__file__).parent.parent
    for name in ("cryptography", "cffi", "pycparser", *_backends(installed)):
        if (installed / name).exists():
            (lent / name).symlink_to(installed / name)
    (tmp_path / "x.zip").write_bytes(honest())
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", ALONE, str(lent), str(script), "x.zip"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert "digests, signature and proofs hold" in done.stdout
    assert "no timestamp token" in done.stdout


def _backends(installed: Path) -> list[str]:
    return [path.name for path in installed.glob("_cffi_backend*")]


def test_honest_packages_and_reports_hold(script: Path, key: Path) -> None:
    code, found = told(script, {"package": honest(), "clean": honest("clean")}, "--key", key)
    assert (code, found) == (0, {"package": set(), "clean": set()})
    code, found = told(script, {story: render_json(report_of(story)) for story in STORIES})
    assert (code, found) == (3, {story: set() for story in STORIES})


def test_it_says_that_it_did_not_judge_again_and_who_signed(script: Path, key: Path) -> None:
    (script.parent / "x.zip").write_bytes(honest())
    done = run(script, "x.zip", "--key", key)
    assert done.returncode == 0
    assert "未重新评判" in done.stdout
    assert BUREAU.key_id in done.stdout
    assert "trusted" in done.stdout
    assert "check whose key" in run(script, "x.zip").stdout


def test_forged_packages_are_found_with_their_reason(script: Path, key: Path) -> None:
    table = forgeries()
    made = {name: make() for name, (make, _) in table.items()}
    code, found = told(script, made, "--key", key)
    assert code == 1
    for name, codes in found.items():
        assert codes >= table[name][1] - BEYOND, (name, codes)
    assert {name for name, codes in found.items() if not codes} == ONLY_THE_FULL_ONE


def test_edits_of_a_report_are_found_by_digest_and_by_signer(script: Path, key: Path) -> None:
    data = files_of(honest())["report.json"]
    edited = {name: unsealed_edit(data, edit) for name, edit in EDITS.items()}
    _, found = told(script, edited, "--key", key)
    for name, codes in found.items():
        assert codes >= {"digest_mismatch", "signature_invalid"}, name
    resealed = {name: edited_report(data, edit, signer=FORGER) for name, edit in EDITS.items()}
    _, found = told(script, resealed, "--key", key)
    assert all("signer_unknown" in codes for codes in found.values())


@pytest.mark.parametrize(
    "name",
    [
        "one reading cooled below the limit",
        "all hot readings cooled",
        "one hot reading dropped",
        "ten readings dropped",
        "digest of the readings",
        "window shortened",
        "clock of the logger rolled",
    ],
)
def test_readings_that_do_not_fit_the_results_digest_are_found_without_a_key(
    script: Path, name: str
) -> None:
    data = files_of(honest())["report.json"]
    code, found = told(script, {name: edited_report(data, EDITS[name])})
    assert (code, found[name]) == (1, {"result_differs"})


def test_one_flipped_bit_anywhere_is_found(script: Path, key: Path) -> None:
    package = honest()
    shares = (0.0001, 0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 0.99999)
    bits = {str(s): flipped(package, int(len(package) * s), 2) for s in shares}
    code, found = told(script, bits, "--key", key)
    assert code == 1
    assert all(found.values())


def test_what_is_nothing_of_ours_does_not_hold(script: Path) -> None:
    odd = (b"", b"hello", b"{}", b"[]\n", b"PK\x03\x04", b"\xff\xfe\x00", b"[" * 100_000, b"NaN\n")
    code, found = told(script, {str(i): data for i, data in enumerate(odd)})
    assert code == 1
    assert all("not_readable" in codes for codes in found.values())


def test_missing_file_bad_key_and_lone_pdf_are_one_line_and_exit_2(script: Path) -> None:
    (script.parent / "x.pdf").write_bytes(render_pdf(report_of("clean"), lang="zh"))
    (script.parent / "x.json").write_bytes(render_json(report_of("clean")))
    (script.parent / "bad.pub").write_bytes(b"no key")
    for arguments in (("none.zip",), ("x.pdf",), ("x.json", "--key", "bad.pub"), ()):
        done = run(script, *arguments)
        assert (done.returncode, done.stdout) == (2, ""), arguments
        assert "Traceback" not in done.stderr


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=200, deadline=None)
def test_numbers_are_written_as_the_canonical_form_demands(value: float) -> None:
    assert standalone_verify.canonical(value) == rfc8785.dumps(value)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), st.lists(st.text() | st.booleans() | st.none())))
def test_texts_and_keys_are_written_as_the_canonical_form_demands(value: Any) -> None:
    assert standalone_verify.canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("value", [1e21, 1e20, 1e-6, 1e-7, 123.456e30, 5e-324, -0.0, 1.5, -1e22])
def test_numbers_at_the_edges_of_the_canonical_form(value: float) -> None:
    assert standalone_verify.canonical(value) == rfc8785.dumps(value)


def test_numbers_that_are_none_are_refused() -> None:
    for value in (math.nan, math.inf, -math.inf, 2**53):
        with pytest.raises(ValueError, match=r"finite|2\^53"):
            standalone_verify.canonical(value)
