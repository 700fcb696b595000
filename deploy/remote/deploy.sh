#!/usr/bin/env bash
# Puts one published image into service on this machine, and goes back by itself when it does not become healthy.
#
#   deploy.sh TAG@sha256:DIGEST [FOLDER]
#
# Runs in the installation's folder: the one with docker-compose.yml and .env. The files of FOLDER, where given,
# (docker-compose.yml and what it mounts) come with the image, and are taken back together with it. The tag is for people; Docker pulls
# by the digest. What is in service stands in .env as IMAGE_TAG, so that plain `docker compose` commands keep to it.
#
# Before the change the former version writes a backup to data/backups/ (the newest three stay). A roll-back leaves the data
# as they are; bringing the backup in is a person's decision, because it loses what has arrived since.
#
# Exit code: 0 in service, 1 the former version is (still or again) in service, 2 a person is needed.
# Environment: WAIT=300 seconds to become healthy, SETTLE=30 seconds to stay so, BACKUP=yes|no.
set -euo pipefail

wait=${WAIT:-300}
settle=${SETTLE:-30}
kept=.deploy/former
files=(docker-compose.yml docker/caddy/Caddyfile)

say() { printf 'deploy: %s\n' "$*" >&2; }
fail() { local code=$1; shift; say "$*"; exit "$code"; }

read_arguments() {
  [[ $# -ge 1 && $1 =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*@sha256:[0-9a-f]{64}$ ]] ||
    fail 1 "usage: deploy.sh TAG@sha256:DIGEST [FOLDER]; got '${1-}'"
  tag=$1
  folder=${2:-.}
  [ -f "$folder/docker-compose.yml" ] || fail 1 "there is no docker-compose.yml in $folder (from $PWD)"
  [ -f .env ] || fail 1 "there is no .env here ($PWD); .env.example says what belongs into it"
}

lock() {
  mkdir -p .deploy
  exec 9>.deploy/lock
  flock --nonblock 9 || fail 1 "another deployment is under way"
}

tag_in_service() { sed -n 's/^IMAGE_TAG=//p' .env | tail -n 1; }

write_tag() {
  local new
  new=$(mktemp .env.XXXXXX)
  { grep -v '^IMAGE_TAG=' .env || true; printf 'IMAGE_TAG=%s\n' "$tag"; } >"$new"
  chmod --reference=.env "$new"
  mv "$new" .env
}

there_is_a_former_version() { [ -f docker-compose.yml ] && [ -n "$(docker compose ps --all --quiet)" ]; }

back_up() {
  [ "${BACKUP:-yes}" = yes ] || return 0
  local target
  target=data/backups/before-$(date -u +%Y%m%dT%H%M%SZ).tar.gz
  # shellcheck disable=SC2016 # $1 is expanded in the container
  docker compose run --rm --no-deps -T app-ml-train sh -c \
    'mkdir -p data/backups && wind data backup "$1" && ls -1t data/backups/before-* | tail -n +4 | xargs -r rm --' sh "$target" \
    </dev/null || fail 1 "no backup could be made, so nothing was changed (BACKUP=no goes without one)"
  say "backup: $target"
}

copy() { # copy FROM TO: those of the files that are there
  local file
  for file in "${files[@]}"; do
    [ ! -f "$1/$file" ] || [ "$1" -ef "$2" ] || install -D --preserve-timestamps --mode=644 "$1/$file" "$2/$file"
  done
}

keep_former() {
  mkdir -p "$kept"
  cp -p .env "$kept/"
  copy . "$kept"
}

healthy() {
  docker compose up --detach --wait --wait-timeout "$wait" --remove-orphans </dev/null || return 1
  sleep "$settle"
  local wrong
  wrong=$(docker compose ps --all --format '{{.Service}} {{.State}} {{.Health}} {{.ExitCode}}' |
    awk '!($2 == "running" && $3 != "unhealthy" && $3 != "starting") && !($2 == "exited" && $NF == 0)')
  [ -z "$wrong" ] || { say "no longer well after $settle s: $wrong"; return 1; }
}

go_back() {
  docker compose ps --all >&2 || true
  docker compose logs --no-color --tail 20 >&2 || true
  [ -d "$kept" ] || fail 2 "$tag does not become healthy, and there is no former version to go back to"
  say "$tag does not become healthy: going back"
  cp -p "$kept/.env" .
  copy "$kept" .
  healthy || fail 2 "the former version does not become healthy either; see data/backups/ and 'docker compose logs'"
  fail 1 "the former version is in service again: $(tag_in_service)"
}

read_arguments "$@"
lock
say "pulling $tag"
IMAGE_TAG=$tag docker compose --project-directory . --file "$folder/docker-compose.yml" pull --quiet </dev/null ||
  fail 1 "$tag could not be pulled, so nothing was changed"
rm -rf "$kept"
if there_is_a_former_version; then
  back_up
  keep_former
fi
copy "$folder" .
write_tag
healthy || go_back
say "in service: $tag"
