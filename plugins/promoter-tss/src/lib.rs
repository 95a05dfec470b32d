//! Promoters around transcription start sites against matched negatives
