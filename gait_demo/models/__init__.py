"""The networks of the paper as plain `nn.Module`s, and reading and writing their checkpoints."""
