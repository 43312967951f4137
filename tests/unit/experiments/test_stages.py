"""What a task's digest covers: its commands, what it reads, and nothing else; what is resumed and what thrown away."""

from pathlib import Path

import pytest

from fairseq_cft.experiments.running import Runner, StageFailedError
from fairseq_cft.experiments.stages import Command, Digests, Stage, Task, run, single


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def digest(out: Path, *words: object, **more: object) -> str:
    return Digests(out).of(Task("name", (run("program", *words),), **more))  # type: ignore[arg-type]


def test_an_option_a_file_and_a_folder_count(out: Path, tmp_path: Path) -> None:
    data, cases = tmp_path / "data.txt", tmp_path / "cases"
    (cases / "1A").mkdir(parents=True)
    case = cases / "1A/one.txt"
    for file in (data, case):
        file.write_text("some")
    given = ("--lr", "1", "--user-file", f"/gone.py:{data}", "--testcases", cases)
    before = digest(out, *given, reads=(cases,))
    assert digest(out, *given, reads=(cases,)) == before
    assert digest(out, "--lr", "2", *given[2:], reads=(cases,)) != before
    data.write_text("same")
    changed = digest(out, *given, reads=(cases,))
    assert changed != before
    case.write_text("other")
    assert digest(out, *given, reads=(cases,)) != changed
    data.write_text("some"), case.write_text("some")
    assert digest(out, *given, reads=(cases,)) == before
    (cases / "1A/two.txt").touch()
    assert digest(out, *given, reads=(cases,)) != before


def test_neither_its_own_files_nor_where_they_lie_count(out: Path, tmp_path: Path) -> None:
    before = digest(out, "--output", out / "made", writes=(out / "made",))
    (out / "made").write_text("made")
    assert digest(out, "--output", out / "made", writes=(out / "made",)) == before
    moved = out.rename(tmp_path / "moved")
    assert digest(moved, "--output", moved / "made", writes=(moved / "made",)) == before
    assert digest(moved, "--allow-unsafe", "--output", moved / "made", writes=(moved / "made",)) == before


def test_files_of_a_pattern_count_and_others_beside_them_do_not(out: Path) -> None:
    for name in ("train.bin", "test.bin"):
        (out / name).write_text("some")
    before = digest(out, reads=(out / "train.*",))
    (out / "test.bin").write_text("other")
    assert digest(out, reads=(out / "train.*",)) == before
    (out / "train.idx").touch()
    assert digest(out, reads=(out / "train.*",)) != before


def work(out: Path, *stages: Stage, jobs: int = 1) -> None:
    Runner(out, jobs).run(stages)


def test_only_what_reads_a_changed_file_is_done_again(out: Path, tmp_path: Path) -> None:
    """A stage that comes to the same result ends the chain: what follows reads the same."""
    data, ran = tmp_path / "data", tmp_path / "ran"

    def stages() -> list[Stage]:
        def noted(name: str, *words: object, output: Path) -> Stage:
            script = f'echo {name} >>{ran.with_name("ran")}; cat "$@"'
            return single(name, name, run("bash", "-c", script, name, *words, output=output))

        first = run("bash", "-c", f'echo first >>{ran}; head -n 1 "$1"', "first", data, output=out / "first")
        return [single("first", "first", first), noted("second", out / "first", output=out / "second")]

    def done() -> list[str]:
        ran.unlink(missing_ok=True)
        work(out, *stages())
        return ran.read_text().split() if ran.exists() else []

    data.write_text("a\nb\n")
    assert [done(), done()] == [["first", "second"], []]
    data.write_text("a\nc\n")
    assert done() == ["first"]
    data.write_text("d\n")
    assert done() == ["first", "second"] and (out / "second").read_text() == "d\n"
    (out / "second").unlink()
    assert done() == ["second"]


def test_an_output_appears_when_it_is_whole(out: Path) -> None:
    with pytest.raises(StageFailedError):
        work(out, single("half", "half", run("bash", "-c", "echo half; false", output=out / "made")))
    assert not (out / "made").exists()


class Training:
    """A training that stops half-way while OUT/killer is there; ``runs`` counts its updates."""

    def __init__(self, out: Path) -> None:
        self.out, self.folder, self.start = out, out / "models/pretrained", out.parent / "denoiser.pt"
        self.start.write_text("one")

    def run(self, rate: float, *more: str) -> int:
        """How many times it was started; 0 where it was done before."""
        script = 'echo trains >>"$1/started"; echo trains; [[ ! -e $1/../../killer ]]'
        words = ("bash", "-c", script, "train", self.folder, "--from", self.start, "--lr", rate)
        task = Task("pretrained", (run(*words, *more),), training=self.folder)
        before = self.count()
        work(self.out, Stage("pretrained", "pretrained", ((task,),)))
        return self.count() - before

    def count(self) -> int:
        started = self.folder / "started"
        return len(started.read_text().split()) if started.exists() else 0


def test_a_training_is_repeated_when_its_options_or_what_it_starts_from_changed(out: Path) -> None:
    training = Training(out)
    assert [training.run(0.1), training.run(0.1)] == [1, 0]
    checkpoint = training.folder / "checkpoint_last.pt"
    checkpoint.touch()
    training.run(0.2)
    assert not checkpoint.exists() and training.count() == 1  # of another recipe: thrown away
    checkpoint.touch()
    training.start.write_text("another")
    training.run(0.2)
    assert not checkpoint.exists() and training.count() == 1
    assert training.run(0.2) == 0


def test_a_killed_training_goes_on_and_its_log_outlives_kill_and_reruns(out: Path) -> None:
    training = Training(out)
    (out / "killer").touch()
    with pytest.raises(StageFailedError):
        training.run(0.1)
    (training.folder / "checkpoint_last.pt").touch()
    (out / "killer").unlink()
    assert [training.run(0.1), training.run(0.1)] == [1, 0]
    assert (training.folder / "checkpoint_last.pt").exists() and training.count() == 2
    assert (training.folder / "train.log").read_text() == "trains\n" * 2
    assert "--lr 0.1" in (training.folder / "recipe").read_text()
    training.run(0.2)
    assert (training.folder / "train.log").read_text() == "trains\n"


def test_what_fails_ends_what_runs_beside_it(out: Path) -> None:
    chains = tuple(
        (Task(f"train.{seed}", (run("bash", "-c", script, str(seed)),)),)
        for seed, script in ((1, "exit 0"), (2, "echo 'x: error: no such thing'; exit 1"), (3, "sleep 300"))
    )
    with pytest.raises(StageFailedError) as failed:
        work(out, Stage("train", "three seeds", chains), jobs=3)
    assert str(failed.value).splitlines() == [
        "    x: error: no such thing",
        f"    stage 'train' failed; its log: {out}/logs/train.2.log",
    ]


def test_seeds_at_the_same_time_have_one_thread_each(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def chains(*names: str) -> tuple[tuple[Task], ...]:
        script = "echo ${OMP_NUM_THREADS-all}"
        return tuple((Task(name, (run("bash", "-c", script, output=out / name),)),) for name in names)

    work(out, Stage("both", "both", chains("a", "b")), Stage("one", "one", chains("c")), jobs=2)
    assert [(out / name).read_text() for name in "ab"] == ["1\n"] * 2
    assert (out / "c").read_text() == "all\n"


def test_a_command_is_shown_as_one_types_it() -> None:
    assert str(Command(("a", "b c", "$x"), Path("/o ut"))) == "a 'b c' '$x' >'/o ut'"
