import fairseq  # noqa: F401  everything is registered before any module of this folder is executed by itself
