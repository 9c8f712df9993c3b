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

// alarm is one more resource, a good alarm but for the property that is given.
func alarm(property string) string {
	key, _, _ := strings.Cut(property, ":")
	text := "  A:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n      " + property + "\n"
	for _, line := range []string{"Namespace: AWS/Lambda", "MetricName: Errors", "Statistic: Sum", "Period: 60", "EvaluationPeriods: 1",
		"Threshold: 1", "ComparisonOperator: GreaterThanThreshold"} {
		if !strings.HasPrefix(line, key+":") {
			text += "      " + line + "\n"
		}
	}
	return text
}

// A refusal is a template and what is said of it.
type refusal struct{ name, template, want string }

func (c refusal) test(t *testing.T) {
	_, err := Parse([]byte(c.template), options)
	var fault *Error
	switch {
	case err == nil:
		t.Fatalf("nothing was refused, want %s", c.want)
	case !errors.As(err, &fault) || !strings.Contains(err.Error(), c.want):
		t.Fatalf("got %v, want %s", err, c.want)
	}
}

// What Slipway does not know or cannot do.
func TestRefusals(t *testing.T) {
	for _, c := range []refusal{
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
		{"trigger without events", function("      AutoPublishAlias: live\n      DeploymentPreference: {Type: AllAtOnce, TriggerConfigurations: [{TriggerName: t, TriggerTargetArn: 'arn:aws:sns:us-east-1:1:t'}]}\n"),
			"DeploymentPreference.TriggerConfigurations[0].TriggerEvents: it is needed"},
		{"trigger of no topic", function("      AutoPublishAlias: live\n      DeploymentPreference: {Type: AllAtOnce, TriggerConfigurations: [{TriggerName: t, TriggerTargetArn: t, TriggerEvents: [DeploymentStop]}]}\n"),
			"DeploymentPreference.TriggerConfigurations[0].TriggerTargetArn: it is not the ARN of an SNS topic"},
		{"policy template", function("      Policies: [{SQSPollerPolicy: {QueueName: q}}]\n"), "Policies[0]: Slipway knows policies by their name or ARN"},
		{"circle", function("    Condition: A\n") + "Conditions:\n  A: !Not [!Condition B]\n  B: !Not [!Condition A]\n", "the condition A depends on itself"},
		{"condition", function("    Condition: A\n"), "Resources.Web.Condition: there is no condition A"},
		{"parameter", "Parameters:\n  P: {Type: String}\n" + function(""), "Parameters.P: it has no default: give it a value with --parameter-overrides P=VALUE"},
		{"same names", function("      FunctionName: a\n") + "  Api:\n    Type: AWS::Serverless::Function\n    Properties: {FunctionName: a, Runtime: r, Handler: h}\n",
			"it has the name a, and so has"},
	} {
		t.Run(c.name, c.test)
	}
}

// What the services would refuse, after something has been made already, and what has no clear meaning.
func TestRefusedValues(t *testing.T) {
	for _, c := range []refusal{
		{"long timeout", function("      Timeout: 901\n"), "Resources.Web.Properties.Timeout: it is 901, and may be 1 to 900"},
		{"little memory", function("      MemorySize: 64\n"), "Resources.Web.Properties.MemorySize: it is 64, and may be 128 to 10240"},
		{"architecture", function("      Architectures: [vax]\n"), `Resources.Web.Properties.Architectures: "vax" is none of x86_64, arm64`},
		{"alias", function("      AutoPublishAlias: a b\n"), "Resources.Web.Properties.AutoPublishAlias: an alias is called by letters"},
		{"alias of digits", function("      AutoPublishAlias: '12'\n"), "Resources.Web.Properties.AutoPublishAlias: an alias is called by letters"},
		{"variable", function("      Environment: {Variables: {1A: x}}\n"), "Resources.Web.Properties.Environment.Variables.1A: a variable is called by letters"},
		{"variable without a value", function("      Environment: {Variables: {AB: }}\n"), "Resources.Web.Properties.Environment.Variables.AB: it has no value"},
		{"authorisation", function("      FunctionUrlConfig: {AuthType: MAYBE}\n"), `Resources.Web.Properties.FunctionUrlConfig.AuthType: "MAYBE" is none of NONE, AWS_IAM`},
		{"mode", function("      FunctionUrlConfig: {AuthType: NONE, InvokeMode: STREAM}\n"), `FunctionUrlConfig.InvokeMode: "STREAM" is none of BUFFERED, RESPONSE_STREAM`},
		{"long name", strings.ReplaceAll(function(""), "Web", strings.Repeat("W", 60)), "its name shop-WWW"},
		{"name", function("      FunctionName: a b\n"), `Resources.Web: it cannot be called "a b"`},
		{"name of itself", function("      FunctionName: !Sub '${Web}-2'\n"), "Resources.Web: its name depends on itself"},
		{"role that SAM makes too", function("") + "  WebRole:\n    Type: AWS::IAM::Role\n    Properties: {AssumeRolePolicyDocument: {Statement: []}}\n",
			"Resources.Web.Properties.Role: it is needed: SAM would make one with the logical id WebRole, and that is taken"},
		{"comparison", function("") + alarm("ComparisonOperator: More"), `Resources.A.Properties.ComparisonOperator: "More" is none of GreaterThanThreshold`},
		{"statistic", function("") + alarm("Statistic: Median"), `Resources.A.Properties.Statistic: "Median" is none of `},
		{"no statistic", function("") + alarm("Statistic: ''"), "Resources.A.Properties.Statistic: it is needed, or ExtendedStatistic"},
		{"period", function("") + alarm("Period: 61"), "Resources.A.Properties.Period: it is 10, 20, 30 or a multiple of 60 seconds"},
		{"no period", function("") + alarm("Period: ''"), "Resources.A.Properties.Period: it is needed"},
		{"no threshold", function("") + alarm("Threshold: ''"), "Resources.A.Properties.Threshold: it is needed"},
		{"missing data", function("") + alarm("TreatMissingData: maybe"), `Resources.A.Properties.TreatMissingData: "maybe" is none of missing, notBreaching`},
		{"join of a map", function("      Description: !Join ['-', [{A: b}, c]]\n"), "Resources.Web.Properties.Description: Fn::Join wants plain text"},
		{"substituted list", "Parameters:\n  L: {Type: CommaDelimitedList, Default: 'a,b'}\n" + function("      Description: !Sub 'x${L}'\n"),
			"Resources.Web.Properties.Description: ${L} is not plain text"},
		{"compared list", "Parameters:\n  L: {Type: CommaDelimitedList, Default: 'a,b'}\n" + function("") + "Conditions:\n  A: !Equals [!Ref L, '']\n",
			"Conditions.A: Fn::Equals wants plain text"},
		{"unused condition", function("") + "Conditions:\n  A: !Colour x\n", "Conditions.A: Slipway does not know the function Fn::Colour"},
		{"output that is a list", "Parameters:\n  L: {Type: CommaDelimitedList, Default: 'a,b'}\n" + function("") + "Outputs:\n  A: {Value: !Ref L}\n",
			"Outputs.A.Value: it is not plain text"},
		{"export", function("") + "Outputs:\n  A: {Value: x, Export: {Name: y}}\n", "Outputs.A.Export: there are no other stacks to import it"},
		{"text that grows", function("      Description: " + strings.Repeat("!Sub ['${a}${a}${a}${a}', {a: ", 15) + "xx" + strings.Repeat("}]", 15) + "\n"),
			"the text becomes longer than 1048576 bytes"},
		{"globals", "Globals:\n  Functions: {Timeout: 3}\n" + function(""), "Globals.Functions: there is no such section"},
	} {
		t.Run(c.name, c.test)
	}
}

// A resource may be named after one that comes later.
func TestNamedAfterAnother(t *testing.T) {
	stack, err := Parse([]byte(function("      FunctionName: !Sub '${Api}-web'\n")+
		"  Api:\n    Type: AWS::Serverless::Function\n    Properties: {FunctionName: !Ref 'AWS::StackName', Runtime: r, Handler: h}\n"), options)
	if err != nil {
		t.Fatal(err)
	}
	if got := stack.Functions[0].Name; got != "shop-web" {
		t.Errorf("it is called %s", got)
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
