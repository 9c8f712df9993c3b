package agent

import (
	"net"
	"os"
)

// A notifier tells systemd how the agent is, by its protocol: datagrams to $NOTIFY_SOCKET. Without
// systemd it tells nobody.
type notifier struct{ socket string }

// newNotifier takes the socket out of the environment, so that no script finds it.
func newNotifier() notifier {
	n := notifier{os.Getenv("NOTIFY_SOCKET")}
	_ = os.Unsetenv("NOTIFY_SOCKET")
	return n
}

// tell sends lines of KEY=VALUE; systemd that does not listen is not worth an error.
func (n notifier) tell(lines string) {
	if n.socket == "" {
		return
	}
	name := n.socket
	if name[0] == '@' { // the abstract name space
		name = "\x00" + name[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(lines))
}
