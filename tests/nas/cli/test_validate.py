import json
import subprocess
import sys

import pytest


def test_right_file(nas, job):
    result = nas("validate", job)
    assert result.exit_code == 0
    assert "is valid: job 'small', 6 trials out of 54 architectures" in result.stdout
    assert "compared at epochs 1, 2, 4" in result.stdout


def test_json_has_the_whole_spec(nas, job):
    data = json.loads(nas("validate", job, "-o", "json", "--set", "search.trials=9").stdout)
    assert data["valid"] is True
    assert data["space_size"] == 54
    assert data["rungs"] == [1, 2, 4]
    assert data["spec"]["search"]["trials"] == 9


def test_deep_builds_and_estimates(nas, job):
    data = json.loads(nas("validate", job, "--deep", "-o", "json").stdout)["deep"]
    assert data["image"] == [1, 8, 8]
    assert data["space_size"] == 54
    assert 0 < data["parameters"][0] < data["parameters"][1]
    assert data["hours"] > 0
    table = nas("validate", job, "--deep").stdout
    assert "forward FLOPs" in table
    assert "at most about" in table


def test_deep_misses_the_jobs_that_a_job_starts_from_as_a_run_would(nas, job, here, store, add_job):
    add_job(store, name="earlier")
    wrong = nas("validate", job, "--deep", "--set", "warm_start=[earlyer]")
    assert wrong.exit_code == 2
    assert "warm_start[0]: there is no job 'earlyer' (did you mean 'earlier'?)" in wrong.stderr
    assert nas("validate", job, "--deep", "--set", "warm_start=[earlier]").exit_code == 0


BAD_TEXT = {
    "unknown key": ("  trials: 6", "  trails: 6", "13:3: search.trails: unknown key (did you mean"),
    "type": ("se:", "sse:", "9:9: space.attention[0].types.sse: unknown attention type 'sse'"),
    "backbone": ("cifar_resnet", "cifar_resnett", "5:20: space.backbone.name: unknown backbone"),
    "data set": ("digits", "digitz", "3:9: data.name: unknown data set 'digitz' (did you mean"),
    "duplicate": (
        "recipe:",
        "name: b\nrecipe:",
        "10:1: name: stands twice; the first is in line 1",
    ),
    "even kernel": ("se: {ratio: [2, 4]}", "eca: {kernel_size: 4}", "allowed: an odd integer"),
    "position": ("ratio: [2, 4]", "positions: [nowhere]", "unknown position 'nowhere'"),
}


@pytest.mark.parametrize("case", BAD_TEXT)
def test_bad_files_are_refused_with_place_and_caret(nas, job, here, case):
    old, new, message = BAD_TEXT[case]
    job.write_text(job.read_text().replace(old, new))
    result = nas("validate", job)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "^" in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert [path.name for path in here.iterdir()] == ["job.yaml"]


BAD_DEEP = {
    "ratio larger than the channels": (
        "space.attention.0.types.se={ratio: [4, 64]}",
        "--set space.attention.0.types.se={ratio: [4, 64]}: space.attention[0].types.se: stage",
    ),
    "missing data folder": ("data={name: mnist, root: nowhere}", "MNIST/raw"),
    "no trial under the limit": ("cost.limits.parameters=10", "limits.parameters is 10, but no"),
    "empty space": ("space.attention=[]", "attention is empty"),
}


@pytest.mark.parametrize("case", BAD_DEEP)
def test_bad_jobs_are_refused_before_anything_is_written(nas, job, here, case):
    override, message = BAD_DEEP[case]
    result = nas("validate", job, "--deep", "--set", override)
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert [path.name for path in here.iterdir()] == ["job.yaml"]


def test_non_local_on_a_map_too_large_for_memory(nas, job, here):
    large = "space={backbone: {name: cifar_resnet}, attention: [{types: {non_local: {}}}]}"
    for class_name in ("a", "b"):
        for part in ("train", "test"):
            (here / "images" / part / class_name).mkdir(parents=True)
            _write_image(here / "images" / part / class_name)
    data = "data={name: image_folder, root: images, image_size: 128}"
    result = nas("validate", job, "--deep", "--set", large, "--set", data)
    assert result.exit_code == 2
    assert "128x128 positions need a map" in result.stderr


def _write_image(folder):
    from PIL import Image

    for number in range(6):
        Image.new("RGB", (4, 4), (number, 0, 0)).save(folder / f"{number}.png")


def test_real_process_shows_no_traceback_and_exits_2(here, job):
    job.write_text(job.read_text().replace("trials: 6", "trials: 0"))
    command = [sys.executable, "-m", "nas", "validate", "job.yaml"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "job.yaml:13:11: search.trials: 0 is out of range" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert [path.name for path in here.iterdir()] == ["job.yaml"]
