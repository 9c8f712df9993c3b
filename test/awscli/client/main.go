// Command aws hands its arguments, environment, folder and files to the AWS CLI that was loaded
// once (see package awscli), and ends as that does. The socket is beside the program.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

func main() {
	status, err := call()
	if err != nil {
		fmt.Fprintln(os.Stderr, "call the loaded AWS CLI:", err)
		os.Exit(252)
	}
	os.Exit(status)
}

func call() (status int, err error) {
	program, err := os.Executable()
	if err != nil {
		return 0, err
	}
	folder, err := os.Getwd()
	if err != nil {
		return 0, err
	}
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: filepath.Join(filepath.Dir(program), "socket")})
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	line, err := json.Marshal(map[string]any{"arguments": os.Args[1:], "environment": os.Environ(), "folder": folder})
	if err != nil {
		return 0, err
	}
	line = append(line, '\n')
	// The files go with the first byte, so that the rest may be of any length.
	if _, _, err := conn.WriteMsgUnix(line[:1], syscall.UnixRights(0, 1, 2), nil); err != nil {
		return 0, err
	}
	if _, err := conn.Write(line[1:]); err != nil {
		return 0, err
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return 0, err
	}
	if len(answer) == 0 {
		return 0, errors.New("it ended without a status")
	}
	return strconv.Atoi(string(answer))
}
