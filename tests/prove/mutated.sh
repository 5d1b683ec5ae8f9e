#!/usr/bin/env bash
# What becomes of 100 000 requests that are nearly right, and of the memory of the program that answers them. Prints Markdown.
set -euo pipefail
: "${PROGRAMS:?must name the folder of the programs}"
seed=${SEED:-1} requests=${REQUESTS:-100000}

told=$(TILL_PROGRAM=$PROGRAMS/till TILL_MUTATED_REQUESTS=$requests TILL_MUTATED_SEED=$seed \
  node --test --test-reporter=spec tests/clients/mutated.test.mjs | tee /dev/stderr | grep -o "$requests requests, seed .*") ||
  { echo 'a request was answered by an error of ours, or not at all' >&2; exit 1; }
read -ra sizes <<<"${told##*tenth: }"
echo '| what | figure |'
echo '| --- | --- |'
echo "| requests; seed | $requests; $seed |"
echo '| answered by 5xx; not answered | 0; 0 |'
echo "| answers by status | $(sed 's/.*seed [0-9]*: \(.*\); MiB.*/\1/' <<<"$told") |"
echo "| memory of the program at each tenth of the way, MiB | ${sizes[*]} |"
