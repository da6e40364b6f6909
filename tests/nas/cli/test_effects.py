import json

from nas.analysis.effects import effects


def entries():
    places = [
        "",
        "stage1:se",
        "stage2:se",
        "stage3:se",
        "stage1:cbam",
        "stage2:cbam",
        "stage3:cbam",
    ]
    return [
        {
            "attention": place,
            "width": width,
            "label": "" if place else "none",
            "flops": 100_000 * width + 1000 * width * len(place.split()),
            "accuracy": 0.8 + 0.005 * width + (0.05 if place == "stage3:se" else 0) + 0.0003 * i,
        }
        for i, place in enumerate(places)
        for width in (4, 8, 16)
    ]


def test_a_row_for_each_type_at_each_placement_then_the_axes(nas, store, add_job):
    shares = {"forward_flops": [0.01, 0.01, 0.012], "parameters": [0.02, 0.01, 0.03]}
    counted = {"stage3.pre_add": {"se": shares}}
    add_job(store, entries(), cost_shares=counted)
    lines = nas("effects", "synthetic").stdout.splitlines()
    assert lines[0].split()[:4] == ["stage", "position", "type", "trained"]
    rows = [line.split() for line in lines[1:7]]
    assert [row[:4] for row in rows][-1] == ["stage3", "pre_add", "se", "3"]
    assert lines[6].endswith("separable")
    assert "+1.0 %" in lines[6]
    text = "\n".join(lines)
    assert "share of the variance over the space" in text
    assert "attention in stage3" in text
    assert max(map(len, lines)) <= 110


def test_json_is_the_analysis(nas, store, add_job):
    job = add_job(store, entries())
    told = json.loads(nas("effects", job.name, "-o", "json").stdout)
    assert told == json.loads(json.dumps(effects(store, job).to_dict()))
    assert told["effects"][-1]["separable"] is True


def test_the_report_prints_the_strongest(nas, store, add_job):
    add_job(store, entries())
    text = nas("report", "synthetic").stdout
    assert "effects of a type at a placement can be told from none:" in text
    assert "- se at stage3.pre_add: +" in text
    told = json.loads(nas("report", "synthetic", "-o", "json").stdout)
    assert told["strongest_effects"][0]["type"] == "se"


def test_a_small_job_says_that_it_is_too_small(nas, store, add_job):
    add_job(store)
    assert "too few or too alike" in nas("effects", "synthetic").stdout
    assert "placement can be told" not in nas("report", "synthetic").stdout
