> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "tags": [{"Key": "stage", "Value": "prod"}]}
200
{
  "deploymentGroupId": "<uuid-2>"
}

# Tags of an application and a group.
> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web", "Tags": [{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": "7"}]}
200
{}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web", "Tags": [{"Key": "team", "Value": "c"}]}
200
{}

> ListTagsForResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web"}
200
{
  "Tags": [
    {
      "Key": "cost",
      "Value": "7"
    },
    {
      "Key": "team",
      "Value": "c"
    }
  ]
}

> UntagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web", "TagKeys": ["cost", "nope"]}
200
{}

> ListTagsForResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web"}
200
{
  "Tags": [
    {
      "Key": "team",
      "Value": "c"
    }
  ]
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/prod", "Tags": [{"Key": "team", "Value": "c"}]}
200
{}

> ListTagsForResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/prod"}
200
{
  "Tags": [
    {
      "Key": "stage",
      "Value": "prod"
    },
    {
      "Key": "team",
      "Value": "c"
    }
  ]
}

> UntagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/prod", "TagKeys": ["team", "stage"]}
200
{}

> ListTagsForResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/prod"}
200
{
  "Tags": []
}

# What is refused.
> ListTagsForResource {}
400
{
  "__type": "ResourceArnRequiredException",
  "message": "The resource ARN is missing"
}

> ListTagsForResource {"ResourceArn": "web"}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: web. It has the form arn:aws:codedeploy:<region>:<account>:application:<name>"
}

> ListTagsForResource {"ResourceArn": "arn:other:codedeploy:us-east-1:000000000000:application:web"}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: arn:other:codedeploy:us-east-1:000000000000:application:web. It has the form arn:aws:codedeploy:<region>:<account>:application:<name>"
}

> ListTagsForResource {"ResourceArn": "arn:aws:codedeploy:eu-west-1:000000000000:application:web"}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: arn:aws:codedeploy:eu-west-1:000000000000:application:web. It names another Region or account than us-east-1 and 000000000000"
}

> ListTagsForResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentconfig:x"}
400
{
  "__type": "ArnNotSupportedException",
  "message": "The resource cannot have tags: arn:aws:codedeploy:us-east-1:000000000000:deploymentconfig:x. Applications and deployment groups can"
}

> ListTagsForResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:nope"}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: arn:aws:codedeploy:us-east-1:000000000000:application:nope. There is no such resource"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:nope", "Tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/nope", "Tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web", "Tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web. It ends in <application>/<deployment group>"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web", "Tags": []}
400
{
  "__type": "TagRequiredException",
  "message": "No tags are given"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web", "Tags": [{"Key": "aws:x", "Value": "b"}]}
400
{
  "__type": "InvalidTagsToAddException",
  "message": "The tag key aws:x is not valid: aws: is reserved"
}

> UntagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web", "TagKeys": []}
400
{
  "__type": "TagRequiredException",
  "message": "No tags are given"
}

# What there is none of.
> ListGitHubAccountTokenNames
200
{
  "tokenNameList": []
}

> ListGitHubAccountTokenNames {"nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

> DeleteGitHubAccountToken {"tokenName": "mine"}
400
{
  "__type": "GitHubAccountTokenDoesNotExistException",
  "message": "No GitHub account token found for name: mine"
}

> DeleteGitHubAccountToken {}
400
{
  "__type": "GitHubAccountTokenNameRequiredException",
  "message": "The GitHub account token name is missing"
}

> DeleteResourcesByExternalId {"externalId": "stack"}
200
{}

