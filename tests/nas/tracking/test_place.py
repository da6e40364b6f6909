from nas.home import Home
from nas.tracking.place import Place, is_server, without_password


def test_by_default_files_lie_in_nas_home(tmp_path):
    place = Place.of(Home(tmp_path), {})
    assert place.tracking_uri == f"sqlite:///{tmp_path}/mlflow.db"
    assert place.artifact_location == str(tmp_path / "artifacts")
    assert (
        place.how_to_look == f"mlflow server --backend-store-uri {place.tracking_uri} --port 5000"
    )


def test_a_named_server_keeps_artifacts_where_it_wants(tmp_path):
    place = Place.of(Home(tmp_path), {"MLFLOW_TRACKING_URI": "http://mlflow:5000"})
    assert place == Place("http://mlflow:5000", None)
    assert place.how_to_look == "open http://mlflow:5000"


def test_a_named_database_keeps_artifacts_in_nas_home(tmp_path):
    place = Place.of(Home(tmp_path), {"MLFLOW_TRACKING_URI": "sqlite:////else/where.db"})
    assert place == Place("sqlite:////else/where.db", str(tmp_path / "artifacts"))


def test_an_empty_variable_counts_as_absent(tmp_path):
    assert Place.of(Home(tmp_path), {"MLFLOW_TRACKING_URI": " "}) == Place.of(Home(tmp_path), {})


def test_passwords_are_hidden():
    assert without_password("https://me:secret@host:5000/x") == "https://me:***@host:5000/x"
    assert without_password("not an address") == "not an address"


def test_servers_are_told_from_databases():
    assert is_server("https://host")
    assert not is_server("sqlite:///file")
