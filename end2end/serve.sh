#!/bin/sh
# Serves the product to the browser tests: an empty store, a clock that begins at a fixed moment, and
# three colleagues whose invitations and access tokens the set-up of the tests uses.
set -eu
binary=$1 data=$2 port=$3
export TWOFRONT_DATA="$data" TWOFRONT_CLOCK=2026-06-15T09:00:00Z TWOFRONT_ZONE=Europe/Minsk TWOFRONT_LOG=warn
out="$data-handed-out"
rm -rf "$data" "$out"
mkdir -p "$out"
admit() {
  "$binary" colleague add "$2" "$1@twofront.example" --role "$3" > "$out/invitation-$1"
  "$binary" token "$1@twofront.example" > "$out/token-$1"
}
admit ada 'Ada Lindqvist' administrator
admit kira 'Kira Volkova' account_manager
admit lev 'Lev Morozov' resource_owner
exec "$binary" serve --listen "127.0.0.1:$port"
