> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

# The defaults of a new group.
> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "dev", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
200
{
  "deploymentGroupId": "<uuid-2>"
}

> GetDeploymentGroup {"applicationName": "web", "deploymentGroupName": "dev"}
200
{
  "deploymentGroupInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "autoScalingGroups": [],
    "computePlatform": "Server",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupId": "<uuid-2>",
    "deploymentGroupName": "dev",
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

# Everything given. What clients send to say "none" is no wish.
> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentConfigName": "CodeDeployDefault.HalfAtATime", "onPremisesTagSet": {"onPremisesTagSetList": [[{"Key": "tier", "Value": "web", "Type": "KEY_AND_VALUE"}], [{"Key": "zone", "Type": "KEY_ONLY"}, {"Value": "any", "Type": "VALUE_ONLY"}]]}, "ec2TagFilters": [{"Key": "tier", "Value": "web", "Type": "KEY_AND_VALUE"}], "autoRollbackConfiguration": {"enabled": true, "events": ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_REQUEST"]}, "outdatedInstancesStrategy": "IGNORE", "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}, "terminationHookEnabled": true, "tags": [{"Key": "stage", "Value": "prod"}], "autoScalingGroups": [], "ecsServices": [], "triggerConfigurations": [], "alarmConfiguration": {"enabled": false, "alarms": []}, "loadBalancerInfo": {"elbInfoList": []}, "blueGreenDeploymentConfiguration": {}}
200
{
  "deploymentGroupId": "<uuid-3>"
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
      "enabled": true,
      "events": [
        "DEPLOYMENT_FAILURE",
        "DEPLOYMENT_STOP_ON_REQUEST"
      ]
    },
    "autoScalingGroups": [],
    "computePlatform": "Server",
    "deploymentConfigName": "CodeDeployDefault.HalfAtATime",
    "deploymentGroupId": "<uuid-3>",
    "deploymentGroupName": "prod",
    "deploymentStyle": {
      "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
      "deploymentType": "IN_PLACE"
    },
    "ec2TagFilters": [
      {
        "Key": "tier",
        "Type": "KEY_AND_VALUE",
        "Value": "web"
      }
    ],
    "onPremisesInstanceTagFilters": [],
    "onPremisesTagSet": {
      "onPremisesTagSetList": [
        [
          {
            "Key": "tier",
            "Type": "KEY_AND_VALUE",
            "Value": "web"
          }
        ],
        [
          {
            "Key": "zone",
            "Type": "KEY_ONLY"
          },
          {
            "Type": "VALUE_ONLY",
            "Value": "any"
          }
        ]
      ]
    },
    "outdatedInstancesStrategy": "IGNORE",
    "serviceRoleArn": "arn:aws:iam::000000000000:role/service",
    "terminationHookEnabled": true,
    "triggerConfigurations": []
  }
}

> BatchGetDeploymentGroups {"applicationName": "web", "deploymentGroupNames": ["dev", "nope"]}
200
{
  "deploymentGroupsInfo": [
    {
      "applicationName": "web",
      "autoRollbackConfiguration": {
        "enabled": false
      },
      "autoScalingGroups": [],
      "computePlatform": "Server",
      "deploymentConfigName": "CodeDeployDefault.OneAtATime",
      "deploymentGroupId": "<uuid-2>",
      "deploymentGroupName": "dev",
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
  ],
  "errorMessage": "No Deployment Group found for name: nope"
}

> ListDeploymentGroups {"applicationName": "web"}
200
{
  "applicationName": "web",
  "deploymentGroups": [
    "dev",
    "prod"
  ]
}

# What is absent stays; what is given replaces.
> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "newDeploymentGroupName": "live", "onPremisesInstanceTagFilters": [{"Key": "tier", "Value": "web"}], "autoRollbackConfiguration": {"enabled": false}, "ec2TagFilters": []}
200
{
  "hooksNotCleanedUp": []
}

> GetDeploymentGroup {"applicationName": "web", "deploymentGroupName": "live"}
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
    "deploymentConfigName": "CodeDeployDefault.HalfAtATime",
    "deploymentGroupId": "<uuid-3>",
    "deploymentGroupName": "live",
    "deploymentStyle": {
      "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
      "deploymentType": "IN_PLACE"
    },
    "ec2TagFilters": [],
    "onPremisesInstanceTagFilters": [
      {
        "Key": "tier",
        "Value": "web"
      }
    ],
    "outdatedInstancesStrategy": "IGNORE",
    "serviceRoleArn": "arn:aws:iam::000000000000:role/service",
    "terminationHookEnabled": true,
    "triggerConfigurations": []
  }
}

# Groups follow their application.
> UpdateApplication {"applicationName": "web", "newApplicationName": "shop"}
200

> ListDeploymentGroups {"applicationName": "shop"}
200
{
  "applicationName": "shop",
  "deploymentGroups": [
    "dev",
    "live"
  ]
}

> DeleteDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "dev"}
200
{
  "hooksNotCleanedUp": []
}

> DeleteDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "dev"}
200
{
  "hooksNotCleanedUp": []
}

> DeleteDeploymentGroup {"applicationName": "nope", "deploymentGroupName": "dev"}
200
{
  "hooksNotCleanedUp": []
}

> GetDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "dev"}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: dev"
}

# What is refused.
> CreateDeploymentGroup {"applicationName": "nope", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> CreateDeploymentGroup {"applicationName": "shop", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "Deployment Group name is missing"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "a/b", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "InvalidDeploymentGroupNameException",
  "message": "Deployment Group name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g"}
400
{
  "__type": "RoleRequiredException",
  "message": "The service role ARN is missing"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g", "serviceRoleArn": "service"}
400
{
  "__type": "InvalidRoleException",
  "message": "AWS CodeDeploy does not have the permissions required to assume the role service. The ARN of a role has the form arn:aws:iam::<account>:role/<name>"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "live", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "DeploymentGroupAlreadyExistsException",
  "message": "Deployment group already exists with name: live"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentConfigName": "nope"}
400
{
  "__type": "DeploymentConfigDoesNotExistException",
  "message": "No deployment configuration found for name: nope"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "alarms", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "alarmConfiguration": {"enabled": true, "alarms": [{"name": "cpu"}]}}
200
{
  "deploymentGroupId": "<uuid-4>"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "alarms-off", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "alarmConfiguration": {"enabled": false, "alarms": [{"name": "cpu"}]}}
200
{
  "deploymentGroupId": "<uuid-5>"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "triggerConfigurations": [{"triggerName": "t"}]}
400
{
  "__type": "InvalidTriggerConfigException",
  "message": "The triggerTargetArn of trigger t is not the ARN of an SNS topic: (none)"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "balanced", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]}}
200
{
  "deploymentGroupId": "<uuid-6>"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "green", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "blueGreenDeploymentConfiguration": {"greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"}}}
200
{
  "deploymentGroupId": "<uuid-7>"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "scaled", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "autoScalingGroups": ["asg"]}
200
{
  "deploymentGroupId": "<uuid-8>"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "ecsServices": [{"clusterName": "c", "serviceName": "s"}]}
400
{
  "__type": "InvalidECSServiceException",
  "message": "Should not specify ECS services parameter for Server deployment group"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}}
400
{
  "__type": "InvalidLoadBalancerInfoException",
  "message": "The specification for load balancing in the deployment group is invalid. The deploymentOption value is set to WITH_TRAFFIC_CONTROL, but either no load balancer was specified in elbInfoList or no target group was specified in targetGroupInfoList."
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}}
400
{
  "__type": "InvalidLoadBalancerInfoException",
  "message": "The specification for load balancing in the deployment group is invalid. The deploymentOption value is set to WITH_TRAFFIC_CONTROL, but either no load balancer was specified in elbInfoList or no target group was specified in targetGroupInfoList."
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "autoRollbackConfiguration": {"enabled": true}}
400
{
  "__type": "InvalidAutoRollbackConfigException",
  "message": "Automatic rollback is enabled, but no event that triggers it is given in events"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "onPremisesInstanceTagFilters": [{"Key": "a"}], "onPremisesTagSet": {"onPremisesTagSetList": [[{"Key": "a"}]]}}
400
{
  "__type": "InvalidOnPremisesTagCombinationException",
  "message": "onPremisesInstanceTagFilters and onPremisesTagSet exclude each other: give one of them"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "tags": [{"Value": "v"}]}
400
{
  "__type": "InvalidTagsToAddException",
  "message": "A tag has no key"
}

> CreateApplication {"applicationName": "ecs", "computePlatform": "ECS"}
200
{
  "applicationId": "<uuid-9>"
}

> CreateDeploymentGroup {"applicationName": "ecs", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "InvalidECSServiceException",
  "message": "An ECS deployment group needs exactly one of ecsServices, with clusterName and serviceName"
}

> GetDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "nope"}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> GetDeploymentGroup {"applicationName": "nope", "deploymentGroupName": "live"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> GetDeploymentGroup {"applicationName": "shop"}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "Deployment Group name is missing"
}

> BatchGetDeploymentGroups {"applicationName": "shop", "deploymentGroupNames": []}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "No deployment group names are given"
}

> ListDeploymentGroups {"applicationName": "nope"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> UpdateDeploymentGroup {"applicationName": "shop", "currentDeploymentGroupName": "nope"}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> CreateDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "taken", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
200
{
  "deploymentGroupId": "<uuid-10>"
}

> UpdateDeploymentGroup {"applicationName": "shop", "currentDeploymentGroupName": "live", "newDeploymentGroupName": "taken"}
400
{
  "__type": "DeploymentGroupAlreadyExistsException",
  "message": "Deployment group already exists with name: taken"
}

> UpdateDeploymentGroup {"applicationName": "shop", "currentDeploymentGroupName": "live", "serviceRoleArn": "x"}
400
{
  "__type": "InvalidRoleException",
  "message": "AWS CodeDeploy does not have the permissions required to assume the role x. The ARN of a role has the form arn:aws:iam::<account>:role/<name>"
}

# A group of ECS, as AWS shows it; a list that AWS refuses even when empty.
> CreateDeploymentGroup {"applicationName": "ecs", "deploymentGroupName": "svc", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "ecsServices": [{"clusterName": "c", "serviceName": "s"}], "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "blue"}, {"name": "green"}], "prodTrafficRoute": {"listenerArns": ["arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/l/1/2"]}}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 5}}}
200
{
  "deploymentGroupId": "<uuid-11>"
}

> GetDeploymentGroup {"applicationName": "ecs", "deploymentGroupName": "svc"}
200
{
  "deploymentGroupInfo": {
    "applicationName": "ecs",
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
    "deploymentGroupId": "<uuid-11>",
    "deploymentGroupName": "svc",
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
    "loadBalancerInfo": {
      "targetGroupPairInfoList": [
        {
          "prodTrafficRoute": {
            "listenerArns": [
              "arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/l/1/2"
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
    "terminationHookEnabled": false,
    "triggerConfigurations": []
  }
}

> UpdateDeploymentGroup {"applicationName": "ecs", "currentDeploymentGroupName": "svc", "autoScalingGroups": []}
400
{
  "__type": "InvalidAutoScalingGroupException",
  "message": "For ECS deployment group, autoScalingGroups can not be specified"
}

> GetDeploymentGroup {"applicationName": "shop", "deploymentGroupName": "scaled"}
200
{
  "deploymentGroupInfo": {
    "applicationName": "shop",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "autoScalingGroups": [
      {
        "hook": "CodeDeploy-managed-automatic-launch-deployment-hook-scaled-<uuid-12>",
        "name": "asg"
      }
    ],
    "computePlatform": "Server",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupId": "<uuid-8>",
    "deploymentGroupName": "scaled",
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

> UpdateDeploymentGroup {"applicationName": "shop", "currentDeploymentGroupName": "scaled", "autoScalingGroups": []}
200
{
  "hooksNotCleanedUp": []
}

