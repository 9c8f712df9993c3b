package identity

import (
	"encoding/json"
	"strings"
)

// AdministratorAccess is the ARN of the managed policy that allows everything.
const AdministratorAccess = "arn:aws:iam::aws:policy/AdministratorAccess"

// A managedPolicy is one that everybody has and nobody can change.
type managedPolicy struct {
	name    string
	actions []string // allowed on every resource
}

// managed holds AWS's managed policies as far as they speak of services that are here. (The
// originals also allow notifications, alarms and SNS.)
var managed = map[string]managedPolicy{
	AdministratorAccess: {"AdministratorAccess", []string{"*"}},
	"arn:aws:iam::aws:policy/AWSCodeDeployFullAccess": {"AWSCodeDeployFullAccess", []string{"codedeploy:*"}},
	"arn:aws:iam::aws:policy/AWSCodeDeployDeployerAccess": {"AWSCodeDeployDeployerAccess", []string{
		"codedeploy:Batch*", "codedeploy:CreateDeployment", "codedeploy:Get*", "codedeploy:List*",
		"codedeploy:RegisterApplicationRevision",
	}},
	"arn:aws:iam::aws:policy/AWSCodeDeployReadOnlyAccess": {"AWSCodeDeployReadOnlyAccess", []string{
		"codedeploy:Batch*", "codedeploy:Get*", "codedeploy:List*",
	}},
	"arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess": {"AmazonS3ReadOnlyAccess", []string{
		"s3:Get*", "s3:List*", "s3:Describe*",
	}},
	"arn:aws:iam::aws:policy/AmazonS3FullAccess": {"AmazonS3FullAccess", []string{"s3:*"}},
	"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": {"AWSLambdaBasicExecutionRole", []string{
		"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents",
	}},
	// Slipway itself deploys with its own permissions; these are here so that templates find them.
	"arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole": {"AWSCodeDeployRole", []string{
		"autoscaling:*", "cloudwatch:DescribeAlarms", "ec2:DescribeInstances", "ec2:TerminateInstances", "elasticloadbalancing:*",
	}},
	"arn:aws:iam::aws:policy/service-role/AWSCodeDeployRoleForLambda": {"AWSCodeDeployRoleForLambda", []string{
		"cloudwatch:DescribeAlarms", "lambda:GetAlias", "lambda:InvokeFunction", "lambda:UpdateAlias", "s3:GetObject", "s3:GetObjectVersion",
	}},
	"arn:aws:iam::aws:policy/AWSCodeDeployRoleForECS": {"AWSCodeDeployRoleForECS", []string{
		"cloudwatch:DescribeAlarms", "ecs:CreateTaskSet", "ecs:DeleteTaskSet", "ecs:DescribeServices", "ecs:UpdateServicePrimaryTaskSet",
		"elasticloadbalancing:*", "lambda:InvokeFunction", "s3:GetObject", "s3:GetObjectVersion",
	}},
}

func (m managedPolicy) policy() Policy {
	s := statement{resources: patterns{{glob: "*"}}}
	for _, action := range m.actions {
		// As actionsOf does: actions are compared in small letters.
		s.actions = append(s.actions, pattern{glob: strings.ToLower(action)})
	}
	return Policy{statements: []statement{s}}
}

// entity is the policy as IAM shows it.
func (m managedPolicy) entity(arn string) Entity {
	actions, _ := json.Marshal(m.actions) // strings always encode
	return Entity{
		Kind: ManagedPolicy, Name: m.name, Path: "/", ARN: arn, ID: "ANPA" + strings.ToUpper(m.name),
		Document: `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ` + string(actions) + `, "Resource": "*"}]}`,
	}
}
