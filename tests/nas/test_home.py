from pathlib import Path

from nas.home import Home, ray_address


def test_default_is_a_folder_here_and_nothing_is_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = Home.here({})
    assert home.root == tmp_path / ".nas"
    places = [home.store_file, home.mlflow_file, home.artifacts, home.exports, home.logs]
    assert all(place.parent == home.root for place in places)
    assert home.checkpoints("demo").is_relative_to(home.root)
    assert list(tmp_path.iterdir()) == []


def test_environment_names_home_and_store(tmp_path):
    home = Home.here({"NAS_HOME": str(tmp_path / "x"), "NAS_STORE_URL": "postgresql://h/d"})
    assert home.root == tmp_path / "x"
    assert home.store_url == "postgresql://h/d"
    assert Home.here({"NAS_HOME": "~/y"}).root == Path.home() / "y"
    assert Home.here({"NAS_HOME": ""}).root.name == ".nas"


def test_embedded_store_and_mlflow_are_files_of_their_own(tmp_path):
    home = Home(tmp_path)
    assert home.store_url == f"sqlite:///{tmp_path}/store.db"
    assert home.mlflow_url == f"sqlite:///{tmp_path}/mlflow.db"


def test_create_makes_what_is_asked_for(tmp_path):
    home = Home(tmp_path / "deep" / "home")
    assert home.create(home.checkpoints("a")).is_dir()
    assert not home.logs.exists()
    assert home.create() == home.root


def test_a_cluster_is_named_by_the_job_file_or_by_the_environment():
    assert ray_address(None, {}) == ""
    assert ray_address(None, {"NAS_RAY_ADDRESS": " ray-head:6379\n"}) == "ray-head:6379"
    assert ray_address("mine:1", {"NAS_RAY_ADDRESS": "ray-head:6379"}) == "mine:1"
