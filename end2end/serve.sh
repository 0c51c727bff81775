#!/bin/sh
# Serves the product to the browser tests: an empty store on a clock that begins at a fixed moment. `town` has
# colleagues, whose invitations and access tokens the set-up of the tests uses; `field` has nobody yet, and hands out
# the link that it prints for its first administrator.
set -eu
place=$1 binary=$2 data=$3-$1 port=$4
export TWOFRONT_DATA="$data" TWOFRONT_CLOCK=2026-06-15T09:00:00Z TWOFRONT_ZONE=Europe/Minsk TWOFRONT_LOG=warn
out="$data-handed-out"
rm -rf "$data" "$out"
mkdir -p "$out"
admit() {
  "$binary" colleague add "$2" "$1@twofront.example" --role "$3" > "$out/invitation-$1"
  "$binary" token "$1@twofront.example" > "$out/token-$1"
}
if [ "$place" = town ]; then
  admit ada 'Ada Lindqvist' administrator
  admit kira 'Kira Volkova' account_manager
  admit lev 'Lev Morozov' resource_owner
  admit maxim 'Maxim Orlov' manager
  admit nina 'Nina Berg' analyst
fi
exec "$binary" serve --listen "127.0.0.1:$port" > "$out/said"
