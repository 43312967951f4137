"""What an experiment does again in its OUT when options or files changed; programs are only noted."""

import dataclasses
from pathlib import Path

import pytest
from script_runs import wrong_use as run_command

from fairseq_cft.experiments import plan, synthetic
from fairseq_cft.experiments.running import Job, Runner


class Workplace:
    """OUT, and what was run in it; what a task makes holds its digest: another recipe gives other results."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.ran = folder, list[str]()

    def start(self, runner: Runner, job: Job, single_thread: bool) -> None:
        """In place of Runner's own: notes the command and makes what the task makes."""
        command = job.commands.pop(0)
        self.ran.append(" ".join(command.words))
        assert job.task is not None
        made = [path for path in job.task.products() if path != job.task.training]
        if job.task.training:
            made += [job.task.training / name for name in ("checkpoint_best.pt", "train.log")]
        for path in made:
            if path.suffix:
                write(path, job.digest)
            else:  # binarised data: the part for training stays as it is when other tests are added
                write(path / "train.bin", "some")

    def run(self, name: str, *arguments: object) -> list[str]:
        """The commands that it ran."""
        self.ran.clear()
        assert run_command(name, [*map(str, arguments), str(self.folder / "out")]) == 0
        return [*self.ran]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    made = Workplace(tmp_path)
    monkeypatch.setattr(Runner, "_start_command", lambda *given: made.start(*given))
    for check in ("commands.compare.require_tools", "commands.compare.require_judge"):
        monkeypatch.setattr(f"fairseq_cft.{check}", lambda *_, **__: None)
    for check in ("require_tools", "require_sandbox"):
        monkeypatch.setattr(f"fairseq_cft.experiments.starting.{check}", lambda *_, **__: None)
    return made


def of(program: str, ran: list[str]) -> list[str]:
    return [line for line in ran if f"{program} " in line]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def mine(workplace: Workplace) -> Path:
    data = workplace.folder / "mine"
    for name in ("train", "valid", "test"):
        for side in ("src", "tgt"):
            write(data / f"{name}.{side}", f"{name} {side}\n")
    for end in ("inp", "out"):
        write(data / f"test.{end}", "a\n")
    write(data / "unlabeled.tgt", "a\n" * 40)
    write(data / "user.py", "")
    return data


def test_a_changed_option_of_all_trainings_trains_all_again(workplace: Workplace, monkeypatch) -> None:
    given = ("benchmark-synthetic", "--scale", "tiny", "--systems", "direct,pretrained", "--seeds", 2)
    assert len(of("fairseq-train", workplace.run(*given))) == 6  # denoiser, gate, two systems of two seeds
    assert workplace.run(*given) == []
    changed = tuple("1e-2" if word == "1e-4" else word for word in plan.ALWAYS)
    monkeypatch.setattr(synthetic, "replace", lambda x, **more: dataclasses.replace(x, always=changed, **more))
    assert len(of("fairseq-train", workplace.run(*given))) == 6


def test_another_seed_or_system_leaves_the_others_alone(workplace: Workplace) -> None:
    given = ("benchmark-synthetic", "--scale", "tiny")
    workplace.run(*given, "--systems", "direct")
    ran = workplace.run(*given, "--systems", "direct,pretrained", "--seeds", 1)
    assert len(of("fairseq-train", ran)) == 1 and len(of("fairseq-generate", ran)) == 2 * 3
    ran = workplace.run(*given, "--systems", "direct,pretrained", "--seeds", 2)
    assert len(of("fairseq-train", ran)) == 2 and len(of("fairseq-generate", ran)) == 2 * 2 * 3
    ran = workplace.run(*given, "--systems", "pretrained")  # what others wrote would be taken for results of this run
    names = {path.name.partition(".")[0] for path in (workplace.folder / "out/evaluations").iterdir()}
    assert names == {"pretrained", "pretrained+denoise", "pretrained+gate"} and not of("fairseq-generate", ran)


def test_another_checker_judges_anew_and_selects_anew(workplace: Workplace, mine: Path) -> None:
    def compare(*options: object) -> list[str]:
        return workplace.run("compare", "--data", mine, "--noise", "n", "--systems", "pretrained", *options)

    first = compare("--checker", "c", "--user-file", mine / "user.py")
    assert len(of("fairseq-train", first)) == 2 and len(of("evaluate", first)) == 3  # of references, too
    assert not compare("--checker", "c", "--user-file", mine / "user.py")
    other = compare("--checker", "d", "--user-file", mine / "user.py")
    assert len(of("fairseq-train", other)) == 1 and len(of("evaluate", other)) == 3  # not the denoiser
    write(mine / "user.py", "# another noise, perhaps")
    assert len(of("fairseq-train", compare("--checker", "d", "--user-file", mine / "user.py"))) == 2


def test_another_line_format_judges_the_same_outputs_anew(workplace: Workplace, mine: Path) -> None:
    def compare(*options: object) -> list[str]:
        given = ("--data", mine, "--noise", "n", "--systems", "pretrained", "--language", "cpp")
        return workplace.run("compare", *given, *options)

    compare()
    ran = compare("--decode", "lossless")
    assert len(of("evaluate", ran)) == 3 and any("fairseq_cft report " in line for line in ran)
    assert not of("fairseq-train", ran) and not of("fairseq-generate", ran)
    write(mine / "test.out", "b\n")
    ran = compare("--decode", "lossless")
    assert len(of("evaluate", ran)) == 3 and not of("fairseq-generate", ran)


@pytest.fixture
def spoc(workplace: Workplace) -> Path:
    folder = workplace.folder / "spoc"
    for name in ("train/split/spoc-train-train.tsv", "train/split/spoc-train-eval.tsv", "test/spoc-testp.tsv"):
        write(folder / name, "some\n")
    write(folder / "testcases/1A/1A_testcases.txt", "some\n")
    return folder


def test_a_limit_and_other_test_programs_do_not_train_again(workplace: Workplace, spoc: Path) -> None:
    def benchmark(*options: object) -> tuple[int, int, int]:
        """How many times it trained systems, generated and judged."""
        ran = workplace.run("benchmark-spoc", "--data", spoc, "--scale", "tiny", "--systems", "direct", *options)
        trained = [line for line in of("fairseq-train", ran) if "direct" in line]
        return len(trained), len(of("fairseq-generate", ran)), len(of("evaluate", ran))

    assert benchmark("--limit", 3) == (2, 3, 3)  # two phases; alone, +denoise, +gate
    assert benchmark("--limit", 3) == (0, 0, 0)
    assert benchmark() == (0, 3, 3)
    assert benchmark("--limit", 3) == (0, 3, 3)
    write(spoc / "test/spoc-testw.tsv", "more\n")
    trained, generated, judged = benchmark("--limit", 3)
    assert trained == 0 and generated >= 3 and judged >= 3
    write(spoc / "testcases/1A/1A_testcases.txt", "other\n")
    trained, _, judged = benchmark("--limit", 3)
    assert trained == 2 and judged == 6  # they choose the best checkpoint, too


def test_what_fine_tuning_destroyed_of_other_systems_is_not_reported(workplace: Workplace, spoc: Path) -> None:
    destroyed = workplace.folder / "out/destroyed.json"
    for systems, measured in (("pretrained", True), ("direct", False)):
        ran = workplace.run("benchmark-spoc", "--data", spoc, "--scale", "tiny", "--systems", systems)
        assert bool(of("measure-destroyed", ran)) == measured == destroyed.exists() or f"rm -f {destroyed}" in ran
