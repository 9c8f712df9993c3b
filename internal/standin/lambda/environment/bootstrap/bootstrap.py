"""Runs a Python function: asks the Runtime API for calls and hands them to the handler."""
import importlib
import json
import os
import sys
import time
import traceback
import urllib.request

API = "http://%s/2018-06-01/runtime/" % os.environ["AWS_LAMBDA_RUNTIME_API"]


class Context:
    """What a handler may know of its call."""

    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.client_context = json.loads(headers.get("Lambda-Runtime-Client-Context") or "null")
        self.identity = None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))


def post(path, body, error=None):
    headers = {"Content-Type": "application/json"}
    if error:
        headers["Lambda-Runtime-Function-Error-Type"] = error
    urllib.request.urlopen(urllib.request.Request(API + path, body, headers)).read()


def told(e):
    return json.dumps({
        "errorMessage": str(e),
        "errorType": type(e).__name__,
        "stackTrace": traceback.format_tb(e.__traceback__),
    }).encode()


def fail(message, kind):
    post("init/error", json.dumps({"errorMessage": message, "errorType": kind, "stackTrace": []}).encode(), kind)
    sys.exit(1)


def load():
    """The handler "folder/module.function"."""
    module, dot, name = os.environ["_HANDLER"].rpartition(".")
    if not dot:
        fail("Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name, "Runtime.MalformedHandlerName")
    try:
        loaded = importlib.import_module(module.replace("/", "."))
    except ImportError as e:
        fail("Unable to import module '%s': %s" % (module, e), "Runtime.ImportModuleError")
    except SyntaxError as e:
        fail("Syntax error in module '%s': %s" % (module, e), "Runtime.UserCodeSyntaxError")
    except Exception as e:
        post("init/error", told(e), type(e).__name__)
        sys.exit(1)
    handler = getattr(loaded, name, None)
    if handler is None:
        fail("Handler '%s' missing on module '%s'" % (name, module), "Runtime.HandlerNotFound")
    return handler


def main():
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    handler = load()
    while True:
        with urllib.request.urlopen(API + "invocation/next") as r:
            headers, event = r.headers, r.read()
        call = "invocation/%s/" % headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id") or ""
        try:
            answer = json.dumps(handler(json.loads(event), Context(headers))).encode()
        except Exception as e:
            traceback.print_exc()
            sys.stderr.flush()
            sys.stdout.flush()
            post(call + "error", told(e), type(e).__name__)
        else:
            sys.stdout.flush()
            post(call + "response", answer)


main()
