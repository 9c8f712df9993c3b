package haproxy

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// say sends one command to the master's socket and returns its answer. "@1 " before a command is for the present
// worker, "@!PID " for any.
func (p *process) say(command string) (string, error) {
	if !p.running() {
		return "", errors.New("HAProxy does not run")
	}
	conn, err := net.DialTimeout("unix", p.master, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return "", err
	}
	_ = conn.(*net.UnixConn).CloseWrite() // the master waits for another command otherwise
	answer, err := io.ReadAll(conn)
	return strings.TrimSpace(string(answer)), err
}

// workers returns the process ids of the workers, the present one first.
func (p *process) workers() ([]string, error) {
	answer, err := p.say("show proc")
	if err != nil {
		return nil, err
	}
	var ids []string
	for line := range strings.Lines(answer) {
		if strings.HasPrefix(line, "# old workers") && len(ids) == 0 {
			break // it is between two
		}
		if f := strings.Fields(line); len(f) > 1 && f[1] == "worker" {
			ids = append(ids, f[0])
		}
	}
	if len(ids) == 0 {
		return nil, errors.New("no worker")
	}
	return ids, nil
}

// adjust gives the present worker the servers of a plan: first those that get traffic, then those that no longer do.
func (e *Engine) adjust(p plan) error {
	var errs []error
	do := func(command string, well ...string) bool {
		answer, err := e.process.say("@1 " + command)
		fine := answer == ""
		for _, w := range well {
			fine = fine || strings.Contains(answer, w)
		}
		if err == nil && !fine {
			err = fmt.Errorf("HAProxy answers %q to %q", answer, command)
		}
		if err != nil {
			errs = append(errs, err)
		}
		return err == nil
	}
	for backend, wanted := range p.servers {
		has := e.servers[backend]
		for name, s := range wanted {
			at := backend + "/" + name
			before, known := has[name]
			if !known && !do(fmt.Sprintf("add server %s %s %s", at, s.address, s.options()), "registered") {
				continue
			}
			if known && before.weight != s.weight {
				do(fmt.Sprintf("set weight %s %d", at, s.weight))
			}
			if s.ready && !before.ready {
				do("set server " + at + " state ready")
			}
			has[name] = server{address: s.address, secure: s.secure, weight: s.weight, ready: s.ready || before.ready}
		}
	}
	for backend, has := range e.servers {
		for name, s := range has {
			wanted, stays := p.servers[backend][name]
			if s.ready && !wanted.ready && do("set server "+backend+"/"+name+" state maint") {
				s.ready = false
				has[name] = s
			}
			// What is still open on it keeps it; then the next adjustment tries again.
			if answer, err := e.process.sayIf(!stays, "@1 del server "+backend+"/"+name); err == nil && strings.Contains(answer, "deleted") {
				delete(has, name)
			}
		}
	}
	return errors.Join(errs...)
}

func (p *process) sayIf(condition bool, command string) (string, error) {
	if !condition {
		return "", nil
	}
	return p.say(command)
}

// open returns how much is open on each server, over all backends and workers.
func (p *process) open() (map[string]int, error) {
	open := map[string]int{}
	err := p.eachStat(func(row map[string]string) {
		n, _ := strconv.Atoi(row["scur"])
		open[row["svname"]] += n
	})
	return open, err
}

// eachStat calls do for each row of every worker's statistics.
func (p *process) eachStat(do func(map[string]string)) error {
	workers, err := p.workers()
	if err != nil {
		return err
	}
	for i, pid := range workers {
		answer, err := p.say("@!" + pid + " show stat")
		if err != nil && i > 0 {
			continue // an old worker that has just ended
		}
		if err != nil {
			return err
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(answer, "# "))).ReadAll()
		if err != nil || len(rows) == 0 {
			if i > 0 {
				continue
			}
			return fmt.Errorf("read statistics of HAProxy: %q: %w", answer, errors.Join(err, io.ErrUnexpectedEOF))
		}
		for _, row := range rows[1:] {
			named := map[string]string{"worker": pid}
			for i, name := range rows[0] {
				named[name] = row[i]
			}
			do(named)
		}
	}
	return nil
}

// cut closes what is open on a server, in all workers.
func (p *process) cut(name string) {
	var backends [][2]string
	_ = p.eachStat(func(row map[string]string) {
		if row["svname"] == name {
			backends = append(backends, [2]string{row["worker"], row["pxname"]})
		}
	})
	for _, b := range backends {
		_, _ = p.say("@!" + b[0] + " shutdown sessions server " + b[1] + "/" + name)
	}
}
