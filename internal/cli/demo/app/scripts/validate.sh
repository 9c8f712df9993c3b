#!/bin/sh
# ValidateService: the new version must answer.
set -e
root="$SLIPWAY_INSTALL_ROOT"
. "$root/opt/slipway/host.env"
"$root/opt/slipway/bin/slipway" demo-web check "http://$LISTEN/" --version "$(cat "$root/srv/web/version")"
