//! Counts the bases of each sequence of a FASTA file.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: fasta_windows FASTA")?;
    let genome = dlm_genome::Genome::open(path)?;
    println!("{}", genome.total_bases());
    Ok(())
}
