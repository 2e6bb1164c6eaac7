package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
	"github.com/rs/zerolog"
)

// The exit codes.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// Env is the environment of the program.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Lookup reads an environment variable.
	Lookup func(name string) (string, bool)
}

// commands is the command line.
type commands struct {
	Config  string           `help:"YAML file with settings, named as the flags." placeholder:"FILE"`
	Version kong.VersionFlag `help:"Print the version and end."`

	Serve       serveCmd       `cmd:"" help:"Serve until SIGTERM or SIGINT."`
	CheckConfig checkConfigCmd `cmd:"" help:"Print the settings of serve and the source of each, or every invalid setting."`
	Example     exampleCmd     `cmd:"" name:"example-config" help:"Print a settings file with every setting, its meaning and its default."`
	Credential  struct {
		Import importCmd `cmd:"" help:"Import credentials from JSON Lines, all or none."`
		Set    setCmd    `cmd:"" help:"Set one user's password or HA1."`
		List   listCmd   `cmd:"" help:"List credentials, without their secrets."`
		Delete deleteCmd `cmd:"" help:"Delete one user's credential."`
	} `cmd:"" help:"Manage credentials, with or without a running server."`
	Registration struct {
		List  registrationListCmd  `cmd:"" help:"List current registrations."`
		Show  registrationShowCmd  `cmd:"" help:"Show one user's registrations in full."`
		Flush registrationFlushCmd `cmd:"" help:"Remove the registrations of a user, or of a whole realm."`
	} `cmd:"" help:"Show and remove registrations, with or without a running server."`
	Store struct {
		Check   storeCheckCmd   `cmd:"" help:"Check pages, order, checksums and contents of both files, with or without a running server."`
		Backup  storeBackupCmd  `cmd:"" help:"Write a checked archive of both files, with or without a running server."`
		Restore storeRestoreCmd `cmd:"" help:"Restore the files of an archive; no server may run."`
		Compact storeCompactCmd `cmd:"" help:"Rewrite the files without free pages and deleted data; no server may run."`
		Stats   storeStatsCmd   `cmd:"" help:"Print the sizes of the files."`
		Export  storeExportCmd  `cmd:"" help:"Print all of a file as JSON Lines."`
		Import  storeImportCmd  `cmd:"" help:"Import registrations from JSON Lines, all or none; no server may run."`
		NewKey  storeNewKeyCmd  `cmd:"" help:"Print a fresh key that seals secrets, as a line for --key-file."`
		Upgrade storeUpgradeCmd `cmd:"" help:"Bring the files to the current format, as serve does at start; no server may run."`
		Reseal  storeResealCmd  `cmd:"" help:"Seal every secret with the first key of --key-file, to change keys."`
	} `cmd:"" help:"Maintain the two files of the store."`
	Trace struct {
		Show traceShowCmd `cmd:"" default:"withargs" help:"Show the recorded messages between processes; the default of trace."`
		Diff traceDiffCmd `cmd:"" help:"Show where two runs of the same scenario differ."`
	} `cmd:"" help:"Follow the messages between the processes of a running server."`
	Crashes crashesCmd `cmd:"" help:"List crash reports or show one, with or without a running server."`
	Tree    treeCmd    `cmd:"" help:"Show the supervision tree of a running server."`
	Process struct {
		Show    processShowCmd    `cmd:"" help:"Show the state, the queue and the current message of a process."`
		Suspend processSuspendCmd `cmd:"" help:"Suspend a process: its messages queue up."`
		Resume  processResumeCmd  `cmd:"" help:"Resume a suspended process."`
		Step    processStepCmd    `cmd:"" help:"Let a suspended process handle one message."`
		Kill    processKillCmd    `cmd:"" help:"Crash or replace a process; needs serve --allow-faults."`
	} `cmd:"" help:"Inspect, suspend and step a process of a running server."`
	Fault struct {
		Points faultPointsCmd `cmd:"" help:"List the fault points and the kinds of faults at each."`
		Arm    faultArmCmd    `cmd:"" help:"Arm a fault at a fault point."`
		List   faultListCmd   `cmd:"" help:"List the armed faults and their hits."`
		Disarm faultDisarmCmd `cmd:"" help:"Disarm faults; their hangs end."`
	} `cmd:"" help:"Inject faults into a running server; needs serve --allow-faults."`
	Parked struct {
		List  parkedListCmd  `cmd:"" help:"List parked messages with the reason of each."`
		Show  parkedShowCmd  `cmd:"" help:"Show one parked message in full."`
		Retry parkedRetryCmd `cmd:"" help:"Publish parked messages again, unchanged, and remove them."`
		Drop  parkedDropCmd  `cmd:"" help:"Delete parked messages."`
	} `cmd:"" help:"Inspect, retry and delete parked messages on the broker."`
	Query      queryCmd                  `cmd:"" help:"Query registrations over AMQP, as an application does."`
	Demo       demoCmd                   `cmd:"" help:"Show a registrar at work, on a private broker and with simulated phones."`
	Load       loadCmd                   `cmd:"" help:"Load the registrars of a broker, with simulated phones."`
	Completion kongcompletion.Completion `cmd:"" help:"Print the command that enables completion in a shell."`
}

// dataFlag is the flag of commands that work on a data directory.
type dataFlag struct {
	Data string `required:"" help:"Data directory, with the database files, the lock and the control socket; one server at a time." placeholder:"DIR" type:"path" example:"/var/lib/registrar"`
}

// exited carries the exit code of kong's own exits, for help and version.
type exited int

// Run executes a command line and returns the exit code.
func Run(ctx context.Context, env Env, args []string) (code int) {
	defer func() {
		if e, ok := recover().(exited); ok {
			code = int(e)
		}
	}()
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(env.Stderr, "registrar: %v\n", err) // standard error is the last resort
		return code
	}
	settings, err := readSettings(env, args)
	if err != nil {
		return fail(ExitUsage, err)
	}
	c := commands{Serve: serveCmd{newServeFlags()}, CheckConfig: checkConfigCmd{newServeFlags()}}
	parser, err := kong.New(&c, kong.Name("registrar"), kong.Description("A SIP registrar and credential service on AMQP."),
		kong.Writers(env.Stdout, env.Stderr), kong.Exit(func(code int) { panic(exited(code)) }), kong.Vars{"version": Version()},
		kong.Resolvers(settings), defaultsFromFields("serve", "check-config"), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		return fail(ExitFailed, err)
	}
	kongcompletion.Register(parser)
	k, err := parser.Parse(args)
	if err != nil {
		return fail(ExitUsage, fmt.Errorf("%w (see registrar --help)", err))
	}
	k.BindTo(ctx, (*context.Context)(nil))
	k.Bind(settings)
	if err := k.Run(env); err != nil {
		return fail(codeOf(err), err)
	}
	return ExitOK
}

// usage is an error in the command line or the settings.
type usage struct{ error }

func codeOf(err error) int {
	if _, ok := errors.AsType[usage](err); ok {
		return ExitUsage
	}
	if _, ok := errors.AsType[upgradeNeededError](err); ok {
		return ExitUpgrade
	}
	return ExitFailed
}

// Version returns the version and the commit of the build.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return v + " " + s.Value[:12]
		}
	}
	return v
}

// discard is a logger without output.
func discard() zerolog.Logger { return zerolog.Nop() }
