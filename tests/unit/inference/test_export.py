"""Exporting: what is found, what is written, whole or not at all, and what loading refuses."""

import json
import pickle
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from commands import ROOT
from fairseq.data import Dictionary
from safetensors.torch import load_file, save_file
from support import fake_task

from fairseq_cft import TransformerCFTModel, load_model
from fairseq_cft.commands.export import main
from fairseq_cft.data.subwords import Subwords, fairseq_dictionary, train
from fairseq_cft.errors import UserError
from fairseq_cft.inference.export import Sources, export
from fairseq_cft.inference.training_run import find_subwords, read_run
from fairseq_cft.modules.denoiser import read_checkpoint

pytestmark = pytest.mark.xdist_group("exported")  # one worker trains the models
EVALUATION = {
    "n": 200,
    "correct_rate": 0.55,
    "correct_interval": [0.48, 0.62],
    "compile_rate": 0.865,
    "signature": "lang:cpp|std:gnu++11",
}
FILES = {"README.md", "config.json", "dict.txt", "model.safetensors"}


@pytest.mark.parametrize("kind", ["composed", "predictor", "denoiser"])
def test_an_exported_model_has_every_tensor_of_its_checkpoint(runs, exported, kind):
    weights, *_ = read_checkpoint(str(getattr(runs, kind) / "checkpoint_best.pt"), "the model")
    loaded = load_model(getattr(exported, kind)).model.state_dict()
    assert loaded.keys() == weights.keys()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)
    assert {file.name for file in getattr(exported, kind).iterdir()} == FILES


def test_shared_embeddings_are_stored_once(exported):
    stored = load_file(str(exported.composed / "model.safetensors"))
    assert [name for name in stored if "embed_tokens" in name or "output_projection" in name] == [
        "base_predictor.encoder.embed_tokens.weight",
        "denoiser.encoder.embed_tokens.weight",
    ]


def test_they_are_stored_once_where_a_training_on_a_gpu_left_copies(runs, exported, tmp_path):
    shutil.copytree(runs.composed, tmp_path / "models" / "composed.1")
    file = tmp_path / "models" / "composed.1" / "checkpoint_best.pt"
    state = torch.load(file, weights_only=False)
    state["model"] = {name: tensor.clone() for name, tensor in state["model"].items()}
    torch.save(state, file)
    export(file.parent, tmp_path / "out")
    stored = [load_file(str(folder / "model.safetensors")) for folder in (tmp_path / "out", exported.composed)]
    assert stored[0].keys() == stored[1].keys()
    parameters = sum(tensor.numel() for tensor in stored[1].values() if tensor.numel() > 1)
    assert f"| parameters | {parameters:,} in float32 |" in (tmp_path / "out" / "README.md").read_text()


def test_half_precision_halves_the_weights_and_is_loaded_as_float(runs, exported, tmp_path):
    export(runs.composed, tmp_path / "half", half=True)
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (tmp_path / "half", exported.composed)]
    assert sizes[0] < 0.6 * sizes[1]
    half, whole = load_model(tmp_path / "half").model.state_dict(), load_model(exported.composed).model.state_dict()
    for name, tensor in half.items():
        assert tensor.dtype == whole[name].dtype == torch.float32
        assert torch.equal(tensor, whole[name].half().float())
    assert "float16" in (tmp_path / "half" / "README.md").read_text()


def test_either_class_loads_any_kind(exported):
    with pytest.warns(DeprecationWarning, match=r"write fairseq_cft.load_model\("):
        assert TransformerCFTModel.from_pretrained(exported.composed).config.kind == "composed"
    with pytest.warns(DeprecationWarning):
        assert TransformerCFTModel.from_pretrained(str(exported.denoiser)).config.kind == "denoiser"
    assert load_model(exported.predictor).config.kind == "translation"


def test_a_file_of_the_folder_cannot_run_code(exported, tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    for name in FILES - {"README.md"}:
        shutil.copytree(exported.composed, tmp_path / name)
        (tmp_path / name / name).write_bytes(pickle.dumps(Evil()))
        with pytest.raises(UserError):
            load_model(tmp_path / name)
    torch.save({"model": Evil()}, tmp_path / "config.json" / "model.safetensors")
    shutil.copy(exported.composed / "config.json", tmp_path / "config.json")
    with pytest.raises(UserError, match="cannot read the weights"):
        load_model(tmp_path / "config.json")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", '{"format": "fairseq-cft 2"}', "in format 'fairseq-cft 2'.* reads 'fairseq-cft 1'"),
        ("config.json", '{"format": "fairseq-cft 1"}', "no configuration of an exported model .'kind' is missing."),
        ("config.json", {"shapes": []}, "no configuration of an exported model .shapes is no dict."),
        ("config.json", {"shapes": {"model": {}}}, "no configuration .*the shapes are of model"),
        ("config.json", {"kind": "denoiser"}, "no configuration .*the shapes are of base_predictor, denoiser"),
        ("config.json", {"max_len_b": "3"}, "no configuration .*max_len_b is no int"),
        ("config.json", {"gate": {"shape": 3, "threshold": 0.5}}, "no configuration .*TypeError"),
        ("config.json", {"shapes": {"denoiser": 1, "base_predictor": 2}}, "no configuration .*TypeError"),
        ("config.json", {"shapes": {"denoiser": {}, "base_predictor": {}}}, "no configuration .*UserError"),
        ("dict.txt", "a 1\n", "not the dictionary that the model was trained with"),
        ("model.safetensors", "", "cannot read the weights"),
    ],
)
def test_a_damaged_folder_is_refused_in_a_sentence(exported, tmp_path, file, content, message):
    shutil.copytree(exported.composed, tmp_path / "model")
    if isinstance(content, dict):
        content = json.dumps(json.loads((exported.composed / file).read_text()) | content)
    (tmp_path / "model" / file).write_text(content)
    with pytest.raises(UserError, match=message):
        load_model(tmp_path / "model")


def test_weights_of_another_model_are_refused(exported, tmp_path):
    shutil.copytree(exported.composed, tmp_path / "model")
    file = tmp_path / "model" / "model.safetensors"
    weights = load_file(str(file))
    save_file({name: tensor for name, tensor in weights.items() if "layers.1" not in name}, str(file))
    with pytest.raises(UserError, match=r"does not fit .*config.json.*layers.1"):
        load_model(tmp_path / "model")
    shutil.copy(exported.denoiser / "model.safetensors", file)
    with pytest.raises(UserError, match=r"does not fit|no weights of the composed model"):
        load_model(tmp_path / "model")
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    (tmp_path / "model" / "config.json").write_text(json.dumps(config | {"kind": "other"}))
    with pytest.raises(UserError, match="kind is 'other'; it must be one of composed"):
        load_model(tmp_path / "model")


def test_an_export_is_whole_or_not_made(runs, tmp_path, monkeypatch):
    out = tmp_path / "model"
    export(runs.composed, out)
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    with monkeypatch.context() as patch:
        refuse = (_ for _ in ()).throw
        patch.setattr("fairseq_cft.inference.export.load_model", lambda folder: refuse(KeyboardInterrupt))
        for place in (out, tmp_path / "new"):
            with pytest.raises(KeyboardInterrupt):
                export(runs.predictor, place)
    rename = Path.rename
    with monkeypatch.context() as patch:  # after the earlier export has made room

        def stopped(path, target):
            if target == out and path.name.endswith(".tmp"):
                raise KeyboardInterrupt
            return rename(path, target)

        patch.setattr(Path, "rename", stopped)
        with pytest.raises(KeyboardInterrupt):
            export(runs.predictor, out)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    export(runs.predictor, out)
    assert load_model(out).config.kind == "translation" and [path.name for path in tmp_path.iterdir()] == ["model"]


def test_something_else_is_never_replaced(runs, tmp_path):
    for path in (tmp_path / "folder" / "thesis.tex", tmp_path / "file"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    for out in (tmp_path / "folder", tmp_path / "file"):
        with pytest.raises(UserError, match="exists and is no exported model; name a new folder"):
            export(runs.composed, out)
    assert (tmp_path / "folder" / "thesis.tex").read_text() == (tmp_path / "file").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    export(runs.composed, tmp_path / "empty")


def test_a_run_that_was_moved_takes_its_data_along(runs, tmp_path):
    shutil.copytree(runs.root / "models", tmp_path / "models")
    shutil.copytree(runs.data, tmp_path / "data-bin")
    hidden = runs.root / "hidden"
    runs.data.rename(hidden)
    try:
        export(tmp_path / "models" / "composed.1", tmp_path / "out")
        with pytest.raises(UserError, match=r"the data of .* are gone .*--data DIR"):
            export(runs.composed, tmp_path / "out2")
        export(runs.composed / "checkpoint_best.pt", tmp_path / "out3", sources=Sources(data=hidden))
    finally:
        hidden.rename(runs.data)


def test_what_does_not_belong_together_is_refused(runs, tmp_path):
    def refused(message, run=runs.composed, **sources):
        with pytest.raises(UserError, match=message):
            export(run, tmp_path / "out", sources=Sources(**sources))
        assert not (tmp_path / "out").exists()

    refused("holds neither checkpoint_best.pt nor checkpoint_last.pt", tmp_path)
    refused("does not exist; give the .pt file", tmp_path / "gone.pt")
    refused("--data .*gone is no folder", data=tmp_path / "gone")
    refused("no dict.txt or dict.LANGUAGE.txt", data=tmp_path)
    fake_task("abcdefgx").source_dictionary.save(str(tmp_path / "dict.src.txt"))
    refused("was trained with another dictionary .* name the data", data=tmp_path)
    shutil.copy(runs.data / "dict.txt", tmp_path / "dict.tgt.txt")
    refused("dict.src.txt and .*dict.tgt.txt differ", data=tmp_path)
    (tmp_path / "bpe.model").write_bytes(train(["a b"], 10).model)
    refused("knows no piece 'c'", subword_model=tmp_path / "bpe.model")
    (tmp_path / "scores.json").write_text('{"n": 3}')
    refused("scores.json is no evaluation", scores=[tmp_path / "scores.json"])


def test_formats_are_what_the_data_show_or_what_is_given(runs, tmp_path):
    shutil.copy(runs.data / "dict.txt", tmp_path / "dict.txt")
    formats = {"pseudocode_format": "spoc", "program_format": "lossless"}
    for given in ({}, {"pseudocode_format": "spoc"}):
        with pytest.raises(UserError, match=f"holds no {'program' if given else 'pseudocode'} that shows its format"):
            export(runs.composed, tmp_path / "out", sources=Sources(data=tmp_path, **given))
    options = [f"--{name.replace('_', '-')}={value}" for name, value in formats.items()]
    main([str(runs.composed), str(tmp_path / "out"), "--data", str(tmp_path), *options])
    found = load_model(tmp_path / "out").config
    assert {name: getattr(found, name) for name in formats} == formats
    export(runs.denoiser, tmp_path / "denoiser", sources=Sources(data=tmp_path, program_format="ours"))
    assert load_model(tmp_path / "denoiser").config.program_format == "lossless"
    config = tmp_path / "denoiser" / "config.json"
    older = config.read_text(encoding="utf-8").replace('"lossless"', '"ours"')
    config.write_text(older, encoding="utf-8-sig")  # and saved by an editor that writes a byte order mark
    assert load_model(tmp_path / "denoiser").config.program_format == "lossless"  # as written before


def test_the_subword_model_is_the_one_whose_pieces_the_dictionary_has(runs, tmp_path):
    made = train(["print a b c", "read d"], 20).model
    data = tmp_path / "data-bin" / "pairs"
    (tmp_path / "data").mkdir()
    data.mkdir(parents=True)
    (tmp_path / "data" / "a.model").write_bytes(train(["x y z"], 10).model)
    (tmp_path / "data" / "b.model").write_bytes(b"no model")
    (data / "dict.txt").write_text("".join(f"{line}\n" for line in fairseq_dictionary(Subwords(made), ["print a"])))
    dictionary = Dictionary.load(str(data / "dict.txt"))
    checkpoint = read_run(runs.denoiser)
    with pytest.raises(UserError, match=r"found no subword model .* --subword-model FILE"):
        find_subwords(dictionary, checkpoint, data, None)
    (tmp_path / "data" / "c.model").write_bytes(made)
    assert find_subwords(dictionary, checkpoint, data, None) == tmp_path / "data" / "c.model"
    checkpoint.task_args["subword_model"] = str(tmp_path / "moved.model")
    assert find_subwords(dictionary, checkpoint, data, None) == tmp_path / "data" / "c.model"


def test_the_model_card_tells_data_settings_scores_limits_and_licence(runs, tmp_path, monkeypatch):
    for name in ("composed.1.test", "composed:base.1.ood", "composed.12.test", "predictor.1.test"):
        (runs.root / "evaluations").mkdir(exist_ok=True)
        (runs.root / "evaluations" / f"{name}.json").write_text(json.dumps(EVALUATION))
    (runs.root / "denoiser.json").write_text('{"clean_kept": 0.996, "restored": 0.934}')
    sources = Sources(description="Letters, sorted.", licence="CC0")
    export(runs.composed, tmp_path / "sorter", sources=sources)
    card = (tmp_path / "sorter" / "README.md").read_text()
    for part in (
        "# sorter\n",
        "Letters, sorted.",
        'load_model("sorter")',
        "| num samples | 2 |",
        "| criterion | composed_finetuning |",
        "| `composed.1.test` | 200 | 55.0% (48.0% to 62.0%) | 86.5% |",
        "| `composed:base.1.ood` |",
        "Signature: `lang:cpp|std:gnu++11`",
        "kept 99.6% of clean programs",
        "## Licence\n\nCC0\n",
    ):
        assert part in card
    assert "composed.12" not in card and "predictor.1" not in card and str(runs.root) not in card
    assert str(runs.root) not in (tmp_path / "sorter" / "config.json").read_text()
    for folder, run in ((runs.composed, "checkpoint_best.pt"), (runs.composed, "."), (runs.root, "models/composed.1")):
        monkeypatch.chdir(folder)
        export(Path(run), tmp_path / "sorter", sources=sources)
        assert (tmp_path / "sorter" / "README.md").read_text() == card


def test_the_shell_script_exports_and_says_what_it_wrote(runs, tmp_path):
    script = ROOT / "scripts" / "export_model.sh"
    done = subprocess.run([script, "--help"], capture_output=True, text=True)
    known = {flag for flag in done.stdout.split() if flag.startswith(("--", "[--"))}
    assert {flag.strip("[].,") for flag in known} == {
        *("--half", "--data", "--subword-model", "--scores", "--description", "--licence", "--save-dir", "--model"),
        *("--pseudocode-format", "--program-format"),
    }
    main([str(runs.composed), str(tmp_path / "out"), "--half"])
    assert load_model(tmp_path / "out").config.dtype == "float16"
