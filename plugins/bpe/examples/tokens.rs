//! Encodes each line of the standard input: `tokens TOKENIZER.json` writes, for each, the number of tokens and their ids as
//! little-endian 32-bit numbers.

use std::{
    env,
    error::Error,
    io::{BufRead as _, BufWriter, Write as _},
};

use dlm_plugin_bpe::Bpe;

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let bpe = Bpe::from_file(env::args().nth(1).ok_or("usage: tokens TOKENIZER.json")?)?;
    let mut output = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().split(b'\n') {
        let encoded = bpe.encode(&line?)?;
        output.write_all(&(encoded.ids.len() as u32).to_le_bytes())?;
        for id in encoded.ids {
            output.write_all(&id.to_le_bytes())?;
        }
    }
    output.flush()?;
    Ok(())
}
