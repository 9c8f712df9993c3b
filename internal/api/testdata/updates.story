# What UpdateDeploymentGroup leaves where a member is absent, and how each is cleared.
> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "loadBalancerInfo": {"elbInfoList": [{"name": "classic"}], "targetGroupInfoList": [{"name": "web"}]}, "blueGreenDeploymentConfiguration": {"greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}, "deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 30}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5}}, "autoScalingGroups": ["fleet"], "terminationHookEnabled": true, "alarmConfiguration": {"enabled": true, "ignorePollAlarmFailure": true, "alarms": [{"name": "cpu"}, {"name": "errors"}]}, "triggerConfigurations": [{"triggerName": "t", "triggerTargetArn": "arn:aws:sns:us-east-1:000000000000:topic", "triggerEvents": ["DeploymentStart", "InstanceReady"]}], "autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_STOP_ON_ALARM"]}, "ec2TagSet": {"ec2TagSetList": [[{"Key": "a", "Value": "b", "Type": "KEY_AND_VALUE"}]]}}
200
{
  "deploymentGroupId": "<uuid-2>"
}

# The hooks' names are AWS's; they stay as long as the group keeps its name.
> GetDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod"}
200
{
  "deploymentGroupInfo": {
    "alarmConfiguration": {
      "alarms": [
        {
          "name": "cpu"
        },
        {
          "name": "errors"
        }
      ],
      "enabled": true,
      "ignorePollAlarmFailure": true
    },
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": true,
      "events": [
        "DEPLOYMENT_STOP_ON_ALARM"
      ]
    },
    "autoScalingGroups": [
      {
        "hook": "CodeDeploy-managed-automatic-launch-deployment-hook-prod-<uuid-3>",
        "name": "fleet",
        "terminationHook": "CodeDeploy-managed-automatic-terminate-deployment-hook-prod-<uuid-4>"
      }
    ],
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
        "terminationWaitTimeInMinutes": 5
      }
    },
    "computePlatform": "Server",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupId": "<uuid-2>",
    "deploymentGroupName": "prod",
    "deploymentStyle": {
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "ec2TagFilters": [],
    "ec2TagSet": {
      "ec2TagSetList": [
        [
          {
            "Key": "a",
            "Type": "KEY_AND_VALUE",
            "Value": "b"
          }
        ]
      ]
    },
    "loadBalancerInfo": {
      "elbInfoList": [
        {
          "name": "classic"
        }
      ],
      "targetGroupInfoList": [
        {
          "name": "web"
        }
      ]
    },
    "onPremisesInstanceTagFilters": [],
    "outdatedInstancesStrategy": "UPDATE",
    "serviceRoleArn": "arn:aws:iam::000000000000:role/service",
    "terminationHookEnabled": true,
    "triggerConfigurations": [
      {
        "triggerEvents": [
          "DeploymentStart",
          "InstanceReady"
        ],
        "triggerName": "t",
        "triggerTargetArn": "arn:aws:sns:us-east-1:000000000000:topic"
      }
    ]
  }
}

# Nothing given: nothing changes.
> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod"}
200
{
  "hooksNotCleanedUp": []
}

> GetDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod"}
200
{
  "deploymentGroupInfo": {
    "alarmConfiguration": {
      "alarms": [
        {
          "name": "cpu"
        },
        {
          "name": "errors"
        }
      ],
      "enabled": true,
      "ignorePollAlarmFailure": true
    },
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": true,
      "events": [
        "DEPLOYMENT_STOP_ON_ALARM"
      ]
    },
    "autoScalingGroups": [
      {
        "hook": "CodeDeploy-managed-automatic-launch-deployment-hook-prod-<uuid-3>",
        "name": "fleet",
        "terminationHook": "CodeDeploy-managed-automatic-terminate-deployment-hook-prod-<uuid-4>"
      }
    ],
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
        "terminationWaitTimeInMinutes": 5
      }
    },
    "computePlatform": "Server",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupId": "<uuid-2>",
    "deploymentGroupName": "prod",
    "deploymentStyle": {
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "ec2TagFilters": [],
    "ec2TagSet": {
      "ec2TagSetList": [
        [
          {
            "Key": "a",
            "Type": "KEY_AND_VALUE",
            "Value": "b"
          }
        ]
      ]
    },
    "loadBalancerInfo": {
      "elbInfoList": [
        {
          "name": "classic"
        }
      ],
      "targetGroupInfoList": [
        {
          "name": "web"
        }
      ]
    },
    "onPremisesInstanceTagFilters": [],
    "outdatedInstancesStrategy": "UPDATE",
    "serviceRoleArn": "arn:aws:iam::000000000000:role/service",
    "terminationHookEnabled": true,
    "triggerConfigurations": [
      {
        "triggerEvents": [
          "DeploymentStart",
          "InstanceReady"
        ],
        "triggerName": "t",
        "triggerTargetArn": "arn:aws:sns:us-east-1:000000000000:topic"
      }
    ]
  }
}

# A structure replaces the whole of it: what it leaves out is gone.
> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "loadBalancerInfo": {"targetGroupInfoList": [{"name": "other"}]}, "blueGreenDeploymentConfiguration": {"greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"}}, "alarmConfiguration": {"enabled": false, "alarms": [{"name": "errors"}]}, "ec2TagFilters": [{"Key": "c", "Type": "KEY_ONLY"}], "terminationHookEnabled": false}
200
{
  "hooksNotCleanedUp": []
}

> GetDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod"}
200
{
  "deploymentGroupInfo": {
    "alarmConfiguration": {
      "alarms": [
        {
          "name": "errors"
        }
      ],
      "enabled": false,
      "ignorePollAlarmFailure": false
    },
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": true,
      "events": [
        "DEPLOYMENT_STOP_ON_ALARM"
      ]
    },
    "autoScalingGroups": [
      {
        "hook": "CodeDeploy-managed-automatic-launch-deployment-hook-prod-<uuid-3>",
        "name": "fleet"
      }
    ],
    "blueGreenDeploymentConfiguration": {
      "greenFleetProvisioningOption": {
        "action": "DISCOVER_EXISTING"
      }
    },
    "computePlatform": "Server",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupId": "<uuid-2>",
    "deploymentGroupName": "prod",
    "deploymentStyle": {
      "deploymentOption": "WITH_TRAFFIC_CONTROL",
      "deploymentType": "BLUE_GREEN"
    },
    "ec2TagFilters": [
      {
        "Key": "c",
        "Type": "KEY_ONLY"
      }
    ],
    "loadBalancerInfo": {
      "targetGroupInfoList": [
        {
          "name": "other"
        }
      ]
    },
    "onPremisesInstanceTagFilters": [],
    "outdatedInstancesStrategy": "UPDATE",
    "serviceRoleArn": "arn:aws:iam::000000000000:role/service",
    "terminationHookEnabled": false,
    "triggerConfigurations": [
      {
        "triggerEvents": [
          "DeploymentStart",
          "InstanceReady"
        ],
        "triggerName": "t",
        "triggerTargetArn": "arn:aws:sns:us-east-1:000000000000:topic"
      }
    ]
  }
}

# A copied fleet must be named again, though the group has it.
> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "blueGreenDeploymentConfiguration": {"greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}}}
400
{
  "__type": "InvalidBlueGreenDeploymentConfigurationException",
  "message": "Exactly one AutoScaling group must be specified when selecting the COPY_AUTO_SCALING_GROUP green fleet provisioning option."
}

# What the style needs cannot be taken away while it stands.
> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "loadBalancerInfo": {"targetGroupInfoList": []}}
400
{
  "__type": "InvalidLoadBalancerInfoException",
  "message": "The specification for load balancing in the deployment group is invalid. The deploymentOption value is set to WITH_TRAFFIC_CONTROL, but either no load balancer was specified in elbInfoList or no target group was specified in targetGroupInfoList."
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}}
400
{
  "__type": "InvalidDeploymentStyleException",
  "message": "A BLUE_GREEN deployment moves traffic from the original instances to their replacements: its deploymentOption is WITH_TRAFFIC_CONTROL"
}

# Everything cleared.
> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}, "loadBalancerInfo": {}, "blueGreenDeploymentConfiguration": {}, "autoScalingGroups": [], "alarmConfiguration": {"enabled": false, "alarms": []}, "triggerConfigurations": [], "autoRollbackConfiguration": {"enabled": false}, "ec2TagFilters": []}
200
{
  "hooksNotCleanedUp": []
}

> GetDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod"}
200
{
  "deploymentGroupInfo": {
    "alarmConfiguration": {
      "alarms": [],
      "enabled": false,
      "ignorePollAlarmFailure": false
    },
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": false
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
    "onPremisesInstanceTagFilters": [],
    "outdatedInstancesStrategy": "UPDATE",
    "serviceRoleArn": "arn:aws:iam::000000000000:role/service",
    "terminationHookEnabled": false,
    "triggerConfigurations": []
  }
}

