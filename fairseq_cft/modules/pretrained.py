"""``from_pretrained`` as fairseq has it; for one more release it also takes exported folders."""

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from fairseq.models import BaseFairseqModel

from ..errors import UserError

PACKAGE = __name__.split(".")[0]
FAIRSEQS_FILE = "model.pt"


class FromExportedFolder(BaseFairseqModel):
    """Adds exported folders to what a model's ``from_pretrained`` reads, as it was before ``load_model``."""

    @classmethod
    def from_pretrained(
        cls,
        model_name_or_path: str | Path,
        checkpoint_file: str = FAIRSEQS_FILE,
        data_name_or_path: str = ".",
        **overrides: Any,
    ) -> Any:
        """fairseq's ``GeneratorHubInterface``, which takes and gives subword pieces.

        A folder of ``fairseq-cft export`` gives a ``Translator``, as ``fairseq_cft.load_model`` does, with a
        DeprecationWarning.

        Raises UserError for a folder that holds neither.
        """
        name = str(model_name_or_path)
        absent = checkpoint_file == FAIRSEQS_FILE and not (Path(name) / FAIRSEQS_FILE).is_file()
        if absent and name not in cls.hub_models() and "://" not in name:
            # by name, for what is asked here stands on these modules
            if not import_module(f"{PACKAGE}.inference.config").is_exported(name):
                raise UserError(
                    f"{name} holds no exported model; make one with fairseq-cft export RUN OUT, or name a "
                    "checkpoint of fairseq: from_pretrained(folder, 'checkpoint_best.pt', data_folder)"
                )
            if overrides or data_name_or_path != ".":
                raise UserError(f"{name} is an exported model, whose settings are fixed: give the folder alone")
            warnings.warn(
                f"from_pretrained({name!r}) will take fairseq's checkpoints alone; write "
                f"{PACKAGE}.load_model({name!r})",
                DeprecationWarning,
                stacklevel=2,
            )
            return import_module(PACKAGE).load_model(name)
        return super().from_pretrained(name, checkpoint_file, data_name_or_path, **overrides)
