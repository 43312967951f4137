"""``from_pretrained`` for models exported by ``scripts/export_model.sh`` as well as for fairseq's own checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fairseq.models import BaseFairseqModel

from ..errors import UserError
from ..inference.config import is_exported

FAIRSEQS_FILE = "model.pt"


class FromExportedFolder(BaseFairseqModel):
    """Adds exported folders to what a model's ``from_pretrained`` reads."""

    @classmethod
    def from_pretrained(
        cls,
        model_name_or_path: str | Path,
        checkpoint_file: str | None = None,
        data_name_or_path: str = ".",
        **overrides: Any,
    ) -> Any:
        """A trained model, ready to be asked.

        A folder of ``scripts/export_model.sh`` gives a ``fairseq_cft.inference.translator.Translator``; the folder
        says whether it is a composed model, a plain one or a denoiser, whichever class is asked. Where a
        ``checkpoint_file`` is named, or the folder holds a ``model.pt``, it is fairseq's ``GeneratorHubInterface``,
        which takes and gives subword pieces.

        Raises UserError for a folder that holds neither.
        """
        name = str(model_name_or_path)
        if checkpoint_file is None and is_exported(name):
            if overrides or data_name_or_path != ".":
                raise UserError(f"{name} is an exported model, whose settings are fixed: give the folder alone")
            from ..inference.folder import load

            return load(name)
        if checkpoint_file is None and name not in cls.hub_models() and "://" not in name:
            file = Path(name) / FAIRSEQS_FILE
            if not file.is_file():
                raise UserError(
                    f"{name} holds no exported model; make one with scripts/export_model.sh RUN OUT, or name a "
                    "checkpoint of fairseq: from_pretrained(folder, 'checkpoint_best.pt', data_folder)"
                )
        return super().from_pretrained(name, checkpoint_file or FAIRSEQS_FILE, data_name_or_path, **overrides)
