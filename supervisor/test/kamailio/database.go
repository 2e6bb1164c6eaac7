package kamailio

import (
	"context"
	_ "embed" // for the template
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

//go:embed database.cfg.tmpl
var databaseTemplate string

// Database is a private PostgreSQL with Kamailio's tables, for a Kamailio without a registrar, as
// a comparison. It needs the Debian packages postgresql and kamailio-postgres-modules.
type Database struct {
	dir        string
	bin        string
	port       int
	cmd        *exec.Cmd
	credential *syscall.Credential // PostgreSQL does not run as root
}

// schema is the directory of Kamailio's tables on Debian.
const schema = "/usr/share/kamailio/postgres"

// StartDatabase starts a PostgreSQL in a directory of its own below dir and adds the subscribers.
func StartDatabase(ctx context.Context, dir string, phones []Phone) (*Database, error) {
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(bins) == 0 {
		return nil, errors.New("not installed: postgresql")
	}
	if _, err := os.Stat(modules() + "/db_postgres.so"); err != nil {
		return nil, errors.New("not installed: kamailio-postgres-modules")
	}
	d := &Database{dir: filepath.Join(dir, "database"), bin: bins[len(bins)-1]}
	if d.port, err = freePort(); err != nil {
		return nil, err
	}
	if err := d.prepare(dir); err != nil {
		return nil, err
	}
	if err := d.start(ctx); err != nil {
		return nil, err
	}
	if err := d.fill(ctx, phones); err != nil {
		d.Stop()
		return nil, err
	}
	return d, nil
}

// prepare makes the directory; it belongs to the user that runs the server.
func (d *Database) prepare(parent string) error {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2, os.Chown(d.dir, int(uid), int(gid)), os.Chmod(parent, 0o755), os.Chmod(filepath.Dir(parent), 0o755)); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	d.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return nil
}

func (d *Database) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(d.bin, name), args...)
	cmd.Dir = d.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: d.credential, Setpgid: true}
	return cmd
}

func (d *Database) start(ctx context.Context) error {
	data := filepath.Join(d.dir, "data")
	if out, err := d.command(ctx, "initdb", "-D", data, "-A", "trust", "-U", "kamailio", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	d.cmd = d.command(context.WithoutCancel(ctx), "postgres", "-D", data, "-h", "127.0.0.1", "-p", strconv.Itoa(d.port), "-k", d.dir)
	if err := d.cmd.Start(); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := d.sql(ctx, "SELECT 1", "postgres"); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			d.Stop()
			return fmt.Errorf("postgres did not answer in time: %w", context.Cause(ctx))
		}
	}
}

func (d *Database) sql(ctx context.Context, text, base string) (string, error) {
	cmd := d.command(ctx, "psql", "-h", "127.0.0.1", "-p", strconv.Itoa(d.port), "-U", "kamailio", "-q", "-v", "ON_ERROR_STOP=1", base)
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("psql: %w: %s", err, out)
	}
	return string(out), nil
}

func (d *Database) fill(ctx context.Context, phones []Phone) error {
	if _, err := d.sql(ctx, "CREATE DATABASE kamailio", "postgres"); err != nil {
		return err
	}
	for _, name := range []string{"standard", "auth_db", "usrloc"} {
		text, err := os.ReadFile(filepath.Join(schema, name+"-create.sql"))
		if err != nil {
			return fmt.Errorf("tables: %w", err)
		}
		if _, err := d.sql(ctx, string(text), "kamailio"); err != nil {
			return err
		}
	}
	var rows strings.Builder
	rows.WriteString("BEGIN;\n")
	for _, ph := range phones {
		fmt.Fprintf(&rows, "INSERT INTO subscriber (username, domain, password, ha1, ha1b) VALUES ('%s', '%s', '%s', '', '');\n", ph.User, ph.Realm, ph.Password)
	}
	rows.WriteString("COMMIT;\n")
	_, err := d.sql(ctx, rows.String(), "kamailio")
	return err
}

// Locations returns the number of stored locations.
func (d *Database) Locations(ctx context.Context) (n int, err error) {
	out, err := d.sql(ctx, "\\t on\nSELECT count(*) FROM location;", "kamailio")
	if err != nil {
		return 0, err
	}
	n, err = strconv.Atoi(strings.TrimSpace(out))
	if err != nil {
		return 0, fmt.Errorf("psql: %w", err)
	}
	return n, nil
}

// Proxy starts a Kamailio that keeps all data in the database.
func (d *Database) Proxy(ctx context.Context, dir string) (*Proxy, error) {
	return start(ctx, dir, databaseTemplate, map[string]any{
		"Database": fmt.Sprintf("postgres://kamailio@%s/kamailio", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port))),
	})
}

// Stop stops the server.
func (d *Database) Stop() {
	_ = syscall.Kill(d.cmd.Process.Pid, syscall.SIGQUIT) // immediate shutdown; it may have ended
	_ = d.cmd.Wait()                                     // its exit status does not matter
}
