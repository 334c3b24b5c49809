#!/bin/sh
# Installs the VS Code that the extension is tested in: install-code-server.sh DIR
# Then set PROMPTOPS_CODE_SERVER=DIR. It needs npm, 0.9 GB, and no compiler.
set -eu
folder=$1
architecture=$(node -p process.arch)
options="--ignore-scripts --no-audit --no-fund --no-save --loglevel=error"
# shellcheck disable=SC2086
npm install $options --prefix "$folder" code-server@4.139.1 "node-linux-$architecture@24.21.0"
cd "$folder/node_modules/code-server/lib/vscode"
# shellcheck disable=SC2086
npm install $options --omit=dev
