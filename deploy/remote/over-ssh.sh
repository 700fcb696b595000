#!/usr/bin/env bash
# Takes the Compose file, what it mounts and deploy.sh to a server and runs deploy.sh there; its exit code is deploy.sh's.
#
#   over-ssh.sh USER@HOST FOLDER TAG@sha256:DIGEST
#
# FOLDER is the installation's, as seen from the user's home; .env must be in it. SSH_OPTIONS: more options of ssh.
set -euo pipefail

host=$1 folder=$2 tag=$3
project=$(cd "$(dirname "$0")/../.." && pwd)
read -ra options <<<"${SSH_OPTIONS:-}"

# %q: the command reaches the other end as it is written here
# shellcheck disable=SC2029
on_host() { ssh "${options[@]}" "$host" "$(printf '%q ' sh -c "$1" sh "$folder" "$tag")"; }

# shellcheck disable=SC2016 # $1 and $2 are expanded at the other end: the folder and the tag
{
  receive='rm -rf "$1/.deploy/next" && mkdir -p "$1/.deploy/next" && tar -xf - -C "$1/.deploy/next"'
  deploy='cd "$1" && exec .deploy/next/deploy/remote/deploy.sh "$2" .deploy/next'
}
tar -C "$project" -cf - docker-compose.yml docker/caddy deploy/remote/deploy.sh | on_host "$receive"
on_host "$deploy" </dev/null
