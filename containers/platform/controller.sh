#!/bin/sh
# Runs the controller as the user `clary` with one more group: the one that the engine's socket belongs to, whose
# number differs from machine to machine.
set -eu
exec setpriv --reuid=clary --regid=clary --groups="$(stat -c %g /var/run/docker.sock)" --no-new-privs \
    python -P -m clary.supervisor.controller --name controller
