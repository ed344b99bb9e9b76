"""Build what is deployed: the functions' zip, the report layer and the template, under build/package/.

    python -m infra.deploy.package

The zip is Chalice's own, without what the Lambda runtime already has (two versions of botocore in one process do not
agree) and with its modules compiled (a zip of sources alone makes every cold start compile them again).
"""

from __future__ import annotations

import compileall
import hashlib
import json
import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.failures import ended_plainly
from infra.setup.bootstrap import LOCKS, ROOT, reason

BUILD = ROOT / "build" / "package"
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
IN_THE_RUNTIME = (
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "python_dateutil",
    "urllib3",
    "six",
    "six.py",
)
# Of the sources: what only the command line and tests use.
NOT_DEPLOYED = ("chalicelib/cli", "chalicelib/__main__.py", "chalicelib/carriers/simulator")
SOURCES = ("app.py", "chalicelib", ".chalice/config.json", ".chalice/policy.json")
INPUTS = (
    *SOURCES,
    "infra/deploy/template.yaml",
    "infra/deploy/package.py",
    "infra/locks/lambda.txt",
    "infra/locks/layer.txt",
)
WHEELS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")  # what Amazon Linux 2023 can load
LAMBDA_LIMIT_MB = 250


class PackageError(Exception):
    """The package could not be built, in one sentence."""


@dataclass(frozen=True, slots=True)
class Package:
    """A built package: its template still names local files."""

    folder: Path

    @property
    def zip_file(self) -> Path:
        return self.folder / "deployment.zip"

    @property
    def layer_file(self) -> Path:
        return self.folder / "report-layer.zip"

    @property
    def template_file(self) -> Path:
        return self.folder / "template.json"

    def template(self) -> dict[str, Any]:
        """Return the finished CloudFormation template."""
        loaded: dict[str, Any] = json.loads(self.template_file.read_text())
        return loaded


def build() -> Package:
    """Return the package of the sources as they are now; built only when an input has changed. Raises PackageError."""
    package = Package(BUILD / _fingerprint())
    if package.template_file.exists():
        return package
    shutil.rmtree(BUILD, ignore_errors=True)
    package.folder.mkdir(parents=True, exist_ok=True)  # what could not be deleted is written over, or refuses that
    layer = _layer()
    shutil.copy(layer, package.layer_file)
    _run_chalice(package.folder)
    _repack(package.folder / "deployment.zip")
    package.template_file.write_text(json.dumps(_finish(package.folder / "sam.yaml"), separators=(",", ":")))
    return package


def _fingerprint() -> str:
    digest = hashlib.sha256(RUNTIME.encode())
    for name in INPUTS:
        path = ROOT / name
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _run_chalice(folder: Path) -> None:
    """Chalice packages a copy of the sources, so that neither build files nor a half-saved edit get into the zip."""
    source = folder / "source"
    for name in SOURCES:
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    for name in NOT_DEPLOYED:
        shutil.rmtree(source / name) if (source / name).is_dir() else (source / name).unlink()
    shutil.copy(ROOT / "infra" / "deploy" / "template.yaml", source / "template.yaml")
    shutil.copy(LOCKS / "lambda.txt", source / "requirements.txt")  # the same versions and hashes on every machine
    command = [str(Path(sys.executable).with_name("chalice")), "package", "--stage", "package"]
    command += ["--pkg-format", "cloudformation", "--merge-template", "template.yaml", str(folder)]
    ran = subprocess.run(command, cwd=source, env=_offline_aws(), capture_output=True, text=True, check=False)  # noqa: S603
    said = ran.stdout + ran.stderr
    if ran.returncode != 0 or "Could not install dependencies" in said:  # chalice exits 0 when wheels are missing
        raise PackageError(f"chalice package failed: {reason(said)}")
    shutil.rmtree(source)


def _offline_aws() -> dict[str, str]:
    """Chalice asks no AWS for anything here; a region is all it needs to know."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**kept, "AWS_DEFAULT_REGION": "us-east-1"}


def _repack(zip_file: Path) -> None:
    unpacked = zip_file.parent / "unpacked"
    with zipfile.ZipFile(zip_file) as archive:
        archive.extractall(unpacked)
    for entry in unpacked.iterdir():
        if entry.name.split("-")[0] in IN_THE_RUNTIME:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    _compile(unpacked)
    _zip(unpacked, zip_file)
    shutil.rmtree(unpacked)


def _layer() -> Path:
    """Return the report layer as a zip; built once per lock and interpreter, since it takes a download of 30 MB."""
    key = hashlib.sha256(RUNTIME.encode() + (LOCKS / "layer.txt").read_bytes()).hexdigest()[:16]
    layer = ROOT / "build" / "layers" / f"{key}.zip"
    if layer.exists():
        return layer
    folder = layer.with_suffix("")
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--only-binary=:all:"]
    command += ["--require-hashes", "-r", str(LOCKS / "layer.txt"), "--target", str(folder / "python")]
    command += ["--implementation", "cp", "--python-version", RUNTIME.removeprefix("python"), "--no-deps"]
    command += [word for wheel in WHEELS for word in ("--platform", wheel)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode != 0:
        raise PackageError(f"The report layer could not be installed: {reason(ran.stdout + ran.stderr)}")
    _compile(folder)
    _zip(folder, layer)
    shutil.rmtree(folder)
    return layer


def _compile(folder: Path) -> None:
    """Unchecked: the files' times do not survive the zip, and nobody edits them in Lambda."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(
        folder, quiet=2, workers=0, invalidation_mode=mode, stripdir=str(folder), prependdir="/var/task"
    )


def _zip(folder: Path, target: Path) -> None:
    """Zip with fixed times and order: the same sources give the same bytes, and so the same name in the bucket."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    if size > LAMBDA_LIMIT_MB:
        raise PackageError(f"{target.name} unzips to {size:.0f} MB; Lambda allows {LAMBDA_LIMIT_MB}.")
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(str(file.relative_to(folder)), date_time=(1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())
    partial.replace(target)


def _finish(sam_file: Path) -> dict[str, Any]:
    """Chalice's merged template with the runtime filled in; a misspelt logical id is a resource without a type."""
    template: dict[str, Any] = yaml.safe_load(sam_file.read_text())
    sam_file.unlink()
    for name, resource in template["Resources"].items():
        if "Type" not in resource:
            raise PackageError(
                f"infra/deploy/template.yaml: {name} merges into nothing that Chalice packaged and has no Type."
            )
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["Runtime"] = RUNTIME
            resource["Properties"].pop("Tags", None)
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["CompatibleRuntimes"] = [RUNTIME]
    return template


def main() -> None:
    """Build and say what came out."""
    package = build()
    for file in (package.zip_file, package.layer_file, package.template_file):
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    with ended_plainly("package", PackageError):
        main()
