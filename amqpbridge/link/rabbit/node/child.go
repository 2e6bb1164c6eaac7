package node

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// child is a process that ends when the pipe on its standard input breaks. Its done channel is
// closed after the process has ended and was waited for.
type child struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	done  chan struct{}
}

// spawn starts a child in its own process group. Its output is appended to the named file.
func spawn(env []string, output, path string, args ...string) (*child, error) {
	out, err := os.OpenFile(output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the output: %w", err)
	}
	defer out.Close() //nolint:errcheck // the child has its own copy
	cmd := exec.CommandContext(context.Background(), path, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	c := &child{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		_ = cmd.Wait() // the output has the reason
	}()
	return c, nil
}

// signal sends a signal to the child's process group, unless it has ended.
func (c *child) signal(s syscall.Signal) {
	if c.alive() {
		_ = syscall.Kill(-c.cmd.Process.Pid, s) // the child may end at this moment
	}
}

// kill ends the child at once and waits until it has ended.
func (c *child) kill() {
	c.signal(syscall.SIGKILL)
	<-c.done
}

// wait waits up to limit for the child's end. It reports whether the child has ended.
func (c *child) wait(limit time.Duration) bool {
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-c.done:
		return true
	case <-t.C:
		return false
	}
}

func (c *child) alive() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}
