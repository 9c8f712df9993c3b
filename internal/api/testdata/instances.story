> RegisterOnPremisesInstance {"instanceName": "web-1", "iamUserArn": "arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-1"}
200

> RegisterOnPremisesInstance {"instanceName": "web-2", "iamSessionArn": "arn:aws:sts::000000000000:assumed-role/hosts/web-2"}
200

> GetOnPremisesInstance {"instanceName": "web-1"}
200
{
  "instanceInfo": {
    "iamUserArn": "arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-1",
    "instanceArn": "arn:aws:codedeploy:us-east-1:000000000000:<suffix-1>",
    "instanceName": "web-1",
    "registerTime": 1767225601,
    "tags": []
  }
}

> AddTagsToOnPremisesInstances {"instanceNames": ["web-1", "web-2"], "tags": [{"Key": "tier", "Value": "web"}, {"Key": "zone", "Value": "a"}]}
200

> AddTagsToOnPremisesInstances {"instanceNames": ["web-2"], "tags": [{"Key": "zone", "Value": "b"}]}
200

> RemoveTagsFromOnPremisesInstances {"instanceNames": ["web-1", "web-2"], "tags": [{"Key": "zone", "Value": "a"}]}
200

> BatchGetOnPremisesInstances {"instanceNames": ["web-1", "nope", "web-2"]}
200
{
  "instanceInfos": [
    {
      "iamUserArn": "arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-1",
      "instanceArn": "arn:aws:codedeploy:us-east-1:000000000000:<suffix-1>",
      "instanceName": "web-1",
      "registerTime": 1767225601,
      "tags": [
        {
          "Key": "tier",
          "Value": "web"
        }
      ]
    },
    {
      "iamSessionArn": "arn:aws:sts::000000000000:assumed-role/hosts/web-2",
      "instanceArn": "arn:aws:codedeploy:us-east-1:000000000000:<suffix-2>",
      "instanceName": "web-2",
      "registerTime": 1767225602,
      "tags": [
        {
          "Key": "tier",
          "Value": "web"
        },
        {
          "Key": "zone",
          "Value": "b"
        }
      ]
    }
  ]
}

> ListOnPremisesInstances {"tagFilters": [{"Key": "zone", "Value": "b", "Type": "KEY_AND_VALUE"}]}
200
{
  "instanceNames": [
    "web-2"
  ]
}

> DeregisterOnPremisesInstance {"instanceName": "web-1"}
200

> DeregisterOnPremisesInstance {"instanceName": "web-1"}
200

> GetOnPremisesInstance {"instanceName": "web-1"}
200
{
  "instanceInfo": {
    "deregisterTime": 1767225609,
    "iamUserArn": "arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-1",
    "instanceArn": "arn:aws:codedeploy:us-east-1:000000000000:<suffix-1>",
    "instanceName": "web-1",
    "registerTime": 1767225601,
    "tags": [
      {
        "Key": "tier",
        "Value": "web"
      }
    ]
  }
}

> ListOnPremisesInstances
200
{
  "instanceNames": [
    "web-1",
    "web-2"
  ]
}

> ListOnPremisesInstances {"registrationStatus": "Registered"}
200
{
  "instanceNames": [
    "web-2"
  ]
}

> ListOnPremisesInstances {"registrationStatus": "Deregistered"}
200
{
  "instanceNames": [
    "web-1"
  ]
}

# Name and identity are free again.
> RegisterOnPremisesInstance {"instanceName": "web-1", "iamUserArn": "arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-1"}
200

# What is refused.
> RegisterOnPremisesInstance {"instanceName": "web-1", "iamUserArn": "arn:aws:iam::000000000000:user/other"}
400
{
  "__type": "InstanceNameAlreadyRegisteredException",
  "message": "The on-premises instance name web-1 is already registered"
}

> RegisterOnPremisesInstance {"instanceName": "web-3", "iamUserArn": "arn:aws:iam::000000000000:user/AWS/CodeDeploy/web-1"}
400
{
  "__type": "IamUserArnAlreadyRegisteredException",
  "message": "The on-premises instance could not be registered because the request included an IAM user ARN that has already been used to register an instance. Include either a different IAM user ARN or IAM session ARN in the request, and then try again."
}

> RegisterOnPremisesInstance {"instanceName": "web-3", "iamSessionArn": "arn:aws:sts::000000000000:assumed-role/hosts/web-2"}
400
{
  "__type": "IamSessionArnAlreadyRegisteredException",
  "message": "The on-premises instance could not be registered because the request included an IAM session ARN that has already been used to register an instance. Include either a different IAM session ARN or IAM user ARN in the request, and then try again."
}

> RegisterOnPremisesInstance {"instanceName": "web-3"}
400
{
  "__type": "IamArnRequiredException",
  "message": "An IAM user ARN or an IAM session ARN is required to register an on-premises instance"
}

> RegisterOnPremisesInstance {"instanceName": "web-3", "iamUserArn": "arn:aws:iam::000000000000:user/x", "iamSessionArn": "arn:aws:sts::000000000000:assumed-role/hosts/x"}
400
{
  "__type": "MultipleIamArnsProvidedException",
  "message": "Both an IAM user ARN and an IAM session ARN are given; an on-premises instance has one of them"
}

> RegisterOnPremisesInstance {"instanceName": "web-3", "iamUserArn": "web-3"}
400
{
  "__type": "InvalidIamUserArnException",
  "message": "The IAM user ARN is not valid: web-3. It has the form arn:aws:iam::<account>:user/<name>"
}

> RegisterOnPremisesInstance {"instanceName": "web-3", "iamSessionArn": "web-3"}
400
{
  "__type": "InvalidIamSessionArnException",
  "message": "The IAM session ARN is not valid: web-3. It has the form arn:aws:sts::<account>:assumed-role/<role>/<session>"
}

> RegisterOnPremisesInstance {"instanceName": "i-123", "iamUserArn": "arn:aws:iam::000000000000:user/x"}
400
{
  "__type": "InvalidInstanceNameException",
  "message": "The on-premises instance name is not valid: i-123. Names that begin with i- belong to EC2 instances"
}

> RegisterOnPremisesInstance {"iamUserArn": "arn:aws:iam::000000000000:user/x"}
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

> GetOnPremisesInstance {}
400
{
  "__type": "InstanceNameRequiredException",
  "message": "The on-premises instance name is missing"
}

> BatchGetOnPremisesInstances {"instanceNames": []}
400
{
  "__type": "InstanceNameRequiredException",
  "message": "No instance names are given"
}

> AddTagsToOnPremisesInstances {"instanceNames": ["web-1", "nope"], "tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InstanceNotRegisteredException",
  "message": "The on-premises instance is not registered: nope"
}

> AddTagsToOnPremisesInstances {"instanceNames": [], "tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InstanceNameRequiredException",
  "message": "No instance names are given"
}

> AddTagsToOnPremisesInstances {"instanceNames": ["web-1"], "tags": []}
400
{
  "__type": "TagRequiredException",
  "message": "No tags are given"
}

> AddTagsToOnPremisesInstances {"instanceNames": ["web-1"], "tags": [{"Key": "b"}]}
400
{
  "__type": "InvalidTagException",
  "message": "A tag has no Value. An on-premises instance's has a Key and a Value, which may be empty"
}

> RemoveTagsFromOnPremisesInstances {"instanceNames": ["web-1"], "tags": [{"Key": "b"}]}
400
{
  "__type": "InvalidTagException",
  "message": "A tag has no Value. An on-premises instance's has a Key and a Value, which may be empty"
}

> AddTagsToOnPremisesInstances {"instanceNames": ["web-1"], "tags": [{"Value": "b"}]}
400
{
  "__type": "InvalidTagException",
  "message": "A tag has no key"
}

> RemoveTagsFromOnPremisesInstances {"instanceNames": ["nope"], "tags": [{"Key": "a", "Value": "b"}]}
400
{
  "__type": "InstanceNotRegisteredException",
  "message": "The on-premises instance is not registered: nope"
}

> DeregisterOnPremisesInstance {}
400
{
  "__type": "InstanceNameRequiredException",
  "message": "The on-premises instance name is missing"
}

> ListOnPremisesInstances {"registrationStatus": "Unsure"}
400
{
  "__type": "InvalidRegistrationStatusException",
  "message": "The registrationStatus is not valid: Unsure. It is Registered or Deregistered"
}

> ListOnPremisesInstances {"tagFilters": [{"Type": "REGEX", "Key": "a"}]}
400
{
  "__type": "InvalidTagFilterException",
  "message": "The type of a tag filter is not valid: REGEX. It is KEY_ONLY, VALUE_ONLY or KEY_AND_VALUE"
}

> ListOnPremisesInstances {"nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

