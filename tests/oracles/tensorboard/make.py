"""Writes a golden record of an event file by TensorBoard's own writer.

usage: make.py FOLDER
FOLDER is models/train/tests/golden. Made with tensorboard 2.21.0. With FILE.. instead of a folder, the files are read
by TensorBoard's own reader and their numbers printed.
"""

import io
import sys
from pathlib import Path

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter


def make(folder):
    value = summary_pb2.Summary.Value(tag="loss", simple_value=1.5)
    event = event_pb2.Event(wall_time=2.0, step=300, summary=summary_pb2.Summary(value=[value]))
    buffer = io.BytesIO()
    RecordWriter(buffer).write(event.SerializeToString())
    Path(folder, "event.bin").write_bytes(buffer.getvalue())


def show(path):
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    for event in EventFileLoader(path).Load():
        print(event.step, event.WhichOneof("what"), [(v.tag, v.tensor.float_val[:]) for v in event.summary.value])


if __name__ == "__main__":
    make(sys.argv[1]) if Path(sys.argv[1]).is_dir() else [show(path) for path in sys.argv[1:]]
