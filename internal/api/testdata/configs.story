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
      "type": "HOST_COUNT",
      "value": 0
    }
  }
}

> ListDeploymentConfigs
200
{
  "deploymentConfigsList": [
    "CodeDeployDefault.AllAtOnce",
    "CodeDeployDefault.HalfAtATime",
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

> CreateDeploymentConfig {"deploymentConfigName": "x", "computePlatform": "Lambda", "trafficRoutingConfig": {"type": "AllAtOnce"}}
400
{
  "__type": "InvalidComputePlatformException",
  "message": "This version of Slipway does not support deployment configurations of the Lambda compute platform yet"
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

> CreateDeploymentConfig {"deploymentConfigName": "x", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 3}, "zonalConfig": {"monitorDurationInSeconds": 60}}
400
{
  "__type": "InvalidZonalDeploymentConfigurationException",
  "message": "This version of Slipway does not support zonal configurations yet"
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
  "message": "The deployment configuration three is in use by a deployment group"
}

> ListDeploymentConfigs {"nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

