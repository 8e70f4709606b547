#!/usr/bin/env bash
# compare.sh: otherend beside other line servers, as a markdown table for the README.
#
# usage: bench/compare.sh [--rounds N] [--seconds S] [--shapes "1x1 100x1 …"] [--cores SERVER,LOAD]
#
# A shape is CLIENTSxINFLIGHT, 32-byte lines. Server and load get one core each, the servers take
# turns within every round, each is started anew for every measurement, and a cell is the median
# over the rounds. `otherend bench` is the load for all of them and checks every reply.
# The first figure of a cell is lines a second of server CPU (the server's process and its
# children), since the load and not the server is often what limits the lines a second.
set -euo pipefail
cd "$(dirname "$0")/.."

rounds=5 seconds=2 shapes="1x1 100x1 100x16 100x1000 1000x1" cores=1,0 command="bench/compare.sh $*"
while [ $# -gt 0 ]; do
  case $1 in
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    --shapes) shapes=$2 ;;
    --cores) cores=$2 ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"; exit 2 ;;
  esac
  shift 2
done
server_core=${cores%,*} load_core=${cores#*,}
target=${CARGO_TARGET_DIR:-target}
otherend=$target/release/otherend
results=$(mktemp -d)
server=
trap 'stop; rm -rf "$results"' EXIT

need() {
  command -v "$1" >/dev/null || { echo "compare.sh: needs $1: install it first" >&2; exit 2; }
}

build() {
  cargo build -q --release -p otherend
  if [ -n "${CARGO_TARGET_DIR:-}" ]; then
    yardsticks=$CARGO_TARGET_DIR/release
  else
    yardsticks=bench/target/release
  fi
  cargo build -q --release --manifest-path bench/Cargo.toml --bins
}

# NAME, what it answers before the line, and the command with PORT in it.
servers() {
  cat <<LIST
otherend, async|From server -> |$otherend serve -q --engine async 127.0.0.1:PORT
otherend, threads|From server -> |$otherend serve -q --engine threads --max-clients 2000 127.0.0.1:PORT
tokio, LinesCodec|From server -> |$yardsticks/lines-codec PORT
ncat|| ncat -lk -m 2000 -e /bin/cat 127.0.0.1 PORT
socat|| socat TCP-LISTEN:PORT,bind=127.0.0.1,fork,backlog=1024,nodelay PIPE
LIST
}

# What the figures leave out, where that is not the same for all.
remarks() {
  cat <<LIST
ncat|a process a client (\`--exec cat\`): an echo of bytes, without lines, prefix, limits or deadlines
socat|a process a client (\`fork\`): an echo of bytes, without lines, prefix, limits or deadlines
tokio, LinesCodec|no deadlines and no limit on output; one line that is too long ends the stream
LIST
}

is_taken() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_port() {
  port=$((20000 + RANDOM % 12000))
  while is_taken $port; do port=$((20000 + RANDOM % 12000)); done
}

# Start the command $1 in a process group of its own, and wait until it listens on $port.
start() {
  local tries=0
  # shellcheck disable=SC2086 # the command is words
  setsid taskset -c "$server_core" ${1//PORT/$port} </dev/null >/dev/null 2>&1 &
  server=$!
  until is_taken "$port"; do
    tries=$((tries + 1))
    if [ $tries -gt 250 ] || ! kill -0 $server 2>/dev/null; then return 1; fi
    sleep 0.02
  done
}

# End the server and whatever processes it has made.
stop() {
  if [ -n "$server" ]; then
    kill -KILL -- -"$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=
  fi
}

# Measure the server NAME with PREFIX and COMMAND at SHAPE: one JSON object more in its file.
measure() {
  local name=$1 prefix=$2 command=$3 shape=$4
  free_port
  if start "$command"; then
    taskset -c "$load_core" "$otherend" bench "127.0.0.1:$port" --prefix "$prefix" \
      --clients "${shape%x*}" --in-flight "${shape#*x}" --seconds "$seconds" --json \
      >>"$results/$name.$shape" 2>/dev/null || true
  else
    echo '{"remarks":[{"blame":"network","text":"it does not start"}]}' >>"$results/$name.$shape"
  fi
  stop
}

# The cell of a server and a shape, or why there is none.
cell() {
  jq -rs '
    def median(f): map(f) | sort | .[length / 2 | floor];
    def short: if . >= 1e6 then "\(. / 1e4 | round | . / 100) M" else "\(. / 1e3 | round) k" end;
    def time: if . >= 1e6 then "\(. / 1e5 | round | . / 10) ms" else "\(. / 1e3 | round) µs" end;
    [.[] | .remarks[] | select(.blame != "reading") | .text] as $trouble |
    if $trouble != [] then "cannot¹"
    else "\(median(.server_cpu.lines_per_cpu_s) | short), \(median(.latency.p50_ns) | time), \(median(.latency.p99_ns) | time)"
    end' "$1"
}

table() {
  local name shape row
  row="| lines a server CPU second, p50, p99 |"
  for shape in $shapes; do row+=" ${shape/x/ × } |"; done
  echo "$row"
  echo "|---|$(for shape in $shapes; do printf -- '---|'; done)"
  servers | while IFS='|' read -r name _; do
    row="| $name |"
    for shape in $shapes; do row+=" $(cell "$results/$name.$shape") |"; done
    echo "$row"
  done
}

# Why a server cannot do a shape, once for each reason.
failures() {
  local name shape
  servers | while IFS='|' read -r name _; do
    for shape in $shapes; do
      jq -rs --arg what "$name, ${shape/x/ × }" '
        [.[] | .remarks[] | select(.blame != "reading") | .text] | first // empty | "- ¹ \($what): \(.)"
      ' "$results/$name.$shape"
    done
  done
}

saturated() {
  jq -rs '[.[] | .remarks[] | select(.word == "load-saturated")] | length' "$results"/*
}

for tool in taskset setsid jq ncat socat cargo; do need $tool; done
build
for round in $(seq "$rounds"); do
  for shape in $shapes; do
    servers | while IFS='|' read -r name prefix command; do
      [ -t 2 ] && printf '\r\033[Kround %s of %s, %s, %s' "$round" "$rounds" "$shape" "$name" >&2
      measure "$name" "$prefix" "$command" "$shape"
    done
  done
done
[ -t 2 ] && printf '\r\033[K' >&2

table
echo
failures
remarks | while IFS='|' read -r name text; do echo "- $name: $text."; done
machine=$(jq -rs '.[-1].machine | "\(.cpu), \(.system)"' "$results/otherend, async."*)
echo "- CLIENTS × lines in flight of each, 32-byte lines, one core for the server and one for the load;" \
  "medians of $rounds rounds of $seconds s. In $(saturated) of the runs the load had no time left," \
  "which the figure a CPU second does not feel."
echo
echo "Measured on $(date -u +%F), $machine, with \`$command\`."
