> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

> RegisterApplicationRevision {"applicationName": "web", "description": "first", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip", "bundleType": "zip", "eTag": "abc", "version": "v1"}}}
200

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}
200

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "other", "key": "web-2.tgz", "bundleType": "tgz"}}}
200

# The location is enough to find a revision; the bundle type is not compared.
> GetApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip", "eTag": "abc", "version": "v1"}}}
200
{
  "applicationName": "web",
  "revision": {
    "revisionType": "S3",
    "s3Location": {
      "bucket": "releases",
      "bundleType": "zip",
      "eTag": "abc",
      "key": "web-1.zip",
      "version": "v1"
    }
  },
  "revisionInfo": {
    "deploymentGroups": [],
    "description": "first",
    "registerTime": 1767225602
  }
}

> GetApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip"}}}
400
{
  "__type": "RevisionDoesNotExistException",
  "message": "No revision found for application: web at s3://releases/web-1.zip"
}

# Registering it again changes the description, where one is given.
> RegisterApplicationRevision {"applicationName": "web", "description": "second thoughts", "revision": {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip", "bundleType": "zip", "eTag": "abc", "version": "v1"}}}
200

> BatchGetApplicationRevisions {"applicationName": "web", "revisions": [{"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-1.zip", "eTag": "abc", "version": "v1"}}, {"revisionType": "S3", "s3Location": {"bucket": "releases", "key": "web-9.zip"}}]}
200
{
  "applicationName": "web",
  "errorMessage": "1 of the 2 revisions are not registered",
  "revisions": [
    {
      "genericRevisionInfo": {
        "deploymentGroups": [],
        "description": "second thoughts",
        "registerTime": 1767225602
      },
      "revisionLocation": {
        "revisionType": "S3",
        "s3Location": {
          "bucket": "releases",
          "bundleType": "zip",
          "eTag": "abc",
          "key": "web-1.zip",
          "version": "v1"
        }
      }
    }
  ]
}

> ListApplicationRevisions {"applicationName": "web"}
200
{
  "revisions": [
    {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "eTag": "abc",
        "key": "web-1.zip",
        "version": "v1"
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
        "bucket": "other",
        "bundleType": "tgz",
        "key": "web-2.tgz"
      }
    }
  ]
}

> ListApplicationRevisions {"applicationName": "web", "sortBy": "registerTime", "sortOrder": "descending"}
200
{
  "revisions": [
    {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "other",
        "bundleType": "tgz",
        "key": "web-2.tgz"
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
        "eTag": "abc",
        "key": "web-1.zip",
        "version": "v1"
      }
    }
  ]
}

> ListApplicationRevisions {"applicationName": "web", "s3Bucket": "releases", "s3KeyPrefix": "web-"}
200
{
  "revisions": [
    {
      "revisionType": "S3",
      "s3Location": {
        "bucket": "releases",
        "bundleType": "zip",
        "eTag": "abc",
        "key": "web-1.zip",
        "version": "v1"
      }
    }
  ]
}

# Inline content is for the other platforms, and is known by its hash.
> CreateApplication {"applicationName": "fn", "computePlatform": "Lambda"}
200
{
  "applicationId": "<uuid-2>"
}

> RegisterApplicationRevision {"applicationName": "fn", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}}
200

> RegisterApplicationRevision {"applicationName": "fn", "revision": {"revisionType": "String", "string": {"content": "version: 0.1"}}}
200

> ListApplicationRevisions {"applicationName": "fn"}
200
{
  "revisions": [
    {
      "appSpecContent": {
        "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
      },
      "revisionType": "AppSpecContent"
    },
    {
      "revisionType": "String",
      "string": {
        "sha256": "c0857df9615ec677ff61c192921151a28077aef59b16931e5810d86a4d29909a"
      }
    }
  ]
}

> GetApplicationRevision {"applicationName": "fn", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"}}}
200
{
  "applicationName": "fn",
  "revision": {
    "appSpecContent": {
      "content": "version: 0.0",
      "sha256": "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
    },
    "revisionType": "AppSpecContent"
  },
  "revisionInfo": {
    "deploymentGroups": [],
    "registerTime": 1767225613
  }
}

> RegisterApplicationRevision {"applicationName": "fn", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0", "sha256": "00"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The sha256 of the revision is 00, but its content has 61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
}

> RegisterApplicationRevision {"applicationName": "fn", "revision": {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k", "bundleType": "zip"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The bundleType of the s3Location is not valid: zip. For the Lambda compute platform it is one of YAML, JSON"
}

> RegisterApplicationRevision {"applicationName": "fn", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "A GitHub revision is for the Server compute platform, not for Lambda"
}

# What is refused.
> RegisterApplicationRevision {"applicationName": "web"}
400
{
  "__type": "RevisionRequiredException",
  "message": "The revision is missing"
}

> RegisterApplicationRevision {"applicationName": "nope", "revision": {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k", "bundleType": "zip"}}}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"s3Location": {"bucket": "b", "key": "k", "bundleType": "zip"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The revisionType is not valid: (none). It is S3, GitHub, String or AppSpecContent"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3"}}
400
{
  "__type": "InvalidRevisionException",
  "message": "A revision of type S3 needs an s3Location with bucket and key"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"key": "k", "bundleType": "zip"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "A revision of type S3 needs an s3Location with bucket and key"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The s3Location has no bundleType. For the Server compute platform it is one of tar, tgz, zip"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k", "bundleType": "YAML"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The bundleType of the s3Location is not valid: YAML. For the Server compute platform it is one of tar, tgz, zip"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "S3", "s3Location": {"bucket": "b", "key": "k", "bundleType": "zip"}, "gitHubLocation": {"repository": "a/b", "commitId": "x"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The revision has 2 locations; give the one that its revisionType names"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "web", "commitId": "0123456789abcdef0123456789abcdef01234567"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "A revision of type GitHub needs a gitHubLocation with repository as owner/name"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "GitHub", "gitHubLocation": {"repository": "acme/web", "commitId": "main"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "The commitId of the gitHubLocation is not a SHA-1 of 40 lower-case hexadecimal digits: main"
}

> RegisterApplicationRevision {"applicationName": "web", "revision": {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}}
400
{
  "__type": "InvalidRevisionException",
  "message": "A revision of type AppSpecContent is for the Lambda and ECS compute platforms; Server takes S3 or GitHub"
}

> BatchGetApplicationRevisions {"applicationName": "web", "revisions": []}
400
{
  "__type": "RevisionRequiredException",
  "message": "No revisions are given"
}

> ListApplicationRevisions {"applicationName": "web", "s3KeyPrefix": "web-"}
400
{
  "__type": "BucketNameFilterRequiredException",
  "message": "An s3KeyPrefix is given without its s3Bucket"
}

> ListApplicationRevisions {"applicationName": "web", "sortBy": "size"}
400
{
  "__type": "InvalidSortByException",
  "message": "The sortBy value is not valid: size. It is registerTime, firstUsedTime or lastUsedTime"
}

> ListApplicationRevisions {"applicationName": "web", "sortOrder": "sideways"}
400
{
  "__type": "InvalidSortOrderException",
  "message": "The sortOrder value is not valid: sideways. It is ascending or descending"
}

> ListApplicationRevisions {"applicationName": "web", "deployed": "perhaps"}
400
{
  "__type": "InvalidDeployedStateFilterException",
  "message": "The deployed value is not valid: perhaps. It is include, exclude or ignore"
}

> ListApplicationRevisions {"applicationName": "web", "nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

