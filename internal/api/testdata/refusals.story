# What every operation refuses: names that are missing, malformed or unknown, and limits.
> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
200
{
  "deploymentGroupId": "<uuid-2>"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
200
{
  "deploymentId": "<deployment-1>"
}

# The application.
> CreateDeployment {}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> CreateDeployment {"applicationName": "a/b"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateDeployment {"applicationName": "nope"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> CreateDeploymentGroup {"deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> CreateDeploymentGroup {"applicationName": "a/b", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateDeploymentGroup {"applicationName": "nope", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> UpdateDeploymentGroup {"currentDeploymentGroupName": "prod"}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> UpdateDeploymentGroup {"applicationName": "a/b", "currentDeploymentGroupName": "prod"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> UpdateDeploymentGroup {"applicationName": "nope", "currentDeploymentGroupName": "prod"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> GetDeploymentGroup {"deploymentGroupName": "prod"}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> GetDeploymentGroup {"applicationName": "a/b", "deploymentGroupName": "prod"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> GetDeploymentGroup {"applicationName": "nope", "deploymentGroupName": "prod"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> BatchGetDeploymentGroups {"deploymentGroupNames": ["prod"]}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> BatchGetDeploymentGroups {"applicationName": "a/b", "deploymentGroupNames": ["prod"]}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> BatchGetDeploymentGroups {"applicationName": "nope", "deploymentGroupNames": ["prod"]}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> ListDeploymentGroups {}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> ListDeploymentGroups {"applicationName": "a/b"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> ListDeploymentGroups {"applicationName": "nope"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> DeleteDeploymentGroup {"deploymentGroupName": "prod"}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> DeleteDeploymentGroup {"applicationName": "a/b", "deploymentGroupName": "prod"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> DeleteApplication {}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> DeleteApplication {"applicationName": "a/b"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> UpdateApplication {"newApplicationName": "x"}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> UpdateApplication {"applicationName": "a/b", "newApplicationName": "x"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> UpdateApplication {"applicationName": "nope", "newApplicationName": "x"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> GetApplication {}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> GetApplication {"applicationName": "a/b"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> GetApplication {"applicationName": "nope"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> RegisterApplicationRevision {"revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> RegisterApplicationRevision {"applicationName": "a/b", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> RegisterApplicationRevision {"applicationName": "nope", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> GetApplicationRevision {"revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> GetApplicationRevision {"applicationName": "a/b", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> GetApplicationRevision {"applicationName": "nope", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> BatchGetApplicationRevisions {"revisions": [{"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}]}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> BatchGetApplicationRevisions {"applicationName": "a/b", "revisions": [{"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}]}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> BatchGetApplicationRevisions {"applicationName": "nope", "revisions": [{"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}]}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> ListApplicationRevisions {}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> ListApplicationRevisions {"applicationName": "a/b"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> ListApplicationRevisions {"applicationName": "nope"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> ListDeployments {"applicationName": "a/b", "deploymentGroupName": "prod"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> ListDeployments {"applicationName": "nope", "deploymentGroupName": "prod"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> BatchGetApplications {"applicationNames": ["a/b"]}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> BatchGetApplications {"applicationNames": [<101 of "app-#">]}
400
{
  "__type": "BatchLimitExceededException",
  "message": "The maximum number of names or IDs allowed for this request (100) was exceeded."
}

# The deployment group.
> CreateDeploymentGroup {"applicationName": "web", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "Deployment Group name is missing"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "a/b", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "InvalidDeploymentGroupNameException",
  "message": "Deployment Group name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> UpdateDeploymentGroup {"applicationName": "web"}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "Deployment Group name is missing"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "a/b"}
400
{
  "__type": "InvalidDeploymentGroupNameException",
  "message": "Deployment Group name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "nope"}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> GetDeploymentGroup {"applicationName": "web"}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "Deployment Group name is missing"
}

> GetDeploymentGroup {"applicationName": "web", "deploymentGroupName": "a/b"}
400
{
  "__type": "InvalidDeploymentGroupNameException",
  "message": "Deployment Group name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> GetDeploymentGroup {"applicationName": "web", "deploymentGroupName": "nope"}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> DeleteDeploymentGroup {"applicationName": "web"}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "Deployment Group name is missing"
}

> DeleteDeploymentGroup {"applicationName": "web", "deploymentGroupName": "a/b"}
400
{
  "__type": "InvalidDeploymentGroupNameException",
  "message": "Deployment Group name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateDeployment {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "DeploymentGroupNameRequiredException",
  "message": "Deployment Group name is missing"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "a/b", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "InvalidDeploymentGroupNameException",
  "message": "Deployment Group name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "nope", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> ListDeployments {"applicationName": "web", "deploymentGroupName": "a/b"}
400
{
  "__type": "InvalidDeploymentGroupNameException",
  "message": "Deployment Group name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> ListDeployments {"applicationName": "web", "deploymentGroupName": "nope"}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> BatchGetDeploymentGroups {"applicationName": "web", "deploymentGroupNames": [<101 of "group-#">]}
400
{
  "__type": "BatchLimitExceededException",
  "message": "The maximum number of names or IDs allowed for this request (100) was exceeded."
}

> BatchGetDeploymentGroups {"applicationName": "web", "deploymentGroupNames": ["a/b"]}
400
{
  "__type": "InvalidDeploymentGroupNameException",
  "message": "Deployment Group name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> ListDeploymentGroups {"applicationName": "web", "nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

# What a group may hold: CreateDeploymentGroup.
> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
400
{
  "__type": "DeploymentGroupAlreadyExistsException",
  "message": "Deployment group already exists with name: prod"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g"}
400
{
  "__type": "RoleRequiredException",
  "message": "The service role ARN is missing"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "tags": [{"Key": "", "Value": "v"}]}
400
{
  "__type": "InvalidTagsToAddException",
  "message": "A tag has no key"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "role"}
400
{
  "__type": "InvalidRoleException",
  "message": "AWS CodeDeploy does not have the permissions required to assume the role role. The ARN of a role has the form arn:aws:iam::<account>:role/<name>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentConfigName": "a b"}
400
{
  "__type": "InvalidDeploymentConfigNameException",
  "message": "Deployment configuration name is not valid: a b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentConfigName": "nope"}
400
{
  "__type": "DeploymentConfigDoesNotExistException",
  "message": "No deployment configuration found for name: nope"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "ec2TagFilters": [{"Key": "a", "Type": "REGEX"}]}
400
{
  "__type": "InvalidEC2TagException",
  "message": "The type of a tag filter is not valid: REGEX. It is KEY_ONLY, VALUE_ONLY or KEY_AND_VALUE"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "onPremisesInstanceTagFilters": [{"Key": "a", "Type": "REGEX"}]}
400
{
  "__type": "InvalidTagException",
  "message": "The type of a tag filter is not valid: REGEX. It is KEY_ONLY, VALUE_ONLY or KEY_AND_VALUE"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "ec2TagFilters": [{"Key": "a", "Type": "KEY_ONLY"}], "ec2TagSet": {"ec2TagSetList": [[{"Key": "a", "Type": "KEY_ONLY"}]]}}
400
{
  "__type": "InvalidEC2TagCombinationException",
  "message": "ec2TagFilters and ec2TagSet exclude each other: give one of them"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "onPremisesInstanceTagFilters": [{"Key": "a", "Type": "KEY_ONLY"}], "onPremisesTagSet": {"onPremisesTagSetList": [[{"Key": "a", "Type": "KEY_ONLY"}]]}}
400
{
  "__type": "InvalidOnPremisesTagCombinationException",
  "message": "onPremisesInstanceTagFilters and onPremisesTagSet exclude each other: give one of them"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "ec2TagSet": {"ec2TagSetList": [[{"Key": "a", "Type": "KEY_ONLY"}], [{"Key": "b", "Type": "KEY_ONLY"}], [{"Key": "c", "Type": "KEY_ONLY"}], [{"Key": "d", "Type": "KEY_ONLY"}]]}}
400
{
  "__type": "TagSetListLimitExceededException",
  "message": "The tag set has 4 lists; at most 3 are allowed"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "triggerConfigurations": [{"triggerName": "t", "triggerTargetArn": "topic", "triggerEvents": ["DeploymentStart"]}]}
400
{
  "__type": "InvalidTriggerConfigException",
  "message": "The triggerTargetArn of trigger t is not the ARN of an SNS topic: topic"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "triggerConfigurations": [<11 of {"triggerName": "t-#", "triggerTargetArn": "arn:aws:sns:us-east-1:000000000000:topic", "triggerEvents": ["DeploymentStart"]}>]}
400
{
  "__type": "TriggerTargetsLimitExceededException",
  "message": "11 triggers are given; at most 10 are allowed"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "alarmConfiguration": {"enabled": true, "alarms": [{"name": ""}]}}
400
{
  "__type": "InvalidAlarmConfigException",
  "message": "The name of an alarm is not valid: (none). It has 1 to 255 characters"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "alarmConfiguration": {"enabled": true, "alarms": [<11 of {"name": "alarm-#"}>]}}
400
{
  "__type": "AlarmsLimitExceededException",
  "message": "11 alarms are given; at most 10 are allowed"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "autoRollbackConfiguration": {"enabled": true, "events": ["RAIN"]}}
400
{
  "__type": "InvalidAutoRollbackConfigException",
  "message": "The rollback event is not valid: RAIN. It is DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM or DEPLOYMENT_STOP_ON_REQUEST"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "autoScalingGroups": [""]}
400
{
  "__type": "InvalidAutoScalingGroupException",
  "message": "An Auto Scaling group has no name"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "loadBalancerInfo": {"elbInfoList": [{"name": ""}]}}
400
{
  "__type": "InvalidLoadBalancerInfoException",
  "message": "A load balancer or target group has no name"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "a"}]}]}}
400
{
  "__type": "InvalidTargetGroupPairException",
  "message": "A target group pair needs two different targetGroups, by name"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "SIDEWAYS", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}}
400
{
  "__type": "InvalidDeploymentStyleException",
  "message": "The deploymentType is not valid: SIDEWAYS. It is IN_PLACE or BLUE_GREEN"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}}
400
{
  "__type": "InvalidLoadBalancerInfoException",
  "message": "The specification for load balancing in the deployment group is invalid. The deploymentOption value is set to WITH_TRAFFIC_CONTROL, but either no load balancer was specified in elbInfoList or no target group was specified in targetGroupInfoList."
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "loadBalancerInfo": {"elbInfoList": [{"name": "lb"}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}, "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE"}}}
400
{
  "__type": "InvalidBlueGreenDeploymentConfigurationException",
  "message": "Exactly one AutoScaling group must be specified when selecting the COPY_AUTO_SCALING_GROUP green fleet provisioning option."
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "ecsServices": [{"clusterName": "c", "serviceName": "s"}]}
400
{
  "__type": "InvalidECSServiceException",
  "message": "Should not specify ECS services parameter for Server deployment group"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "g", "serviceRoleArn": "arn:aws:iam::000000000000:role/service", "outdatedInstancesStrategy": "LATER"}
400
{
  "__type": "InvalidInputException",
  "message": "The outdatedInstancesStrategy is not valid: LATER. It is UPDATE or IGNORE"
}

# What a group may hold: UpdateDeploymentGroup.
> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "newDeploymentGroupName": "a/b"}
400
{
  "__type": "InvalidDeploymentGroupNameException",
  "message": "Deployment Group name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "serviceRoleArn": "role"}
400
{
  "__type": "InvalidRoleException",
  "message": "AWS CodeDeploy does not have the permissions required to assume the role role. The ARN of a role has the form arn:aws:iam::<account>:role/<name>"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "deploymentConfigName": "a b"}
400
{
  "__type": "InvalidDeploymentConfigNameException",
  "message": "Deployment configuration name is not valid: a b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "deploymentConfigName": "nope"}
400
{
  "__type": "DeploymentConfigDoesNotExistException",
  "message": "No deployment configuration found for name: nope"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "ec2TagFilters": [{"Key": "a", "Type": "REGEX"}]}
400
{
  "__type": "InvalidEC2TagException",
  "message": "The type of a tag filter is not valid: REGEX. It is KEY_ONLY, VALUE_ONLY or KEY_AND_VALUE"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "onPremisesInstanceTagFilters": [{"Key": "a", "Type": "REGEX"}]}
400
{
  "__type": "InvalidTagException",
  "message": "The type of a tag filter is not valid: REGEX. It is KEY_ONLY, VALUE_ONLY or KEY_AND_VALUE"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "ec2TagFilters": [{"Key": "a", "Type": "KEY_ONLY"}], "ec2TagSet": {"ec2TagSetList": [[{"Key": "a", "Type": "KEY_ONLY"}]]}}
400
{
  "__type": "InvalidEC2TagCombinationException",
  "message": "ec2TagFilters and ec2TagSet exclude each other: give one of them"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "onPremisesInstanceTagFilters": [{"Key": "a", "Type": "KEY_ONLY"}], "onPremisesTagSet": {"onPremisesTagSetList": [[{"Key": "a", "Type": "KEY_ONLY"}]]}}
400
{
  "__type": "InvalidOnPremisesTagCombinationException",
  "message": "onPremisesInstanceTagFilters and onPremisesTagSet exclude each other: give one of them"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "ec2TagSet": {"ec2TagSetList": [[{"Key": "a", "Type": "KEY_ONLY"}], [{"Key": "b", "Type": "KEY_ONLY"}], [{"Key": "c", "Type": "KEY_ONLY"}], [{"Key": "d", "Type": "KEY_ONLY"}]]}}
400
{
  "__type": "TagSetListLimitExceededException",
  "message": "The tag set has 4 lists; at most 3 are allowed"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "triggerConfigurations": [{"triggerName": "t", "triggerTargetArn": "topic", "triggerEvents": ["DeploymentStart"]}]}
400
{
  "__type": "InvalidTriggerConfigException",
  "message": "The triggerTargetArn of trigger t is not the ARN of an SNS topic: topic"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "triggerConfigurations": [<11 of {"triggerName": "t-#", "triggerTargetArn": "arn:aws:sns:us-east-1:000000000000:topic", "triggerEvents": ["DeploymentStart"]}>]}
400
{
  "__type": "TriggerTargetsLimitExceededException",
  "message": "11 triggers are given; at most 10 are allowed"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "alarmConfiguration": {"enabled": true, "alarms": [{"name": ""}]}}
400
{
  "__type": "InvalidAlarmConfigException",
  "message": "The name of an alarm is not valid: (none). It has 1 to 255 characters"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "alarmConfiguration": {"enabled": true, "alarms": [<11 of {"name": "alarm-#"}>]}}
400
{
  "__type": "AlarmsLimitExceededException",
  "message": "11 alarms are given; at most 10 are allowed"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "autoRollbackConfiguration": {"enabled": true, "events": ["RAIN"]}}
400
{
  "__type": "InvalidAutoRollbackConfigException",
  "message": "The rollback event is not valid: RAIN. It is DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM or DEPLOYMENT_STOP_ON_REQUEST"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "autoScalingGroups": [""]}
400
{
  "__type": "InvalidAutoScalingGroupException",
  "message": "An Auto Scaling group has no name"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "loadBalancerInfo": {"elbInfoList": [{"name": ""}]}}
400
{
  "__type": "InvalidLoadBalancerInfoException",
  "message": "A load balancer or target group has no name"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "loadBalancerInfo": {"targetGroupPairInfoList": [{"targetGroups": [{"name": "a"}]}]}}
400
{
  "__type": "InvalidTargetGroupPairException",
  "message": "A target group pair needs two different targetGroups, by name"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "deploymentStyle": {"deploymentType": "SIDEWAYS", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}}
400
{
  "__type": "InvalidDeploymentStyleException",
  "message": "The deploymentType is not valid: SIDEWAYS. It is IN_PLACE or BLUE_GREEN"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}}
400
{
  "__type": "InvalidLoadBalancerInfoException",
  "message": "The specification for load balancing in the deployment group is invalid. The deploymentOption value is set to WITH_TRAFFIC_CONTROL, but either no load balancer was specified in elbInfoList or no target group was specified in targetGroupInfoList."
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "deploymentStyle": {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}, "loadBalancerInfo": {"elbInfoList": [{"name": "lb"}]}, "blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT"}, "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"}, "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE"}}}
400
{
  "__type": "InvalidBlueGreenDeploymentConfigurationException",
  "message": "Exactly one AutoScaling group must be specified when selecting the COPY_AUTO_SCALING_GROUP green fleet provisioning option."
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "ecsServices": [{"clusterName": "c", "serviceName": "s"}]}
400
{
  "__type": "InvalidECSServiceException",
  "message": "Should not specify ECS services parameter for Server deployment group"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "outdatedInstancesStrategy": "LATER"}
400
{
  "__type": "InvalidInputException",
  "message": "The outdatedInstancesStrategy is not valid: LATER. It is UPDATE or IGNORE"
}

# Batches and descriptions.
> BatchGetApplicationRevisions {"applicationName": "web", "revisions": [<101 of {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-#.zip", "bundleType": "zip"}}>]}
400
{
  "__type": "BatchLimitExceededException",
  "message": "The maximum number of names or IDs allowed for this request (100) was exceeded."
}

> BatchGetApplicationRevisions {"applicationName": "web", "revisions": [{"revisionType": "S3"}]}
400
{
  "__type": "InvalidRevisionException",
  "message": "A revision of type S3 needs an s3Location with bucket and key"
}

> BatchGetApplicationRevisions {"applicationName": "web", "revisions": []}
400
{
  "__type": "RevisionRequiredException",
  "message": "No revisions are given"
}

> GetApplicationRevision {"applicationName": "web"}
400
{
  "__type": "RevisionRequiredException",
  "message": "The revision is missing"
}

> GetApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3"}}
400
{
  "__type": "InvalidRevisionException",
  "message": "A revision of type S3 needs an s3Location with bucket and key"
}

> GetApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "nope.zip", "bundleType": "zip"}}}
400
{
  "__type": "RevisionDoesNotExistException",
  "message": "No revision found for application: web at s3://releases/nope.zip"
}

> RegisterApplicationRevision {"applicationName": "web", "description": "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "DescriptionTooLongException",
  "message": "The description has 257 characters; at most 256 are allowed"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "Tape"}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The revisionType is not valid: Tape. It is S3, GitHub, String or AppSpecContent"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "description": "ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "DescriptionTooLongException",
  "message": "The description has 257 characters; at most 256 are allowed"
}

> BatchGetDeployments {"deploymentIds": [<101 of "d-ABCDEFGH#">]}
400
{
  "__type": "BatchLimitExceededException",
  "message": "The maximum number of names or IDs allowed for this request (100) was exceeded."
}

> BatchGetOnPremisesInstances {"instanceNames": [<101 of "host-#">]}
400
{
  "__type": "BatchLimitExceededException",
  "message": "The maximum number of names or IDs allowed for this request (100) was exceeded."
}

> BatchGetOnPremisesInstances {"instanceNames": ["a/b"]}
400
{
  "__type": "InvalidInstanceNameException",
  "message": "The on-premises instance name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>", "targetIds": [<101 of "host-#">]}
400
{
  "__type": "DeploymentTargetListSizeExceededException",
  "message": "101 target IDs are given; at most 100 are allowed for a deployment on the Server compute platform"
}

> BatchGetDeploymentInstances {"deploymentId": "<deployment-1>", "instanceIds": [<101 of "host-#">]}
400
{
  "__type": "BatchLimitExceededException",
  "message": "The maximum number of names or IDs allowed for this request (100) was exceeded."
}

# Tags of on-premises instances.
> RegisterOnPremisesInstance {"instanceName": "host-1", "iamUserArn": "arn:aws:iam::000000000000:user/host-1"}
200

> RegisterOnPremisesInstance {"instanceName": "a/b", "iamUserArn": "arn:aws:iam::000000000000:user/host-2"}
400
{
  "__type": "InvalidInstanceNameException",
  "message": "The on-premises instance name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> AddTagsToOnPremisesInstances {"instanceNames": ["host-1"], "tags": [<11 of {"Key": "key-#", "Value": "v"}>]}
400
{
  "__type": "TagLimitExceededException",
  "message": "11 tags are given; an on-premises instance has at most 10"
}

> AddTagsToOnPremisesInstances {"instanceNames": [<101 of "host-#">], "tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InstanceLimitExceededException",
  "message": "101 instance names are given; at most 100 are allowed"
}

> AddTagsToOnPremisesInstances {"instanceNames": [], "tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InstanceNameRequiredException",
  "message": "No instance names are given"
}

> AddTagsToOnPremisesInstances {"instanceNames": ["a/b"], "tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InvalidInstanceNameException",
  "message": "The on-premises instance name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> AddTagsToOnPremisesInstances {"instanceNames": ["host-1"], "tags": []}
400
{
  "__type": "TagRequiredException",
  "message": "No tags are given"
}

> AddTagsToOnPremisesInstances {"instanceNames": ["host-1"], "tags": [{"Key": "", "Value": "b"}]}
400
{
  "__type": "InvalidTagException",
  "message": "A tag has no key"
}

> RemoveTagsFromOnPremisesInstances {"instanceNames": ["host-1"], "tags": [<11 of {"Key": "key-#", "Value": "v"}>]}
400
{
  "__type": "TagLimitExceededException",
  "message": "11 tags are given; an on-premises instance has at most 10"
}

> RemoveTagsFromOnPremisesInstances {"instanceNames": [<101 of "host-#">], "tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InstanceLimitExceededException",
  "message": "101 instance names are given; at most 100 are allowed"
}

> RemoveTagsFromOnPremisesInstances {"instanceNames": [], "tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InstanceNameRequiredException",
  "message": "No instance names are given"
}

> RemoveTagsFromOnPremisesInstances {"instanceNames": ["a/b"], "tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InvalidInstanceNameException",
  "message": "The on-premises instance name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> RemoveTagsFromOnPremisesInstances {"instanceNames": ["host-1"], "tags": []}
400
{
  "__type": "TagRequiredException",
  "message": "No tags are given"
}

> RemoveTagsFromOnPremisesInstances {"instanceNames": ["host-1"], "tags": [{"Key": "", "Value": "b"}]}
400
{
  "__type": "InvalidTagException",
  "message": "A tag has no key"
}

> DeregisterOnPremisesInstance {"instanceName": "a/b"}
400
{
  "__type": "InvalidInstanceNameException",
  "message": "The on-premises instance name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> DeregisterOnPremisesInstance {}
400
{
  "__type": "InstanceNameRequiredException",
  "message": "The on-premises instance name is missing"
}

> GetOnPremisesInstance {"instanceName": "a/b"}
400
{
  "__type": "InvalidInstanceNameException",
  "message": "The on-premises instance name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> GetOnPremisesInstance {}
400
{
  "__type": "InstanceNameRequiredException",
  "message": "The on-premises instance name is missing"
}

> GetOnPremisesInstance {"instanceName": "nope"}
400
{
  "__type": "InstanceNotRegisteredException",
  "message": "The on-premises instance is not registered: nope"
}

# The deployment.
> GetDeployment {}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> GetDeployment {"deploymentId": "d-1"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> GetDeployment {"deploymentId": "d-NOTTHERE0"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> StopDeployment {}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> StopDeployment {"deploymentId": "d-1"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> StopDeployment {"deploymentId": "d-NOTTHERE0"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> ContinueDeployment {}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> ContinueDeployment {"deploymentId": "d-1"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> ContinueDeployment {"deploymentId": "d-NOTTHERE0"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> SkipWaitTimeForInstanceTermination {}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> SkipWaitTimeForInstanceTermination {"deploymentId": "d-1"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> SkipWaitTimeForInstanceTermination {"deploymentId": "d-NOTTHERE0"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> PutLifecycleEventHookExecutionStatus {"lifecycleEventHookExecutionId": "x", "status": "Succeeded"}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> PutLifecycleEventHookExecutionStatus {"deploymentId": "d-1", "lifecycleEventHookExecutionId": "x", "status": "Succeeded"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> PutLifecycleEventHookExecutionStatus {"deploymentId": "d-NOTTHERE0", "lifecycleEventHookExecutionId": "x", "status": "Succeeded"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> ListDeploymentTargets {}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> ListDeploymentTargets {"deploymentId": "d-1"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> ListDeploymentTargets {"deploymentId": "d-NOTTHERE0"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> GetDeploymentTarget {"targetId": "host-1"}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> GetDeploymentTarget {"deploymentId": "d-1", "targetId": "host-1"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> GetDeploymentTarget {"deploymentId": "d-NOTTHERE0", "targetId": "host-1"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> BatchGetDeploymentTargets {"targetIds": ["host-1"]}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> BatchGetDeploymentTargets {"deploymentId": "d-1", "targetIds": ["host-1"]}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> BatchGetDeploymentTargets {"deploymentId": "d-NOTTHERE0", "targetIds": ["host-1"]}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> ListDeploymentInstances {}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> ListDeploymentInstances {"deploymentId": "d-1"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> ListDeploymentInstances {"deploymentId": "d-NOTTHERE0"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> GetDeploymentInstance {"instanceId": "host-1"}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> GetDeploymentInstance {"deploymentId": "d-1", "instanceId": "host-1"}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> GetDeploymentInstance {"deploymentId": "d-NOTTHERE0", "instanceId": "host-1"}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> BatchGetDeploymentInstances {"instanceIds": ["host-1"]}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "The deployment ID is missing"
}

> BatchGetDeploymentInstances {"deploymentId": "d-1", "instanceIds": ["host-1"]}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> BatchGetDeploymentInstances {"deploymentId": "d-NOTTHERE0", "instanceIds": ["host-1"]}
400
{
  "__type": "DeploymentDoesNotExistException",
  "message": "The deployment <deployment-2> could not be found"
}

> BatchGetDeployments {"deploymentIds": ["d-1"]}
400
{
  "__type": "InvalidDeploymentIdException",
  "message": "Specified DeploymentId is not in the valid format: d-1"
}

> BatchGetDeployments {"deploymentIds": []}
400
{
  "__type": "DeploymentIdRequiredException",
  "message": "No deployment IDs are given"
}

# Before it has started, and after.
> GetDeploymentTarget {"deploymentId": "<deployment-1>", "targetId": "host-1"}
400
{
  "__type": "DeploymentNotStartedException",
  "message": "The deployment <deployment-1> has not started"
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>", "targetIds": ["host-1"]}
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

> ListDeploymentTargets {"deploymentId": "<deployment-1>"}
400
{
  "__type": "DeploymentNotStartedException",
  "message": "The deployment <deployment-1> has not started"
}

> GetDeploymentInstance {"deploymentId": "<deployment-1>", "instanceId": "host-1"}
400
{
  "__type": "InstanceDoesNotExistException",
  "message": "The deployment <deployment-1> has no instance with ID host-1"
}

> BatchGetDeploymentInstances {"deploymentId": "<deployment-1>", "instanceIds": ["host-1"]}
200
{
  "errorMessage": "No instance found with ID: host-1",
  "instancesSummary": []
}

! targets <deployment-1> host-1

> GetDeploymentTarget {"deploymentId": "<deployment-1>"}
400
{
  "__type": "DeploymentTargetIdRequiredException",
  "message": "A deployment target ID is missing"
}

> GetDeploymentTarget {"deploymentId": "<deployment-1>", "targetId": "a/b"}
400
{
  "__type": "DeploymentTargetDoesNotExistException",
  "message": "The deployment <deployment-1> has no target with ID a/b"
}

> GetDeploymentTarget {"deploymentId": "<deployment-1>", "targetId": "nope"}
400
{
  "__type": "DeploymentTargetDoesNotExistException",
  "message": "The deployment <deployment-1> has no target with ID nope"
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>"}
400
{
  "__type": "DeploymentTargetIdRequiredException",
  "message": "A deployment target ID is missing"
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>", "targetIds": ["a/b"]}
400
{
  "__type": "DeploymentTargetDoesNotExistException",
  "message": "The deployment <deployment-1> has no target with ID a/b"
}

> BatchGetDeploymentTargets {"deploymentId": "<deployment-1>", "targetIds": ["nope"]}
400
{
  "__type": "DeploymentTargetDoesNotExistException",
  "message": "The deployment <deployment-1> has no target with ID nope"
}

> GetDeploymentInstance {"deploymentId": "<deployment-1>"}
400
{
  "__type": "InstanceIdRequiredException",
  "message": "An instance ID is missing"
}

> GetDeploymentInstance {"deploymentId": "<deployment-1>", "instanceId": "a/b"}
400
{
  "__type": "InstanceDoesNotExistException",
  "message": "The deployment <deployment-1> has no instance with ID a/b"
}

> GetDeploymentInstance {"deploymentId": "<deployment-1>", "instanceId": "nope"}
400
{
  "__type": "InstanceDoesNotExistException",
  "message": "The deployment <deployment-1> has no instance with ID nope"
}

> BatchGetDeploymentInstances {"deploymentId": "<deployment-1>", "instanceIds": []}
400
{
  "__type": "InstanceIdRequiredException",
  "message": "No instance IDs are given"
}

> BatchGetDeploymentInstances {"deploymentId": "<deployment-1>", "instanceIds": ["a/b"]}
200
{
  "errorMessage": "No instance found with ID: a/b",
  "instancesSummary": []
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>", "nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

> ListDeploymentInstances {"deploymentId": "<deployment-1>", "nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>", "targetFilters": {"TargetStatus": ["Perhaps"]}}
400
{
  "__type": "InvalidInstanceStatusException",
  "message": "The target status is not valid: Perhaps"
}

> ListDeploymentTargets {"deploymentId": "<deployment-1>", "targetFilters": {"Colour": ["Red"]}}
400
{
  "__type": "InvalidTargetFilterNameException",
  "message": "The target filter name is not valid: Colour. It is TargetStatus or ServerInstanceLabel"
}

> ListDeploymentInstances {"deploymentId": "<deployment-1>", "instanceStatusFilter": ["Perhaps"]}
400
{
  "__type": "InvalidInstanceStatusException",
  "message": "The target status is not valid: Perhaps"
}

> ListDeploymentInstances {"deploymentId": "<deployment-1>", "instanceTypeFilter": ["Purple"]}
400
{
  "__type": "InvalidInstanceTypeException",
  "message": "The instance label is not valid: Purple. It is Blue or Green"
}

> ContinueDeployment {"deploymentId": "<deployment-1>"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-1> is of type IN_PLACE on the Server compute platform, which cannot be continued"
}

> ContinueDeployment {"deploymentId": "<deployment-1>", "deploymentWaitType": "LUNCH_WAIT"}
400
{
  "__type": "InvalidDeploymentWaitTypeException",
  "message": "The deploymentWaitType is not valid: LUNCH_WAIT. It is READY_WAIT or TERMINATION_WAIT"
}

> SkipWaitTimeForInstanceTermination {"deploymentId": "<deployment-1>"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-1> is of type IN_PLACE on the Server compute platform, which cannot skip a termination wait"
}

> PutLifecycleEventHookExecutionStatus {"deploymentId": "<deployment-1>", "lifecycleEventHookExecutionId": "x", "status": "Perhaps"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-1> is of type IN_PLACE on the Server compute platform, which cannot take the status of a lifecycle event hook"
}

> PutLifecycleEventHookExecutionStatus {"deploymentId": "<deployment-1>", "status": "Succeeded"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-1> is of type IN_PLACE on the Server compute platform, which cannot take the status of a lifecycle event hook"
}

> UpdateDeploymentGroup {"applicationName": "web", "currentDeploymentGroupName": "prod", "newDeploymentGroupName": "live"}
200
{
  "hooksNotCleanedUp": []
}

! finish <deployment-1> Succeeded

> StopDeployment {"deploymentId": "<deployment-1>"}
400
{
  "__type": "DeploymentAlreadyCompletedException",
  "message": "The deployment <deployment-1> has already completed"
}

> ContinueDeployment {"deploymentId": "<deployment-1>"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-1> is of type IN_PLACE on the Server compute platform, which cannot be continued"
}

> SkipWaitTimeForInstanceTermination {"deploymentId": "<deployment-1>"}
400
{
  "__type": "UnsupportedActionForDeploymentTypeException",
  "message": "The deployment <deployment-1> is of type IN_PLACE on the Server compute platform, which cannot skip a termination wait"
}

# Deployment configs.
> GetDeploymentConfig {}
400
{
  "__type": "DeploymentConfigNameRequiredException",
  "message": "Deployment configuration name is missing"
}

> GetDeploymentConfig {"deploymentConfigName": "a b"}
400
{
  "__type": "InvalidDeploymentConfigNameException",
  "message": "Deployment configuration name is not valid: a b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> DeleteDeploymentConfig {}
400
{
  "__type": "DeploymentConfigNameRequiredException",
  "message": "Deployment configuration name is missing"
}

> DeleteDeploymentConfig {"deploymentConfigName": "a b"}
400
{
  "__type": "InvalidDeploymentConfigNameException",
  "message": "Deployment configuration name is not valid: a b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateDeploymentConfig {}
400
{
  "__type": "DeploymentConfigNameRequiredException",
  "message": "Deployment configuration name is missing"
}

> CreateDeploymentConfig {"deploymentConfigName": "a b"}
400
{
  "__type": "InvalidDeploymentConfigNameException",
  "message": "Deployment configuration name is not valid: a b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> GetDeploymentConfig {"deploymentConfigName": "nope"}
400
{
  "__type": "DeploymentConfigDoesNotExistException",
  "message": "No deployment configuration found for name: nope"
}

> DeleteDeploymentConfig {"deploymentConfigName": "CodeDeployDefault.AllAtOnce"}
400
{
  "__type": "InvalidOperationException",
  "message": "Predefined configurations cannot be deleted: CodeDeployDefault.AllAtOnce"
}

! repeat 200 CreateDeploymentConfig {"deploymentConfigName": "config-#", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1}}

> CreateDeploymentConfig {"deploymentConfigName": "one-too-many", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1}}
400
{
  "__type": "DeploymentConfigLimitExceededException",
  "message": "There are 200 custom deployment configurations; no more are allowed. Delete one that no group uses"
}

# Filters and order.
> ListDeployments {"createTimeRange": {"start": 20, "end": 10}}
400
{
  "__type": "InvalidTimeRangeException",
  "message": "The createTimeRange ends before it starts"
}

> ListDeployments {"includeOnlyStatuses": ["Perhaps"]}
400
{
  "__type": "InvalidDeploymentStatusException",
  "message": "The deployment status is not valid: Perhaps"
}

# Deployments that say what their platform has not, or what is no choice.
> CreateDeployment {"applicationName": "web", "deploymentGroupName": "live", "deploymentConfigName": "a b", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "InvalidDeploymentConfigNameException",
  "message": "Deployment configuration name is not valid: a b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "live", "autoRollbackConfiguration": {"enabled": true, "events": ["RAIN"]}, "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
400
{
  "__type": "InvalidAutoRollbackConfigException",
  "message": "The rollback event is not valid: RAIN. It is DEPLOYMENT_FAILURE, DEPLOYMENT_STOP_ON_ALARM or DEPLOYMENT_STOP_ON_REQUEST"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "live", "overrideAlarmConfiguration": {"enabled": true, "alarms": [<11 of {"name": "alarm-#"}>]}}
400
{
  "__type": "AlarmsLimitExceededException",
  "message": "11 alarms are given; at most 10 are allowed"
}

# Tags of resources.
> TagResource {}
400
{
  "__type": "ResourceArnRequiredException",
  "message": "The resource ARN is missing"
}

> TagResource {"ResourceArn": "web", "Tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: web. It has the form arn:aws:codedeploy:<region>:<account>:application:<name>"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web"}
400
{
  "__type": "TagRequiredException",
  "message": "No tags are given"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:nope", "Tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:a/b", "Tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: arn:aws:codedeploy:us-east-1:000000000000:application:a/b. It does not name an application"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/nope", "Tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> TagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentconfig:x", "Tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "ArnNotSupportedException",
  "message": "The resource cannot have tags: arn:aws:codedeploy:us-east-1:000000000000:deploymentconfig:x. Applications and deployment groups can"
}

> UntagResource {}
400
{
  "__type": "ResourceArnRequiredException",
  "message": "The resource ARN is missing"
}

> UntagResource {"ResourceArn": "web", "TagKeys": ["a"]}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: web. It has the form arn:aws:codedeploy:<region>:<account>:application:<name>"
}

> UntagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:web"}
400
{
  "__type": "TagRequiredException",
  "message": "No tags are given"
}

> UntagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:application:nope", "TagKeys": ["a"]}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> UntagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/nope", "TagKeys": ["a"]}
400
{
  "__type": "DeploymentGroupDoesNotExistException",
  "message": "No Deployment Group found for name: nope"
}

> UntagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentconfig:x", "TagKeys": ["a"]}
400
{
  "__type": "ArnNotSupportedException",
  "message": "The resource cannot have tags: arn:aws:codedeploy:us-east-1:000000000000:deploymentconfig:x. Applications and deployment groups can"
}

> UntagResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web", "TagKeys": ["a"]}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web. It ends in <application>/<deployment group>"
}

> ListTagsForResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/nope"}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/nope. There is no such resource"
}

> ListTagsForResource {"ResourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web"}
400
{
  "__type": "InvalidArnException",
  "message": "The resource ARN is not valid: arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web. It ends in <application>/<deployment group>"
}

> DeleteGitHubAccountToken {"tokenName": "a b\u0000"}
400
{
  "__type": "InvalidGitHubAccountTokenNameException",
  "message": "GitHub account token name is not valid: a b\u0000. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> DeleteGitHubAccountToken {}
400
{
  "__type": "GitHubAccountTokenNameRequiredException",
  "message": "The GitHub account token name is missing"
}

