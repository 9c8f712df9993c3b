package setup

import (
	"fmt"
	"time"
)

// stopMargin is what the agent gets beyond the events' own time, to report and to end.
const stopMargin = time.Minute

// unit is the systemd unit. KillMode=process leaves alone what hooks have started: stopping the
// agent must not stop the applications that it deployed.
func unit(o *Options) []byte {
	user := ""
	if o.User != "" {
		user = "User=" + o.User + "\n"
	}
	return fmt.Appendf(nil, `[Unit]
Description=Slipway agent: carries out deployments on this host
Documentation=https://github.com/slipway/slipway
Wants=network-online.target
After=network-online.target
ConditionPathExists=%[1]s

[Service]
Type=notify
NotifyAccess=main
ExecStart=%[2]s --config %[1]s
# Proxies, AWS_REGION, AWS_HOST_IDENTIFIER and the like, if there is such a file.
EnvironmentFile=-/etc/default/slipway-agent
%[3]sRestart=on-failure
RestartSec=5
# The running event may end first; then the agent has a minute to report it.
KillMode=process
TimeoutStopSec=%[4]d
UMask=0022
OOMPolicy=continue

[Install]
WantedBy=multi-user.target
Alias=codedeploy-agent.service
`, ConfigFile, o.installed(), user, int((o.StopWait + stopMargin).Seconds()))
}

// script is the SysV script, under the name of AWS's, with its verbs and its exit statuses.
func script(o *Options) []byte {
	run := "\"$program\" --config \"$config\""
	if o.User != "" {
		run = "su -s /bin/sh " + o.User + " -c 'exec \"$0\" --config \"$1\"' \"$program\" \"$config\""
	}
	return fmt.Appendf(nil, `#!/bin/sh
### BEGIN INIT INFO
# Provides:          codedeploy-agent
# Required-Start:    $remote_fs $network
# Required-Stop:     $remote_fs $network
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Slipway agent: carries out deployments on this host
### END INIT INFO
# chkconfig: 2345 95 20

program=%[2]s
config=%[1]s
pidfile=%[3]s/codedeploy-agent.pid
[ -r /etc/default/slipway-agent ] && set -a && . /etc/default/slipway-agent && set +a

status() { "$program" status --config "$config"; }
running() { status >/dev/null 2>&1; }
# Wait for $1 to be true, for $2 seconds at most.
await() { n=$2; until $1; do [ "$n" -le 0 ] && return 1; n=$((n - 1)); sleep 1; done; }
stopped() { ! running; }

start() {
	running && { echo "The agent is running."; return 0; }
	setsid %[4]s </dev/null >/dev/null 2>&1 &
	await running 10 || { echo "The agent did not start; see %[5]s/codedeploy-agent.log" >&2; return 1; }
}

# The running event may end first.
stop() {
	running || { echo "The agent is not running."; return 0; }
	kill -TERM "$(cat "$pidfile")" && await stopped %[6]d
}

case "$1" in
start) start ;;
stop) stop ;;
restart | force-reload) stop && start ;;
condrestart | try-restart) running || exit 0; stop && start ;;
status) status ;;
*)
	echo "Usage: $0 {start|stop|restart|condrestart|status}" >&2
	exit 2
	;;
esac
`, ConfigFile, o.installed(), PIDDir, run, LogDir, int((o.StopWait + stopMargin).Seconds()))
}
