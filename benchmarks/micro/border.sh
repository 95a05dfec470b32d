#!/usr/bin/env bash
# What a worker process adds: 6-mers of a genome by the built-in tokenizer, and by the same code as a plugin outside this
# workspace, in a process of its own: border.sh FASTA [TIMES]. Prints the seconds of each run and the least of each.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
fasta=$(realpath "$1")
times=${2:-5}
target=${CARGO_TARGET_DIR:-$root/target}
dlm=${DLM:-$target/release/dlm}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
umask 022
chmod 755 "$place"
export XDG_DATA_HOME=$place/data CARGO_TARGET_DIR=$target/border
mkdir -p "$place/outside/src"
cat >"$place/outside/Cargo.toml" <<TOML
[package]
name = "outside"
version = "0.1.0"
edition = "2024"
[lib]
crate-type = ["cdylib"]
[dependencies]
dlm-sdk = { path = "$root/sdk" }
dlm-plugin-kmer = { path = "$root/plugins/kmer" }
[profile.release]
panic = "unwind"
[workspace]
TOML
cat >"$place/outside/src/lib.rs" <<'RUST'
//! The built-in 6-mers, from outside.
use dlm_plugin_kmer::FixedKmers;

dlm_sdk::export_plugin! {
    id: "org.example.outside";
    tokenizer "outside", "6-mers", create: |_config| FixedKmers::new(6);
}
RUST
cat >"$place/outside/plugin.toml" <<TOML
manifest = 1
[plugin]
id = "org.example.outside"
version = "0.1.0"
kind = "native"
summary = "6-mers"
license = "MIT OR Apache-2.0"
citation = "none"
[[component]]
kind = "tokenizer"
id = "outside"
[native]
abi = "1.0"
library = { "$(rustc -vV | sed -n 's/host: //p')" = "liboutside.so" }
TOML
cp "$root/Cargo.lock" "$place/outside/"
cargo build --quiet --offline --release --manifest-path "$place/outside/Cargo.toml"
install -m 755 "$CARGO_TARGET_DIR/release/liboutside.so" "$place/outside/"
"$dlm" plugin install "$place/outside"
"$dlm" plugin trust org.example.outside
for tokenizer in kmer:6 outside; do
    for ((run = 0; run < times; run++)); do
        start=$(date +%s.%N)
        "$dlm" --quiet tokenizer encode --tokenizer "$tokenizer" --fasta "$fasta" --format npy --output "$place/$tokenizer.npy" >/dev/null
        echo "$tokenizer $(date +%s.%N) $start" | awk '{ printf "%s %.3f\n", $1, $2 - $3 }'
    done
done | tee "$place/runs"
awk '!($1 in least) || $2 < least[$1] { least[$1] = $2 } END { for (t in least) print "least", t, least[t] }' "$place/runs"
cmp "$place/kmer:6.npy" "$place/outside.npy" && echo "the same ids"
