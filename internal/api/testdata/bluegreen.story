# A blue/green deployment waits to be continued, twice.
> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "autoScalingGroups": ["fleet"], "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 30}, "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 60}}}
200
{
  "deploymentGroupId": "<uuid-2>"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip", "bundleType": "zip"}}}
200
{
  "deploymentId": "<deployment-1>"
}

! targets <deployment-1> i-blue i-green

> ContinueDeployment {"deploymentId": "<deployment-1>", "deploymentWaitType": "READY_WAIT"}
400
{
  "__type": "DeploymentIsNotInReadyStateException",
  "message": "The deployment <deployment-1> is InProgress; only one that is Ready can be continued"
}

! ready <deployment-1>

> GetDeploymentTarget {"deploymentId": "<deployment-1>", "targetId": "i-green"}
200
{
  "deploymentTarget": {
    "deploymentTargetType": "InstanceTarget",
    "instanceTarget": {
      "deploymentId": "<deployment-1>",
      "instanceLabel": "Green",
      "lastUpdatedAt": 1767225603,
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
      "status": "Ready",
      "targetArn": "arn:aws:codedeploy:us-east-1:000000000000:instance/i-green",
      "targetId": "i-green"
    }
  }
}

> ContinueDeployment {"deploymentId": "<deployment-1>", "deploymentWaitType": "READY_WAIT"}
200

> ContinueDeployment {"deploymentId": "<deployment-1>", "deploymentWaitType": "TERMINATION_WAIT"}
400
{
  "__type": "InvalidDeploymentStatusException",
  "message": "The deployment <deployment-1> is Ready, and does not wait to terminate what it has replaced"
}

! retiring <deployment-1>

> GetDeployment {"deploymentId": "<deployment-1>"}
200
{
  "deploymentInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "blueGreenDeploymentConfiguration": {
      "deploymentReadyOption": {
        "actionOnTimeout": "STOP_DEPLOYMENT",
        "waitTimeInMinutes": 30
      },
      "greenFleetProvisioningOption": {
        "action": "COPY_AUTO_SCALING_GROUP"
      },
      "terminateBlueInstancesOnDeploymentSuccess": {
        "action": "TERMINATE",
        "terminationWaitTimeInMinutes": 60
      }
    },
    "computePlatform": "Server",
    "createTime": 1767225603,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupName": "prod",
    "deploymentId": "<deployment-1>",
    "deploymentOverview": {
      "Failed": 0,
      "InProgress": 1,
      "Pending": 0,
      "Ready": 1,
      "Skipped": 0,
      "Succeeded": 0
    },
    "deploymentStatusMessages": [],
    "deploymentStyle": {
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": true,
    "loadBalancerInfo": {
      "targetGroupInfoList": [
        {
          "name": "web"
        }
      ]
    },
    "revision": {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "key": "web-1.zip"
      }
    },
    "startTime": 1767225603,
    "status": "InProgress",
    "updateOutdatedInstancesOnly": false
  }
}

> ContinueDeployment {"deploymentId": "<deployment-1>", "deploymentWaitType": "TERMINATION_WAIT"}
200

! retiring <deployment-1>

> SkipWaitTimeForInstanceTermination {"deploymentId": "<deployment-1>"}
200

