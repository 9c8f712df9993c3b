#!/bin/sh
# ApplicationStart: start the web server. A daemon must not hold on to the hook's output, or
# the hook never ends.
set -e
root="$SLIPWAY_INSTALL_ROOT"
. "$root/opt/slipway/host.env"
nohup "$root/opt/slipway/bin/slipway" demo-web serve --root "$root/srv/web" --listen "$LISTEN" \
	</dev/null >>"$root/var/log/web.log" 2>&1 &
echo $! >"$root/run/web.pid"
echo "web server $! started on $LISTEN"
