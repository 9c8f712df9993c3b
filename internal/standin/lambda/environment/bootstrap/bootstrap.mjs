// Runs a Node.js function: asks the Runtime API for calls and hands them to the handler.
import http from 'node:http'
import fs from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { createRequire } from 'node:module'

const env = process.env
const [hostname, port] = env.AWS_LAMBDA_RUNTIME_API.split(':')
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })

function request(method, path, body, error) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
    if (error) headers['Lambda-Runtime-Function-Error-Type'] = error
    const r = http.request({ hostname, port, agent, method, path: '/2018-06-01/runtime/' + path, headers }, (answer) => {
      const parts = []
      answer.on('data', (part) => parts.push(part))
      answer.on('end', () => resolve({ headers: answer.headers, body: Buffer.concat(parts) }))
      answer.on('error', reject)
    })
    r.on('error', reject)
    r.end(body)
  })
}

function told(e) {
  if (!(e instanceof Error)) return { errorType: typeof e, errorMessage: String(e), trace: [] }
  return { errorType: e.name, errorMessage: e.message, trace: (e.stack || '').split('\n') }
}

function named(name, message) {
  return Object.assign(new Error(message), { name })
}

// load finds the handler "folder/module.function".
async function load() {
  const handler = env._HANDLER
  const folder = path.dirname(handler)
  const [name, ...members] = path.basename(handler).split('.')
  if (members.length === 0) throw named('Runtime.MalformedHandlerName', 'Bad handler')
  const base = path.join(env.LAMBDA_TASK_ROOT, folder, name)
  const file = ['.js', '.mjs', '.cjs', '/index.js'].map((end) => base + end).find((f) => fs.existsSync(f))
  if (!file) throw named('Runtime.ImportModuleError', `Error: Cannot find module '${name}'`)
  let loaded
  try {
    loaded = createRequire(file)(file)
  } catch (e) {
    if (e.code !== 'ERR_REQUIRE_ESM' && !(e instanceof SyntaxError)) throw e
    loaded = await import(pathToFileURL(file))
  }
  const found = members.reduce((at, member) => at?.[member], loaded) ?? members.reduce((at, member) => at?.[member], loaded.default)
  if (typeof found !== 'function') throw named('Runtime.HandlerNotFound', `${handler} is undefined or not exported`)
  return found
}

function context(headers, done) {
  const deadline = Number(headers['lambda-runtime-deadline-ms'])
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: headers['lambda-runtime-client-context'] ? JSON.parse(headers['lambda-runtime-client-context']) : undefined,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done,
    succeed: (value) => done(null, value),
    fail: (e) => done(e ?? new Error('failed')),
  }
}

function call(handler, event, headers) {
  return new Promise((resolve, reject) => {
    const done = (e, value) => (e ? reject(e) : resolve(value))
    const returned = handler(event, context(headers, done), done)
    if (typeof returned?.then === 'function') returned.then(resolve, reject)
    else if (returned !== undefined || handler.length < 2) resolve(returned)
  })
}

async function main() {
  let handler
  try {
    handler = await load()
  } catch (e) {
    await request('POST', 'init/error', JSON.stringify(told(e)), e.name)
    process.exit(1)
  }
  for (;;) {
    const { headers, body } = await request('GET', 'invocation/next')
    const id = headers['lambda-runtime-aws-request-id']
    env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? ''
    try {
      const value = await call(handler, JSON.parse(body), headers)
      await request('POST', `invocation/${id}/response`, JSON.stringify(value) ?? 'null')
    } catch (e) {
      console.error(e)
      await request('POST', `invocation/${id}/error`, JSON.stringify(told(e)), told(e).errorType)
    }
  }
}

main()
