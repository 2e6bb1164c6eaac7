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

// Env is what the program has of the world.
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
	CheckConfig checkConfigCmd `cmd:"" help:"Say what serve would run with, and what is wrong with it."`
	Example     exampleCmd     `cmd:"" name:"example-config" help:"Print a file with every setting and what it means."`
	Credential  struct {
		Import importCmd `cmd:"" help:"Import credentials from JSON Lines, all or none."`
		Set    setCmd    `cmd:"" help:"Set one user's password or HA1."`
		List   listCmd   `cmd:"" help:"List credentials, without their secrets."`
		Delete deleteCmd `cmd:"" help:"Delete one user's credential."`
	} `cmd:"" help:"Manage credentials, whether the server runs or not."`
	Registration struct {
		List  registrationListCmd  `cmd:"" help:"List the registrations that have not ended."`
		Show  registrationShowCmd  `cmd:"" help:"Show all that is known of one user's registrations."`
		Flush registrationFlushCmd `cmd:"" help:"Remove the registrations of a user, or of a whole realm."`
	} `cmd:"" help:"Look at registrations and remove them, whether the server runs or not."`
	Store struct {
		Check   storeCheckCmd   `cmd:"" help:"Check both files, whether the server runs or not: pages, order, checksums, contents."`
		Backup  storeBackupCmd  `cmd:"" help:"Make a checked archive of both files, whether the server runs or not."`
		Restore storeRestoreCmd `cmd:"" help:"Put the files of an archive into a data directory that no server uses."`
		Compact storeCompactCmd `cmd:"" help:"Rewrite the files without what is free, and was deleted, in them; no server may run."`
		Stats   storeStatsCmd   `cmd:"" help:"Print the sizes of the files."`
		Export  storeExportCmd  `cmd:"" help:"Print all of a file as JSON Lines."`
		Import  storeImportCmd  `cmd:"" help:"Import registrations from JSON Lines, all or none; no server may run."`
		NewKey  storeNewKeyCmd  `cmd:"" help:"Print a fresh key that seals secrets, as a line for --key-file."`
		Upgrade storeUpgradeCmd `cmd:"" help:"Bring the files to the current format, as serve does at start; no server may run."`
		Reseal  storeResealCmd  `cmd:"" help:"Seal every secret with the first key of --key-file: how keys are changed."`
	} `cmd:"" help:"Look after the two files of the store."`
	Trace struct {
		Show traceShowCmd `cmd:"" default:"withargs" help:"Show what the processes have said to each other: what trace does by itself (its flags: trace show --help)."`
		Diff traceDiffCmd `cmd:"" help:"Show where two runs of the same scenario part."`
	} `cmd:"" help:"Follow the messages between the processes of a running server."`
	Crashes crashesCmd `cmd:"" help:"List the last crashes, or show what led to one, whether the server runs or not."`
	Tree    treeCmd    `cmd:"" help:"Show the supervision tree of a running server."`
	Process struct {
		Show    processShowCmd    `cmd:"" help:"Show all that is known of one process: its state, its queue, the message in hand."`
		Suspend processSuspendCmd `cmd:"" help:"Have a process handle no more messages; they queue up."`
		Resume  processResumeCmd  `cmd:"" help:"Let a suspended process go on."`
		Step    processStepCmd    `cmd:"" help:"Have a suspended process handle one message."`
		Kill    processKillCmd    `cmd:"" help:"Make a process crash between two messages, or cut it off; see serve --allow-faults."`
	} `cmd:"" help:"Look at one process of a running server, hold it and step it."`
	Fault struct {
		Points faultPointsCmd `cmd:"" help:"List the places where something can go wrong, and what."`
		Arm    faultArmCmd    `cmd:"" help:"Have something go wrong at a place in the code."`
		List   faultListCmd   `cmd:"" help:"List what was armed, and how often it has hit."`
		Disarm faultDisarmCmd `cmd:"" help:"Take faults away; their hangs end."`
	} `cmd:"" help:"Break a running server on purpose, to see it heal; see serve --allow-faults."`
	Parked struct {
		List  parkedListCmd  `cmd:"" help:"List what was put aside, and why."`
		Show  parkedShowCmd  `cmd:"" help:"Show one message in full."`
		Retry parkedRetryCmd `cmd:"" help:"Publish messages again as they came, and take them out."`
		Drop  parkedDropCmd  `cmd:"" help:"Take messages out for good."`
	} `cmd:"" help:"Look after the messages that were put aside on the broker."`
	Query      queryCmd                  `cmd:"" help:"Ask over AMQP who is registered, as an application would."`
	Demo       demoCmd                   `cmd:"" help:"Show what a registrar does, on a broker of its own and with simulated phones."`
	Load       loadCmd                   `cmd:"" help:"Put load on the registrars of a broker, with simulated phones."`
	Completion kongcompletion.Completion `cmd:"" help:"Print what turns on completion in your shell."`
}

// dataFlag is the data directory of the commands that work on one.
type dataFlag struct {
	Data string `required:"" help:"Data directory, with the database files, the lock and the control socket; one server at a time." placeholder:"DIR" type:"path" example:"/var/lib/registrar"`
}

// exited is how kong's own exits (help, version) come back.
type exited int

// Run parses and carries out a command line and returns the exit code.
func Run(ctx context.Context, env Env, args []string) (code int) {
	defer func() {
		if e, ok := recover().(exited); ok {
			code = int(e)
		}
	}()
	fail := func(code int, err error) int {
		_, _ = fmt.Fprintf(env.Stderr, "registrar: %v\n", err) // nobody reads
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

// usage is an error of the caller's.
type usage struct{ error }

func codeOf(err error) int {
	if _, ok := errors.AsType[usage](err); ok {
		return ExitUsage
	}
	if _, ok := errors.AsType[upgradeNeeded](err); ok {
		return ExitUpgrade
	}
	return ExitFailed
}

// Version returns what was built, from the build's own information.
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

// discard is a logger that says nothing.
func discard() zerolog.Logger { return zerolog.Nop() }
