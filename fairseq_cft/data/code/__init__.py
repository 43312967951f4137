"""Source files as people publish them -> programs in SPoC's manner, one a line: unlabeled programs for a denoiser."""
