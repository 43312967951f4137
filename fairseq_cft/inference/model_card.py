"""The README.md of an exported model: what it is, its data, settings, scores, limits and licence."""

from collections.abc import Sequence

from .config import ModelConfig
from .training_run import Evaluation, Split

TITLES = {
    "composed": "a composed model: a base predictor and a frozen denoiser, from pseudocode to code",
    "translation": "a plain Transformer from pseudocode to code",
    "denoiser": "a denoiser of programs",
}
CALLS = {
    "composed": 'print(model.translate(pseudocode, format="cpp"))',
    "translation": 'print(model.translate(pseudocode, format="cpp"))',
    "denoiser": 'print(model.denoise(program, format="cpp"))',
}
NO_LICENCE = (
    "Whoever exported the model named no licence. fairseq-cft itself is under the MIT licence; the weights were learnt "
    "from the data above, whose licence decides how they may be used."
)


def model_card(
    name: str,
    config: ModelConfig,
    parameters: int,
    data: str,
    splits: Sequence[Split],
    rates: dict[str, float],
    evaluations: Sequence[Evaluation],
    *,
    description: str | None,
    licence: str | None,
) -> str:
    """Markdown. ``data`` names the binarised folder, ``rates`` are those of the denoiser."""
    sections = [
        f"# {name}\n\n{TITLES[config.kind][0].upper()}{TITLES[config.kind][1:]}, "
        f"by [fairseq-cft](https://arxiv.org/abs/2006.16205).",
        *([description] if description else []),
        f"""```python
from fairseq_cft import load_model

model = load_model("{name}")
{CALLS[config.kind]}
```""",
        f"## Data\n\n{_data(data, splits, config)}",
        f"## Settings\n\n{_settings(config, parameters)}",
        f"## Scores\n\n{_scores(config, rates, evaluations)}",
        f"## Limits\n\n{_limits(config)}",
        f"## Licence\n\n{licence or NO_LICENCE}",
    ]
    return "\n\n".join(sections) + "\n"


def _data(data: str, splits: Sequence[Split], config: ModelConfig) -> str:
    sizes = ", ".join(f"{split.name} {split.size:,}" for split in splits if split.side != "target")
    what = "programs" if config.kind == "denoiser" else "pairs"
    lines = [f"- `{data}`: {what} {sizes}" if sizes else f"- `{data}`"]
    if config.kind != "denoiser":
        lines.append(f"- pseudocode in format `{config.pseudocode_format}`")
    lines.append(f"- programs in format `{config.program_format}`")
    lines.append(f"- dictionary: {config.dictionary}")
    return "\n".join(lines)


def _settings(config: ModelConfig, parameters: int) -> str:
    rows = [
        ("architecture", config.architecture),
        *((stage.replace("_", " "), _size(shape)) for stage, shape in config.shapes.items()),
        ("parameters", f"{parameters:,} in {config.dtype}"),
        *((option.replace("_", " "), value) for option, value in config.training.items()),
        *((f"{package} version", version) for package, version in config.versions.items()),
    ]
    return "\n".join(["| setting | value |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _size(shape: dict[str, object]) -> str:
    return (
        f"{shape['encoder_layers']}+{shape['decoder_layers']} layers, {shape['encoder_embed_dim']} wide, "
        f"feed-forward {shape['encoder_ffn_embed_dim']}, {shape['encoder_attention_heads']} heads"
    )


def _scores(config: ModelConfig, rates: dict[str, float], evaluations: Sequence[Evaluation]) -> str:
    parts = []
    if rates and config.kind != "translation":
        parts.append(
            f"The denoiser kept {rates['clean_kept']:.1%} of clean programs and restored {rates['restored']:.1%} of "
            "corrupted ones (`fairseq-cft check-denoiser`, held-out programs)."
        )
    if evaluations:
        table = ["| evaluation | programs | correct (95 % interval) | compile |", "|---|---|---|---|"]
        for name, report in evaluations:
            low, high = report.get("correct_interval") or (report["correct_rate"],) * 2
            table.append(
                f"| `{name}` | {report['n']} | {report['correct_rate']:.1%} ({low:.1%} to {high:.1%}) "
                f"| {report['compile_rate']:.1%} |"
            )
        signatures = dict.fromkeys(report["signature"] for _, report in evaluations)
        parts += ["\n".join(table), "\n".join(f"Signature: `{signature}`" for signature in signatures)]
    return "\n\n".join(parts) or "None were given to the export."


def _limits(config: ModelConfig) -> str:
    shape = next(iter(config.shapes.values()))
    lines = [
        "- Nothing guarantees that an output compiles or does what was asked: the scores say how often it did. Treat "
        "it as code from a stranger, and run it in a sandbox (`fairseq-cft-evaluate` does).",
        f"- Inputs and outputs of at most {shape.get('max_source_positions', 1024)} tokens, in the format and the "
        "wording of the data; text that training did not see is read as an unknown symbol, with a warning.",
    ]
    if config.dtype == "float16":
        lines.append("- Weights were rounded to half precision; outputs may differ from the training's checkpoint.")
    return "\n".join(lines)
