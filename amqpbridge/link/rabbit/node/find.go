package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// ErrNotInstalled means that rabbitmq-server or Erlang is not installed.
var ErrNotInstalled = errors.New("rabbitmq-server is not installed")

// tools are the paths of the programs that a node runs.
type tools struct{ server, ctl, epmd string }

// Available reports whether [Start] finds an installed RabbitMQ.
func Available() bool {
	_, err := find()
	return err == nil
}

// find searches the paths of Debian, Homebrew and RabbitMQ's own packages. The programs of the same
// names on PATH are wrappers that change the user and the environment; they are not used.
func find() (tools, error) {
	server := first(
		"/usr/lib/rabbitmq/bin/rabbitmq-server",
		"/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server", "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
		"/home/linuxbrew/.linuxbrew/opt/rabbitmq/sbin/rabbitmq-server",
		"/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server", "/opt/rabbitmq/sbin/rabbitmq-server",
	)
	if server == "" {
		return tools{}, ErrNotInstalled
	}
	epmd, err := exec.LookPath("epmd")
	if err != nil {
		epmd = first(
			"/usr/lib/erlang/erts-*/bin/epmd", "/usr/lib64/erlang/erts-*/bin/epmd",
			"/opt/homebrew/opt/erlang/lib/erlang/erts-*/bin/epmd", "/usr/local/opt/erlang/lib/erlang/erts-*/bin/epmd",
			"/usr/local/lib/erlang/erts-*/bin/epmd",
		)
	}
	if epmd == "" {
		return tools{}, fmt.Errorf("%w: there is no epmd, which comes with Erlang", ErrNotInstalled)
	}
	return tools{server: server, ctl: filepath.Join(filepath.Dir(server), "rabbitmqctl"), epmd: epmd}, nil
}

// first returns the first existing file that matches one of the patterns.
func first(patterns ...string) string {
	for _, p := range patterns {
		found, _ := filepath.Glob(p) // the patterns are well-formed
		for _, f := range found {
			if info, err := os.Stat(f); err == nil && !info.IsDir() {
				return f
			}
		}
	}
	return ""
}
