> CreateDeploymentConfig {"deploymentConfigName": "three", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 3}}
200
{
  "deploymentConfigId": "<uuid-1>"
}

> CreateDeploymentConfig {"deploymentConfigName": "most", "computePlatform": "Server", "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 75}}
200
{
  "deploymentConfigId": "<uuid-2>"
}

# SDKs leave a zero value out.
> CreateDeploymentConfig {"deploymentConfigName": "none", "minimumHealthyHosts": {"type": "HOST_COUNT"}}
200
{
  "deploymentConfigId": "<uuid-3>"
}

> GetDeploymentConfig {"deploymentConfigName": "three"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "Server",
    "createTime": 1767225601,
    "deploymentConfigId": "<uuid-1>",
    "deploymentConfigName": "three",
    "minimumHealthyHosts": {
      "type": "HOST_COUNT",
      "value": 3
    }
  }
}

> GetDeploymentConfig {"deploymentConfigName": "none"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "Server",
    "createTime": 1767225603,
    "deploymentConfigId": "<uuid-3>",
    "deploymentConfigName": "none",
    "minimumHealthyHosts": {
      "type": "HOST_COUNT",
      "value": 0
    }
  }
}

> GetDeploymentConfig {"deploymentConfigName": "CodeDeployDefault.OneAtATime"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "Server",
    "deploymentConfigId": "00000000-0000-0000-0000-000000000001",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "minimumHealthyHosts": {
      "type": "MOST_CONCURRENCY",
      "value": 1
    }
  }
}

> GetDeploymentConfig {"deploymentConfigName": "CodeDeployDefault.HalfAtATime"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "Server",
    "deploymentConfigId": "00000000-0000-0000-0000-000000000002",
    "deploymentConfigName": "CodeDeployDefault.HalfAtATime",
    "minimumHealthyHosts": {
      "type": "FLEET_PERCENT",
      "value": 50
    }
  }
}

> GetDeploymentConfig {"deploymentConfigName": "CodeDeployDefault.AllAtOnce"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "Server",
    "deploymentConfigId": "00000000-0000-0000-0000-000000000003",
    "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
    "minimumHealthyHosts": {
      "type": "FLEET_PERCENT",
      "value": 0
    }
  }
}

> ListDeploymentConfigs
200
{
  "deploymentConfigsList": [
    "CodeDeployDefault.AllAtOnce",
    "CodeDeployDefault.ECSAllAtOnce",
    "CodeDeployDefault.ECSCanary10Percent15Minutes",
    "CodeDeployDefault.ECSCanary10Percent5Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
    "CodeDeployDefault.HalfAtATime",
    "CodeDeployDefault.LambdaAllAtOnce",
    "CodeDeployDefault.LambdaCanary10Percent10Minutes",
    "CodeDeployDefault.LambdaCanary10Percent15Minutes",
    "CodeDeployDefault.LambdaCanary10Percent30Minutes",
    "CodeDeployDefault.LambdaCanary10Percent5Minutes",
    "CodeDeployDefault.LambdaLinear10PercentEvery10Minutes",
    "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
    "CodeDeployDefault.LambdaLinear10PercentEvery2Minutes",
    "CodeDeployDefault.LambdaLinear10PercentEvery3Minutes",
    "CodeDeployDefault.OneAtATime",
    "most",
    "none",
    "three"
  ]
}

> DeleteDeploymentConfig {"deploymentConfigName": "most"}
200

> DeleteDeploymentConfig {"deploymentConfigName": "most"}
200

# What is refused.
> CreateDeploymentConfig {"minimumHealthyHosts": {"type": "HOST_COUNT", "value": 3}}
400
{
  "__type": "DeploymentConfigNameRequiredException",
  "message": "Deployment configuration name is missing"
}

> CreateDeploymentConfig {"deploymentConfigName": "a b", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 3}}
400
{
  "__type": "InvalidDeploymentConfigNameException",
  "message": "Deployment configuration name is not valid: a b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateDeploymentConfig {"deploymentConfigName": "CodeDeployDefault.Mine", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 3}}
400
{
  "__type": "InvalidDeploymentConfigNameException",
  "message": "Deployment configuration name is not valid: CodeDeployDefault.Mine. Names that begin with CodeDeployDefault. are predefined"
}

> CreateDeploymentConfig {"deploymentConfigName": "three", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 3}}
400
{
  "__type": "DeploymentConfigAlreadyExistsException",
  "message": "Deployment configuration already exists with name: three"
}

> CreateDeploymentConfig {"deploymentConfigName": "x"}
400
{
  "__type": "InvalidMinimumHealthyHostValueException",
  "message": "minimumHealthyHosts is missing: the Server compute platform needs it"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": -1}}
400
{
  "__type": "InvalidMinimumHealthyHostValueException",
  "message": "The minimumHealthyHosts value is not valid: -1. It is 0 or more"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 100}}
400
{
  "__type": "InvalidMinimumHealthyHostValueException",
  "message": "The minimumHealthyHosts value is not valid: 100. FLEET_PERCENT is less than 100"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "minimumHealthyHosts": {"type": "MOST_CONCURRENCY", "value": 1}}
400
{
  "__type": "InvalidMinimumHealthyHostValueException",
  "message": "The minimumHealthyHosts type is not valid: MOST_CONCURRENCY. It is HOST_COUNT or FLEET_PERCENT"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "computePlatform": "Lambda"}
400
{
  "__type": "InvalidTrafficRoutingConfigurationException",
  "message": "trafficRoutingConfig is missing: the Lambda and ECS compute platforms need it"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "computePlatform": "Mainframe"}
400
{
  "__type": "InvalidComputePlatformException",
  "message": "The compute platform is not valid: Mainframe. It is Server, Lambda or ECS"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 3}, "trafficRoutingConfig": {"type": "AllAtOnce"}}
400
{
  "__type": "InvalidTrafficRoutingConfigurationException",
  "message": "A deployment configuration of the Server compute platform has no trafficRoutingConfig"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 3}, "zonalConfig": {"monitorDurationInSeconds": -60}}
400
{
  "__type": "InvalidZonalDeploymentConfigurationException",
  "message": "A monitor duration of the zonalConfig is not valid: -60 seconds. It is 0 or more"
}

> GetDeploymentConfig {"deploymentConfigName": "nope"}
400
{
  "__type": "DeploymentConfigDoesNotExistException",
  "message": "No deployment configuration found for name: nope"
}

> GetDeploymentConfig {}
400
{
  "__type": "DeploymentConfigNameRequiredException",
  "message": "Deployment configuration name is missing"
}

> DeleteDeploymentConfig {"deploymentConfigName": "CodeDeployDefault.OneAtATime"}
400
{
  "__type": "InvalidOperationException",
  "message": "Predefined configurations cannot be deleted: CodeDeployDefault.OneAtATime"
}

> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-4>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "dev", "deploymentConfigName": "three", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
200
{
  "deploymentGroupId": "<uuid-5>"
}

> DeleteDeploymentConfig {"deploymentConfigName": "three"}
400
{
  "__type": "DeploymentConfigInUseException",
  "message": "The deployment configuration three is in use by a deployment group or a deployment"
}

> ListDeploymentConfigs {"nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

# The other platforms route traffic.
> CreateDeploymentConfig {"deploymentConfigName": "x", "computePlatform": "Lambda", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 3}}
400
{
  "__type": "InvalidMinimumHealthyHostValueException",
  "message": "A deployment configuration of the Lambda compute platform has no minimumHealthyHosts"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "computePlatform": "ECS", "trafficRoutingConfig": {"type": "AllAtOnce"}, "zonalConfig": {}}
400
{
  "__type": "InvalidZonalDeploymentConfigurationException",
  "message": "A deployment configuration of the ECS compute platform has no zonalConfig"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "computePlatform": "ECS", "trafficRoutingConfig": {"type": "Sideways"}}
400
{
  "__type": "InvalidTrafficRoutingConfigurationException",
  "message": "The type of trafficRoutingConfig is not valid: Sideways. It is TimeBasedCanary, TimeBasedLinear or AllAtOnce"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "computePlatform": "ECS", "trafficRoutingConfig": {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 100, "canaryInterval": 5}}}
400
{
  "__type": "InvalidTrafficRoutingConfigurationException",
  "message": "The percentage of TimeBasedCanary is not valid: 100. It is 1 to 99"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "computePlatform": "ECS", "trafficRoutingConfig": {"type": "TimeBasedCanary", "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 5}}}
400
{
  "__type": "InvalidTrafficRoutingConfigurationException",
  "message": "The percentage of TimeBasedCanary is not valid: 0. It is 1 to 99"
}

> CreateDeploymentConfig {"deploymentConfigName": "x", "computePlatform": "ECS", "trafficRoutingConfig": {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 1, "linearInterval": 60}}}
400
{
  "__type": "InvalidTrafficRoutingConfigurationException",
  "message": "Traffic would move for 5940 minutes; at most 2880 are allowed between the first and the last shift"
}

> CreateDeploymentConfig {"deploymentConfigName": "lambda-canary", "computePlatform": "Lambda", "trafficRoutingConfig": {"type": "TimeBasedCanary", "timeBasedCanary": {"canaryPercentage": 20, "canaryInterval": 7}}}
200
{
  "deploymentConfigId": "<uuid-6>"
}

> GetDeploymentConfig {"deploymentConfigName": "lambda-canary"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "Lambda",
    "createTime": 1767225637,
    "deploymentConfigId": "<uuid-6>",
    "deploymentConfigName": "lambda-canary",
    "trafficRoutingConfig": {
      "timeBasedCanary": {
        "canaryInterval": 7,
        "canaryPercentage": 20
      },
      "type": "TimeBasedCanary"
    }
  }
}

> CreateDeploymentConfig {"deploymentConfigName": "ecs-linear", "computePlatform": "ECS", "trafficRoutingConfig": {"type": "TimeBasedLinear", "timeBasedLinear": {"linearPercentage": 25, "linearInterval": 2}}}
200
{
  "deploymentConfigId": "<uuid-7>"
}

> GetDeploymentConfig {"deploymentConfigName": "ecs-linear"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "ECS",
    "createTime": 1767225639,
    "deploymentConfigId": "<uuid-7>",
    "deploymentConfigName": "ecs-linear",
    "trafficRoutingConfig": {
      "timeBasedLinear": {
        "linearInterval": 2,
        "linearPercentage": 25
      },
      "type": "TimeBasedLinear"
    }
  }
}

> GetDeploymentConfig {"deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "ECS",
    "deploymentConfigId": "00000000-0000-0000-0000-000000000015",
    "deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery1Minutes",
    "trafficRoutingConfig": {
      "timeBasedLinear": {
        "linearInterval": 1,
        "linearPercentage": 10
      },
      "type": "TimeBasedLinear"
    }
  }
}

> GetDeploymentConfig {"deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "Lambda",
    "deploymentConfigId": "00000000-0000-0000-0000-000000000004",
    "deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce",
    "trafficRoutingConfig": {
      "type": "AllAtOnce"
    }
  }
}

> CreateDeploymentConfig {"deploymentConfigName": "zones", "computePlatform": "Server", "minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 50}, "zonalConfig": {"firstZoneMonitorDurationInSeconds": 120, "monitorDurationInSeconds": 60, "minimumHealthyHostsPerZone": {"type": "HOST_COUNT", "value": 1}}}
200
{
  "deploymentConfigId": "<uuid-8>"
}

> GetDeploymentConfig {"deploymentConfigName": "zones"}
200
{
  "deploymentConfigInfo": {
    "computePlatform": "Server",
    "createTime": 1767225643,
    "deploymentConfigId": "<uuid-8>",
    "deploymentConfigName": "zones",
    "minimumHealthyHosts": {
      "type": "FLEET_PERCENT",
      "value": 50
    },
    "zonalConfig": {
      "firstZoneMonitorDurationInSeconds": 120,
      "minimumHealthyHostsPerZone": {
        "type": "HOST_COUNT",
        "value": 1
      },
      "monitorDurationInSeconds": 60
    }
  }
}

# A deployment may go zone after zone.
> CreateDeployment {"applicationName": "web", "deploymentGroupName": "dev", "deploymentConfigName": "zones", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
200
{
  "deploymentId": "<deployment-1>"
}

