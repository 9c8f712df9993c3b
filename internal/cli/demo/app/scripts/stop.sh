#!/bin/sh
# ApplicationStop: let the web server finish what it is answering, then end it.
pidfile="$SLIPWAY_INSTALL_ROOT/run/web.pid"
[ -f "$pidfile" ] || exit 0
pid=$(cat "$pidfile")
kill "$pid" 2>/dev/null
while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
rm -f "$pidfile"
echo "web server $pid stopped"
