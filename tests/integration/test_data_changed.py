"""Images that change between submission and training end the job with that reason, no trial."""

import pytest
import torch
from torchvision.io import write_png

from nas.errors import DataProblem
from nas.home import Home
from nas.job_file.spec import JobSpec
from nas.jobs.deep import deep_check
from nas.jobs.driver import drive_job
from nas.jobs.submission import submit
from nas.store.store import Store
from workers.inline import InlinePool


def picture(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_png(torch.full((3, 16, 16), value, dtype=torch.uint8), str(path))


def spec(root):
    return JobSpec.model_validate(
        {
            "name": "changed",
            "data": {"name": "image_folder", "root": str(root), "image_size": 16},
            "space": {
                "backbone": {"name": "cifar_resnet", "depth": 8, "width": 4},
                "attention": [{"stages": 3, "types": {"none": None, "eca": None}}],
            },
            "recipe": {"epochs": 1, "batch_size": 4},
            "search": {"trials": 2, "rungs": [1], "sampler": "random"},
            "finalists": {"seeds": 0},
            "workers": {"count": 1, "device": "cpu"},
        }
    )


def test_changed_images_end_the_job_and_the_right_ones_let_it_go_on(tmp_path):
    root = tmp_path / "images"
    for part in ("train", "test"):
        for label in range(2):
            for number in range(8):
                picture(root / part / f"class{label}" / f"{number}.png", 20 * number + label)
    store, home = Store(f"sqlite:///{tmp_path / 'store.db'}"), Home(tmp_path)
    checked = spec(root)
    job = submit(store, checked, deep_check(checked, estimate=False))

    picture(root / "train" / "class1" / "3.png", 255)
    with pytest.raises(DataProblem, match="has changed since the job was submitted: its hash is"):
        drive_job(store, home, job, open_pool=lambda job, say: InlinePool())
    failed = store.jobs.get("changed")
    assert failed.state == "failed"
    assert str(root) in failed.reason
    assert "failed" not in {trial.state for trial in store.trials.list(job.id)}

    picture(root / "train" / "class1" / "3.png", 61)
    done = drive_job(store, home, failed, open_pool=lambda job, say: InlinePool())
    assert done.state == "done"
    assert {trial.state for trial in store.trials.list(job.id)} == {"done"}
    store.close()
