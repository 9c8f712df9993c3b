> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE"]}}
200
{
  "deploymentGroupId": "<uuid-2>"
}

# A deployment that succeeds.
> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "description": "the first", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip", "bundleType": "zip"}}}
200
{
  "deploymentId": "<deployment-1>"
}

> GetDeployment {"deploymentId": "<deployment-1>"}
200
{
  "deploymentInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": true,
      "events": [
        "DEPLOYMENT_FAILURE"
      ]
    },
    "computePlatform": "Server",
    "createTime": 1767225603,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupName": "prod",
    "deploymentId": "<deployment-1>",
    "deploymentStatusMessages": [],
    "deploymentStyle": {
      "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
      "deploymentType": "IN_PLACE"
    },
    "description": "the first",
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "revision": {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "key": "web-1.zip"
      }
    },
    "status": "Created",
    "updateOutdatedInstancesOnly": false
  }
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>"}
400
{
  "__type": "DeploymentNotStartedException",
  "message": "The deployment <deployment-1> has not started"
}

> ListDeploymentInstances {"deploymentId": "<deployment-1>"}
400
{
  "__type": "DeploymentNotStartedException",
  "message": "The deployment <deployment-1> has not started"
}

> GetDeploymentTarget {"deploymentId": "<deployment-1>", "targetId": "web-1"}
400
{
  "__type": "DeploymentNotStartedException",
  "message": "The deployment <deployment-1> has not started"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip", "bundleType": "zip"}}}
400
{
  "__type": "DeploymentLimitExceededException",
  "message": "The Deployment Group 'prod' already has an active Deployment '<deployment-1>'"
}

! targets <deployment-1> web-1 web-2

! wait <deployment-1> 1 of 2 instances must stay healthy

> GetDeployment {"deploymentId": "<deployment-1>"}
200
{
  "deploymentInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": true,
      "events": [
        "DEPLOYMENT_FAILURE"
      ]
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
      "Pending": 1,
      "Ready": 0,
      "Skipped": 0,
      "Succeeded": 0
    },
    "deploymentStatusMessages": [
      "1 of 2 instances must stay healthy"
    ],
    "deploymentStyle": {
      "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
      "deploymentType": "IN_PLACE"
    },
    "description": "the first",
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "revision": {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "key": "web-1.zip"
      }
    },
    "startTime": 1767225608,
    "status": "InProgress",
    "updateOutdatedInstancesOnly": false
  }
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>"}
200
{
  "targetIds": [
    "web-1",
    "web-2"
  ]
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>", "targetFilters": {"TargetStatus": ["InProgress"]}}
200
{
  "targetIds": [
    "web-1"
  ]
}

> GetDeploymentTarget {"deploymentId": "<deployment-1>", "targetId": "web-1"}
200
{
  "deploymentTarget": {
    "deploymentTargetType": "InstanceTarget",
    "instanceTarget": {
      "deploymentId": "<deployment-1>",
      "lastUpdatedAt": 1767225608,
      "lifecycleEvents": [
        {
          "lifecycleEventName": "ApplicationStop",
          "startTime": 1767225608,
          "status": "InProgress"
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
      "status": "InProgress",
      "targetArn": "arn:aws:codedeploy:us-east-1:000000000000:instance/web-1",
      "targetId": "web-1"
    }
  }
}

! finish <deployment-1> Succeeded

> GetDeployment {"deploymentId": "<deployment-1>"}
200
{
  "deploymentInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": true,
      "events": [
        "DEPLOYMENT_FAILURE"
      ]
    },
    "completeTime": 1767225612,
    "computePlatform": "Server",
    "createTime": 1767225603,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupName": "prod",
    "deploymentId": "<deployment-1>",
    "deploymentOverview": {
      "Failed": 0,
      "InProgress": 0,
      "Pending": 0,
      "Ready": 0,
      "Skipped": 0,
      "Succeeded": 2
    },
    "deploymentStatusMessages": [],
    "deploymentStyle": {
      "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
      "deploymentType": "IN_PLACE"
    },
    "description": "the first",
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "revision": {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "key": "web-1.zip"
      }
    },
    "startTime": 1767225608,
    "status": "Succeeded",
    "updateOutdatedInstancesOnly": false
  }
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>", "targetIds": ["web-2"]}
200
{
  "deploymentTargets": [
    {
      "deploymentTargetType": "InstanceTarget",
      "instanceTarget": {
        "deploymentId": "<deployment-1>",
        "lastUpdatedAt": 1767225612,
        "lifecycleEvents": [
          {
            "diagnostics": {
              "errorCode": "Success",
              "logTail": "",
              "message": "Succeeded",
              "scriptName": ""
            },
            "endTime": 1767225612,
            "lifecycleEventName": "ApplicationStop",
            "startTime": 1767225612,
            "status": "Succeeded"
          },
          {
            "diagnostics": {
              "errorCode": "Success",
              "logTail": "",
              "message": "Succeeded",
              "scriptName": ""
            },
            "endTime": 1767225612,
            "lifecycleEventName": "DownloadBundle",
            "startTime": 1767225612,
            "status": "Succeeded"
          },
          {
            "diagnostics": {
              "errorCode": "Success",
              "logTail": "",
              "message": "Succeeded",
              "scriptName": ""
            },
            "endTime": 1767225612,
            "lifecycleEventName": "BeforeInstall",
            "startTime": 1767225612,
            "status": "Succeeded"
          },
          {
            "diagnostics": {
              "errorCode": "Success",
              "logTail": "",
              "message": "Succeeded",
              "scriptName": ""
            },
            "endTime": 1767225612,
            "lifecycleEventName": "Install",
            "startTime": 1767225612,
            "status": "Succeeded"
          },
          {
            "diagnostics": {
              "errorCode": "Success",
              "logTail": "",
              "message": "Succeeded",
              "scriptName": ""
            },
            "endTime": 1767225612,
            "lifecycleEventName": "AfterInstall",
            "startTime": 1767225612,
            "status": "Succeeded"
          },
          {
            "diagnostics": {
              "errorCode": "Success",
              "logTail": "",
              "message": "Succeeded",
              "scriptName": ""
            },
            "endTime": 1767225612,
            "lifecycleEventName": "ApplicationStart",
            "startTime": 1767225612,
            "status": "Succeeded"
          },
          {
            "diagnostics": {
              "errorCode": "Success",
              "logTail": "",
              "message": "Succeeded",
              "scriptName": ""
            },
            "endTime": 1767225612,
            "lifecycleEventName": "ValidateService",
            "startTime": 1767225612,
            "status": "Succeeded"
          }
        ],
        "status": "Succeeded",
        "targetArn": "arn:aws:codedeploy:us-east-1:000000000000:instance/web-2",
        "targetId": "web-2"
      }
    }
  ]
}

> ListDeploymentInstances {"deploymentId": "<deployment-1>", "instanceStatusFilter": ["Succeeded"]}
200
{
  "instancesList": [
    "web-1",
    "web-2"
  ]
}

> GetDeploymentInstance {"deploymentId": "<deployment-1>", "instanceId": "web-1"}
200
{
  "instanceSummary": {
    "deploymentId": "<deployment-1>",
    "instanceId": "arn:aws:codedeploy:us-east-1:000000000000:instance/web-1",
    "lastUpdatedAt": 1767225612,
    "lifecycleEvents": [
      {
        "diagnostics": {
          "errorCode": "Success",
          "logTail": "",
          "message": "Succeeded",
          "scriptName": ""
        },
        "endTime": 1767225612,
        "lifecycleEventName": "ApplicationStop",
        "startTime": 1767225608,
        "status": "Succeeded"
      },
      {
        "diagnostics": {
          "errorCode": "Success",
          "logTail": "",
          "message": "Succeeded",
          "scriptName": ""
        },
        "endTime": 1767225612,
        "lifecycleEventName": "DownloadBundle",
        "startTime": 1767225612,
        "status": "Succeeded"
      },
      {
        "diagnostics": {
          "errorCode": "Success",
          "logTail": "",
          "message": "Succeeded",
          "scriptName": ""
        },
        "endTime": 1767225612,
        "lifecycleEventName": "BeforeInstall",
        "startTime": 1767225612,
        "status": "Succeeded"
      },
      {
        "diagnostics": {
          "errorCode": "Success",
          "logTail": "",
          "message": "Succeeded",
          "scriptName": ""
        },
        "endTime": 1767225612,
        "lifecycleEventName": "Install",
        "startTime": 1767225612,
        "status": "Succeeded"
      },
      {
        "diagnostics": {
          "errorCode": "Success",
          "logTail": "",
          "message": "Succeeded",
          "scriptName": ""
        },
        "endTime": 1767225612,
        "lifecycleEventName": "AfterInstall",
        "startTime": 1767225612,
        "status": "Succeeded"
      },
      {
        "diagnostics": {
          "errorCode": "Success",
          "logTail": "",
          "message": "Succeeded",
          "scriptName": ""
        },
        "endTime": 1767225612,
        "lifecycleEventName": "ApplicationStart",
        "startTime": 1767225612,
        "status": "Succeeded"
      },
      {
        "diagnostics": {
          "errorCode": "Success",
          "logTail": "",
          "message": "Succeeded",
          "scriptName": ""
        },
        "endTime": 1767225612,
        "lifecycleEventName": "ValidateService",
        "startTime": 1767225612,
        "status": "Succeeded"
      }
    ],
    "status": "Succeeded"
  }
}

> BatchGetDeploymentInstances {"deploymentId": "<deployment-1>", "instanceIds": ["arn:aws:codedeploy:us-east-1:000000000000:instance/web-1", "nope"]}
200
{
  "errorMessage": "No instance found with ID: nope",
  "instancesSummary": [
    {
      "deploymentId": "<deployment-1>",
      "instanceId": "arn:aws:codedeploy:us-east-1:000000000000:instance/web-1",
      "lastUpdatedAt": 1767225612,
      "lifecycleEvents": [
        {
          "diagnostics": {
            "errorCode": "Success",
            "logTail": "",
            "message": "Succeeded",
            "scriptName": ""
          },
          "endTime": 1767225612,
          "lifecycleEventName": "ApplicationStop",
          "startTime": 1767225608,
          "status": "Succeeded"
        },
        {
          "diagnostics": {
            "errorCode": "Success",
            "logTail": "",
            "message": "Succeeded",
            "scriptName": ""
          },
          "endTime": 1767225612,
          "lifecycleEventName": "DownloadBundle",
          "startTime": 1767225612,
          "status": "Succeeded"
        },
        {
          "diagnostics": {
            "errorCode": "Success",
            "logTail": "",
            "message": "Succeeded",
            "scriptName": ""
          },
          "endTime": 1767225612,
          "lifecycleEventName": "BeforeInstall",
          "startTime": 1767225612,
          "status": "Succeeded"
        },
        {
          "diagnostics": {
            "errorCode": "Success",
            "logTail": "",
            "message": "Succeeded",
            "scriptName": ""
          },
          "endTime": 1767225612,
          "lifecycleEventName": "Install",
          "startTime": 1767225612,
          "status": "Succeeded"
        },
        {
          "diagnostics": {
            "errorCode": "Success",
            "logTail": "",
            "message": "Succeeded",
            "scriptName": ""
          },
          "endTime": 1767225612,
          "lifecycleEventName": "AfterInstall",
          "startTime": 1767225612,
          "status": "Succeeded"
        },
        {
          "diagnostics": {
            "errorCode": "Success",
            "logTail": "",
            "message": "Succeeded",
            "scriptName": ""
          },
          "endTime": 1767225612,
          "lifecycleEventName": "ApplicationStart",
          "startTime": 1767225612,
          "status": "Succeeded"
        },
        {
          "diagnostics": {
            "errorCode": "Success",
            "logTail": "",
            "message": "Succeeded",
            "scriptName": ""
          },
          "endTime": 1767225612,
          "lifecycleEventName": "ValidateService",
          "startTime": 1767225612,
          "status": "Succeeded"
        }
      ],
      "status": "Succeeded"
    }
  ]
}

> GetDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod"}
200
{
  "deploymentGroupInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": true,
      "events": [
        "DEPLOYMENT_FAILURE"
      ]
    },
    "autoScalingGroups": [],
    "computePlatform": "Server",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupId": "<uuid-2>",
    "deploymentGroupName": "prod",
    "deploymentStyle": {
      "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
      "deploymentType": "IN_PLACE"
    },
    "ec2TagFilters": [],
    "lastAttemptedDeployment": {
      "createTime": 1767225603,
      "deploymentId": "<deployment-1>",
      "endTime": 1767225612,
      "status": "Succeeded"
    },
    "lastSuccessfulDeployment": {
      "createTime": 1767225603,
      "deploymentId": "<deployment-1>",
      "endTime": 1767225612,
      "status": "Succeeded"
    },
    "onPremisesInstanceTagFilters": [],
    "outdatedInstancesStrategy": "UPDATE",
    "serviceRoleArn": "arn:aws:iam::000000000000:role/service",
    "targetRevision": {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "key": "web-1.zip"
      }
    },
    "terminationHookEnabled": false,
    "triggerConfigurations": []
  }
}

# One that overrules its group, and fails.
> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "deploymentConfigName": "CodeDeployDefault.AllAtOnce", "autoRollbackConfiguration": {"enabled": false}, "fileExistsBehavior": "OVERWRITE", "ignoreApplicationStopFailures": true, "updateOutdatedInstancesOnly": true, "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-2.zip", "bundleType": "zip", "eTag": "abc"}}}
200
{
  "deploymentId": "<deployment-2>"
}

! targets <deployment-2> web-1 web-2

! finish <deployment-2> Failed

> BatchGetDeployments {"deploymentIds": ["<deployment-2>", "d-NOTTHERE0"]}
200
{
  "deploymentsInfo": [
    {
      "applicationName": "web",
      "autoRollbackConfiguration": {
        "enabled": false
      },
      "completeTime": 1767225619,
      "computePlatform": "Server",
      "createTime": 1767225619,
      "creator": "user",
      "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
      "deploymentGroupName": "prod",
      "deploymentId": "<deployment-2>",
      "deploymentOverview": {
        "Failed": 1,
        "InProgress": 0,
        "Pending": 0,
        "Ready": 0,
        "Skipped": 1,
        "Succeeded": 0
      },
      "deploymentStatusMessages": [],
      "deploymentStyle": {
        "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
        "deploymentType": "IN_PLACE"
      },
      "errorInformation": {
        "code": "HEALTH_CONSTRAINTS",
        "message": "The overall deployment failed because too many individual instances failed deployment, too few healthy instances are available for deployment, or some instances in your deployment group are experiencing problems."
      },
      "fileExistsBehavior": "OVERWRITE",
      "ignoreApplicationStopFailures": true,
      "instanceTerminationWaitTimeStarted": false,
      "previousRevision": {
        "revisionType": "S3",
        "s3Location": {
          "bucket": "releases",
          "bundleType": "zip",
          "key": "web-1.zip"
        }
      },
      "revision": {
        "revisionType": "S3",
        "s3Location": {
          "bucket": "releases",
          "bundleType": "zip",
          "eTag": "abc",
          "key": "web-2.zip"
        }
      },
      "startTime": 1767225619,
      "status": "Failed",
      "updateOutdatedInstancesOnly": true
    }
  ]
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-2>", "targetIds": ["web-1", "web-2"]}
200
{
  "deploymentTargets": [
    {
      "deploymentTargetType": "InstanceTarget",
      "instanceTarget": {
        "deploymentId": "<deployment-2>",
        "lastUpdatedAt": 1767225619,
        "lifecycleEvents": [
          {
            "diagnostics": {
              "errorCode": "ScriptFailed",
              "logTail": "[stderr]no such process",
              "message": "exit code 1",
              "scriptName": "stop.sh"
            },
            "endTime": 1767225619,
            "lifecycleEventName": "ApplicationStop",
            "startTime": 1767225619,
            "status": "Failed"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "DownloadBundle",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "BeforeInstall",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "Install",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "AfterInstall",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "ApplicationStart",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "ValidateService",
            "status": "Skipped"
          }
        ],
        "status": "Failed",
        "targetArn": "arn:aws:codedeploy:us-east-1:000000000000:instance/web-1",
        "targetId": "web-1"
      }
    },
    {
      "deploymentTargetType": "InstanceTarget",
      "instanceTarget": {
        "deploymentId": "<deployment-2>",
        "lastUpdatedAt": 1767225619,
        "lifecycleEvents": [
          {
            "endTime": 1767225619,
            "lifecycleEventName": "ApplicationStop",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "DownloadBundle",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "BeforeInstall",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "Install",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "AfterInstall",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "ApplicationStart",
            "status": "Skipped"
          },
          {
            "endTime": 1767225619,
            "lifecycleEventName": "ValidateService",
            "status": "Skipped"
          }
        ],
        "status": "Skipped",
        "targetArn": "arn:aws:codedeploy:us-east-1:000000000000:instance/web-2",
        "targetId": "web-2"
      }
    }
  ]
}

> GetApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-2.zip", "eTag": "abc"}}}
200
{
  "applicationName": "web",
  "revision": {
    "revisionType": "S3",
    "s3Location": {
      "bucket": "releases",
      "bundleType": "zip",
      "eTag": "abc",
      "key": "web-2.zip"
    }
  },
  "revisionInfo": {
    "deploymentGroups": [
      "prod"
    ],
    "description": "Application revision registered by Deployment ID: <deployment-2>",
    "firstUsedTime": 1767225619,
    "lastUsedTime": 1767225619,
    "registerTime": 1767225619
  }
}

> ListApplicationRevisions {"applicationName": "web", "deployed": "include"}
200
{
  "revisions": [
    {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "eTag": "abc",
        "key": "web-2.zip"
      }
    }
  ]
}

> ListApplicationRevisions {"applicationName": "web", "deployed": "exclude"}
200
{
  "revisions": [
    {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "key": "web-1.zip"
      }
    }
  ]
}

# One that is stopped.
> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}
200
{
  "deploymentId": "<deployment-3>"
}

> StopDeployment {"deploymentId": "<deployment-3>", "autoRollbackEnabled": false}
200
{
  "status": "Succeeded",
  "statusMessage": "No more commands will be scheduled for execution in the deployment instances"
}

> StopDeployment {"deploymentId": "<deployment-3>"}
200
{
  "status": "Succeeded",
  "statusMessage": "No more commands will be scheduled for execution in the deployment instances"
}

> StopDeployment {"deploymentId": "<deployment-1>"}
400
{
  "__type": "DeploymentAlreadyCompletedException",
  "message": "The deployment <deployment-1> has already completed"
}

> ListDeployments
200
{
  "deployments": [
    "<deployment-3>",
    "<deployment-2>",
    "<deployment-1>"
  ]
}

> ListDeployments {"applicationName": "web", "deploymentGroupName": "prod", "includeOnlyStatuses": ["Succeeded", "Failed"]}
200
{
  "deployments": [
    "<deployment-2>",
    "<deployment-1>"
  ]
}

# The clock began at 1767225600 and ticks once per request.
> ListDeployments {"createTimeRange": {"start": 1767225600, "end": 1767225605}}
200
{
  "deployments": [
    "<deployment-1>"
  ]
}

> ListDeployments {"externalId": "stack"}
200
{
  "deployments": []
}

# What is refused.
> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod"}
400
{
  "__type": "RevisionRequiredException",
  "message": "The revision is missing"
}

> CreateDeployment {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip", "bundleType": "zip"}}}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "Deployment Group name is missing"
}

> CreateDeployment {"applicationName": "nope", "deploymentGroupName": "prod"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "nope"}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The s3Location has no bundleType. For the Server compute platform it is one of tar, tgz, zip"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "revision": {"revisionType": "S3", "s3Location": {"bucket": "missing", "key": "web-1.zip", "bundleType": "zip"}}}
400
{
  "__type": "RevisionDoesNotExistException",
  "message": "There is no bucket missing"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "deploymentConfigName": "nope", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip", "bundleType": "zip"}}}
400
{
  "__type": "DeploymentConfigDoesNotExistException",
  "message": "No deployment configuration found for name: nope"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "fileExistsBehavior": "SHRUG"}
400
{
  "__type": "InvalidFileExistsBehaviorException",
  "message": "The fileExistsBehavior is not valid: SHRUG. It is DISALLOW, OVERWRITE or RETAIN"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "autoRollbackConfiguration": {"enabled": true, "events": ["RAIN"]}}
400
{
  "__type": "InvalidAutoRollbackConfigException",
  "message": "The rollback event is not valid: RAIN. It is DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM or DEPLOYMENT_STOP_ON_REQUEST"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "overrideAlarmConfiguration": {"enabled": true, "alarms": []}}
400
{
  "__type": "InvalidAlarmConfigException",
  "message": "alarmConfiguration is enabled, but has no alarms"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "targetInstances": {"tagFilters": [{"Key": "a"}]}}
400
{
  "__type": "InvalidTargetInstancesException",
  "message": "Configuration data for target instances was entered for an in-place deployment"
}

> GetDeployment {"deploymentId": "bogus-deployment"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: bogus-deployment"
}

> GetDeployment {"deploymentId": "d-NOTTHERE0"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-4> could not be found"
}

> GetDeployment {}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> BatchGetDeployments {"deploymentIds": []}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "No deployment IDs are given"
}

> BatchGetDeployments {"deploymentIds": ["bogus"]}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: bogus"
}

> StopDeployment {"deploymentId": "d-NOTTHERE0"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-4> could not be found"
}

> ListDeployments {"applicationName": "web"}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "Deployment Group name is missing"
}

> ListDeployments {"deploymentGroupName": "prod"}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> ListDeployments {"includeOnlyStatuses": ["Perhaps"]}
400
{
  "__type": "InvalidDeploymentStatusException",
  "message": "The deployment status is not valid: Perhaps"
}

> ListDeployments {"createTimeRange": {"start": 20, "end": 10}}
400
{
  "__type": "InvalidTimeRangeException",
  "message": "The createTimeRange ends before it starts"
}

> ListDeployments {"nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>", "targetFilters": {"Colour": ["Red"]}}
400
{
  "__type": "InvalidTargetFilterNameException",
  "message": "The target filter name is not valid: Colour. It is TargetStatus or ServerInstanceLabel"
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>", "targetFilters": {"TargetStatus": ["Red"]}}
400
{
  "__type": "InvalidInstanceStatusException",
  "message": "The target status is not valid: Red"
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>", "targetFilters": {"ServerInstanceLabel": ["Blue"]}}
400
{
  "__type": "InvalidDeploymentInstanceTypeException",
  "message": "An instance label was given for the in-place deployment <deployment-1>; only blue/green deployments have them"
}

> ListDeploymentInstances {"deploymentId": "<deployment-1>", "instanceTypeFilter": ["Red"]}
400
{
  "__type": "InvalidInstanceTypeException",
  "message": "The instance label is not valid: Red. It is Blue or Green"
}

> GetDeploymentTarget {"deploymentId": "<deployment-1>", "targetId": "nope"}
400
{
  "__type": "DeploymentTargetDoesNotExistException",
  "message": "The deployment <deployment-1> has no target with ID nope"
}

> GetDeploymentTarget {"deploymentId": "<deployment-1>"}
400
{
  "__type": "DeploymentTargetIdRequiredException",
  "message": "A deployment target ID is missing"
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>", "targetIds": ["web-1", "nope"]}
400
{
  "__type": "DeploymentTargetDoesNotExistException",
  "message": "The deployment <deployment-1> has no target with ID nope"
}

> GetDeploymentInstance {"deploymentId": "<deployment-1>", "instanceId": "nope"}
400
{
  "__type": "InstanceDoesNotExistException",
  "message": "The deployment <deployment-1> has no instance with ID nope"
}

> GetDeploymentInstance {"deploymentId": "<deployment-1>"}
400
{
  "__type": "InstanceIdRequiredException",
  "message": "An instance ID is missing"
}

> BatchGetDeploymentInstances {"deploymentId": "<deployment-1>", "instanceIds": []}
400
{
  "__type": "InstanceIdRequiredException",
  "message": "No instance IDs are given"
}

# What no deployment in place has.
> ContinueDeployment {"deploymentId": "<deployment-3>"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-3> is of type IN_PLACE on the Server compute platform, which cannot be continued"
}

> ContinueDeployment {"deploymentId": "<deployment-3>", "deploymentWaitType": "LUNCH_WAIT"}
400
{
  "__type": "InvalidDeploymentWaitTypeException",
  "message": "The deploymentWaitType is not valid: LUNCH_WAIT. It is READY_WAIT or TERMINATION_WAIT"
}

> ContinueDeployment {"deploymentId": "d-NOTTHERE0"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-4> could not be found"
}

> SkipWaitTimeForInstanceTermination {"deploymentId": "<deployment-3>"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-3> is of type IN_PLACE on the Server compute platform, which cannot skip a termination wait"
}

> PutLifecycleEventHookExecutionStatus {"deploymentId": "<deployment-3>", "lifecycleEventHookExecutionId": "x", "status": "Succeeded"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-3> is of type IN_PLACE on the Server compute platform, which cannot take the status of a lifecycle event hook"
}

