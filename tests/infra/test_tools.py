from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest

from infra.setup.bootstrap import SetupError
from infra.setup.tools import FOLDER, NpmPackage, installed, runs, unpack


def tar_of(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def test_only_the_wanted_folder_of_a_package_is_unpacked(tmp_path: Path) -> None:
    unpack(tar_of({"package/bin/tool": b"1", "package/docs/a": b"2"}), tmp_path, "package/bin")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("tool", b"1")]


def test_nothing_is_written_outside_the_folder(tmp_path: Path) -> None:
    unpack(tar_of({"package/../../escaped": b"1"}), tmp_path / "inside", "package")
    assert not list(tmp_path.rglob("escaped"))


def test_a_package_that_is_not_the_pinned_one_is_refused() -> None:
    with pytest.raises(SetupError, match="not the package this project pins"):
        NpmPackage("is-odd", "3.0.1", "bm90IHRoaXM=").download()


def test_a_version_that_does_not_exist_is_named() -> None:
    with pytest.raises(SetupError, match=r"npm could not fetch is-odd 99\.0\.0"):
        NpmPackage("is-odd", "99.0.0", "").download()


def test_a_tool_is_made_once() -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "tool").write_text("works")

    try:
        assert (installed("made-by-a-test", make) / "tool").read_text() == "works"
        assert installed("made-by-a-test", make) == FOLDER / "made-by-a-test"
        assert len(made) == 1
    finally:
        shutil.rmtree(FOLDER / "made-by-a-test")


def test_a_tool_that_could_not_be_made_leaves_nothing_behind() -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("made")
        raise SetupError("the disk is full")

    with pytest.raises(SetupError):
        installed("never-made", fail)
    assert not (FOLDER / "never-made").exists()


def test_a_program_that_fails_does_not_run(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    assert not runs([str(broken)])
    assert not runs([str(tmp_path / "missing")])
    assert runs(["true"])
