# Groups, deployments and targets on ECS and Lambda, as records.
> CreateApplication {"applicationName": "shop", "computePlatform": "ECS"}
200
{
  "applicationId": "<uuid-1>"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "ecsServices": [{"clusterName": "c", "serviceName": "s"}], "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "blue"}, {"name": "green"}], "prodTrafficRoute": {"listenerArns": ["arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/lb/1/2"]}}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5}}}
200
{
  "deploymentGroupId": "<uuid-2>"
}

# A service belongs to one group.
> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "twin", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "ecsServices": [{"clusterName": "c", "serviceName": "s"}], "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "blue"}, {"name": "green"}], "prodTrafficRoute": {"listenerArns": ["arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/lb/1/2"]}}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5}}}
400
{
  "__type": "ECSServiceMappingLimitExceededException",
  "message": "The Amazon ECS service is associated with the deployment group prod of the application shop; a service belongs to one deployment group only"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "twin", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "ecsServices": [{"clusterName": "c", "serviceName": "t"}], "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "blue"}, {"name": "green"}], "prodTrafficRoute": {"listenerArns": ["arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/lb/1/2"]}}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5}}}
200
{
  "deploymentGroupId": "<uuid-3>"
}

> UpdateDeploymentGroup {"applicationName": "shop", "currentDeploymentGroupName": "twin", "ecsServices": [{"clusterName": "c", "serviceName": "s"}]}
400
{
  "__type": "ECSServiceMappingLimitExceededException",
  "message": "The Amazon ECS service is associated with the deployment group prod of the application shop; a service belongs to one deployment group only"
}

> UpdateDeploymentGroup {"applicationName": "shop", "currentDeploymentGroupName": "prod", "ecsServices": [{"clusterName": "c", "serviceName": "s"}]}
200
{
  "hooksNotCleanedUp": []
}

# A Network Load Balancer moves all traffic at once.
> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "network", "deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "ecsServices": [{"clusterName": "c", "serviceName": "n"}], "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "blue"}, {"name": "green"}], "prodTrafficRoute": {"listenerArns": ["arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/net/lb/1/2"]}}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5}}}
400
{
  "__type": "InvalidTrafficRoutingConfigurationException",
  "message": "Only ALB supports gradual traffic routing, use AllAtOnce Traffic routing instead when you create/update Deployment group."
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "network", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "ecsServices": [{"clusterName": "c", "serviceName": "n"}], "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "blue"}, {"name": "green"}], "prodTrafficRoute": {"listenerArns": ["arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/net/lb/1/2"]}}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5}}}
200
{
  "deploymentGroupId": "<uuid-4>"
}

> UpdateDeploymentGroup {"applicationName": "shop", "currentDeploymentGroupName": "network", "deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent5Minutes"}
400
{
  "__type": "InvalidTrafficRoutingConfigurationException",
  "message": "Only ALB supports gradual traffic routing, use AllAtOnce Traffic routing instead when you create/update Deployment group."
}

> CreateDeployment {"applicationName": "shop", "deploymentGroupName": "network", "deploymentConfigName": "CodeDeployDefault.ECSCanary10Percent5Minutes", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}}
400
{
  "__type": "InvalidTrafficRoutingConfigurationException",
  "message": "Only ALB supports gradual traffic routing, use AllAtOnce Traffic routing instead when you create/update Deployment group."
}

# What only instances have.
> CreateDeployment {"applicationName": "shop", "deploymentGroupName": "prod", "updateOutdatedInstancesOnly": true, "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}}
400
{
  "__type": "InvalidUpdateOutdatedInstancesOnlyValueException",
  "message": "updateOutdatedInstancesOnly is for the Server compute platform, not for ECS"
}

> CreateDeployment {"applicationName": "shop", "deploymentGroupName": "prod", "ignoreApplicationStopFailures": true, "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}}
400
{
  "__type": "InvalidIgnoreApplicationStopFailuresValueException",
  "message": "ignoreApplicationStopFailures is for the Server compute platform, not for ECS"
}

> CreateDeployment {"applicationName": "shop", "deploymentGroupName": "prod", "targetInstances": {"tagFilters": [{"Key": "a", "Type": "KEY_ONLY"}]}, "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}}
400
{
  "__type": "InvalidTargetInstancesException",
  "message": "targetInstances is for the Server compute platform, not for ECS"
}

> CreateDeployment {"applicationName": "shop", "deploymentGroupName": "prod", "deploymentConfigName": "CodeDeployDefault.OneAtATime", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}}
400
{
  "__type": "InvalidDeploymentConfigNameException",
  "message": "The deployment configuration CodeDeployDefault.OneAtATime is of the Server compute platform, not of ECS"
}

> CreateDeployment {"applicationName": "shop", "deploymentGroupName": "prod", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The bundleType of the s3Location is not valid: zip. For the ECS compute platform it is one of YAML, JSON"
}

> CreateDeployment {"applicationName": "shop", "deploymentGroupName": "prod", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"}}}
400
{
  "__type": "RevisionDoesNotExistException",
  "message": "No revision found for application: shop at sha256 61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
}

# A deployment on ECS: its content is known by its hash, and its targets are counted at the end.
! deploy shop prod

> ListDeployments {"applicationName": "shop", "deploymentGroupName": "prod"}
200
{
  "deployments": [
    "<deployment-1>"
  ]
}

> GetDeployment {"deploymentId": "<deployment-1>"}
200
{
  "deploymentInfo": {
    "applicationName": "shop",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "blueGreenDeploymentConfiguration": {
      "deploymentReadyOption": {
        "actionOnTimeout": "CONTINUE_DEPLOYMENT",
        "waitTimeInMinutes": 0
      },
      "terminateBlueInstancesOnDeploymentSuccess": {
        "action": "TERMINATE",
        "terminationWaitTimeInMinutes": 5
      }
    },
    "computePlatform": "ECS",
    "createTime": 1767225616,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
    "deploymentGroupName": "prod",
    "deploymentId": "<deployment-1>",
    "deploymentStatusMessages": [],
    "deploymentStyle": {
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "loadBalancerInfo": {
      "targetGroupPairInfoList": [
        {
          "prodTrafficRoute": {
            "listenerArns": [
              "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/lb/1/2"
            ]
          },
          "targetGroups": [
            {
              "name": "blue"
            },
            {
              "name": "green"
            }
          ]
        }
      ]
    },
    "revision": {
      "appSpecContent": {
        "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
      },
      "revisionType": "AppSpecContent"
    },
    "status": "Created",
    "updateOutdatedInstancesOnly": false
  }
}

> ContinueDeployment {"deploymentId": "<deployment-1>", "deploymentWaitType": "READY_WAIT"}
400
{
  "__type": "DeploymentIsNotInReadyStateException",
  "message": "The deployment <deployment-1> is Created; only one that is Ready can be continued"
}

> ContinueDeployment {"deploymentId": "<deployment-1>", "deploymentWaitType": "TERMINATION_WAIT"}
400
{
  "__type": "InvalidDeploymentStatusException",
  "message": "The deployment <deployment-1> is Created, and does not wait to terminate what it has replaced"
}

> PutLifecycleEventHookExecutionStatus {"deploymentId": "<deployment-1>", "lifecycleEventHookExecutionId": "x", "status": "Pending"}
400
{
  "__type": "InvalidLifecycleEventHookExecutionStatusException",
  "message": "The status of a lifecycle event hook is not valid: Pending. It is Succeeded or Failed"
}

> PutLifecycleEventHookExecutionStatus {"deploymentId": "<deployment-1>", "lifecycleEventHookExecutionId": "x", "status": "Succeeded"}
400
{
  "__type": "InvalidLifecycleEventHookExecutionIdException",
  "message": "The deployment <deployment-1> has called no hook with the lifecycleEventHookExecutionId x"
}

! targets <deployment-1> c:s

> GetDeployment {"deploymentId": "<deployment-1>"}
200
{
  "deploymentInfo": {
    "applicationName": "shop",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "blueGreenDeploymentConfiguration": {
      "deploymentReadyOption": {
        "actionOnTimeout": "CONTINUE_DEPLOYMENT",
        "waitTimeInMinutes": 0
      },
      "terminateBlueInstancesOnDeploymentSuccess": {
        "action": "TERMINATE",
        "terminationWaitTimeInMinutes": 5
      }
    },
    "computePlatform": "ECS",
    "createTime": 1767225616,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
    "deploymentGroupName": "prod",
    "deploymentId": "<deployment-1>",
    "deploymentStatusMessages": [],
    "deploymentStyle": {
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "loadBalancerInfo": {
      "targetGroupPairInfoList": [
        {
          "prodTrafficRoute": {
            "listenerArns": [
              "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/lb/1/2"
            ]
          },
          "targetGroups": [
            {
              "name": "blue"
            },
            {
              "name": "green"
            }
          ]
        }
      ]
    },
    "revision": {
      "appSpecContent": {
        "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
      },
      "revisionType": "AppSpecContent"
    },
    "startTime": 1767225622,
    "status": "InProgress",
    "updateOutdatedInstancesOnly": false
  }
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>"}
200
{
  "targetIds": [
    "c:s"
  ]
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>", "targetIds": ["c:s"]}
200
{
  "deploymentTargets": [
    {
      "deploymentTargetType": "ECSTarget",
      "ecsTarget": {
        "deploymentId": "<deployment-1>",
        "lastUpdatedAt": 1767225622,
        "lifecycleEvents": [
          {
            "lifecycleEventName": "BeforeAllowTraffic",
            "startTime": 1767225622,
            "status": "InProgress"
          },
          {
            "lifecycleEventName": "AllowTraffic",
            "status": "Pending"
          },
          {
            "lifecycleEventName": "AfterAllowTraffic",
            "status": "Pending"
          }
        ],
        "status": "InProgress",
        "targetArn": "arn:aws:codedeploy:us-east-1:000000000000:instance/c:s",
        "targetId": "c:s",
        "taskSetsInfo": []
      }
    }
  ]
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>", "targetIds": ["c:s", "c:t"]}
400
{
  "__type": "DeploymentTargetListSizeExceededException",
  "message": "2 target IDs are given; at most 1 are allowed for a deployment on the ECS compute platform"
}

> GetDeploymentTarget {"deploymentId": "<deployment-1>", "targetId": "c s"}
400
{
  "__type": "InvalidDeploymentTargetIdException",
  "message": "The deployment target ID is not valid: c s. It is the name, the ID or the ARN of a target, without blanks"
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>", "targetIds": ["c s"]}
400
{
  "__type": "InvalidDeploymentTargetIdException",
  "message": "The deployment target ID is not valid: c s. It is the name, the ID or the ARN of a target, without blanks"
}

# The older operations are for instances.
> ListDeploymentInstances {"deploymentId": "<deployment-1>"}
400
{
  "__type": "InvalidComputePlatformException",
  "message": "The deployment <deployment-1> is on the ECS compute platform; ListDeploymentInstances is not for it, use the operations on deployment targets"
}

> GetDeploymentInstance {"deploymentId": "<deployment-1>", "instanceId": "c:s"}
400
{
  "__type": "InvalidComputePlatformException",
  "message": "The deployment <deployment-1> is on the ECS compute platform; GetDeploymentInstance is not for it, use the operations on deployment targets"
}

> BatchGetDeploymentInstances {"deploymentId": "<deployment-1>", "instanceIds": ["c:s"]}
400
{
  "__type": "InvalidComputePlatformException",
  "message": "The deployment <deployment-1> is on the ECS compute platform; BatchGetDeploymentInstances is not for it, use the operations on deployment targets"
}

> SkipWaitTimeForInstanceTermination {"deploymentId": "<deployment-1>"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-1> is of type BLUE_GREEN on the ECS compute platform, which cannot skip a termination wait"
}

! finish <deployment-1> Succeeded

> GetDeployment {"deploymentId": "<deployment-1>"}
200
{
  "deploymentInfo": {
    "applicationName": "shop",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "blueGreenDeploymentConfiguration": {
      "deploymentReadyOption": {
        "actionOnTimeout": "CONTINUE_DEPLOYMENT",
        "waitTimeInMinutes": 0
      },
      "terminateBlueInstancesOnDeploymentSuccess": {
        "action": "TERMINATE",
        "terminationWaitTimeInMinutes": 5
      }
    },
    "completeTime": 1767225632,
    "computePlatform": "ECS",
    "createTime": 1767225616,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
    "deploymentGroupName": "prod",
    "deploymentId": "<deployment-1>",
    "deploymentOverview": {
      "Failed": 0,
      "InProgress": 0,
      "Pending": 0,
      "Ready": 0,
      "Skipped": 0,
      "Succeeded": 1
    },
    "deploymentStatusMessages": [],
    "deploymentStyle": {
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "loadBalancerInfo": {
      "targetGroupPairInfoList": [
        {
          "prodTrafficRoute": {
            "listenerArns": [
              "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/lb/1/2"
            ]
          },
          "targetGroups": [
            {
              "name": "blue"
            },
            {
              "name": "green"
            }
          ]
        }
      ]
    },
    "revision": {
      "appSpecContent": {
        "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
      },
      "revisionType": "AppSpecContent"
    },
    "startTime": 1767225622,
    "status": "Succeeded",
    "updateOutdatedInstancesOnly": false
  }
}

> ContinueDeployment {"deploymentId": "<deployment-1>"}
400
{
  "__type": "DeploymentAlreadyCompletedException",
  "message": "The deployment <deployment-1> has already completed"
}

> GetDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "prod"}
200
{
  "deploymentGroupInfo": {
    "applicationName": "shop",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "autoScalingGroups": [],
    "blueGreenDeploymentConfiguration": {
      "deploymentReadyOption": {
        "actionOnTimeout": "CONTINUE_DEPLOYMENT",
        "waitTimeInMinutes": 0
      },
      "terminateBlueInstancesOnDeploymentSuccess": {
        "action": "TERMINATE",
        "terminationWaitTimeInMinutes": 5
      }
    },
    "computePlatform": "ECS",
    "deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce",
    "deploymentGroupId": "<uuid-2>",
    "deploymentGroupName": "prod",
    "deploymentStyle": {
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "ec2TagFilters": [],
    "ecsServices": [
      {
        "clusterName": "c",
        "serviceName": "s"
      }
    ],
    "lastAttemptedDeployment": {
      "createTime": 1767225616,
      "deploymentId": "<deployment-1>",
      "endTime": 1767225632,
      "status": "Succeeded"
    },
    "lastSuccessfulDeployment": {
      "createTime": 1767225616,
      "deploymentId": "<deployment-1>",
      "endTime": 1767225632,
      "status": "Succeeded"
    },
    "loadBalancerInfo": {
      "targetGroupPairInfoList": [
        {
          "prodTrafficRoute": {
            "listenerArns": [
              "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/lb/1/2"
            ]
          },
          "targetGroups": [
            {
              "name": "blue"
            },
            {
              "name": "green"
            }
          ]
        }
      ]
    },
    "onPremisesInstanceTagFilters": [],
    "outdatedInstancesStrategy": "UPDATE",
    "serviceRoleArn": "arn:aws:iam::000000000000:role/service",
    "targetRevision": {
      "appSpecContent": {
        "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
      },
      "revisionType": "AppSpecContent"
    },
    "terminationHookEnabled": false,
    "triggerConfigurations": []
  }
}

> GetApplicationRevision {"applicationName": "shop", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "61E3942B5ADADC9BEA4D6FEFFC38D6567DFF72BD20136ACA04F5F20755EDE10A"}}}
200
{
  "applicationName": "shop",
  "revision": {
    "appSpecContent": {
      "content": "version: 0.0",
      "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
    },
    "revisionType": "AppSpecContent"
  },
  "revisionInfo": {
    "deploymentGroups": [
      "prod"
    ],
    "description": "Application revision registered by Deployment ID: <deployment-1>",
    "firstUsedTime": 1767225616,
    "lastUsedTime": 1767225616,
    "registerTime": 1767225616
  }
}

> BatchGetApplicationRevisions {"applicationName": "shop", "revisions": [{"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"}}, {"revisionType": "String", "string": {"sha256": "00"}}]}
200
{
  "applicationName": "shop",
  "errorMessage": "1 of the 2 revisions are not registered",
  "revisions": [
    {
      "genericRevisionInfo": {
        "deploymentGroups": [
          "prod"
        ],
        "description": "Application revision registered by Deployment ID: <deployment-1>",
        "firstUsedTime": 1767225616,
        "lastUsedTime": 1767225616,
        "registerTime": 1767225616
      },
      "revisionLocation": {
        "appSpecContent": {
          "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
        },
        "revisionType": "AppSpecContent"
      }
    }
  ]
}

> ListApplicationRevisions {"applicationName": "shop", "deployed": "include"}
200
{
  "revisions": [
    {
      "appSpecContent": {
        "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
      },
      "revisionType": "AppSpecContent"
    }
  ]
}

> ListApplicationRevisions {"applicationName": "shop", "deployed": "exclude"}
200
{
  "revisions": []
}

# Lambda.
> CreateApplication {"applicationName": "fn", "computePlatform": "Lambda"}
200
{
  "applicationId": "<uuid-5>"
}

> CreateDeploymentGroup {"applicationName": "fn", "deploymentGroupName": "live", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "InvalidDeploymentStyleException",
  "message": "A deployment group of the Lambda compute platform needs the deploymentStyle BLUE_GREEN, WITH_TRAFFIC_CONTROL"
}

> CreateDeploymentGroup {"applicationName": "fn", "deploymentGroupName": "live", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}}
200
{
  "deploymentGroupId": "<uuid-6>"
}

> GetDeploymentGroup {"applicationName": "fn", "deploymentGroupName": "live"}
200
{
  "deploymentGroupInfo": {
    "applicationName": "fn",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "autoScalingGroups": [],
    "computePlatform": "Lambda",
    "deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce",
    "deploymentGroupId": "<uuid-6>",
    "deploymentGroupName": "live",
    "deploymentStyle": {
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "ec2TagFilters": [],
    "onPremisesInstanceTagFilters": [],
    "outdatedInstancesStrategy": "UPDATE",
    "serviceRoleArn": "arn:aws:iam::000000000000:role/service",
    "terminationHookEnabled": false,
    "triggerConfigurations": []
  }
}

> CreateDeployment {"applicationName": "fn", "deploymentGroupName": "live", "ignoreApplicationStopFailures": true, "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}}
400
{
  "__type": "InvalidIgnoreApplicationStopFailuresValueException",
  "message": "ignoreApplicationStopFailures is for the Server compute platform, not for Lambda"
}

! deploy fn live

> ListDeployments {"applicationName": "fn", "deploymentGroupName": "live"}
200
{
  "deployments": [
    "<deployment-2>"
  ]
}

! targets <deployment-2> my-function

> GetDeploymentTarget {"deploymentId": "<deployment-2>", "targetId": "my-function"}
200
{
  "deploymentTarget": {
    "deploymentTargetType": "LambdaTarget",
    "lambdaTarget": {
      "deploymentId": "<deployment-2>",
      "lambdaFunctionInfo": {
        "currentVersion": "1",
        "functionAlias": "live",
        "functionName": "my-function",
        "targetVersion": "2",
        "targetVersionWeight": 0
      },
      "lastUpdatedAt": 1767225645,
      "lifecycleEvents": [
        {
          "lifecycleEventName": "BeforeAllowTraffic",
          "startTime": 1767225645,
          "status": "InProgress"
        },
        {
          "lifecycleEventName": "AllowTraffic",
          "status": "Pending"
        },
        {
          "lifecycleEventName": "AfterAllowTraffic",
          "status": "Pending"
        }
      ],
      "status": "InProgress",
      "targetArn": "arn:aws:codedeploy:us-east-1:000000000000:instance/my-function",
      "targetId": "my-function"
    }
  }
}

# Its hook reports, once.
> PutLifecycleEventHookExecutionStatus {"deploymentId": "<deployment-2>", "lifecycleEventHookExecutionId": "hook-1", "status": "Failed"}
200
{
  "lifecycleEventHookExecutionId": "hook-1"
}

> PutLifecycleEventHookExecutionStatus {"deploymentId": "<deployment-2>", "lifecycleEventHookExecutionId": "hook-1", "status": "Succeeded"}
400
{
  "__type": "LifecycleEventAlreadyCompletedException",
  "message": "The lifecycle event BeforeAllowTraffic of the deployment <deployment-2> has ended already: a report was too late, or the second one"
}

> PutLifecycleEventHookExecutionStatus {"deploymentId": "<deployment-2>", "lifecycleEventHookExecutionId": "hook-2", "status": "Succeeded"}
400
{
  "__type": "InvalidLifecycleEventHookExecutionIdException",
  "message": "The deployment <deployment-2> has called no hook with the lifecycleEventHookExecutionId hook-2"
}

> GetDeploymentTarget {"deploymentId": "<deployment-2>", "targetId": "my-function"}
200
{
  "deploymentTarget": {
    "deploymentTargetType": "LambdaTarget",
    "lambdaTarget": {
      "deploymentId": "<deployment-2>",
      "lambdaFunctionInfo": {
        "currentVersion": "1",
        "functionAlias": "live",
        "functionName": "my-function",
        "targetVersion": "2",
        "targetVersionWeight": 0
      },
      "lastUpdatedAt": 1767225647,
      "lifecycleEvents": [
        {
          "diagnostics": {
            "errorCode": "ScriptFailed",
            "logTail": "",
            "message": "The function check has reported Failed.",
            "scriptName": "check"
          },
          "endTime": 1767225647,
          "lifecycleEventName": "BeforeAllowTraffic",
          "startTime": 1767225645,
          "status": "Failed"
        },
        {
          "lifecycleEventName": "AllowTraffic",
          "status": "Pending"
        },
        {
          "lifecycleEventName": "AfterAllowTraffic",
          "status": "Pending"
        }
      ],
      "status": "InProgress",
      "targetArn": "arn:aws:codedeploy:us-east-1:000000000000:instance/my-function",
      "targetId": "my-function"
    }
  }
}

> BatchGetDeploymentInstances {"deploymentId": "<deployment-2>", "instanceIds": ["my-function", "other"]}
200
{
  "errorMessage": "No instance found with ID: other",
  "instancesSummary": [
    {
      "deploymentId": "<deployment-2>",
      "instanceId": "arn:aws:codedeploy:us-east-1:000000000000:instance/my-function",
      "lastUpdatedAt": 1767225647,
      "lifecycleEvents": [
        {
          "diagnostics": {
            "errorCode": "ScriptFailed",
            "logTail": "",
            "message": "The function check has reported Failed.",
            "scriptName": "check"
          },
          "endTime": 1767225647,
          "lifecycleEventName": "BeforeAllowTraffic",
          "startTime": 1767225645,
          "status": "Failed"
        },
        {
          "lifecycleEventName": "AllowTraffic",
          "status": "Pending"
        },
        {
          "lifecycleEventName": "AfterAllowTraffic",
          "status": "Pending"
        }
      ],
      "status": "InProgress"
    }
  ]
}

> GetDeploymentInstance {"deploymentId": "<deployment-2>", "instanceId": "my-function"}
400
{
  "__type": "InvalidComputePlatformException",
  "message": "The deployment <deployment-2> is on the Lambda compute platform; GetDeploymentInstance is not for it, use the operations on deployment targets"
}

> ListDeployments {"applicationName": "fn", "deploymentGroupName": "live", "externalId": "stack"}
400
{
  "__type": "InvalidInputException",
  "message": "An externalId selects alone: give it without applicationName and deploymentGroupName"
}

# Blue/green on servers.
> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-7>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "bg", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]}, "blueGreenDeploymentConfiguration": {"greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"}}}
200
{
  "deploymentGroupId": "<uuid-8>"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "bg", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "InvalidTargetInstancesException",
  "message": "The deployment group takes replacement instances that exist (DISCOVER_EXISTING): name them in targetInstances"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "bg", "targetInstances": {"tagFilters": [{"Key": "a", "Type": "KEY_ONLY"}], "ec2TagSet": {"ec2TagSetList": [[{"Key": "a", "Type": "KEY_ONLY"}]]}}, "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "InvalidTargetInstancesException",
  "message": "The tagFilters and the ec2TagSet of targetInstances exclude each other: give one of them"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "bg", "targetInstances": {"autoScalingGroups": [""]}, "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "InvalidAutoScalingGroupException",
  "message": "The autoScalingGroups of targetInstances are at most 10 names"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "bg", "overrideAlarmConfiguration": {"enabled": true, "alarms": [<11 of {"name": "alarm-#"}>]}, "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "AlarmsLimitExceededException",
  "message": "11 alarms are given; at most 10 are allowed"
}

! deploy web bg

> ListDeployments {"applicationName": "web", "deploymentGroupName": "bg"}
200
{
  "deployments": [
    "<deployment-3>"
  ]
}

> SkipWaitTimeForInstanceTermination {"deploymentId": "<deployment-3>"}
400
{
  "__type": "DeploymentNotStartedException",
  "message": "The deployment <deployment-3> has not started"
}

! targets <deployment-3> web-1 web-2

> SkipWaitTimeForInstanceTermination {"deploymentId": "<deployment-3>"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-3> does not wait to terminate what it has replaced"
}

> GetDeploymentInstance {"deploymentId": "<deployment-3>", "instanceId": "web 1"}
400
{
  "__type": "InvalidInstanceNameException",
  "message": "The instance ID is not valid: web 1. It is the name, the ID or the ARN of a target, without blanks"
}

> BatchGetDeploymentInstances {"deploymentId": "<deployment-3>", "instanceIds": ["web 1"]}
400
{
  "__type": "InvalidInstanceNameException",
  "message": "The instance ID is not valid: web 1. It is the name, the ID or the ARN of a target, without blanks"
}

> ListDeploymentTargets {"deploymentId": "<deployment-3>", "targetFilters": {"ServerInstanceLabel": ["Blue"]}}
200
{
  "targetIds": [
    "web-1"
  ]
}

> ListDeploymentInstances {"deploymentId": "<deployment-3>", "instanceTypeFilter": ["Green"]}
200
{
  "instancesList": [
    "web-2"
  ]
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-3>", "targetIds": ["web-1", "web-2"]}
200
{
  "deploymentTargets": [
    {
      "deploymentTargetType": "InstanceTarget",
      "instanceTarget": {
        "deploymentId": "<deployment-3>",
        "instanceLabel": "Blue",
        "lastUpdatedAt": 1767225661,
        "lifecycleEvents": [
          {
            "lifecycleEventName": "ApplicationStop",
            "startTime": 1767225661,
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
    },
    {
      "deploymentTargetType": "InstanceTarget",
      "instanceTarget": {
        "deploymentId": "<deployment-3>",
        "instanceLabel": "Green",
        "lastUpdatedAt": 1767225661,
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
  ]
}

> GetDeploymentInstance {"deploymentId": "<deployment-3>", "instanceId": "web-1"}
200
{
  "instanceSummary": {
    "deploymentId": "<deployment-3>",
    "instanceId": "arn:aws:codedeploy:us-east-1:000000000000:instance/web-1",
    "instanceType": "Blue",
    "lastUpdatedAt": 1767225661,
    "lifecycleEvents": [
      {
        "lifecycleEventName": "ApplicationStop",
        "startTime": 1767225661,
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
    "status": "InProgress"
  }
}

! finish <deployment-3> Failed

> SkipWaitTimeForInstanceTermination {"deploymentId": "<deployment-3>"}
400
{
  "__type": "DeploymentAlreadyCompletedException",
  "message": "The deployment <deployment-3> has already completed"
}

> GetDeployment {"deploymentId": "<deployment-3>"}
200
{
  "deploymentInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "blueGreenDeploymentConfiguration": {
      "greenFleetProvisioningOption": {
        "action": "DISCOVER_EXISTING"
      }
    },
    "completeTime": 1767225668,
    "computePlatform": "Server",
    "createTime": 1767225659,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupName": "bg",
    "deploymentId": "<deployment-3>",
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
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "errorInformation": {
      "code": "HEALTH_CONSTRAINTS",
      "message": "The overall deployment failed because too many individual instances failed deployment, too few healthy instances are available for deployment, or some instances in your deployment group are experiencing problems."
    },
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "loadBalancerInfo": {
      "targetGroupInfoList": [
        {
          "name": "web"
        }
      ]
    },
    "revision": {
      "appSpecContent": {
        "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
      },
      "revisionType": "AppSpecContent"
    },
    "startTime": 1767225661,
    "status": "Failed",
    "updateOutdatedInstancesOnly": false
  }
}

# Alarms of a deployment's own take the place of its group's: here, they switch them off.
> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "watched", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "alarmConfiguration": {"enabled": true, "alarms": [{"name": "cpu"}]}}
200
{
  "deploymentGroupId": "<uuid-9>"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "watched", "overrideAlarmConfiguration": {"enabled": false, "alarms": [{"name": "cpu"}]}, "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
200
{
  "deploymentId": "<deployment-4>"
}

> GetDeployment {"deploymentId": "<deployment-4>"}
200
{
  "deploymentInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "computePlatform": "Server",
    "createTime": 1767225672,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupName": "watched",
    "deploymentId": "<deployment-4>",
    "deploymentStatusMessages": [],
    "deploymentStyle": {
      "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
      "deploymentType": "IN_PLACE"
    },
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "overrideAlarmConfiguration": {
      "alarms": [
        {
          "name": "cpu"
        }
      ],
      "enabled": false,
      "ignorePollAlarmFailure": false
    },
    "revision": {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "key": "web.zip"
      }
    },
    "status": "Created",
    "updateOutdatedInstancesOnly": false
  }
}

# Filters of revisions.
> ListApplicationRevisions {"applicationName": "web", "s3Bucket": "No"}
400
{
  "__type": "InvalidBucketNameFilterException",
  "message": "The s3Bucket is not the name of a bucket: No. It has 3 to 63 lower-case letters, digits, dots and hyphens"
}

> ListApplicationRevisions {"applicationName": "web", "s3Bucket": "releases", "s3KeyPrefix": "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"}
400
{
  "__type": "InvalidKeyPrefixFilterException",
  "message": "The s3KeyPrefix has 1025 bytes; a key has at most 1024"
}

> DeleteGitHubAccountToken {"tokenName": "a/b"}
400
{
  "__type": "InvalidGitHubAccountTokenNameException",
  "message": "GitHub account token name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> ListDeployments {"externalId": "a b"}
400
{
  "__type": "InvalidExternalIdException",
  "message": "The externalId is not valid: a b. It is the ID of a stack, without blanks"
}

> ListDeployments {"externalId": "arn:aws:cloudformation:us-east-1:000000000000:stack/web/1"}
200
{
  "deployments": []
}

# How long a deployment may wait for its traffic to move depends on the platform: 48 hours for instances, 120 for ECS.
> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "bg", "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 2881}}}
400
{
  "__type": "InvalidBlueGreenDeploymentConfigurationException",
  "message": "The waitTimeInMinutes of deploymentReadyOption is not valid: 2881. It is at most 2880 on the Server compute platform"
}

> UpdateDeploymentGroup {"applicationName": "shop", "currentDeploymentGroupName": "prod", "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 7200}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE"}}}
200
{
  "hooksNotCleanedUp": []
}

