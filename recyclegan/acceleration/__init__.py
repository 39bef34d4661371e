"""How steps are run: as they are written, replayed as CUDA graphs, or compiled.

For: training on a GPU. In: a `TrainState`. Out: the two halves of a step, ready to be replayed.
"""
