#!/usr/bin/env bash
# Runs README's block "The first hour" as a new user would, in an empty folder with pistar installed, in a terminal of 80 columns. Sizes are
# small, so that it takes a minute. It fails where a command fails or a progress line does not fit.
#
#   bash scripts/first-hour.sh FOLDER     a folder in which `npx pistar` runs
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$1"

block=$(awk '/^## The first hour/ { inside = 1 } inside && /^```sh/ { code = 1; next } code && /^```/ { exit } code' "$root/README.md")
small=$(sed -E 's/--episodes 60/--episodes 6/; s/--episodes 50/--episodes 4/; s/--steps [0-9]+/--steps 20/; s/ +#.*//' <<< "$block")
[ "$(wc -l <<< "$small")" -ge 8 ] || { echo "README.md: expected the commands of the first hour, found:" >&2; echo "$block" >&2; exit 1; }

while read -r command; do
  echo "\$ $command"
  script -qec "stty cols 80 rows 24; $command" screen.txt < /dev/null
done <<< "$small" | tee session.txt

# A progress line begins anew at the left edge. A line wider than the terminal would leave its rest behind.
wide=$(sed -E 's/\x1b\[1?G|\r/\n/g; s/\x1b\[[0-9;?]*[A-Za-z]|\x1b[78]//g' session.txt | LC_ALL=C.UTF-8 grep -E '[█░]' | LC_ALL=C.UTF-8 grep -E '^.{81,}$' || true)
if [ -n "$wide" ]; then
  echo "progress lines wider than 80 columns:" >&2
  echo "$wide" >&2
  exit 1
fi
for made in pictures/cube-in-bowl.png data/cube/meta/info.json runs/episode.gif runs/policy/checkpoints/last; do test -s "$made"; done
echo "the first hour runs as README says"
