package script_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slipway/slipway/test/world"
)

// commands are the words of stories, besides testscript's own:
//
//	server [flag …]         start the server (again), with its data in $WORK/data
//	crash server|agent NAME SIGKILL
//	terminate server|agent NAME  SIGTERM, and it must end with 0
//	host NAME [tag=value …] register a host and start its agent; files in $WORK/hosts/NAME
//	agent NAME              start the host's agent again
//	ordinary NAME           give the host to the user nobody, as whom its agent runs when it is started again
//	aws ARG …               the AWS CLI against the server; [!] stdout, stderr as with exec
//	until REGEXP ARG …      ask the AWS CLI until what it prints matches
//	id VAR                  keep the deployment id that the last command printed
//	push APP FOLDER KEY     bundle a folder and push it to s3://releases/KEY (aws deploy push)
//	deploy VAR GROUP KEY [flag …]  create a deployment of s3://releases/KEY and keep its id
//	ends ID STATUS          wait until the deployment has ended, so
//	events ID TARGET        print the lifecycle events: NAME STATUS CODE, one a line
//	await FILE [REGEXP]     wait until the file is there (and says that)
//	address NAME …          a loopback address for each, in address/NAME and a variable of that name
//	keep VAR                keep what the last command printed
//	traffic begins URL      ask for a page all the time; count the answers
//	[!] traffic ends        stop that, and none (some) of the requests may have failed
//	traffic ends in-flight  stop that; only as many may have failed as are in flight at one moment
//	machine [try] CMD ARG … run a command, or the AWS CLI, on a machine that looks like Ubuntu
//	container image VAR     keep the name of an image that says $COLOUR on port 8080
//	container kill TASK     kill the containers of a task, by its id or ARN
//	container none          wait until the server has nothing in the engine
//	share FUNCTION ALIAS CALLS VERSION PERCENT  call it that often; the version has its share of the answers
//	lasted SECONDS          the last command printed [end, start], so far apart
//	walked [NAME …]         every subcommand of aws deploy was called in this story, but these
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"server": func(ts *testscript.TestScript, neg bool, args []string) {
		ts.Check(of(ts).StartServer(args))
		if of(ts).HTTPS {
			ts.Setenv("AWS_CA_BUNDLE", of(ts).CAFile())
		}
		ts.Setenv("URL", of(ts).URL)
		ts.Setenv("AWS_ENDPOINT_URL", of(ts).URL)
	},
	"crash": func(ts *testscript.TestScript, neg bool, args []string) {
		var died *exec.ExitError
		if err := of(ts).Signal(strings.Join(args, "-"), syscall.SIGKILL); !errors.As(err, &died) {
			ts.Fatalf("crash: %v", err)
		}
	},
	"terminate": func(ts *testscript.TestScript, neg bool, args []string) {
		ts.Check(of(ts).Signal(strings.Join(args, "-"), syscall.SIGTERM))
	},
	"host": func(ts *testscript.TestScript, neg bool, args []string) {
		ts.Check(of(ts).AddHost(args[0], args[1:]))
	},
	"agent": func(ts *testscript.TestScript, neg bool, args []string) {
		ts.Check(of(ts).StartAgent(args[0]))
	},
	"ordinary": func(ts *testscript.TestScript, neg bool, args []string) {
		ts.Check(of(ts).Ordinary(args[0]))
	},
	"aws":       awsCLI,
	"until":     until,
	"id":        keepID,
	"push":      push,
	"deploy":    createDeployment,
	"ends":      ends,
	"events":    events,
	"await":     await,
	"address":   addresses,
	"keep":      keep,
	"traffic":   traffic,
	"machine":   onMachine,
	"container": container,
	"share":     share,
	"shifted":   shifted,
	"lasted":    lasted,
	"walked":    walked,
	"hear":      hear,
}

// A story is a world and the CLI that is used in it.
type story struct {
	*world.World
	cli       string   // the program to call: the one installed, or that one in memory
	installed string   // the CLI on this machine
	recent    bool     // that CLI reads AWS_ENDPOINT_URL
	calls     []string // subcommands of aws deploy
	machine   int      // its first process, once there is one
	crowd     *crowd   // once there is traffic
	hearing   *hearing // once somebody hears
}

type storyKey struct{}

func of(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

// awsCLI names the endpoint itself: the 2.9 of Debian does not read AWS_ENDPOINT_URL.
func awsCLI(ts *testscript.TestScript, neg bool, args []string) {
	w := of(ts)
	w.called(args)
	err := ts.Exec(w.cli, append([]string{"--endpoint-url", w.URL}, args...)...)
	if neg && err == nil {
		ts.Fatalf("aws %s: succeeded, against expectation", strings.Join(args, " "))
	}
	if !neg && err != nil {
		ts.Fatalf("aws %s: %v\nserver:\n%s", strings.Join(args, " "), err, w.Tail("server"))
	}
}

// until repeats a call of the AWS CLI; the last answer stays in stdout.
func until(ts *testscript.TestScript, neg bool, args []string) {
	wanted, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	w, got := of(ts), ""
	err = w.Await(args[0], func() (bool, error) {
		awsCLI(ts, false, args[1:])
		got = ts.ReadFile("stdout")
		return wanted.MatchString(got), nil
	})
	if err != nil {
		ts.Fatalf("%v\nthe last answer was: %s", err, got)
	}
}

var deploymentID = regexp.MustCompile(`d-[A-Z0-9]{9}`)

func keepID(ts *testscript.TestScript, neg bool, args []string) {
	id := deploymentID.FindString(ts.ReadFile("stdout"))
	if id == "" {
		ts.Fatalf("no deployment id in the output")
	}
	ts.Setenv(args[0], id)
}

// push does in three steps what the CLI does in one, where that one would upload to Amazon.
func push(ts *testscript.TestScript, neg bool, args []string) {
	if app, folder, key := args[0], args[1], args[2]; !of(ts).recent {
		file := ts.MkAbs(folder + ".pushed.zip")
		ts.Check(ts.Exec("sh", "-c", `cd "$0" && rm -f "$1" && zip -q -r "$1" .`, folder, file))
		awsCLI(ts, neg, []string{"s3", "cp", file, "s3://releases/" + key})
		awsCLI(ts, neg, []string{"deploy", "register-application-revision", "--application-name", app,
			"--s3-location", "bucket=releases,bundleType=zip,key=" + key})
		return
	}
	awsCLI(ts, neg, []string{"deploy", "push", "--application-name", args[0],
		"--s3-location", "s3://releases/" + args[2], "--source", args[1]})
}

func createDeployment(ts *testscript.TestScript, neg bool, args []string) {
	app, group, ok := strings.Cut(args[1], "/")
	if !ok {
		ts.Fatalf("deploy VAR APP/GROUP KEY")
	}
	bundle := strings.TrimPrefix(filepath.Ext(args[2]), ".")
	switch bundle { // an AppSpec
	case "yml":
		bundle = "YAML"
	case "json":
		bundle = "JSON"
	}
	awsCLI(ts, neg, append([]string{"deploy", "create-deployment", "--application-name", app,
		"--deployment-group-name", group, "--s3-location", "bucket=releases,bundleType=" + bundle + ",key=" + args[2]}, args[3:]...))
	if !neg {
		keepID(ts, neg, args[:1])
	}
}

// ends waits by asking often; the CLI's own waiter asks every fifteen seconds.
func ends(ts *testscript.TestScript, neg bool, args []string) {
	w := of(ts)
	cfg, err := w.Config()
	ts.Check(err)
	api := codedeploy.NewFromConfig(cfg)
	var info *types.DeploymentInfo
	err = w.Await("deployment "+args[0]+" ends", func() (bool, error) {
		out, err := api.GetDeployment(context.Background(), &codedeploy.GetDeploymentInput{DeploymentId: &args[0]})
		if err != nil {
			return false, err
		}
		info = out.DeploymentInfo
		return info.CompleteTime != nil, nil
	})
	if err != nil {
		ts.Fatalf("%v\n%s", err, allEvents(api, args[0]))
	}
	if string(info.Status) != args[1] {
		why := ""
		if info.ErrorInformation != nil {
			why = *info.ErrorInformation.Message
		}
		ts.Fatalf("deployment %s ended %s, want %s: %s\n%s", args[0], info.Status, args[1], why, allEvents(api, args[0]))
	}
}

func allEvents(api *codedeploy.Client, id string) string {
	var out strings.Builder
	list, err := api.ListDeploymentTargets(context.Background(), &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id})
	if err != nil {
		return err.Error()
	}
	for _, target := range list.TargetIds {
		lines, err := describe(api, id, target)
		fmt.Fprintf(&out, "%s %v\n%s", target, err, lines)
	}
	return out.String()
}

func events(ts *testscript.TestScript, neg bool, args []string) {
	cfg, err := of(ts).Config()
	ts.Check(err)
	lines, err := describe(codedeploy.NewFromConfig(cfg), args[0], args[1])
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), lines)
}

func describe(api *codedeploy.Client, id, target string) (string, error) {
	out, err := api.GetDeploymentTarget(context.Background(), &codedeploy.GetDeploymentTargetInput{
		DeploymentId: &id, TargetId: &target,
	})
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for _, e := range eventsOf(out.DeploymentTarget) {
		fmt.Fprintf(&lines, "%s %s", *e.LifecycleEventName, e.Status)
		if d := e.Diagnostics; d != nil && e.Status == types.LifecycleEventStatusFailed {
			fmt.Fprintf(&lines, " %s [%s] %s\n%s", d.ErrorCode, value(d.ScriptName), value(d.Message), value(d.LogTail))
		}
		lines.WriteString("\n")
	}
	return lines.String(), nil
}

// eventsOf are the lifecycle events of a target, whatever that is.
func eventsOf(t *types.DeploymentTarget) []types.LifecycleEvent {
	switch {
	case t.LambdaTarget != nil:
		return t.LambdaTarget.LifecycleEvents
	case t.EcsTarget != nil:
		return t.EcsTarget.LifecycleEvents
	default:
		return t.InstanceTarget.LifecycleEvents
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	file := ts.MkAbs(args[0])
	want := regexp.MustCompile("")
	if len(args) > 1 {
		want = regexp.MustCompile(args[1])
	}
	ts.Check(of(ts).Await(filepath.Base(file)+" is there", func() (bool, error) {
		text, err := os.ReadFile(file)
		return err == nil && want.Match(text), nil
	}))
}
