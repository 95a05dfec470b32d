"""Opens a tokenizer.json written here in Python, with tokenizers and with transformers, and checks what they make of it.

usage: opens.py TOKENIZER.json
"""

import sys

import tokenizers
import transformers

path = sys.argv[1]
raw = tokenizers.Tokenizer.from_file(path)
fast = transformers.PreTrainedTokenizerFast(
    tokenizer_file=path,
    pad_token="[PAD]",
    unk_token="[UNK]",
    cls_token="[CLS]",
    sep_token="[SEP]",
    mask_token="[MASK]",
)
specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "A", "C", "G", "T"]
assert [raw.token_to_id(token) for token in specials] == list(range(9))
text = "ATTTTGCCNAGGCATAATTACG"
plain = raw.encode(text, add_special_tokens=False).ids
assert raw.encode(text).ids == [2, *plain, 3] == fast(text)["input_ids"]
assert fast.pad_token_id == 0 and fast.mask_token_id == 4
assert raw.encode(text).offsets[1:-1][-1][1] == len(text)
assert raw.decode(raw.encode("ATTTTGCC").ids) == "ATTTTGCC"
print(f"tokenizers {tokenizers.__version__}, transformers {transformers.__version__}: {raw.get_vocab_size()} ids, {path} opens")
