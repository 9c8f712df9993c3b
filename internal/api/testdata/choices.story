# Every value that a request may choose, where no other story does.
> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "ec2TagFilters": [{"Key": "a", "Type": "KEY_ONLY"}, {"Value": "b", "Type": "VALUE_ONLY"}], "onPremisesInstanceTagFilters": [{"Key": "a", "Type": "KEY_ONLY"}, {"Value": "b", "Type": "VALUE_ONLY"}], "autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]}, "triggerConfigurations": [{"triggerName": "all", "triggerTargetArn": "arn:aws:sns:us-east-1:000000000000:topic", "triggerEvents": ["DeploymentStart", "DeploymentSuccess", "DeploymentFailure", "DeploymentStop", "DeploymentRollback", "DeploymentReady", "InstanceStart", "InstanceSuccess", "InstanceFailure", "InstanceReady"]}]}
200
{
  "deploymentGroupId": "<uuid-2>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "copied", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "autoScalingGroups": ["fleet"], "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "loadBalancerInfo": {"targetGroupInfoList": [{"name": "blue"}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 30}, "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "KEEP_ALIVE"}}}
200
{
  "deploymentGroupId": "<uuid-3>"
}

> CreateDeploymentConfig {"deploymentConfigName": "zones", "computePlatform": "Server", "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 50}, "zonalConfig": {"minimumHealthyHostsPerZone": {"type": "FLEET_PERCENT", "value": 25}}}
200
{
  "deploymentConfigId": "<uuid-4>"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.tar", "bundleType": "tar"}}}
200

> ListApplicationRevisions {"applicationName": "web", "sortBy": "firstUsedTime", "sortOrder": "ascending", "deployed": "ignore"}
200
{
  "revisions": [
    {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "tar",
        "key": "web.tar"
      }
    }
  ]
}

> ListApplicationRevisions {"applicationName": "web", "sortBy": "lastUsedTime", "sortOrder": "descending"}
200
{
  "revisions": [
    {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "tar",
        "key": "web.tar"
      }
    }
  ]
}

> CreateApplication {"applicationName": "fn", "computePlatform": "Lambda"}
200
{
  "applicationId": "<uuid-5>"
}

> RegisterApplicationRevision {"applicationName": "fn", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "appspec.yml", "bundleType": "YAML"}}}
200

> RegisterApplicationRevision {"applicationName": "fn", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "appspec.json", "bundleType": "JSON"}}}
200

# A deployment under way, and stopped.
> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "plain", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
200
{
  "deploymentGroupId": "<uuid-6>"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "plain", "fileExistsBehavior": "RETAIN", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.tar", "bundleType": "tar"}}}
200
{
  "deploymentId": "<deployment-1>"
}

> ListDeployments {"includeOnlyStatuses": ["Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready"]}
200
{
  "deployments": [
    "<deployment-1>"
  ]
}

! targets <deployment-1> web-1 web-2

> GetDeploymentTarget {"deploymentId": "<deployment-1>", "targetId": "web-2"}
200
{
  "deploymentTarget": {
    "deploymentTargetType": "InstanceTarget",
    "instanceTarget": {
      "deploymentId": "<deployment-1>",
      "lastUpdatedAt": 1767225613,
      "lifecycleEvents": [
        {
          "lifecycleEventName": "ApplicationStop",
          "status": "Pending"
        },
        {
          "lifecycleEventName": "DownloadBundle",
          "status": "Pending"
        },
        {
          "lifecycleEventName": "BeforeInstall",
          "status": "Pending"
        },
        {
          "lifecycleEventName": "Install",
          "status": "Pending"
        },
        {
          "lifecycleEventName": "AfterInstall",
          "status": "Pending"
        },
        {
          "lifecycleEventName": "ApplicationStart",
          "status": "Pending"
        },
        {
          "lifecycleEventName": "ValidateService",
          "status": "Pending"
        }
      ],
      "status": "Pending",
      "targetArn": "arn:aws:codedeploy:us-east-1:000000000000:instance/web-2",
      "targetId": "web-2"
    }
  }
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>", "targetFilters": {"TargetStatus": ["Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Unknown", "Ready"]}}
200
{
  "targetIds": [
    "web-1",
    "web-2"
  ]
}

> ListDeploymentInstances {"deploymentId": "<deployment-1>", "instanceStatusFilter": ["Pending", "InProgress", "Succeeded", "Failed", "Skipped", "Unknown", "Ready"]}
200
{
  "instancesList": [
    "web-1",
    "web-2"
  ]
}

> StopDeployment {"deploymentId": "<deployment-1>"}
200
{
  "status": "Succeeded",
  "statusMessage": "No more commands will be scheduled for execution in the deployment instances"
}

> GetDeployment {"deploymentId": "<deployment-1>"}
200
{
  "deploymentInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "computePlatform": "Server",
    "createTime": 1767225612,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupName": "plain",
    "deploymentId": "<deployment-1>",
    "deploymentOverview": {
      "Failed": 0,
      "InProgress": 1,
      "Pending": 1,
      "Ready": 0,
      "Skipped": 0,
      "Succeeded": 0
    },
    "deploymentStatusMessages": [],
    "deploymentStyle": {
      "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
      "deploymentType": "IN_PLACE"
    },
    "fileExistsBehavior": "RETAIN",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "revision": {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "tar",
        "key": "web.tar"
      }
    },
    "startTime": 1767225613,
    "status": "InProgress",
    "updateOutdatedInstancesOnly": false
  }
}

