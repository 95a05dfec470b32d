"""The two reference trainers, on runs of bases, without the end-of-word marks that neither file form of a genome has."""

import inspect
import io
import types
from importlib.metadata import version

import subword_nmt.learn_bpe as published
import tokenizers
from tokenizers import Tokenizer, models, trainers

VERSIONS = {"subword-nmt": version("subword-nmt"), "tokenizers": tokenizers.__version__}


def _without_end_of_word():
    source = inspect.getsource(published)
    changed = source.replace("tuple(x[:-1])+(x[-1]+'</w>',)", "tuple(x)")
    assert changed != source, "this version of subword-nmt marks the end of a word elsewhere"
    module = types.ModuleType("learn_bpe_of_runs")
    exec(compile(changed, "learn_bpe_of_runs", "exec"), module.__dict__)
    module.tqdm = lambda iterator, *_, **__: iterator
    return module


_learn = _without_end_of_word()


def subword_nmt(runs, merges):
    """Returns merges as texts `left right`, in order, repetitions included."""
    if not any(len(run) > 1 for run in runs):
        return []
    output = io.StringIO()
    _learn.learn_bpe(io.StringIO("\n".join(runs)), output, merges)
    return output.getvalue().splitlines()[1:]


def hugging_face(runs, merges):
    """Returns merges as texts `left right`, in the order in which a saved file lists them."""
    tokenizer = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=4 + merges, min_frequency=2, show_progress=False, initial_alphabet=["A", "C", "G", "T"]
    )
    tokenizer.train_from_iterator(runs, trainer)
    import json

    listed = json.loads(tokenizer.to_str())["model"]["merges"]
    return [merge if isinstance(merge, str) else " ".join(merge) for merge in listed]
