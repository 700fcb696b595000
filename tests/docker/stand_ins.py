"""Images that the profiles take from a registry.

Where no registry can be reached they are tested with stand-ins of the same name, built from
Debian's packages on the project's own base image. A stand-in behaves like the original as far as
the Compose files rely on it; it is not the original, and is removed after the tests.
"""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager

BASE = "python:3.12-slim"
INSTALL = (
    "apt-get -qq update && DEBIAN_FRONTEND=noninteractive"
    " apt-get -qq install -y --no-install-recommends"
)
# As the official image: the binary may bind low ports by itself, /data belongs to root.
CADDY = rf"""FROM {BASE}
RUN {INSTALL} busybox caddy libcap2-bin \
    && ln -s /usr/bin/busybox /usr/local/bin/wget \
    && setcap cap_net_bind_service=+ep /usr/bin/caddy \
    && mkdir -p /config /data
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
"""
# As the official image: a first start makes the user and the database of the variables; any user
# may run it, since libnss_wrapper gives it a name; the data folder is open to all.
POSTGRES = rf"""FROM {BASE}
RUN {INSTALL} libnss-wrapper locales postgresql-17 \
    && install -d -o postgres -m 1777 /var/lib/postgresql/data \
    && install -d -o postgres -m 3777 /var/run/postgresql
ENV PATH=/usr/lib/postgresql/17/bin:$PATH PGDATA=/var/lib/postgresql/data
COPY --chmod=755 <<'END' /usr/local/bin/docker-entrypoint.sh
#!/bin/bash
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"; chmod 700 "$PGDATA"
  echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" >/tmp/passwd
  echo "postgres:x:$(id -g):" >/tmp/group
  env LD_PRELOAD="$(ls /usr/lib/*/libnss_wrapper.so)" \
      NSS_WRAPPER_PASSWD=/tmp/passwd NSS_WRAPPER_GROUP=/tmp/group \
    initdb --username="$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
      --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start >/dev/null
  createdb -h /var/run/postgresql -U "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl -D "$PGDATA" -m fast -w stop >/dev/null
fi
exec postgres -c listen_addresses='*' "$@"
END
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
"""
RECIPES = {"caddy:2": CADDY, "postgres:17-bookworm": POSTGRES}


@contextmanager
def available(image: str) -> Generator[None]:
    """The image, pulled where that is possible; otherwise its stand-in meanwhile."""
    if succeeds("image", "inspect", image) or succeeds("pull", "--quiet", image):
        yield
        return
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", image, "-"],
        input=RECIPES[image],
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=600,
    )
    yield
    subprocess.run(["docker", "image", "rm", image], check=True, stdout=subprocess.DEVNULL)


def succeeds(*arguments: str) -> bool:
    done = subprocess.run(["docker", *arguments], capture_output=True, check=False, timeout=300)
    return done.returncode == 0
