# An application's life.
> CreateApplication {"applicationName": "web"}
200
{
  "applicationId": "<uuid-1>"
}

> CreateApplication {"applicationName": "lambda", "computePlatform": "Lambda", "tags": [{"Key": "team", "Value": "a"}]}
200
{
  "applicationId": "<uuid-2>"
}

> GetApplication {"applicationName": "web"}
200
{
  "application": {
    "applicationId": "<uuid-1>",
    "applicationName": "web",
    "computePlatform": "Server",
    "createTime": 1767225601,
    "linkedToGitHub": false
  }
}

> GetApplication {"applicationName": "lambda"}
200
{
  "application": {
    "applicationId": "<uuid-2>",
    "applicationName": "lambda",
    "computePlatform": "Lambda",
    "createTime": 1767225602,
    "linkedToGitHub": false
  }
}

> BatchGetApplications {"applicationNames": ["lambda", "web"]}
200
{
  "applicationsInfo": [
    {
      "applicationId": "<uuid-2>",
      "applicationName": "lambda",
      "computePlatform": "Lambda",
      "createTime": 1767225602,
      "linkedToGitHub": false
    },
    {
      "applicationId": "<uuid-1>",
      "applicationName": "web",
      "computePlatform": "Server",
      "createTime": 1767225601,
      "linkedToGitHub": false
    }
  ]
}

> ListApplications
200
{
  "applications": [
    "lambda",
    "web"
  ]
}

> UpdateApplication {"applicationName": "web", "newApplicationName": "shop"}
200

> GetApplication {"applicationName": "web"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: web"
}

> ListApplications {}
200
{
  "applications": [
    "lambda",
    "shop"
  ]
}

> DeleteApplication {"applicationName": "lambda"}
200

# Deleting what is not there is no error.
> DeleteApplication {"applicationName": "lambda"}
200

> ListApplications
200
{
  "applications": [
    "shop"
  ]
}

# What is refused.
> CreateApplication {}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> CreateApplication {"applicationName": ""}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "Application name is missing"
}

> CreateApplication {"applicationName": "a/b"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateApplication {"applicationName": "shop"}
400
{
  "__type": "ApplicationAlreadyExistsException",
  "message": "Application already exists with name: shop"
}

> CreateApplication {"applicationName": "x", "computePlatform": "Mainframe"}
400
{
  "__type": "InvalidComputePlatformException",
  "message": "The compute platform is not valid: Mainframe. It is Server, Lambda or ECS"
}

> CreateApplication {"applicationName": "x", "tags": [{"Key": "", "Value": "v"}]}
400
{
  "__type": "InvalidTagsToAddException",
  "message": "A tag has no key"
}

> CreateApplication {"applicationName": "x", "tags": [{"Key": "aws:x", "Value": "v"}]}
400
{
  "__type": "InvalidTagsToAddException",
  "message": "The tag key aws:x is not valid: aws: is reserved"
}

> CreateApplication {"applicationName": "x", "tags": [{"Key": "k"}, {"Key": "k"}]}
400
{
  "__type": "InvalidTagsToAddException",
  "message": "The tag key k is given twice"
}

> GetApplication {"applicationName": "nope"}
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

> BatchGetApplications {"applicationNames": ["shop", "nope"]}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> BatchGetApplications {"applicationNames": []}
400
{
  "__type": "ApplicationNameRequiredException",
  "message": "No application names are given"
}

> UpdateApplication {"applicationName": "nope", "newApplicationName": "other"}
400
{
  "__type": "ApplicationDoesNotExistException",
  "message": "No application found for name: nope"
}

> UpdateApplication {"applicationName": "shop", "newApplicationName": "a b"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

> CreateApplication {"applicationName": "taken"}
200
{
  "applicationId": "<uuid-3>"
}

> UpdateApplication {"applicationName": "shop", "newApplicationName": "taken"}
400
{
  "__type": "ApplicationAlreadyExistsException",
  "message": "Application already exists with name: taken"
}

> ListApplications {"nextToken": "nonsense"}
400
{
  "__type": "InvalidNextTokenException",
  "message": "The nextToken is not one that this operation has returned. Leave it out to start from the first page"
}

> DeleteApplication {"applicationName": "a/b"}
400
{
  "__type": "InvalidApplicationNameException",
  "message": "Application name is not valid: a/b. Use 1 to 100 letters, digits and the characters + = , . @ _ -"
}

