# This server allows 110 applications, and as many groups in each.
> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

! repeat 110 CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "group-#", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "one-more", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "DeploymentGroupLimitExceededException",
  "message": "The application web has 110 deployment groups; no more are allowed. Delete one that is not in use"
}

! repeat 109 CreateApplication {"applicationName": "app-#"}

> CreateApplication {"applicationName": "one-more"}
400
{
  "__type": "ApplicationLimitExceededException",
  "message": "There are 110 applications; no more are allowed. Delete one that is not in use"
}

# Room is made by deleting; another application has its own.
> CreateDeploymentGroup {"applicationName": "app-1", "deploymentGroupName": "first", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
200
{
  "deploymentGroupId": "<uuid-2>"
}

> DeleteApplication {"applicationName": "app-1"}
200

> CreateApplication {"applicationName": "one-more"}
200
{
  "applicationId": "<uuid-3>"
}

> DeleteDeploymentGroup {"applicationName": "web", "deploymentGroupName": "group-1"}
200
{
  "hooksNotCleanedUp": []
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "one-more", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
200
{
  "deploymentGroupId": "<uuid-4>"
}

