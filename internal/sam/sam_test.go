package sam

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

var options = Options{StackName: "shop", Region: "eu-central-1", Account: "123456789012"}

// What a whole template means, in two stages.
func TestParse(t *testing.T) {
	text, err := os.ReadFile("testdata/safe.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{"dev", "prod"} {
		t.Run(stage, func(t *testing.T) {
			o := options
			o.Parameters = map[string]string{"Stage": stage}
			stack, err := Parse(text, o)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(stack, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "safe."+stage+".json")
			if *update {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got)+"\n" != string(want) {
				t.Errorf("it is not as in %s (see it with -update):\n%s", golden, got)
			}
		})
	}
}

// What is known only once versions are published is filled in then.
func TestLate(t *testing.T) {
	text, err := os.ReadFile("testdata/safe.yaml")
	if err != nil {
		t.Fatal(err)
	}
	stack, err := Parse(text, options)
	if err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{"Shop": "7"}
	if got := stack.Late(stack.Outputs[0].Value, versions); got != "arn:aws:lambda:eu-central-1:123456789012:function:shop-Shop:live" {
		t.Errorf("the alias is %q", got)
	}
	if got := stack.Late(stack.Alarms[1].Dimensions["ExecutedVersion"], versions); got != "7" {
		t.Errorf("the version is %q", got)
	}
}

// function is a template with one function, whose properties end with more.
func function(more string) string {
	return "Transform: AWS::Serverless-2016-10-31\nResources:\n  Web:\n    Type: AWS::Serverless::Function\n    Properties:\n" +
		"      Runtime: provided.al2023\n      Handler: bootstrap\n" + more
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct{ name, template, want string }{
		{"empty", "", "it is empty"},
		{"no YAML", "a: [", "neither YAML nor JSON"},
		{"a list", "- a", "it is not a map of sections"},
		{"another template", "Resources: {}", "Transform: it is not AWS::Serverless-2016-10-31"},
		{"no resources", "Transform: AWS::Serverless-2016-10-31", "Resources: there are none"},
		{"section", function("") + "Rules: {}\n", "Rules: there is no such section"},
		{"resource", function("") + "  Table:\n    Type: AWS::DynamoDB::Table\n", `Resources.Table: Slipway makes no resources of the type "AWS::DynamoDB::Table"`},
		{"attribute", function("") + "    CreationPolicy: {}\n", "Resources.Web.CreationPolicy: Slipway does not know this attribute"},
		{"property", function("      Tracing: Active\n"), "Resources.Web.Properties.Tracing: Slipway does not know it here. It knows "},
		{"events", function("      Events: {Get: {Type: Api}}\n"), "Resources.Web.Properties.Events: Slipway has no API Gateway"},
		{"number", function("      Timeout: soon\n"), "Resources.Web.Properties.Timeout: it is not a whole number: soon"},
		{"handler", strings.Replace(function(""), "      Handler: bootstrap\n", "", 1), "Resources.Web.Properties.Handler: it is needed"},
		{"twice", function("      Timeout: 1\n      Timeout: 2\n"), "Resources.Web.Properties.Timeout: it is there twice, on line 9"},
		{"both codes", function("      CodeUri: .\n      InlineCode: x\n"), "Resources.Web.Properties.InlineCode: there is a CodeUri too"},
		{"reference", function("      Description: !Ref Nobody\n"), "Resources.Web.Properties.Description: there is no parameter or resource Nobody"},
		{"substitution", function("      Description: !Sub '${Nobody}'\n"), "Resources.Web.Properties.Description: there is no parameter or resource Nobody"},
		{"attribute of", function("      Description: !GetAtt Web.Colour\n"), "Slipway does not know the attribute Colour of Web"},
		{"function", function("      Description: !Base64 x\n"), "Slipway does not know the function Fn::Base64"},
		{"too early", function("      Description: !GetAtt Web.Version.Version\n"), "Resources.Web.Properties.Description: it depends on a version that is not published yet"},
		{"no alias", function("      DeploymentPreference: {Type: AllAtOnce}\n"), "Resources.Web.Properties.DeploymentPreference: it needs an AutoPublishAlias"},
		{"no type", function("      AutoPublishAlias: live\n      DeploymentPreference: {Role: r}\n"), "Resources.Web.Properties.DeploymentPreference.Type: it is needed"},
		{"preference", function("      AutoPublishAlias: live\n      DeploymentPreference: {Type: AllAtOnce, Hook: {}}\n"), "DeploymentPreference.Hook: Slipway does not know it here"},
		{"triggers", function("      AutoPublishAlias: live\n      DeploymentPreference: {Type: AllAtOnce, TriggerConfigurations: []}\n"),
			"DeploymentPreference.TriggerConfigurations: deployments publish no notifications yet"},
		{"policy template", function("      Policies: [{SQSPollerPolicy: {QueueName: q}}]\n"), "Policies[0]: Slipway knows policies by their name or ARN"},
		{"circle", function("    Condition: A\n") + "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\n", "the condition A depends on itself"},
		{"condition", function("    Condition: A\n"), "Resources.Web.Condition: there is no condition A"},
		{"parameter", "Parameters:\n  P: {Type: String}\n" + function(""), "Parameters.P: it has no default: give it a value with --parameter-overrides P=VALUE"},
		{"same names", function("      FunctionName: a\n") + "  Api:\n    Type: AWS::Serverless::Function\n    Properties: {FunctionName: a, Runtime: r, Handler: h}\n",
			"it has the name a, and so has"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse([]byte(c.template), options)
			var fault *Error
			switch {
			case err == nil:
				t.Fatalf("nothing was refused, want %s", c.want)
			case !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want):
				t.Fatalf("got %v, want %s", err, c.want)
			}
		})
	}
}

// All faults are told at once.
func TestFaults(t *testing.T) {
	_, err := Parse([]byte(function("      Timeout: x\n      Memory: 1\n      Events: {}\n")), options)
	if got := Faults(err); len(got) != 3 {
		t.Errorf("%d faults: %v", len(got), got)
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("testdata/safe.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(function("      Policies: [a, {Statement: []}]\n")))
	f.Add([]byte(`{"Transform": "AWS::Serverless-2016-10-31", "Resources": {"A": {"Type": "AWS::IAM::Role"}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		stack, err := Parse(text, options)
		if err == nil && len(stack.Functions)+len(stack.Alarms)+len(stack.Roles) == 0 && !strings.Contains(string(text), "Condition") {
			t.Error("nothing is refused, and nothing is asked for")
		}
	})
}
