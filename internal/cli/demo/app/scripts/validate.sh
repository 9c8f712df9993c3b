#!/bin/sh
# ValidateService: the new version must answer, and the load balancer must have taken this
# host back before the next one goes down.
set -e
root="$SLIPWAY_INSTALL_ROOT"
. "$root/opt/slipway/host.env"
"$root/opt/slipway/bin/slipway" demo-web check "http://$LISTEN/" --version "$(cat "$root/srv/web/version")"
"$root/opt/slipway/bin/slipway" demo-web check "$BALANCER/in-rotation/$NAME"
