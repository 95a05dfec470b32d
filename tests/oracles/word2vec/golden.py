"""Who lies next to whom by gensim, on a corpus that a test makes again.

    pip install -r requirements.txt
    python golden.py > ../../../plugins/word2vec/tests/golden/neighbours.json

Tokens 5 to 104 lie on a ring; a sentence is a walk on it with steps of -3 to 3. The corpus is drawn by a linear
congruential generator, so that the test draws the same one. For two seeds: the ten nearest tokens of each by cosine.
"""

import json
import platform

import gensim
import numpy
from gensim.models import Word2Vec

TOKENS, FIRST, SENTENCES, LENGTH = 100, 5, 4000, 30


class Draw:
    def __init__(self, state):
        self.state = state

    def below(self, bound):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) * bound >> 31


def corpus():
    draw = Draw(7)
    rows = []
    for _ in range(SENTENCES):
        place = draw.below(TOKENS)
        row = []
        for _ in range(LENGTH):
            row.append(FIRST + place)
            place = (place + draw.below(7) + TOKENS - 3) % TOKENS
        rows.append(row)
    return rows


def nearest(seed):
    model = Word2Vec(
        corpus(), vector_size=64, window=5, min_count=5, workers=1, epochs=5, seed=seed, sg=0, sample=1e-3
    )
    vectors = numpy.array([model.wv[FIRST + token] for token in range(TOKENS)])
    unit = vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    numpy.fill_diagonal(cosine, -2)
    return (FIRST + numpy.argsort(-cosine, axis=1, kind="stable")[:, :10]).tolist()


rows = corpus()
print(
    json.dumps(
        {
            "versions": {
                "gensim": gensim.__version__,
                "numpy": numpy.__version__,
                "python": platform.python_version(),
            },
            "sum": sum(sum(row) for row in rows),
            "last": rows[-1][-3:],
            "seeds": [nearest(1), nearest(2)],
        }
    )
)
