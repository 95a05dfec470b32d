#!/usr/bin/env bash
# Makes the models of bench.toml in ./head-to-head and installs the plugins they need: prepare.sh FASTA [EXPORT]
#
# FASTA is what the tokenizer is learned from. EXPORT is a folder with an exported model and its tokenizer; without one
# export.py makes it, for which python3 (or $PYTHON) needs the packages of requirements.txt. DLM names the program, LIBRARIES
# the folder of the plugins' libraries; both are those of a release build of this repository unless given.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
dlm=${DLM:-$target/release/dlm}
libraries=${LIBRARIES:-$target/release}
fasta=$1
mkdir -p head-to-head/plugins
# A plugin that others may write to is refused.
umask 022

"$dlm" tokenizer train --fasta "$fasta" --merges "${MERGES:-600}" --output head-to-head/tokenizer.json
"$dlm" model random dnabert2 --tokenizer head-to-head/tokenizer.json --width "${WIDTH:-256}" --layers "${LAYERS:-4}" \
    --output head-to-head/dnabert2
"$dlm" model random nucleotide-transformer --width "${WIDTH:-256}" --layers "${LAYERS:-4}" \
    --output head-to-head/nucleotide-transformer
"$dlm" model random hyenadna --width "${HYENA_WIDTH:-128}" --output head-to-head/hyenadna

export=${2:-}
if [ -z "$export" ]; then
    export=head-to-head/exported
    "${PYTHON:-python3}" "$here/export.py" head-to-head/tokenizer.json "$export"
fi
(cd head-to-head/plugins && "$dlm" plugin new exported-bert --from-huggingface "$(cd "$OLDPWD/$export" 2>/dev/null && pwd || echo "$export")")
"$dlm" plugin install head-to-head/plugins/exported-bert

for name in dnabert2 nucleotide-transformer hyenadna; do
    folder=head-to-head/plugins/$name
    mkdir -p "$folder"
    cp "$here/../../plugins/$name/plugin.toml" "$folder/"
    for library in "$libraries/libdlm_plugin_${name//-/_}".*; do
        case $library in *.so | *.dylib) install -m 755 "$library" "$folder/" ;; esac
    done
    "$dlm" plugin install "$folder"
    "$dlm" plugin trust "org.dlm.$name"
done
