from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neuromorphic_ros import resources
from neuromorphic_ros.errors import NeuromorphicError


def make_share(place: Path) -> Path:
    (place / "msg").mkdir(parents=True)
    (place / "msg" / "SpikeArray.msg").touch()
    (place / "config").mkdir()
    return place


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that the package is not in a source tree; return the sys.prefix it sees."""
    module = tmp_path / "site-packages" / "neuromorphic_ros" / "resources.py"
    monkeypatch.setattr(resources, "__file__", str(module))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    monkeypatch.delenv("AMENT_PREFIX_PATH", raising=False)
    return tmp_path / "prefix"


def test_source_tree_comes_first() -> None:
    assert (resources.share_directory() / "msg" / "SpikeArray.msg").is_file()
    assert resources.share_directory() == Path(resources.__file__).resolve().parent.parent


def test_ros_installation_comes_before_the_python_environment(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_share(installed / "share" / "neuromorphic_ros")
    overlay = make_share(tmp_path / "overlay" / "share" / "neuromorphic_ros")
    prefixes = f"{tmp_path / 'other'}:{tmp_path / 'overlay'}"
    monkeypatch.setenv("AMENT_PREFIX_PATH", prefixes)
    assert resources.share_directory() == overlay


def test_python_environment_is_found(installed: Path) -> None:
    share = make_share(installed / "share" / "neuromorphic_ros")
    assert resources.share_directory() == share


def test_foreign_msg_folder_beside_the_package_is_not_ours(tmp_path: Path, installed: Path) -> None:
    (tmp_path / "site-packages" / "msg").mkdir(parents=True)
    (tmp_path / "site-packages" / "config").mkdir()
    with pytest.raises(NeuromorphicError):
        resources.share_directory()


def test_error_names_the_places(
    tmp_path: Path, installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "ros"))
    with pytest.raises(NeuromorphicError) as caught:
        resources.share_directory()
    for place in (tmp_path / "site-packages", tmp_path / "ros", installed):
        assert str(place) in str(caught.value)
