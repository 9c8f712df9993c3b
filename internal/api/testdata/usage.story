# What an application knows of its revisions, of each kind: who uses them, since when, and in which order.
> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "dev", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
200
{
  "deploymentGroupId": "<uuid-2>"
}

> CreateDeploymentGroup {"applicationName": "web", "deploymentGroupName": "prod", "serviceRoleArn": "arn:aws:iam::000000000000:role/service"}
200
{
  "deploymentGroupId": "<uuid-3>"
}

> RegisterApplicationRevision {"applicationName": "web", "description": "by hand", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}
200

# A revision that is used by nobody has no times of use.
> GetApplicationRevision {"applicationName": "web", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}
200
{
  "applicationName": "web",
  "revision": {
    "gitHubLocation": {
      "commitId": "0123456789abcdef0123456789abcdef01234567",
      "repository": "acme/web"
    },
    "revisionType": "GitHub"
  },
  "revisionInfo": {
    "deploymentGroups": [],
    "description": "by hand",
    "registerTime": 1767225604
  }
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "dev", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}
200
{
  "deploymentId": "<deployment-1>"
}

> CreateDeployment {"applicationName": "web", "deploymentGroupName": "prod", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}
200
{
  "deploymentId": "<deployment-2>"
}

# Two groups, first and last use. The description that a person gave stays.
> BatchGetApplicationRevisions {"applicationName": "web", "revisions": [{"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}, {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "ffffffffffffffffffffffffffffffffffffffff"}}]}
200
{
  "applicationName": "web",
  "errorMessage": "1 of the 2 revisions are not registered",
  "revisions": [
    {
      "genericRevisionInfo": {
        "deploymentGroups": [
          "dev",
          "prod"
        ],
        "description": "by hand",
        "firstUsedTime": 1767225606,
        "lastUsedTime": 1767225607,
        "registerTime": 1767225604
      },
      "revisionLocation": {
        "gitHubLocation": {
          "commitId": "0123456789abcdef0123456789abcdef01234567",
          "repository": "acme/web"
        },
        "revisionType": "GitHub"
      }
    }
  ]
}

! targets <deployment-1> web-1

! finish <deployment-1> Succeeded

# Another revision becomes dev's target: an object's version and eTag make it another one.
> CreateDeployment {"applicationName": "web", "deploymentGroupName": "dev", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip", "version": "2", "eTag": "abc"}}}
200
{
  "deploymentId": "<deployment-3>"
}

> GetApplicationRevision {"applicationName": "web", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}
200
{
  "applicationName": "web",
  "revision": {
    "gitHubLocation": {
      "commitId": "0123456789abcdef0123456789abcdef01234567",
      "repository": "acme/web"
    },
    "revisionType": "GitHub"
  },
  "revisionInfo": {
    "deploymentGroups": [
      "prod"
    ],
    "description": "by hand",
    "firstUsedTime": 1767225606,
    "lastUsedTime": 1767225607,
    "registerTime": 1767225604
  }
}

> GetApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "version": "2", "eTag": "abc"}}}
200
{
  "applicationName": "web",
  "revision": {
    "revisionType": "S3",
    "s3Location": {
      "bucket": "releases",
      "bundleType": "zip",
      "eTag": "abc",
      "key": "web.zip",
      "version": "2"
    }
  },
  "revisionInfo": {
    "deploymentGroups": [
      "dev"
    ],
    "description": "Application revision registered by Deployment ID: <deployment-3>",
    "firstUsedTime": 1767225609,
    "lastUsedTime": 1767225609,
    "registerTime": 1767225609
  }
}

> GetApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "version": "2"}}}
400
{
  "__type": "RevisionDoesNotExistException",
  "message": "No revision found for application: web at s3://releases/web.zip version 2"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web.zip", "bundleType": "zip"}}}
200

> ListApplicationRevisions {"applicationName": "web", "deployed": "exclude"}
200
{
  "revisions": [
    {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "key": "web.zip"
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
        "bundleType": "zip",
        "eTag": "abc",
        "key": "web.zip",
        "version": "2"
      }
    },
    {
      "gitHubLocation": {
        "commitId": "0123456789abcdef0123456789abcdef01234567",
        "repository": "acme/web"
      },
      "revisionType": "GitHub"
    },
    {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "key": "web.zip"
      }
    }
  ]
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
    "lastAttemptedDeployment": {
      "createTime": 1767225609,
      "deploymentId": "<deployment-3>",
      "status": "Created"
    },
    "lastSuccessfulDeployment": {
      "createTime": 1767225606,
      "deploymentId": "<deployment-1>",
      "endTime": 1767225608,
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
        "eTag": "abc",
        "key": "web.zip",
        "version": "2"
      }
    },
    "terminationHookEnabled": false,
    "triggerConfigurations": []
  }
}

> GetDeployment {"deploymentId": "<deployment-3>"}
200
{
  "deploymentInfo": {
    "applicationName": "web",
    "autoRollbackConfiguration": {
      "enabled": false
    },
    "computePlatform": "Server",
    "createTime": 1767225609,
    "creator": "user",
    "deploymentConfigName": "CodeDeployDefault.OneAtATime",
    "deploymentGroupName": "dev",
    "deploymentId": "<deployment-3>",
    "deploymentStatusMessages": [],
    "deploymentStyle": {
      "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
      "deploymentType": "IN_PLACE"
    },
    "fileExistsBehavior": "DISALLOW",
    "ignoreApplicationStopFailures": false,
    "instanceTerminationWaitTimeStarted": false,
    "previousRevision": {
      "gitHubLocation": {
        "commitId": "0123456789abcdef0123456789abcdef01234567",
        "repository": "acme/web"
      },
      "revisionType": "GitHub"
    },
    "revision": {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "eTag": "abc",
        "key": "web.zip",
        "version": "2"
      }
    },
    "status": "Created",
    "updateOutdatedInstancesOnly": false
  }
}

# Deployments in a range of time, whose ends belong to it and may be left open.
> ListDeployments {"createTimeRange": {"start": 1767225607}}
200
{
  "deployments": [
    "<deployment-3>",
    "<deployment-2>"
  ]
}

> ListDeployments {"createTimeRange": {"end": 1767225606.5}}
200
{
  "deployments": [
    "<deployment-1>"
  ]
}

> ListDeployments {"createTimeRange": {"start": 1767225607, "end": 1767225607}}
200
{
  "deployments": [
    "<deployment-2>"
  ]
}

> ListDeployments {"createTimeRange": {"start": 1767225606, "end": 1767225605}}
400
{
  "__type": "InvalidTimeRangeException",
  "message": "The createTimeRange ends before it starts"
}

