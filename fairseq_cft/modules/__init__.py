"""What models, criterions and tasks are made of; needs fairseq."""
