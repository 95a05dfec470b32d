//! Reads any bytes as motifs, scores them and scans the bytes themselves.

use dlm_genome::motif::{Background, Motif, Scanner, Scores, jaspar, meme};

/// Panics if a promise is broken.
pub(crate) fn check(bytes: &[u8]) {
    if let Ok(motifs) = jaspar::read(bytes, "fuzz") {
        assert!(!motifs.is_empty());
        motifs.iter().take(4).for_each(|motif| check_motif(motif, &Background::nrdb(), bytes));
    }
    if let Ok(file) = meme::read(bytes, "fuzz") {
        assert!(!file.motifs.is_empty());
        let background = file.background.unwrap_or_else(Background::uniform).over_both_strands();
        file.motifs.iter().take(4).for_each(|motif| check_motif(motif, &background, bytes));
    }
}

fn check_motif(motif: &Motif, background: &Background, bases: &[u8]) {
    for column in motif.columns() {
        assert!((column.iter().sum::<f64>() - 1.0).abs() < 1e-4, "{column:?}");
    }
    if motif.width() > 64 {
        return;
    }
    let Ok(scores) = Scores::new(motif, background, 0.1) else { return };
    assert!(scores.columns().iter().flatten().all(|&units| units <= 1000));
    assert!((scores.p_value(0) - 1.0).abs() < 1e-6);
    let hits = Scanner::new(&scores, 0.01).expect("the p-value is one").scan(bases);
    for hit in hits {
        assert!(hit.p_value <= 0.01 && hit.start + motif.width() <= bases.len());
    }
}
