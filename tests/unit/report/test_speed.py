"""`fairseq-cft report-speed`: a table that begins with the ratios, and a picture."""

import json

from script_runs import command


def record(group, name, seconds, **more):
    found = {"seconds_median": seconds, "seconds_fastest": seconds / 2, "seconds_slowest": 2 * seconds}
    return {"group": group, "name": name, **found, "over_first": seconds, "tokens_per_second": 100, **more}


def test_ratios_stand_first_and_every_record_is_there(tmp_path):
    records = [record("training step", "cross-entropy", 1.0), record("training step", "composed K=1, reinforce", 2.25)]
    for length in (50, 100):
        records.append(record("growth with length", "cross-entropy", 1.0, length=length, batch=4000))
        records += [record("growth with length", f"composed K={k}", 1.0 + k, length=length, batch=4000) for k in (1, 2)]
    records.append({"group": "peak memory", "name": "cross-entropy", "bytes": 123_000_000})
    result = {
        "ratios": {"composed_k1_over_cross_entropy": 2.25, "corruption_wait_share": 0.0034},
        "machine": {"cores": 2},
        "records": records,
    }
    (tmp_path / "speed.json").write_text(json.dumps(result))
    done = command("report-speed", tmp_path / "speed.json", "--output-dir", tmp_path)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "speed.md").read_text()
    assert "| a composed step with K = 1 over a cross-entropy step | **2.25** |" in text.split("## ")[0]
    assert "corrupted programs, one worker | **0.3%** |" in text
    assert "| composed K=1, reinforce | 2.25 | 100 | 2.25 (1.12 to 4.5) |" in text
    assert "| composed K=2, length 100, batch 4000 | 3.00 |" in text and "| cross-entropy | 123 |" in text
    assert (tmp_path / "speed.png").stat().st_size > 10_000
    assert "**2.25**" in done.stdout and "peak" not in done.stdout
